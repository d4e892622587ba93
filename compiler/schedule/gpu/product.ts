/**
 * A dot for a grid of invocations.
 *
 *     tile      4 x 4 elements for each invocation, or 8 x 8 (tiles.ts), or by workgroups together (shared-tiles.ts)
 *     strip     4 rows x 1 column, where columns do not come in fours or lie apart
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
import type { Index, Statement } from "../kernel.ts";
import { gridOf, gridScope, guarded, numberIn, split } from "./grid.ts";
import { batchOffsets, finishRows, four, type Part, rowsOf } from "./rows.ts";
import { sharedTiles } from "./shared-tiles.ts";
import { largeTiles, tiles } from "./tiles.ts";

export function parallelProduct(request: DotRequest, product: Product): { readonly kernels: readonly RoledKernel[]; readonly scratchBytes: number } {
  return { kernels: product.batch * product.rows * product.columns === 0 ? [] : [productKernel(request, product)], scratchBytes: 0 };
}

function productKernel(request: DotRequest, product: Product): RoledKernel {
  switch (formOf(request, product)) {
    case "single": return kernelOf(request, product, 1, 1, single);
    case "strip": return kernelOf(request, product, 4, 1, strip);
    case "tile": {
      const shared = sharedTiles(request, product);
      // Devices that share are not kept busy by few invocations, but they take the other form.
      const large = shared !== null && product.columns % 8 === 0 && stridesOf(product).rightColumn === 1;
      const own = large ? kernelOf(request, product, 8, 8, largeTiles) : kernelOf(request, product, 4, 4, tiles);
      return shared === null ? own : { ...own, kernel: { ...own.kernel, shared: shared.kernel } };
    }
  }
}

function formOf({ left: { element } }: DotRequest, product: Product): "single" | "strip" | "tile" {
  const { rows, columns, depth, left, right } = product;
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
  const grid = gridOf(count);
  const out: Statement[] = [];
  const [batch, row, column] = split(scope, numberIn(grid), groups, out);
  body(scope, { ...batchOffsets(scope, batch, out), batch, row, column }, out);
  const { kernel, roles } = scope.kernel(request.name, guarded(grid, count, out));
  return { kernel: { ...kernel, grid }, roles };
}

function single(scope: ProductScope, { leftBatch, rightBatch, batch, row, column }: Part, out: Statement[]): void {
  const { left, right } = scope.product;
  const along = (axes: readonly Axis[], index: Index): Index => {
    const indices = split(scope, index, axes.map(({ size }) => size), out);
    return sum(...axes.map(({ stride }, i) => scale(indices[i], stride)));
  };
  const [leftRow, rightColumn] = [along(left.free, row), along(right.free, column)];
  const place = scope.place(out, batch, row, column, { lanes: 1 });
  const total = scope.local(scope.element);
  out.push(setLocal(total, scope.start(place)));
  out.push(...nest(scope, [left.contract, right.contract], ([leftDepth, rightDepth]) => [
    scope.accumulate(total, load(scope.left, sum(leftBatch, leftRow, leftDepth)), load(scope.right, sum(rightBatch, rightColumn, rightDepth)), 1),
  ]));
  scope.finish(total, place);
}

function strip(scope: ProductScope, part: Part, out: Statement[]): void {
  const { product } = scope;
  const { leftRow, leftDepth, rightDepth, rightColumn } = stridesOf(product);
  const { leftBatch, rightBatch, batch, column } = part;
  const rows = rowsOf(scope, part, 4, out);
  const totals = four.map(() => scope.local(scope.element));
  totals.forEach((total, r) => out.push(setLocal(total, scope.start(scope.place(out, batch, rows[r], column, { lanes: 1 })))));
  const k = scope.variable();
  const factor = scope.local(scope.element);
  out.push(loop(k, 0, product.depth, 1, [
    setLocal(factor, load(scope.right, sum(rightBatch, at(0, [k, rightDepth]), scale(column, rightColumn)))),
    ...totals.map((total, r) => scope.accumulate(total, load(scope.left, sum(leftBatch, scale(rows[r], leftRow), at(0, [k, leftDepth]))), local(factor), 1)),
  ]));
  finishRows(scope, part, totals, 1, column, product.rows % 4 !== 0, out);
}
