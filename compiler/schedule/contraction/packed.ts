/**
 * The product by panels: the right operand is copied into panels [depth][width], each then used for all rows.
 *
 *     for block of panels { for panel { pack }  for row tile { (pack the left's rows)  for panel { tile } } }
 *
 * A block is one panel where the left operand is read in place: scratch stays small, and the panel in the first-level
 * cache. Where the left operand's rows are packed too (its columns are contiguous, so that a step in k is a long way), a
 * block has more panels, to use them for.
 */
import { apply, at, literal, load, loop, setLocal } from "../expression.ts";
import type { Expression, Index, Statement } from "../kernel.ts";
import { runs, type TileSize } from "./choose-tile.ts";
import { scale, sum } from "./indices.ts";
import { packLeft, packRight } from "./pack.ts";
import { ProductScope } from "./product-scope.ts";
import type { DotRequest, RoledKernel } from "./request.ts";
import type { Product, Strides } from "./shape.ts";
import { emitTile, type Tile } from "./tile.ts";

export interface Packing {
  readonly tile: TileSize;
  /** Panels in a block. */
  readonly panels: number;
  readonly packLeft: boolean;
}

export const packedScratchBytes = ({ depth }: Product, { tile, panels, packLeft: left }: Packing): number => 4 * depth * (panels * 4 * tile.vectors + (left ? tile.rows : 0));

export function packedProduct(request: DotRequest, product: Product, strides: Strides, packing: Packing, scratchOffset: number): RoledKernel {
  const { rows, columns, depth } = product;
  const { tile: size, panels } = packing;
  const width = 4 * size.vectors;
  const allPanels = Math.ceil(columns / width);
  const blocks = Math.ceil(allPanels / panels);
  const lastWidth = columns - (allPanels - 1) * width;
  const scope = new ProductScope(request, product);
  const packedRight = scope.bound({ kind: "scratch", byteOffset: scratchOffset }, "panels", scope.element, panels * depth * width);
  const packedLeft = packing.packLeft ? scope.bound({ kind: "scratch", byteOffset: scratchOffset + 4 * panels * depth * width }, "rows", scope.element, depth * size.rows) : undefined;

  /** The branch for the panel that the columns do not fill, or the common one without a test where there is none. */
  const byWidth = (panel: Index, body: (existing: number) => readonly Statement[]): readonly Statement[] => {
    if (lastWidth === width) return body(width);
    if (allPanels === 1) return body(lastWidth);
    return [{ kind: "if", test: below(panel, allPanels - 1), then: body(width), else: body(lastWidth) }];
  };
  /** The last block may have fewer panels. */
  const ifThere = (panel: Index, body: readonly Statement[]): readonly Statement[] => (blocks * panels === allPanels ? body : [{ kind: "if", test: below(panel, allPanels), then: body, else: [] }]);

  const body = scope.eachBatch((left, right, batch) => {
    const [block, filled, used] = [scope.variable(), scope.variable(), scope.variable()];
    const inBlock = (turn: typeof used): Index => at(0, [turn, depth * width]);
    const panelOf = (turn: typeof used): Index => at(0, [block, panels], [turn, 1]);
    const pack = loop(filled, 0, panels, 1, ifThere(panelOf(filled), byWidth(panelOf(filled), (existing) => packRight(scope, strides, sum(right, scale(panelOf(filled), width * strides.rightColumn)), packedRight, inBlock(filled), size.vectors, existing))));

    const tiles = runs(rows, size.rows).map((run): Statement => {
      const i = scope.variable();
      const row = at(0, [i, 1]);
      const out: Statement[] = [];
      const column = scale(panelOf(used), width);
      const place = (r: number, v: number, existing: number) => {
        const rest = existing - 4 * v;
        return scope.place(out, batch, sum(row, at(r)), sum(column, at(4 * v)), { lanes: 4, count: rest < 4 ? rest : undefined });
      };
      const leftOrigin = sum(left, scale(row, strides.leftRow));
      const tile: Tile = {
        lanes: 4,
        rows: run.step,
        vectors: size.vectors,
        depth,
        left: (r, k) => (packedLeft === undefined ? load(scope.left, sum(leftOrigin, at(r * strides.leftRow), scale(k, strides.leftDepth))) : load(packedLeft, sum(scale(k, run.step), at(r)))),
        right: (k) => (v, step) => load(packedRight, sum(inBlock(used), scale(k, width), at(step * width + 4 * v)), 4),
        start: (sums) => {
          const from = (existing: number): Statement[] =>
            sums.flatMap((vectors, r) => vectors.map((value, v) => setLocal(value, existing - 4 * v <= 0 ? literal(0, scope.element, 4) : scope.start(place(r, v, existing)))));
          return scope.startsFromMemory ? byWidth(panelOf(used), from) : from(width);
        },
      };
      const sums = emitTile(scope, tile, out);
      out.push(...byWidth(panelOf(used), (existing) => finishing(existing)));
      return loop(i, run.from, run.to, run.step, [...(packedLeft === undefined ? [] : packLeft(scope, strides, leftOrigin, packedLeft, run.step)), loop(used, 0, panels, 1, ifThere(panelOf(used), out))]);

      function finishing(existing: number): Statement[] {
        return sums.flatMap((vectors, r) =>
          vectors.flatMap((value, v) => {
            if (existing - 4 * v <= 0) return [];
            const stored: Statement[] = [];
            scope.finish(value, { ...place(r, v, existing), out: stored });
            return stored;
          }),
        );
      }
    });
    return [loop(block, 0, blocks, 1, [pack, ...tiles])];
  });
  return scope.kernel(request.name, body);
}

const below = (index: Index, bound: number): Expression => apply("lt", "i32", 1, { kind: "index", at: index, lanes: 1 }, literal(bound, "i32"));
