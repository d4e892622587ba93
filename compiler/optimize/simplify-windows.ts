/**
 * Makes windows that do not overlap what they are, a reshape; and sums over windows that do a product or sum of windows.
 *
 *     %1 = window %0 axes [1] size [2] stride [2]         %1 = reshape %0 [8, 3, 2]         (%0 is [8, 6])
 *     return %1                                      ->   return %1
 *
 *     %2 = dot %ct %w contract [2] [2]                    %2 = window (pad %ct) axes [1] size [3] stride [1]
 *     %3 = overlap_add %2 axes [1] size [3] stride [1] -> %3 = dot %2 (reverse %w [0]) contract [2, 3] [0, 2]
 *     return %3                                           return %3
 *
 * The second is how credit goes back through a convolution: each place gathers what it gave to windows, and the windows are
 * read where they lie, instead of being stored and added up. Leaves alone steps of more than one, of which most windows
 * gathered so would be zeros, and products of few columns, which would lose their vectors.
 */
import { elementCount } from "../ir/graph.ts";
import type { ValueId } from "../ir/graph.ts";
import { type AttributesOf, windowAxes } from "../ops/index.ts";
import { isIdentity, otherAxes, pick, range, sameNumbers } from "./axes.ts";
import { leftFree, rightFree, span } from "./dots.ts";
import type { Pass } from "./pass.ts";
import { rewrite } from "./rewrite.ts";
import type { Rewrite, Rewriter } from "./rewrite.ts";

type Window = AttributesOf<"window">;

/** Columns from which a product has vectors. */
const FEW_COLUMNS = 4;

/** How far apart the places of an axis lie if no two windows share one; undefined: they may. */
function apart({ size, stride, dilation }: Window, counts: readonly number[]): number[] | undefined {
  const steps = size.map((of, i) => (of === 1 ? stride[i] : counts[i] === 1 ? dilation[i] : stride[i] === of && dilation[i] === 1 ? 1 : undefined));
  return steps.every((step) => step !== undefined) ? steps : undefined;
}

/** The windowed axes each cut in [count, size], and the order that brings all sizes behind the last of them. */
function cut(shape: readonly number[], { axes, size }: Window, counts: readonly number[]) {
  const cutShape = shape.flatMap((extent, axis) => (axes.includes(axis) ? [counts[axes.indexOf(axis)], size[axes.indexOf(axis)]] : [extent]));
  const place = (axis: number): number => axis + axes.filter((other) => other < axis).length;
  const last = axes[axes.length - 1] + 1;
  const order = [...range(last).map(place), ...axes.map((axis) => place(axis) + 1), ...span(place(last), shape.length - last)];
  return { cutShape, order };
}

const disjointWindows: Rewrite<"window"> = (w, { args: [x], attributes }) => {
  const shape = w.shapeOf(x);
  const { axes, size, stride, dilation } = attributes;
  const counts = axes.map((axis, i) => Math.floor((shape[axis] - (size[i] - 1) * dilation[i] - 1) / stride[i]) + 1);
  if (counts.some((count) => count < 1) || size.includes(0)) return undefined;
  const steps = apart(attributes, counts);
  if (steps === undefined) return undefined;
  const { cutShape, order } = cut(shape, attributes, counts);
  const along = <T>(axis: number, found: (i: number) => T, other: T): T => (axes.includes(axis) ? found(axes.indexOf(axis)) : other);
  const limit = shape.map((extent, axis) => along(axis, (i) => (counts[i] * size[i] - 1) * steps[i] + 1, extent));
  const step = shape.map((_, axis) => along(axis, (i) => steps[i], 1));
  const taken = sameNumbers(limit, shape) && step.every((by) => by === 1) ? x : w.op("slice", [x], { start: shape.map(() => 0), limit, step });
  return w.transpose(w.reshape(taken, cutShape), order);
};

const disjointSum: Rewrite<"overlap_add"> = (w, { args: [x], attributes }) => {
  const { axes, size, extent } = attributes;
  const inside = windowAxes(attributes);
  const counted = pick(w.shapeOf(x), otherAxes(w.shapeOf(x).length, inside));
  const counts = pick(counted, axes);
  if (counts.includes(0) || size.includes(0)) return undefined;
  const steps = apart(attributes, counts);
  if (steps === undefined) return undefined;
  const { order } = cut(counted, attributes, counts);
  const back = w.transpose(x, order.map((_, axis) => order.indexOf(axis)));
  const joined = w.reshape(back, counted.map((count, axis) => (axes.includes(axis) ? count * size[axes.indexOf(axis)] : count)));
  const { element, shape } = w.typeOf(joined);
  const along = (found: (i: number) => number): number[] => shape.map((_, axis) => (axes.includes(axis) ? found(axes.indexOf(axis)) : 0));
  return w.op("pad", [joined, w.constant({ element, shape: [] }, 0)], {
    low: along(() => 0), high: along((i) => extent[i] - (counts[i] * size[i] - 1) * steps[i] - 1), interior: along((i) => steps[i] - 1),
  });
};

/** For each place all that it gives to windows, in the order of the window from its end: windows of the padded credit. */
function gathered(w: Rewriter, ct: ValueId, { axes, size, dilation }: Window): ValueId {
  const { element, shape } = w.typeOf(ct);
  const around = shape.map((_, axis) => (axes.includes(axis) ? (size[axes.indexOf(axis)] - 1) * dilation[axes.indexOf(axis)] : 0));
  const padded = w.op("pad", [ct, w.constant({ element, shape: [] }, 0)], { low: around, high: around, interior: shape.map(() => 0) });
  return w.op("window", [padded], { axes, size, stride: size.map(() => 1), dilation });
}

/** Whether every place is a window's start, so that windows of the padded credit have the result's places. */
const inSteps = ({ size, stride, dilation, extent }: AttributesOf<"overlap_add">, counts: readonly number[]): boolean =>
  stride.every((by, i) => by === 1 && counts[i] > 0 && counts[i] + (size[i] - 1) * dilation[i] === extent[i]);

const sumOfProducts: Rewrite<"overlap_add"> = (w, { args: [x], attributes }) => {
  const inner = w.as(x, "dot");
  if (inner === undefined || inner.attributes.leftBatch.length > 0 || !inSteps(attributes, pick(w.shapeOf(x), attributes.axes))) return undefined;
  const { attributes: dot, args: [ct, filters] } = inner;
  const [lefts, rights] = [leftFree(w.shapeOf(ct).length, dot), rightFree(w.shapeOf(filters).length, dot)];
  const inside = windowAxes(attributes);
  const rank = inside.length;
  // The filters' free axes begin with the window's, and the places stand before what is contracted.
  if (inside[0] !== lefts.length || !isIdentity(lefts)) return undefined;
  if (elementCount(pick(w.shapeOf(filters), rights.slice(rank))) < FEW_COLUMNS || !w.single(x)) return undefined;
  return w.op("dot", [gathered(w, ct, attributes), w.op("reverse", [filters], { axes: rights.slice(0, rank) })], {
    leftBatch: [], rightBatch: [],
    leftContract: [...inside, ...dot.leftContract.map((axis) => axis + rank)], rightContract: [...rights.slice(0, rank), ...dot.rightContract],
  });
};

/** The same where each channel has its own filter: credit repeated along the window times filters repeated over places. */
const sumOfScaled: Rewrite<"overlap_add"> = (w, { args: [x], attributes }) => {
  const product = w.as(x, "mul");
  if (product === undefined || !inSteps(attributes, pick(w.shapeOf(x), attributes.axes)) || !w.single(x)) return undefined;
  const shape = w.shapeOf(x);
  const inside = windowAxes(attributes);
  const places = otherAxes(shape.length, inside);
  const factors = product.args.map((arg) => w.as(arg, "broadcast"));
  const credit = factors.find((found) => found !== undefined && sameNumbers(found.attributes.axes, places));
  const filters = factors.find((found) => found !== undefined && found !== credit && found.attributes.axes.every((axis) => axis >= inside[0]));
  if (credit === undefined || filters === undefined) return undefined;
  const { axes } = filters.attributes;
  const turned = axes.flatMap((axis, i) => (inside.includes(axis) ? [i] : []));
  const windows = gathered(w, credit.args[0], attributes);
  const spread = w.broadcast(turned.length === 0 ? filters.args[0] : w.op("reverse", [filters.args[0]], { axes: turned }), w.shapeOf(windows), axes);
  return w.sum(w.mul(windows, spread), inside);
};

/** Of a product of windows only the places that are read. */
const sliceOfProduct: Rewrite<"slice"> = (w, { args: [x], attributes: { start, limit, step } }) => {
  const product = w.as(x, "dot");
  const windows = product && w.as(product.args[0], "window");
  if (product === undefined || windows === undefined || step.some((by) => by !== 1) || !w.single(x)) return undefined;
  const { attributes: dot } = product;
  const lefts = leftFree(w.shapeOf(product.args[0]).length, dot);
  const { axes, size, stride, dilation } = windows.attributes;
  const whole = (axis: number): boolean => start[axis] === 0 && limit[axis] === w.shapeOf(x)[axis];
  if (w.shapeOf(x).includes(0) || limit.some((end, axis) => end === start[axis]) || dot.leftBatch.length > 0 || !isIdentity(lefts) || lefts.length !== windowAxes(windows.attributes)[0] || !span(lefts.length, start.length - lefts.length).every(whole)) return undefined;
  const shape = w.shapeOf(windows.args[0]);
  const bounds = shape.map((extent, axis): readonly [number, number] => {
    const i = axes.indexOf(axis);
    if (axis >= lefts.length) return [0, extent];
    return i < 0 ? [start[axis], limit[axis]] : [start[axis] * stride[i], (limit[axis] - 1) * stride[i] + (size[i] - 1) * dilation[i] + 1];
  });
  if (bounds.every(([from, to], axis) => from === 0 && to === shape[axis])) return undefined;
  const read = w.op("slice", [windows.args[0]], { start: bounds.map(([from]) => from), limit: bounds.map(([, to]) => to), step: shape.map(() => 1) });
  return w.op("dot", [w.op("window", [read], windows.attributes), product.args[1]], dot);
};

export const simplifyWindows: Pass = {
  name: "simplify-windows",
  doc: "Makes reshapes of windows that do not overlap, and products of windows of sums over windows that do.",
  keeps: "sums",
  run: (region) => rewrite(region, { window: [disjointWindows], overlap_add: [disjointSum, sumOfProducts, sumOfScaled], slice: [sliceOfProduct] }),
};
