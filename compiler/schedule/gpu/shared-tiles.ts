/**
 * A large product by workgroups that each make a square of the result: panels of both operands, 16 steps of k deep, are
 * brought into workgroup memory by all invocations together, then each makes its 4 x 4 elements from there. A gain where
 * workgroup memory is near the arithmetic, a loss on processors.
 */
import { scale, sum } from "../contraction/indices.ts";
import { ProductScope } from "../contraction/product-scope.ts";
import type { DotRequest, RoledKernel } from "../contraction/request.ts";
import type { Product } from "../contraction/shape.ts";
import { stridesOf } from "../contraction/shape.ts";
import { apply, at, literal, load, loop, setLocal, store } from "../expression.ts";
import { invocationVariable, workgroupVariable } from "../kernel.ts";
import type { BufferId, Expression, Index, Statement } from "../kernel.ts";
import { gridScope, indexValue, split } from "./grid.ts";
import { batchOffsets, finishPart, four, type Part } from "./rows.ts";
import { multiply, type Side } from "./tiles.ts";

/** Steps of k in workgroup memory. */
const deep = 16;
/** Elements from one row of a panel along k to the next: not a multiple of the banks of workgroup memory. */
const pitch = deep + 4;
/** Squares of 64 from which a device is busy with them; else they are of 32. */
const manySquares = 128;
const least = { rows: 64, columns: 64, depth: 32 };

interface Operand {
  readonly buffer: BufferId;
  readonly batch: Index;
  /** Of rows or columns in the operand, elements apart, and how many there are. */
  readonly freeStride: number;
  readonly depthStride: number;
  readonly free: number;
  /** Number of the square along them. */
  readonly square: Index;
}

/** null: the product is small, or its operands come not in vectors. */
export function sharedTiles(request: DotRequest, product: Product): RoledKernel | null {
  const { rows, columns, depth, batch } = product;
  const { leftRow, leftDepth, rightDepth, rightColumn } = stridesOf(product);
  const inVectors = (free: number, freeStride: number, depthStride: number): boolean => (depthStride === 1 && depth % 4 === 0) || (freeStride === 1 && free % 4 === 0);
  if (columns % 4 !== 0 || rows < least.rows || columns < least.columns || depth < least.depth) return null;
  if (!inVectors(rows, leftRow, leftDepth) || !inVectors(columns, rightColumn, rightDepth)) return null;
  const squares = (side: number): number[] => [batch, Math.ceil(rows / side), Math.ceil(columns / side)];
  const count = (side: number): number => squares(side).reduce((total, size) => total * size, 1);
  const side = count(64) >= manySquares ? 64 : 32;
  const across = side / 4;
  const grid = { workgroups: count(side), invocations: across * across };

  const scope = gridScope(new ProductScope(request, product));
  const out: Statement[] = [];
  const [batchIndex, down, right] = split(scope, at(0, [workgroupVariable, 1]), squares(side), out);
  const [y, x] = split(scope, at(0, [invocationVariable, 1]), [across, across], out);
  const offsets = batchOffsets(scope, batchIndex, out);
  const part: Part = { ...offsets, batch: batchIndex, row: sum(scale(down, across), y), column: sum(scale(right, across), x) };
  const column = scale(part.column, 4);

  const block = scope.variable();
  const start = at(0, [block, 1]);
  const body: Statement[] = [];
  const panel = (name: string, operand: Operand): { buffer: BufferId; along: "depth" | "free" } => {
    const along = operand.depthStride === 1 && depth % 4 === 0 ? "depth" : "free";
    const buffer = scope.buffer(name, scope.element, along === "depth" ? side * pitch : deep * side, "workgroup");
    for (let turn = 0; turn < (side * deep) / 4 / grid.invocations; turn++) {
      const number = at(turn * grid.invocations, [invocationVariable, 1]);
      const [outer, inner] = split(scope, number, along === "depth" ? [side, deep / 4] : [deep, across], body);
      const [free, k] = along === "depth" ? [outer, scale(inner, 4)] : [scale(inner, 4), outer];
      const [wholeFree, wholeK] = [sum(scale(operand.square, side), free), sum(start, k)];
      const from = sum(operand.batch, scale(wholeFree, operand.freeStride), scale(wholeK, operand.depthStride));
      const to = along === "depth" ? sum(scale(free, pitch), k) : sum(scale(k, side), free);
      const below = (index: Index, limit: number): Expression => apply("lt", "i32", 1, indexValue(index), literal(limit, "i32"));
      const tests = [...(operand.free % side === 0 ? [] : [below(wholeFree, operand.free)]), ...(depth % deep === 0 ? [] : [below(wholeK, depth)])];
      const bring = store(buffer, to, load(operand.buffer, from, 4), 4);
      if (tests.length === 0) body.push(bring);
      else {
        const inside = tests.reduce((a, b) => apply("and", "bool", 1, a, b));
        body.push({ kind: "if", test: inside, then: [bring], else: [store(buffer, to, literal(0, scope.element, 4), 4)] });
      }
    }
    return { buffer, along };
  };
  const own = ({ buffer, along }: { buffer: BufferId; along: "depth" | "free" }, quad: Index): Side => ({
    buffer, along,
    at: (i, k) => {
      const free = sum(scale(quad, 4), at(i));
      return along === "depth" ? sum(scale(free, pitch), k) : sum(scale(k, side), free);
    },
  });
  const leftPanel = panel("left_panel", { buffer: scope.left, batch: part.leftBatch, freeStride: leftRow, depthStride: leftDepth, free: rows, square: down });
  const rightPanel = panel("right_panel", { buffer: scope.right, batch: part.rightBatch, freeStride: rightColumn, depthStride: rightDepth, free: columns, square: right });
  body.push({ kind: "barrier", over: "workgroup" });

  const totals = four.map(() => scope.local(scope.element, 4));
  // Columns beyond the result start from the last ones' numbers, and are not stored.
  let known = column;
  if (columns % side !== 0) {
    const variable = scope.variable();
    out.push({ kind: "bind", variable, value: apply("min", "i32", 1, indexValue(part.column), literal(columns / 4 - 1, "i32")) });
    known = at(0, [variable, 4]);
  }
  totals.forEach((total) => out.push(setLocal(total, scope.start(scope.place(out, batchIndex, at(0), known, { lanes: 4 })))));
  const turn = scope.variable();
  const steps: Statement[] = [];
  multiply(scope, [totals], own(leftPanel, y), own(rightPanel, x), at(0, [turn, 4]), 4, steps);
  body.push(loop(turn, 0, deep / 4, 1, steps), { kind: "barrier", over: "workgroup" });
  out.push(loop(block, 0, depth, deep, body));

  const ending: Statement[] = [];
  finishPart(scope, part, [totals], 4, column, rows % side !== 0, ending);
  if (columns % side === 0) out.push(...ending);
  else out.push({ kind: "if", test: apply("lt", "i32", 1, indexValue(part.column), literal(columns / 4, "i32")), then: ending, else: [] });
  const { kernel, roles } = scope.kernel(`${request.name}_shared`, out);
  return { kernel: { ...kernel, grid }, roles };
}
