/**
 * Tiles of a product, one for each invocation, from vector loads. 4 x 4: 4 steps of k at a time, or single steps where both
 * operands come in vectors across k. 8 x 8: single steps, half as many loads for each product.
 */
import { scale, sum } from "../contraction/indices.ts";
import type { ProductScope } from "../contraction/product-scope.ts";
import { stridesOf } from "../contraction/shape.ts";
import { apply, at, lane, load, local, loop, setLocal } from "../expression.ts";
import type { BufferId, Expression, Index, LocalId, Statement } from "../kernel.ts";
import { finishRows, four, type Part, rowsOf } from "./rows.ts";

/** An operand as an invocation reads it. */
export interface Side {
  readonly buffer: BufferId;
  /** Where neighbours lie: along k, along the invocation's rows or columns, or nowhere. */
  readonly along: "depth" | "free" | "neither";
  /** Row or column i of the invocation's 4, at k. */
  at(i: number, k: Index): Index;
}

function hold(scope: ProductScope, value: Expression, lanes: 1 | 4, body: Statement[]): Expression {
  const id = scope.local(scope.element, lanes);
  body.push(setLocal(id, value));
  return local(id);
}

/** Row r at 4 steps of k, as one number for each. */
function leftBlock(scope: ProductScope, { buffer, along, at: place }: Side, k: Index, body: Statement[]): Expression[][] {
  const step = (by: number): Index => sum(k, at(by));
  switch (along) {
    case "depth": return four.map((r) => hold(scope, load(buffer, place(r, k), 4), 4, body)).map((row) => four.map((by) => lane(row, by)));
    case "free": {
      const columns = four.map((by) => hold(scope, load(buffer, place(0, step(by)), 4), 4, body));
      return four.map((r) => columns.map((column) => lane(column, r)));
    }
    case "neither": return four.map((r) => four.map((by) => hold(scope, load(buffer, place(r, step(by))), 1, body)));
  }
}

/** 4 columns at each of 4 steps of k. */
function rightBlock(scope: ProductScope, { buffer, along, at: place }: Side, k: Index, body: Statement[]): Expression[] {
  if (along === "free") return four.map((by) => hold(scope, load(buffer, place(0, sum(k, at(by))), 4), 4, body));
  const columns = four.map((c) => hold(scope, load(buffer, place(c, k), 4), 4, body));
  const zip = (op: "zipLow" | "zipHigh", a: Expression, b: Expression): Expression => hold(scope, apply(op, scope.element, 4, a, b), 4, body);
  return (["zipLow", "zipHigh"] as const).flatMap((op) => {
    const [even, odd] = [zip(op, columns[0], columns[2]), zip(op, columns[1], columns[3])];
    return [zip("zipLow", even, odd), zip("zipHigh", even, odd)];
  });
}

/** totals += left * right at k, k + 1, k + 2, k + 3. */
export function fourSteps(scope: ProductScope, totals: readonly LocalId[], left: Side, right: Side, k: Index, body: Statement[]): void {
  const columns = rightBlock(scope, right, k, body);
  const rows = leftBlock(scope, left, k, body);
  for (const by of four) totals.forEach((total, r) => body.push(scope.accumulate(total, scope.splat(rows[r][by], 4), columns[by], 4)));
}

/** The same for a single step, where both sides lie across k. */
function oneStep(scope: ProductScope, totals: readonly LocalId[], left: Side, right: Side, k: Index, body: Statement[]): void {
  const rows = left.along === "free" ? hold(scope, load(left.buffer, left.at(0, k), 4), 4, body) : null;
  const columns = hold(scope, load(right.buffer, right.at(0, k), 4), 4, body);
  totals.forEach((total, r) => body.push(scope.accumulate(total, scope.splat(rows === null ? load(left.buffer, left.at(r, k)) : lane(rows, r), 4), columns, 4)));
}

export function tiles(scope: ProductScope, part: Part, out: Statement[]): void {
  const { product, element } = scope;
  const { leftRow, leftDepth, rightDepth, rightColumn } = stridesOf(product);
  const column = scale(part.column, 4);
  const rows = rowsOf(scope, part, 4, out);
  const left: Side = {
    buffer: scope.left,
    along: leftDepth === 1 ? "depth" : leftRow === 1 && product.rows % 4 === 0 ? "free" : "neither",
    at: (r, k) => sum(part.leftBatch, scale(rows[r], leftRow), scale(k, leftDepth)),
  };
  const right: Side = {
    buffer: scope.right,
    along: rightColumn === 1 ? "free" : "depth",
    at: (c, k) => sum(part.rightBatch, scale(k, rightDepth), scale(sum(column, at(c)), rightColumn)),
  };
  const totals = four.map(() => scope.local(element, 4));
  totals.forEach((total, r) => out.push(setLocal(total, scope.start(scope.place(out, part.batch, rows[r], column, { lanes: 4 })))));
  const by = left.along === "free" && right.along === "free" ? 1 : 4;
  const whole = product.depth - (product.depth % by);
  if (whole > 0) {
    const turn = scope.variable();
    const body: Statement[] = [];
    (by === 1 ? oneStep : fourSteps)(scope, totals, left, right, at(0, [turn, by]), body);
    out.push(loop(turn, 0, whole / by, 1, body));
  }
  for (let k = whole; k < product.depth; k++) oneStep(scope, totals, left, right, at(k), out);
  finishRows(scope, part, totals, 4, column, product.rows % 4 !== 0, out);
}

/** 8 x 8, where the right operand's columns lie side by side. */
export function largeTiles(scope: ProductScope, part: Part, out: Statement[]): void {
  const { product, element } = scope;
  const { leftRow, leftDepth, rightDepth } = stridesOf(product);
  const rows = rowsOf(scope, part, 8, out);
  const columns = [0, 4].map((shift) => sum(scale(part.column, 8), at(shift)));
  const totals = columns.map((column) => rows.map((row) => {
    const total = scope.local(element, 4);
    out.push(setLocal(total, scope.start(scope.place(out, part.batch, row, column, { lanes: 4 }))));
    return total;
  }));
  const turn = scope.variable();
  const k = at(0, [turn, 1]);
  const leftAt = (r: number): Index => sum(part.leftBatch, scale(rows[r], leftRow), scale(k, leftDepth));
  const body: Statement[] = [];
  const inVectors = leftRow === 1 && product.rows % 8 === 0;
  const vectors = inVectors ? [0, 4].map((r) => hold(scope, load(scope.left, leftAt(r), 4), 4, body)) : [];
  const factors = rows.map((_, r) => (inVectors ? lane(vectors[r >> 2], r & 3) : hold(scope, load(scope.left, leftAt(r)), 1, body)));
  columns.forEach((column, v) => {
    const right = hold(scope, load(scope.right, sum(part.rightBatch, scale(k, rightDepth), column), 4), 4, body);
    totals[v].forEach((total, r) => body.push(scope.accumulate(total, scope.splat(factors[r], 4), right, 4)));
  });
  out.push(loop(turn, 0, product.depth, 1, body));
  columns.forEach((column, v) => finishRows(scope, part, totals[v], 4, column, product.rows % 8 !== 0, out));
}
