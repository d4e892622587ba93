/**
 * A dot for a grid of invocations.
 *
 *     tile      4 rows x 4 columns for each invocation, 4 steps of k at a time from vector loads
 *     strip     4 rows x 1 column, where columns do not come in fours or lie apart
 *     single    one element, for any element type and any axes
 *
 * k ascends in all of them. Workgroup memory is no gain where many rows share a cache, and a loss on processors.
 */
import { apply, at, lane, load, local, loop, setLocal } from "../expression.ts";
import { nest, scale, sum } from "../contraction/indices.ts";
import { ProductScope } from "../contraction/product-scope.ts";
import type { DotRequest, RoledKernel } from "../contraction/request.ts";
import type { Axis, Product } from "../contraction/shape.ts";
import { isSimple, stridesOf } from "../contraction/shape.ts";
import type { Expression, Index, LocalId, Statement, VariableId } from "../kernel.ts";
import { gridOf, gridScope, guarded, indexValue, numberIn, split } from "./grid.ts";

export function parallelProduct(request: DotRequest, product: Product): { readonly kernels: readonly RoledKernel[]; readonly scratchBytes: number } {
  return { kernels: product.batch * product.rows * product.columns === 0 ? [] : [formOf(request, product)(request, product)], scratchBytes: 0 };
}

function formOf({ left: { element } }: DotRequest, product: Product): typeof singles {
  const { rows, columns, depth, left, right } = product;
  if (element === "bool" || !isSimple(left) || !isSimple(right) || rows < 4 || depth === 0) return singles;
  const { rightColumn, rightDepth } = stridesOf(product);
  const vectors = columns % 4 === 0 && (rightColumn === 1 || (rightDepth === 1 && depth % 4 === 0));
  return vectors ? tiles : strips;
}

/** Where an invocation's part of the result stands. */
interface Part {
  readonly leftBatch: Index;
  readonly rightBatch: Index;
  readonly batch: Index;
  /** Number of its rows' group, and of its columns' group. */
  readonly row: Index;
  readonly column: Index;
}

/** A kernel in which each invocation makes `rowsEach` x `columnsEach` elements; `body` writes it. */
function kernelOf(request: DotRequest, product: Product, rowsEach: number, columnsEach: number, body: (scope: ProductScope, part: Part, out: Statement[]) => void): RoledKernel {
  const scope = gridScope(new ProductScope(request, product));
  const groups = [product.batch, Math.ceil(product.rows / rowsEach), Math.ceil(product.columns / columnsEach)];
  const count = groups.reduce((total, size) => total * size, 1);
  const grid = gridOf(count);
  const out: Statement[] = [];
  const [batch, row, column] = split(scope, numberIn(grid), groups, out);
  const offset = (axes: readonly Axis[], indices: readonly Index[]): Index => sum(...axes.map(({ stride }, i) => scale(indices[i], stride)));
  const indices = split(scope, batch, product.left.batch.map(({ size }) => size), out);
  body(scope, { leftBatch: offset(product.left.batch, indices), rightBatch: offset(product.right.batch, indices), batch, row, column }, out);
  const { kernel, roles } = scope.kernel(request.name, guarded(grid, count, out));
  return { kernel: { ...kernel, grid }, roles };
}

function singles(request: DotRequest, product: Product): RoledKernel {
  const { left, right } = product;
  return kernelOf(request, product, 1, 1, (scope, { leftBatch, rightBatch, batch, row, column }, out) => {
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
  });
}

const four = [0, 1, 2, 3] as const;

const integer = (value: number): Expression => ({ kind: "literal", type: "i32", lanes: 1, value });

/** The rows of a part: those of the last part beyond the result read the last row's operand. */
function rowsOf(scope: ProductScope, part: Part, rows: number, out: Statement[]): Index[] {
  return four.map((r): Index => {
    const index = sum(scale(part.row, 4), at(r));
    if (rows % 4 === 0 || r === 0) return index;
    const variable = scope.variable();
    out.push({ kind: "bind", variable, value: apply("min", "i32", 1, indexValue(index), integer(rows - 1)) });
    return at(0, [variable, 1]);
  });
}

/** Finishes the sums of 4 rows, those that exist. What follows a product may be long: it is written once, for a row that counts. */
function finishRows(scope: ProductScope, part: Part, totals: readonly LocalId[], lanes: 1 | 4, column: Index, out: Statement[]): void {
  const { product: { rows }, element, request: { epilogue } } = scope;
  const guardedBy = (row: Index, then: readonly Statement[]): readonly Statement[] =>
    rows % 4 === 0 ? then : [{ kind: "if", test: apply("lt", "i32", 1, indexValue(row), integer(rows)), then, else: [] }];
  if (epilogue === undefined) {
    totals.forEach((total, r) => {
      const row = sum(scale(part.row, 4), at(r));
      const body: Statement[] = [];
      scope.finish(total, scope.place(body, part.batch, row, column, { lanes }));
      out.push(...guardedBy(row, body));
    });
    return;
  }
  const r = scope.variable();
  const row = sum(scale(part.row, 4), at(0, [r, 1]));
  const total = scope.local(element, lanes);
  const is = (which: number): Expression => {
    const test = apply("eq", "i32", 1, indexValue(at(0, [r, 1])), integer(which));
    return lanes === 1 ? test : apply("splat", "bool", 4, test);
  };
  const chosen = totals.slice(0, -1).reduceRight((others, mine, which) => apply("select", element, lanes, is(which), local(mine), others), local(totals[totals.length - 1]));
  const body: Statement[] = [];
  scope.finish(total, scope.place(body, part.batch, row, column, { lanes }));
  out.push(loop(r, 0, 4, 1, [setLocal(total, chosen), ...guardedBy(row, body)]));
}

function strips(request: DotRequest, product: Product): RoledKernel {
  const { leftRow, leftDepth, rightDepth, rightColumn } = stridesOf(product);
  return kernelOf(request, product, 4, 1, (scope, part, out) => {
    const { leftBatch, rightBatch, batch, column } = part;
    const rows = rowsOf(scope, part, product.rows, out);
    const totals = four.map(() => scope.local(scope.element));
    totals.forEach((total, r) => out.push(setLocal(total, scope.start(scope.place(out, batch, rows[r], column, { lanes: 1 })))));
    const k = scope.variable();
    const factor = scope.local(scope.element);
    out.push(loop(k, 0, product.depth, 1, [
      setLocal(factor, load(scope.right, sum(rightBatch, at(0, [k, rightDepth]), scale(column, rightColumn)))),
      ...totals.map((total, r) => scope.accumulate(total, load(scope.left, sum(leftBatch, scale(rows[r], leftRow), at(0, [k, leftDepth]))), local(factor), 1)),
    ]));
    finishRows(scope, part, totals, 1, column, out);
  });
}

function tiles(request: DotRequest, product: Product): RoledKernel {
  const { leftRow, leftDepth, rightDepth, rightColumn } = stridesOf(product);
  return kernelOf(request, product, 4, 4, (scope, part, out) => {
    const { leftBatch, rightBatch, batch } = part;
    const { element } = scope;
    const column = scale(part.column, 4);
    const rows = rowsOf(scope, part, product.rows, out);
    const totals = four.map(() => scope.local(element, 4));
    totals.forEach((total, r) => out.push(setLocal(total, scope.start(scope.place(out, batch, rows[r], column, { lanes: 4 })))));
    const hold = (value: Expression, lanes: 1 | 4, into: Statement[]): LocalId => {
      const id = scope.local(element, lanes);
      into.push(setLocal(id, value));
      return id;
    };
    const leftAt = (r: number, k: Index): Index => sum(leftBatch, scale(rows[r], leftRow), scale(k, leftDepth));
    const rightAt = (k: Index, c: number): Index => sum(rightBatch, scale(k, rightDepth), scale(sum(column, at(c)), rightColumn));

    /** Row r of the left operand at 4 steps of k, as one number for each. */
    const leftBlock = (k: Index, body: Statement[]): Expression[][] => {
      const kAt = (step: number): Index => sum(k, at(step));
      if (leftDepth === 1) return four.map((r) => hold(load(scope.left, leftAt(r, k), 4), 4, body)).map((id) => four.map((step) => lane(local(id), step)));
      if (leftRow === 1 && product.rows % 4 === 0) { // the right operand's rows lie along k
        const columns = four.map((step) => hold(load(scope.left, leftAt(0, kAt(step)), 4), 4, body));
        return four.map((r) => columns.map((id) => lane(local(id), r)));
      }
      return four.map((r) => four.map((step) => local(hold(load(scope.left, leftAt(r, kAt(step))), 1, body))));
    };
    /** 4 columns of the right operand at 4 steps of k. */
    const rightBlock = (k: Index, body: Statement[]): LocalId[] => {
      if (rightColumn === 1) return four.map((step) => hold(load(scope.right, rightAt(sum(k, at(step)), 0), 4), 4, body));
      const columns = four.map((c) => local(hold(load(scope.right, rightAt(k, c), 4), 4, body)));
      const zip = (op: "zipLow" | "zipHigh", a: Expression, b: Expression): Expression => local(hold(apply(op, element, 4, a, b), 4, body));
      return (["zipLow", "zipHigh"] as const).flatMap((op) => {
        const [even, odd] = [zip(op, columns[0], columns[2]), zip(op, columns[1], columns[3])];
        return (["zipLow", "zipHigh"] as const).map((again) => hold(apply(again, element, 4, even, odd), 4, body));
      });
    };
    if (leftRow === 1 && product.rows % 4 === 0 && rightColumn === 1) {
      // Both sides come in vectors at each step.
      const turn = scope.variable();
      const k = at(0, [turn, 1]);
      const body: Statement[] = [];
      const left = local(hold(load(scope.left, leftAt(0, k), 4), 4, body));
      const right = local(hold(load(scope.right, rightAt(k, 0), 4), 4, body));
      totals.forEach((total, r) => body.push(scope.accumulate(total, scope.splat(lane(left, r), 4), right, 4)));
      out.push(loop(turn, 0, product.depth, 1, body));
      finishRows(scope, part, totals, 4, column, out);
      return;
    }
    const whole = product.depth - (product.depth % 4);
    if (whole > 0) {
      const turn: VariableId = scope.variable();
      const k = at(0, [turn, 4]);
      const body: Statement[] = [];
      const right = rightBlock(k, body);
      const left = leftBlock(k, body);
      for (const step of four) totals.forEach((total, r) => body.push(scope.accumulate(total, scope.splat(left[r][step], 4), local(right[step]), 4)));
      out.push(loop(turn, 0, whole / 4, 1, body));
    }
    for (let k = whole; k < product.depth; k++) {
      const right = hold(load(scope.right, rightAt(at(k), 0), 4), 4, out);
      totals.forEach((total, r) => out.push(scope.accumulate(total, scope.splat(load(scope.left, leftAt(r, at(k))), 4), local(right), 4)));
    }
    finishRows(scope, part, totals, 4, column, out);
  });
}
