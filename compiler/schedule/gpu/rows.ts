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

/** The sums of an invocation's part: for each group of columns (4 in vectors, else 1) those of all rows. */
export type Totals = readonly (readonly LocalId[])[];

/** Sums of a part before the first product. `first`: its first column. What rows have in common is loaded once. */
export function startPart(scope: ProductScope, part: Part, rows: readonly Index[], groups: number, lanes: 1 | 4, first: Index, out: Statement[]): Totals {
  const { request: { initial }, product: { swapped }, element } = scope;
  const alike = initial !== "full" && !swapped;
  return Array.from({ length: groups }, (_, group) => {
    const column = sum(first, at(group * lanes));
    const totals: LocalId[] = [];
    for (const row of rows) {
      const total = scope.local(element, lanes);
      out.push(setLocal(total, alike && totals.length > 0 ? local(totals[0]) : scope.start(scope.place(out, part.batch, row, column, { lanes }))));
      totals.push(total);
    }
    return totals;
  });
}

/**
 * Finishes the sums of a part, row by row. `first`: its first column. `tested`: only rows that exist. What follows a product may be
 * long: it is written once, for a row and a group of columns that count.
 */
export function finishPart(scope: ProductScope, part: Part, totals: Totals, lanes: 1 | 4, first: Index, tested: boolean, out: Statement[]): void {
  const { product: { rows }, element, request: { epilogue } } = scope;
  const [each, groups] = [totals[0].length, totals.length];
  const guardedBy = (row: Index, then: readonly Statement[]): readonly Statement[] =>
    !tested ? then : [{ kind: "if", test: apply("lt", "i32", 1, indexValue(row), integer(rows)), then, else: [] }];
  if (epilogue === undefined) {
    for (let r = 0; r < each; r++) {
      const row = sum(scale(part.row, each), at(r));
      const body: Statement[] = [];
      totals.forEach((own, group) => { scope.finish(own[r], scope.place(body, part.batch, row, sum(first, at(group * lanes)), { lanes })); });
      out.push(...guardedBy(row, body));
    }
    return;
  }
  const [r, group] = [scope.variable(), scope.variable()];
  const row = sum(scale(part.row, each), at(0, [r, 1]));
  const total = scope.local(element, lanes);
  // The sums of a row, of each group: half of the rows is chosen, and half of those, by the bits of the row's number.
  const own: Statement[] = [];
  const known = (value: Expression): Expression => {
    const test = scope.local("bool", lanes);
    own.push(setLocal(test, lanes === 1 ? value : apply("splat", "bool", 4, value)));
    return local(test);
  };
  const bits = Array.from({ length: Math.log2(each) }, (_, bit) => known(apply("ne", "i32", 1, apply("and", "i32", 1, indexValue(at(0, [r, 1])), integer(1 << bit)), integer(0))));
  const ofRow = totals.map((rows) => {
    const chosen = scope.local(element, lanes);
    own.push(setLocal(chosen, bits.reduce<readonly Expression[]>((left, bit) =>
      left.flatMap((even, i) => (i % 2 === 0 ? [apply("select", element, lanes, bit, left[i + 1], even)] : [])), rows.map((one) => local(one)))[0]));
    return local(chosen);
  });
  const body: Statement[] = [];
  scope.finish(total, scope.place(body, part.batch, row, groups === 1 ? first : sum(first, at(0, [group, lanes])), { lanes }));
  const ofGroup = (which: number): Expression => {
    if (which === groups - 1) return ofRow[which];
    const is = apply("eq", "i32", 1, indexValue(at(0, [group, 1])), integer(which));
    return apply("select", element, lanes, lanes === 1 ? is : apply("splat", "bool", 4, is), ofRow[which], ofGroup(which + 1));
  };
  const one = [setLocal(total, ofGroup(0)), ...body];
  out.push(loop(r, 0, each, 1, guardedBy(row, [...own, ...(groups === 1 ? one : [loop(group, 0, groups, 1, one)])])));
}
