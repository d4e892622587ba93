/** The rows of a product that an invocation makes: where they are read, and what is done to their sums. */
import { scale, sum } from "../contraction/indices.ts";
import type { ProductScope } from "../contraction/product-scope.ts";
import type { Axis } from "../contraction/shape.ts";
import { apply, at, local, loop, setLocal } from "../expression.ts";
import type { Expression, Index, LocalId, Statement } from "../kernel.ts";
import { indexValue, split } from "./grid.ts";

/** Where an invocation's part of the result stands. */
export interface Part {
  readonly leftBatch: Index;
  readonly rightBatch: Index;
  readonly batch: Index;
  /** Number of its rows' group, and of its columns' group. */
  readonly row: Index;
  readonly column: Index;
}

/** Where the operands of a batch element start. */
export function batchOffsets(scope: ProductScope, batch: Index, out: Statement[]): Pick<Part, "leftBatch" | "rightBatch"> {
  const { left, right } = scope.product;
  const indices = split(scope, batch, left.batch.map(({ size }) => size), out);
  const offset = (axes: readonly Axis[], base: number): Index => sum(at(base), ...axes.map(({ stride }, i) => scale(indices[i], stride)));
  return { leftBatch: offset(left.batch, left.base), rightBatch: offset(right.batch, right.base) };
}

export const four = [0, 1, 2, 3] as const;

const integer = (value: number): Expression => ({ kind: "literal", type: "i32", lanes: 1, value });

/** The rows of a part: those of the last part beyond the result read the last row's operand. */
export function rowsOf(scope: ProductScope, part: Part, each: number, out: Statement[]): Index[] {
  const { rows } = scope.product;
  return Array.from({ length: each }, (_, r): Index => {
    const index = sum(scale(part.row, each), at(r));
    if (rows % each === 0 || r === 0) return index;
    const variable = scope.variable();
    out.push({ kind: "bind", variable, value: apply("min", "i32", 1, indexValue(index), integer(rows - 1)) });
    return at(0, [variable, 1]);
  });
}

/** Finishes the sums of a part's rows, in order. `tested`: only those that exist. What follows a product may be long: it is written once, for a row that counts. */
export function finishRows(scope: ProductScope, part: Part, totals: readonly LocalId[], lanes: 1 | 4, column: Index, tested: boolean, out: Statement[]): void {
  const { product: { rows }, element, request: { epilogue } } = scope;
  const each = totals.length;
  const guardedBy = (row: Index, then: readonly Statement[]): readonly Statement[] =>
    !tested ? then : [{ kind: "if", test: apply("lt", "i32", 1, indexValue(row), integer(rows)), then, else: [] }];
  if (epilogue === undefined) {
    totals.forEach((total, r) => {
      const row = sum(scale(part.row, each), at(r));
      const body: Statement[] = [];
      scope.finish(total, scope.place(body, part.batch, row, column, { lanes }));
      out.push(...guardedBy(row, body));
    });
    return;
  }
  const r = scope.variable();
  const row = sum(scale(part.row, each), at(0, [r, 1]));
  const total = scope.local(element, lanes);
  const is = (which: number): Expression => {
    const test = apply("eq", "i32", 1, indexValue(at(0, [r, 1])), integer(which));
    return lanes === 1 ? test : apply("splat", "bool", 4, test);
  };
  const chosen = totals.slice(0, -1).reduceRight((others, mine, which) => apply("select", element, lanes, is(which), local(mine), others), local(totals[totals.length - 1]));
  const body: Statement[] = [];
  scope.finish(total, scope.place(body, part.batch, row, column, { lanes }));
  out.push(loop(r, 0, each, 1, [setLocal(total, chosen), ...guardedBy(row, body)]));
}
