/**
 * Takes repetition out of dots: what an operand only repeats along a free axis is computed once and repeated afterwards;
 * along a batch axis it is no batch, and the other side's axis is free.
 *
 *     %2 = broadcast %0 [4, 16, 8] axes [1, 2]           %2 = dot %1 %0 contract [2] [0]
 *     %3 = dot %1 %2 batch [0] [0] contract [2] [1]  ->  return %2
 *     return %3
 *
 * Leaves alone repetition along a contracted axis: to sum the other side first would round otherwise. Must see canonical
 * broadcasts (simplify-movement).
 */
import type { ValueId } from "../ir/graph.ts";
import { pick, range } from "./axes.ts";
import { leftFree, rightFree } from "./dots.ts";
import type { Dot } from "./dots.ts";
import type { Pass } from "./pass.ts";
import { rewrite } from "./rewrite.ts";
import type { Rewrite, Rewriter } from "./rewrite.ts";

/** One operand: its axes by what the dot does with them. */
interface Side {
  readonly value: ValueId;
  readonly batch: readonly number[];
  readonly free: readonly number[];
  readonly contract: readonly number[];
}

/** An axis of the result: the place of a pair of batch axes, or a free axis of a side. */
type Label = `batch ${number}` | `left ${number}` | `right ${number}`;

const shrinkSide = (which: "left" | "right"): Rewrite<"dot"> => (w, { args: [x, y], attributes: dot }) => {
  const left: Side = { value: x, batch: dot.leftBatch, free: leftFree(w.shapeOf(x).length, dot), contract: dot.leftContract };
  const right: Side = { value: y, batch: dot.rightBatch, free: rightFree(w.shapeOf(y).length, dot), contract: dot.rightContract };
  const side = which === "left" ? left : right;
  const dropped = repeatedAxes(w, side.value).filter((axis) => !side.contract.includes(axis));
  if (dropped.length === 0) return undefined;

  const pairs = range(side.batch.length).filter((i) => !dropped.includes(side.batch[i]));
  const placed = (of: Side, axes: readonly number[]): number[] =>
    of === side ? axes.map((axis) => axis - dropped.filter((other) => other < axis).length) : [...axes];
  const smaller = withoutAxes(w, side.value, dropped);
  const result = w.op("dot", side === left ? [smaller, y] : [x, smaller], {
    leftBatch: placed(left, pairs.map((i) => left.batch[i])), rightBatch: placed(right, pairs.map((i) => right.batch[i])),
    leftContract: placed(left, left.contract), rightContract: placed(right, right.contract),
  });

  const paired = range(left.batch.length).map((i): Label => `batch ${i}`);
  const wanted: Label[] = [...paired, ...left.free.map((axis): Label => `left ${axis}`), ...right.free.map((axis): Label => `right ${axis}`)];
  /** The free axes that a side has now: the other side's of a dropped pair is one. */
  const freeNow = (of: Side, name: "left" | "right"): Label[] => {
    if (of === side) return of.free.filter((axis) => !dropped.includes(axis)).map((axis): Label => `${name} ${axis}`);
    const labels = of.free.map((axis): [number, Label] => [axis, `${name} ${axis}`]);
    for (const [i, axis] of of.batch.entries()) if (!pairs.includes(i)) labels.push([axis, paired[i]]);
    return labels.sort(([a], [b]) => a - b).map(([, label]) => label);
  };
  const found = [...pairs.map((i) => paired[i]), ...freeNow(left, "left"), ...freeNow(right, "right")];
  const kept = wanted.filter((label) => found.includes(label));
  const shape = [...pick(w.shapeOf(x), left.batch), ...pick(w.shapeOf(x), left.free), ...pick(w.shapeOf(y), right.free)];
  return w.broadcast(w.transpose(result, kept.map((label) => found.indexOf(label))), shape, kept.map((label) => wanted.indexOf(label)));
};

/** The axes longer than 1 along which a value is the same everywhere. */
function repeatedAxes(w: Rewriter, value: ValueId): number[] {
  const shape = w.shapeOf(value);
  const inner = w.as(value, "broadcast");
  if (inner === undefined && w.splat(value) === undefined) return [];
  if (inner !== undefined && w.shapeOf(inner.args[0]).includes(1)) return [];
  const held = inner?.attributes.axes ?? [];
  return range(shape.length).filter((axis) => shape[axis] > 1 && !held.includes(axis));
}

/** The value without axes along which it is the same. */
function withoutAxes(w: Rewriter, value: ValueId, axes: readonly number[]): ValueId {
  const { element, shape } = w.typeOf(value);
  const kept = range(shape.length).filter((axis) => !axes.includes(axis));
  const smaller = kept.map((axis) => shape[axis]);
  const number = w.splat(value);
  if (number !== undefined) return w.constant({ element, shape: smaller }, number);
  const inner = w.as(value, "broadcast");
  return inner === undefined ? value : w.broadcast(inner.args[0], smaller, inner.attributes.axes.map((axis) => kept.indexOf(axis)));
}

export const shrinkDots: Pass = {
  name: "shrink-dots",
  doc: "Computes once what an operand of a dot only repeats.",
  keeps: "exact",
  run: (region) => rewrite(region, { dot: [shrinkSide("left"), shrinkSide("right")] }),
};
