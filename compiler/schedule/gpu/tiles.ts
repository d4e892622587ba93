/**
 * Tiles of a product, one for each invocation, from vector loads: 4, 8 or 16 rows, 1 or 2 vectors of columns; some steps of k
 * at a time. A larger tile makes fewer loads for each multiplication.
 */
import { scale, sum } from "../contraction/indices.ts";
import type { ProductScope } from "../contraction/product-scope.ts";
import { stridesOf } from "../contraction/shape.ts";
import { apply, at, lane, load, local, loop, setLocal } from "../expression.ts";
import type { BufferId, Expression, Index, LocalId, Statement } from "../kernel.ts";
import { finishPart, four, type Part, rowsOf, startPart, type Totals } from "./rows.ts";

/** An operand as an invocation reads it. */
export interface Side {
  readonly buffer: BufferId;
  /** Where neighbours lie: along k, along the invocation's rows or columns, or nowhere. */
  readonly along: "depth" | "free" | "neither";
  /** Row or column i of the invocation's, at k. */
  at(i: number, k: Index): Index;
}

function hold(scope: ProductScope, value: Expression, lanes: 1 | 4, body: Statement[]): Expression {
  const id = scope.local(scope.element, lanes);
  body.push(setLocal(id, value));
  return local(id);
}

/** Each of the rows at k, k + 1, ..., as numbers. */
function leftBlock(scope: ProductScope, { buffer, along, at: place }: Side, rows: number, k: Index, steps: number, body: Statement[]): Expression[][] {
  const each = Array.from({ length: rows }, (_, r) => r);
  const times = four.slice(0, steps);
  const step = (by: number): Index => sum(k, at(by));
  if (along === "free") {
    const columns = times.map((by) => each.filter((r) => r % 4 === 0).map((r) => hold(scope, load(buffer, place(r, step(by)), 4), 4, body)));
    return each.map((r) => columns.map((vectors) => lane(vectors[r >> 2], r & 3)));
  }
  if (along === "depth" && steps === 4) return each.map((r) => hold(scope, load(buffer, place(r, k), 4), 4, body)).map((row) => four.map((by) => lane(row, by)));
  return each.map((r) => times.map((by) => hold(scope, load(buffer, place(r, step(by))), 1, body)));
}

/** 4 columns at k, k + 1, ... */
function rightBlock(scope: ProductScope, { buffer, along, at: place }: Side, vector: number, k: Index, steps: number, body: Statement[]): Expression[] {
  if (along === "free") return four.slice(0, steps).map((by) => hold(scope, load(buffer, place(4 * vector, sum(k, at(by))), 4), 4, body));
  const columns = four.map((c) => hold(scope, load(buffer, place(4 * vector + c, k), 4), 4, body));
  const zip = (op: "zipLow" | "zipHigh", a: Expression, b: Expression): Expression => hold(scope, apply(op, scope.element, 4, a, b), 4, body);
  return (["zipLow", "zipHigh"] as const).flatMap((op) => {
    const [even, odd] = [zip(op, columns[0], columns[2]), zip(op, columns[1], columns[3])];
    return [zip("zipLow", even, odd), zip("zipHigh", even, odd)];
  });
}

/** totals += left * right at k, k + 1, ..., as many steps as are wanted; 4 where the right side lies along k. */
export function multiply(scope: ProductScope, totals: Totals, left: Side, right: Side, k: Index, steps: number, body: Statement[]): void {
  const rows = leftBlock(scope, left, totals[0].length, k, steps, body);
  totals.forEach((own, vector) => {
    rightBlock(scope, right, vector, k, steps, body).forEach((columns, by) => {
      own.forEach((total, r) => body.push(scope.accumulate(total, scope.splat(rows[r][by], 4), columns, 4)));
    });
  });
}

/** Rows of a tile from which the product is so long that more steps at a time are worth their text, without vectors along k, too. */
const longRows = 16;

/** `isShort`: a short text counts for more than speed. */
export function tiles(scope: ProductScope, part: Part, rowsEach: number, vectors: number, isShort: boolean, out: Statement[]): void {
  const { product } = scope;
  const { leftRow, leftDepth, rightDepth, rightColumn } = stridesOf(product);
  const column = scale(part.column, 4 * vectors);
  const rows = rowsOf(scope, part, rowsEach, out);
  const left: Side = {
    buffer: scope.left,
    along: leftDepth === 1 ? "depth" : leftRow === 1 && product.rows % rowsEach === 0 ? "free" : "neither",
    at: (r, k) => sum(part.leftBatch, scale(rows[r], leftRow), scale(k, leftDepth)),
  };
  const right: Side = {
    buffer: scope.right,
    along: rightColumn === 1 ? "free" : "depth",
    at: (c, k) => sum(part.rightBatch, scale(k, rightDepth), scale(sum(column, at(c)), rightColumn)),
  };
  const totals = startPart(scope, part, rows, vectors, 4, column, out);
  // As many steps as vectors along k have, in what is long enough for the text of it. A turn of the loop costs a driver on a processor
  // as much as some loads.
  const by = right.along === "free" && isShort ? 1 : left.along !== "free" || right.along !== "free" || rowsEach >= longRows ? 4 : 2;
  const whole = product.depth - (product.depth % by);
  if (whole > 0) {
    const turn = scope.variable();
    const body: Statement[] = [];
    multiply(scope, totals, left, right, at(0, [turn, by]), by, body);
    out.push(loop(turn, 0, whole / by, 1, body));
  }
  for (let k = whole; k < product.depth; k++) multiply(scope, totals, left, right, at(k), 1, out);
  finishPart(scope, part, totals, 4, column, product.rows % rowsEach !== 0, out);
}
