/**
 * A dot for a grid of invocations.
 *
 *     tile      4 x 4 elements for each invocation, up to 16 x 8 of long products (tiles.ts), or by workgroups together (shared-tiles.ts)
 *     strip     4 rows x up to 5 columns, number by number, where columns do not come in fours or lie apart
 *     windows   4 rows x 4 columns of a left operand that goes over several axes, as windows do
 *     single    one element, for any element type and any axes
 *
 * k ascends in all of them.
 */
import { at, load, local, loop, setLocal } from "../expression.ts";
import { nest, scale, sum } from "../contraction/indices.ts";
import { ProductScope } from "../contraction/product-scope.ts";
import type { DotRequest, RoledKernel } from "../contraction/request.ts";
import type { Axis, Product } from "../contraction/shape.ts";
import { isSimple, stridesOf } from "../contraction/shape.ts";
import type { Expression, Index, Statement } from "../kernel.ts";
import { gridOf, gridScope, guarded, numberIn, split } from "./grid.ts";
import { batchOffsets, finishPart, type Part, rowsOf, startPart } from "./rows.ts";
import { sharedTiles } from "./shared-tiles.ts";
import { tiles } from "./tiles.ts";

/** Tiles, each with the multiplications from which its longer text, which a driver compiles longer, is worth it. */
const tileSizes = [
  { rows: 16, vectors: 2, least: 2 ** 24 },
  { rows: 8, vectors: 2, least: 2 ** 20 },
] as const;
/** Multiplications from which a tile takes several steps of k at a time where it might take one, for the same reason. */
const longTiles = 2 ** 19;
/** Multiplications from which a strip is wider than a column, for the same reason. */
const largeStrips = 2 ** 17;

const workOf = ({ batch, rows, columns, depth }: Product): number => batch * rows * columns * depth;

function tileOf(product: Product): readonly [rows: number, vectors: number] {
  const size = tileSizes.find(({ rows, vectors, least }) => product.rows >= rows && product.columns % (4 * vectors) === 0 && workOf(product) >= least);
  return size === undefined ? [4, 1] : [size.rows, size.vectors];
}

/** Workgroups that a product is spread over, if it has the invocations. */
const spread = 32;

export function parallelProduct(request: DotRequest, product: Product): { readonly kernels: readonly RoledKernel[]; readonly scratchBytes: number } {
  return { kernels: product.batch * product.rows * product.columns === 0 ? [] : [productKernel(request, product)], scratchBytes: 0 };
}

function productKernel(request: DotRequest, product: Product): RoledKernel {
  switch (formOf(request, product)) {
    case "single": return kernelOf(request, product, 1, 1, single);
    case "windows": return kernelOf(request, product, 4, 4, windows);
    case "strip": {
      const columns = workOf(product) < largeStrips ? 1 : [5, 4, 3, 2].find((count) => product.columns % count === 0) ?? 1;
      return kernelOf(request, product, 4, columns, (scope, part, out) => { strip(scope, part, columns, out); });
    }
    case "tile": {
      const shared = sharedTiles(request, product);
      const [rows, vectors] = tileOf(product);
      const own = kernelOf(request, product, rows, 4 * vectors, (scope, part, out) => { tiles(scope, part, rows, vectors, workOf(product) < longTiles, out); });
      return shared === null ? own : { ...own, kernel: { ...own.kernel, shared: shared.kernel } };
    }
  }
}

function formOf({ left: { element } }: DotRequest, product: Product): "single" | "windows" | "strip" | "tile" {
  const { rows, columns, depth, left, right } = product;
  const inRows = columns % 4 === 0 && right.free.length === 1 && stridesOf(product).rightColumn === 1;
  if (element !== "bool" && !isSimple(left) && inRows && rows >= 4 && depth > 0) return "windows";
  if (element === "bool" || !isSimple(left) || !isSimple(right) || rows < 4 || depth === 0) return "single";
  const { rightColumn, rightDepth } = stridesOf(product);
  const vectors = columns % 4 === 0 && (rightColumn === 1 || (rightDepth === 1 && depth % 4 === 0));
  return vectors ? "tile" : "strip";
}

/** A kernel in which each invocation makes `rowsEach` x `columnsEach` elements; `body` writes it. */
function kernelOf(request: DotRequest, product: Product, rowsEach: number, columnsEach: number, body: (scope: ProductScope, part: Part, out: Statement[]) => void): RoledKernel {
  const scope = gridScope(new ProductScope(request, product));
  const groups = [product.batch, Math.ceil(product.rows / rowsEach), Math.ceil(product.columns / columnsEach)];
  const count = groups.reduce((total, size) => total * size, 1);
  const grid = gridOf(count, spread);
  const out: Statement[] = [];
  const [batch, row, column] = split(scope, numberIn(grid), groups, out);
  body(scope, { ...batchOffsets(scope, batch, out), batch, row, column }, out);
  const { kernel, roles } = scope.kernel(request.name, guarded(grid, count, out));
  return { kernel: { ...kernel, grid }, roles };
}

/** Where the element of a row-major index over axes lies. */
function along(scope: ProductScope, axes: readonly Axis[], index: Index, out: Statement[]): Index {
  const indices = split(scope, index, axes.map(({ size }) => size), out);
  return sum(...axes.map(({ stride }, i) => scale(indices[i], stride)));
}

function windows(scope: ProductScope, part: Part, out: Statement[]): void {
  const { product: { left, right, rows: all }, element } = scope;
  const rows = rowsOf(scope, part, 4, out);
  const starts = rows.map((row) => sum(part.leftBatch, along(scope, left.free, row, out)));
  const first = scale(part.column, 4);
  const totals = startPart(scope, part, rows, 1, 4, first, out);
  const columns = scope.local(element, 4);
  out.push(...nest(scope, [left.contract, right.contract], ([leftDepth, rightDepth]) => [
    setLocal(columns, load(scope.right, sum(part.rightBatch, rightDepth, first), 4)),
    ...totals[0].map((total, r) => scope.accumulate(total, scope.splat(load(scope.left, sum(starts[r], leftDepth)), 4), local(columns), 4)),
  ]));
  finishPart(scope, part, totals, 4, first, all % 4 !== 0, out);
}

function single(scope: ProductScope, { leftBatch, rightBatch, batch, row, column }: Part, out: Statement[]): void {
  const { left, right } = scope.product;
  const [leftRow, rightColumn] = [along(scope, left.free, row, out), along(scope, right.free, column, out)];
  const place = scope.place(out, batch, row, column, { lanes: 1 });
  const total = scope.local(scope.element);
  out.push(setLocal(total, scope.start(place)));
  out.push(...nest(scope, [left.contract, right.contract], ([leftDepth, rightDepth]) => [
    scope.accumulate(total, load(scope.left, sum(leftBatch, leftRow, leftDepth)), load(scope.right, sum(rightBatch, rightColumn, rightDepth)), 1),
  ]));
  scope.finish(total, place);
}

function strip(scope: ProductScope, part: Part, columns: number, out: Statement[]): void {
  const { product } = scope;
  const { leftRow, leftDepth, rightDepth, rightColumn } = stridesOf(product);
  const { leftBatch, rightBatch } = part;
  const rows = rowsOf(scope, part, 4, out);
  const first = scale(part.column, columns);
  const places = Array.from({ length: columns }, (_, c) => sum(first, at(c)));
  const totals = startPart(scope, part, rows, columns, 1, first, out);
  const step = (k: Index, body: Statement[]): void => {
    const number = (value: Expression): Expression => {
      const id = scope.local(scope.element);
      body.push(setLocal(id, value));
      return local(id);
    };
    const right = places.map((column) => number(load(scope.right, sum(rightBatch, scale(k, rightDepth), scale(column, rightColumn)))));
    rows.forEach((row, r) => {
      const left = number(load(scope.left, sum(leftBatch, scale(row, leftRow), scale(k, leftDepth))));
      totals.forEach((own, c) => body.push(scope.accumulate(own[r], left, right[c], 1)));
    });
  };
  const steps = columns === 1 ? 1 : 2; // a turn of the loop costs a driver on a processor as much as some loads
  const whole = product.depth - (product.depth % steps);
  if (whole > 0) {
    const turn = scope.variable();
    const body: Statement[] = [];
    for (let by = 0; by < steps; by++) step(at(by, [turn, steps]), body);
    out.push(loop(turn, 0, whole / steps, 1, body));
  }
  for (let k = whole; k < product.depth; k++) step(at(k), out);
  finishPart(scope, part, totals, 1, first, product.rows % 4 !== 0, out);
}
