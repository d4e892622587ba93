/**
 * The product by panels: the right operand is copied into panels [depth][width], each then used for all rows.
 *
 *     for block of panels { for panel { pack }  for group of row tiles { (pack its left rows)  for row tile { for panel { tile } } } }
 *
 * A block is a few panels, so that scratch stays small and the rows of the left operand are read again from near. Where
 * the left operand's columns are contiguous a step in k is a long way: its rows are packed, several tiles at a time, and
 * a block has more panels, to use them for.
 */
import { apply, at, literal, load, loop, setLocal } from "../expression.ts";
import type { BufferId, Expression, Index, LocalId, Statement, VariableId } from "../kernel.ts";
import { runs, type TileSize } from "./choose-tile.ts";
import { scale, sum } from "./indices.ts";
import { packLeft, packRight } from "./pack.ts";
import { ProductScope } from "./product-scope.ts";
import type { DotRequest, Place, RoledKernel } from "./request.ts";
import type { Product, Strides } from "./shape.ts";
import { emitTile, type Tile } from "./tile.ts";

export interface Packing {
  readonly tile: TileSize;
  /** Panels in a block. */
  readonly panels: number;
  /** Row tiles whose left rows are packed together, a divisor of the number of whole row tiles; 0: the left operand is read in place. */
  readonly leftTiles: number;
}

export const packedScratchBytes = ({ depth }: Product, { tile, panels, leftTiles }: Packing): number => 4 * depth * (panels * 4 * tile.vectors + leftTiles * tile.rows);

export function packedProduct(request: DotRequest, product: Product, strides: Strides, packing: Packing, scratchOffset: number): RoledKernel {
  return new PackedProduct(request, product, strides, packing, scratchOffset).kernel();
}

class PackedProduct {
  readonly #scope: ProductScope;
  readonly #strides: Strides;
  readonly #packing: Packing;
  readonly #packedRight: BufferId;
  readonly #packedLeft: BufferId | undefined;
  /** Columns of a panel, number of panels, columns of the last one. */
  readonly #width: number;
  readonly #allPanels: number;
  readonly #lastWidth: number;

  constructor(request: DotRequest, product: Product, strides: Strides, packing: Packing, scratchOffset: number) {
    const { tile, panels, leftTiles } = packing;
    const { columns, depth } = product;
    this.#width = 4 * tile.vectors;
    this.#allPanels = Math.ceil(columns / this.#width);
    this.#lastWidth = columns - (this.#allPanels - 1) * this.#width;
    this.#scope = new ProductScope(request, product);
    this.#strides = strides;
    this.#packing = packing;
    const length = panels * depth * this.#width;
    this.#packedRight = this.#scope.bound({ kind: "scratch", byteOffset: scratchOffset }, "panels", this.#scope.element, length);
    if (leftTiles > 0) this.#packedLeft = this.#scope.bound({ kind: "scratch", byteOffset: scratchOffset + 4 * length }, "rows", this.#scope.element, leftTiles * depth * tile.rows);
  }

  kernel(): RoledKernel {
    const scope = this.#scope;
    const { panels } = this.#packing;
    const body = scope.eachBatch((left, right, batch) => {
      const block = scope.variable();
      const filled = scope.variable();
      const panel = at(0, [block, panels], [filled, 1]);
      const pack = this.#byWidth(panel, (existing) =>
        packRight(scope, this.#strides, sum(right, scale(panel, this.#width * this.#strides.rightColumn)), this.#packedRight, this.#inBlock(filled), this.#packing.tile.vectors, existing),
      );
      return [loop(block, 0, this.#blocks, 1, [loop(filled, 0, panels, 1, this.#ifThere(panel, pack)), ...this.#rows(left, batch, block)])];
    });
    return scope.kernel(scope.request.name, body);
  }

  /** All rows times a block of panels. */
  #rows(left: Index, batch: Index, block: VariableId): readonly Statement[] {
    const scope = this.#scope;
    const { tile, panels, leftTiles } = this.#packing;
    const { leftRow } = this.#strides;
    return scope.eachRows((offset, before, near) => runs(near, tile.rows).map(({ from, to, step: rows }): Statement => {
      const tiles = rows === tile.rows ? Math.max(leftTiles, 1) : 1;
      const [first, inGroup, used] = [scope.variable(), scope.variable(), scope.variable()];
      const group = at(0, [first, 1]);
      const row = sum(group, at(0, [inGroup, rows]));
      const panel = at(0, [block, panels], [used, 1]);
      const pack = this.#packedLeft === undefined ? [] : packLeft(scope, this.#strides, sum(left, scale(group, leftRow)), this.#packedLeft, tiles, rows);
      const body = this.#tile(sum(left, offset, scale(row, leftRow)), batch, sum(before, row), rows, panel, inGroup, used);
      return loop(first, from, to, tiles * rows, [...pack, loop(inGroup, 0, tiles, 1, [loop(used, 0, panels, 1, this.#ifThere(panel, body))])]);
    }));
  }

  #tile(left: Index, batch: Index, row: Index, rows: number, panel: Index, inGroup: VariableId, used: VariableId): readonly Statement[] {
    const scope = this.#scope;
    const { leftRow } = this.#strides;
    const { depth } = scope.product;
    const width = this.#width;
    const packedLeft = this.#packedLeft;
    const out: Statement[] = [];
    const place = (r: number, v: number, existing: number, to: Statement[]): Place => {
      const rest = existing - 4 * v;
      return scope.place(to, batch, sum(row, at(r)), sum(scale(panel, width), at(4 * v)), { lanes: 4, count: rest < 4 ? rest : undefined });
    };
    const each = (sums: readonly (readonly LocalId[])[], existing: number, body: (value: LocalId, place: Place, to: Statement[]) => void): Statement[] => {
      const to: Statement[] = [];
      sums.forEach((vectors, r) => vectors.forEach((value, v) => 4 * v < existing && body(value, place(r, v, existing, to), to)));
      return to;
    };
    const tile: Tile = {
      lanes: 4,
      rows,
      vectors: this.#packing.tile.vectors,
      depth: packedLeft === undefined ? scope.product.left.contract : [{ size: depth, stride: rows }],
      left: (r, along) => (packedLeft === undefined ? load(scope.left, sum(left, at(r * leftRow), along)) : load(packedLeft, sum(at(r, [inGroup, depth * rows]), along))),
      right: (k) => (v, step) => load(this.#packedRight, sum(this.#inBlock(used), scale(k, width), at(step * width + 4 * v)), 4),
      start: (sums) => {
        if (!scope.startsFromMemory) return sums.flat().map((value) => setLocal(value, literal(0, scope.element, 4)));
        return this.#byWidth(panel, (existing) => each(sums, existing, (value, at, to) => to.push(setLocal(value, scope.start(at)))));
      },
    };
    const sums = emitTile(scope, tile, out);
    return [...out, ...this.#byWidth(panel, (existing) => each(sums, existing, (value, at) => scope.finish(value, at)))];
  }

  get #blocks(): number {
    return Math.ceil(this.#allPanels / this.#packing.panels);
  }

  /** Where a panel of the block starts in the packed operand. */
  #inBlock(panel: VariableId): Index {
    return at(0, [panel, this.#scope.product.depth * this.#width]);
  }

  /** Two branches where the columns do not fill the last panel; without a test where one is enough. */
  #byWidth(panel: Index, body: (existing: number) => readonly Statement[]): readonly Statement[] {
    if (this.#allPanels === 1 || this.#lastWidth === this.#width) return body(this.#lastWidth);
    return [{ kind: "if", test: below(panel, this.#allPanels - 1), then: body(this.#width), else: body(this.#lastWidth) }];
  }

  /**
   * The last block may have fewer panels. The test stays where it has not: a 3 x 3 tile in a branch of the loop over
   * panels ran at 98 % of the multiply-add limit in V8 11.3, without the branch at 91 %.
   */
  #ifThere(panel: Index, body: readonly Statement[]): readonly Statement[] {
    if (this.#packing.panels === 1) return body;
    return [{ kind: "if", test: below(panel, this.#allPanels), then: body, else: [] }];
  }
}

const below = (index: Index, bound: number): Expression => apply("lt", "i32", 1, { kind: "index", at: index, lanes: 1 }, literal(bound, "i32"));
