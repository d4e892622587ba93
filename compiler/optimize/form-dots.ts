/**
 * Makes a matrix product of a sum over products, so that index notation runs on the kernels of `dot`; and takes apart dots
 * that are none.
 *
 *     %2 = broadcast %0 [8, 4, 16] axes [0, 2]
 *     %3 = broadcast %1 [8, 4, 16] axes [1, 2]        %2 = dot %0 %1 contract [1] [1]
 *     %4 = mul %2 %3                            ->    return %2
 *     %5 = reduce_sum %4 axes [2]
 *     return %5
 *
 * A dot reads each side once per axis that only the other has. Where one side has no such axis, a fused reduction reads as
 * little and needs no copy of what it reduces: sums of products stay, and an inner product becomes one. A dot over one
 * product is a product. Leaves alone sums where one factor alone is summed over an axis. Runs on any region; must see
 * canonical broadcasts (simplify-movement).
 */
import { elementCount } from "../ir/graph.ts";
import type { ValueId } from "../ir/graph.ts";
import { otherAxes, pick, range } from "./axes.ts";
import { leftFree, rightFree, span } from "./dots.ts";
import type { Dot } from "./dots.ts";
import type { Pass } from "./pass.ts";
import { rewrite } from "./rewrite.ts";
import type { Rewrite, Rewriter } from "./rewrite.ts";

interface Factor {
  readonly value: ValueId;
  /** The axes of the product that the value has, ascending; none of size 1. */
  readonly axes: readonly number[];
}

function factorOf(w: Rewriter, value: ValueId, shape: readonly number[]): Factor | undefined {
  const inner = w.as(value, "broadcast");
  if (inner !== undefined) return w.shapeOf(inner.args[0]).includes(1) ? undefined : { value: inner.args[0], axes: inner.attributes.axes };
  const axes = range(shape.length).filter((axis) => shape[axis] !== 1);
  return { value: w.reshape(value, pick(shape, axes)), axes };
}

const sumOfProducts: Rewrite<"reduce_sum"> = (w, { args: [x], attributes: { axes: summed } }) => {
  const product = w.as(x, "mul");
  if (product === undefined || product.args[0] === product.args[1]) return undefined;
  if (!product.args.some((arg) => w.as(arg, "broadcast"))) return undefined;
  const shape = w.shapeOf(x);
  const left = factorOf(w, product.args[0], shape);
  const right = factorOf(w, product.args[1], shape);
  if (left === undefined || right === undefined) return undefined;

  const batch: number[] = [];
  const contract: number[] = [];
  const free: { readonly left: number[]; readonly right: number[] } = { left: [], right: [] };
  for (const axis of range(shape.length).filter((i) => shape[i] !== 1)) {
    const sides = [left, right].filter((side) => side.axes.includes(axis));
    if (sides.length === 2) (summed.includes(axis) ? contract : batch).push(axis);
    else if (sides.length === 0 || summed.includes(axis)) return undefined;
    else (sides[0] === left ? free.left : free.right).push(axis);
  }
  if (contract.length === 0 || free.left.length === 0 || free.right.length === 0) return undefined;

  const dot = w.op("dot", [left.value, right.value], {
    leftBatch: batch.map((axis) => left.axes.indexOf(axis)), rightBatch: batch.map((axis) => right.axes.indexOf(axis)),
    leftContract: contract.map((axis) => left.axes.indexOf(axis)), rightContract: contract.map((axis) => right.axes.indexOf(axis)),
  });
  const order = [...batch, ...free.left, ...free.right];
  const kept = otherAxes(shape.length, summed);
  const permutation = kept.filter((axis) => shape[axis] !== 1).map((axis) => order.indexOf(axis));
  return w.reshape(w.transpose(dot, permutation), pick(shape, kept));
};

/** Nothing is summed, or nothing is read twice: a product with broadcasts, summed over what was contracted. */
const dotOfNone: Rewrite<"dot"> = (w, { args: [left, right], attributes: dot }) => {
  const frees = [leftFree(w.shapeOf(left).length, dot), rightFree(w.shapeOf(right).length, dot)];
  const [leftShape, rightShape] = [w.shapeOf(left), w.shapeOf(right)];
  const terms = elementCount(pick(leftShape, dot.leftContract));
  const rows = elementCount(pick(leftShape, frees[0]));
  const columns = elementCount(pick(rightShape, frees[1]));
  if (terms !== 1 && (rows !== 1 || columns !== 1)) return undefined;

  // Axes of the product: batch, the left's, the right's, contracted.
  const batch = dot.leftBatch.length;
  const shape = [...pick(leftShape, dot.leftBatch), ...pick(leftShape, frees[0]), ...pick(rightShape, frees[1]), ...pick(leftShape, dot.leftContract)];
  const kept = shape.length - dot.leftContract.length;
  const contracted = span(kept, dot.leftContract.length);
  const sided = (value: ValueId, order: readonly number[], from: number, free: number): ValueId =>
    w.broadcast(w.transpose(value, order), shape, [...range(batch), ...span(from, free), ...contracted]);
  const product = w.mul(
    sided(left, sideOrder(dot, "left", frees[0]), batch, frees[0].length),
    sided(right, sideOrder(dot, "right", frees[1]), batch + frees[0].length, frees[1].length),
  );
  return terms === 1 ? w.reshape(product, shape.slice(0, kept)) : w.sum(product, contracted);
};

const sideOrder = (dot: Dot, side: "left" | "right", free: readonly number[]): number[] =>
  side === "left" ? [...dot.leftBatch, ...free, ...dot.leftContract] : [...dot.rightBatch, ...free, ...dot.rightContract];

export const formDots: Pass = {
  name: "form-dots",
  doc: "Makes matrix products of sums over products, and products of dots that sum nothing.",
  keeps: "sums",
  run: (region) => rewrite(region, { reduce_sum: [sumOfProducts], dot: [dotOfNone] }),
};
