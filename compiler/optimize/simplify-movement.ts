/**
 * Makes movement less: ops that move nothing go, two of a kind become one, and each is brought to one canonical form.
 *
 *     %1 = transpose %0 [1, 0]
 *     %2 = transpose %1 [1, 0]           %1 = broadcast %0 [8, 4] axes [0]
 *     %3 = reshape %2 [8, 1]     ->      return %1
 *     %4 = broadcast %3 [8, 4] axes [0, 1]
 *     return %4
 *
 * Canonical: a broadcast repeats along new axes only (its arg has no axis of size 1, and it adds an axis of another size);
 * it stands after reshapes and transposes, which then move less; moving axes of size 1 is a reshape; an iota has one axis.
 * Leaves alone what would change the elements that an op reads twice or in another order. Runs on any region; constants
 * under movement are the business of fold-constants.
 */
import { elementCount, sameShape } from "../ir/graph.ts";
import { isIdentity, otherAxes, range, reshapeGroups, sameNumbers } from "./axes.ts";
import type { Pass } from "./pass.ts";
import { rewrite } from "./rewrite.ts";
import type { Rewrite, Rewrites } from "./rewrite.ts";
import { mergeConcats, mergePads, mergeSlices, sliceOfBroadcast, sliceOfConcat, sliceOfPad, sliceOfPadding } from "./simplify-pieces.ts";

// ---- reshape

const identityReshape: Rewrite<"reshape"> = (w, { args: [x], attributes: { shape } }) =>
  sameShape(w.shapeOf(x), shape) ? x : undefined;

const mergeReshapes: Rewrite<"reshape"> = (w, { args: [x], attributes: { shape } }) => {
  const inner = w.as(x, "reshape");
  return inner && w.reshape(inner.args[0], shape);
};

/** A reshape that mixes no repeated axis with another is one of what is repeated. */
const reshapeOfBroadcast: Rewrite<"reshape"> = (w, { args: [x], attributes: { shape } }) => {
  const inner = w.as(x, "broadcast");
  if (inner === undefined) return undefined;
  const groups = reshapeGroups(inner.attributes.shape, shape);
  if (groups === null) return undefined;
  const axes: number[] = [];
  for (const { from, to } of groups) {
    const held = from.filter((axis) => inner.attributes.axes.includes(axis));
    if (held.length === 0) continue;
    if (held.length < from.length) return undefined;
    axes.push(...to);
  }
  axes.sort((a, b) => a - b);
  return w.broadcast(w.reshape(inner.args[0], axes.map((axis) => shape[axis])), shape, axes);
};

// ---- broadcast

const mergeBroadcasts: Rewrite<"broadcast"> = (w, { args: [x], attributes: { shape, axes } }) => {
  const inner = w.as(x, "broadcast");
  return inner && w.broadcast(inner.args[0], shape, inner.attributes.axes.map((axis) => axes[axis]));
};

/** An axis of size 1 is repeated as if it were new. */
const dropBroadcastOnes: Rewrite<"broadcast"> = (w, { args: [x], attributes: { shape, axes } }) => {
  const from = w.shapeOf(x);
  if (!from.includes(1)) return undefined;
  const kept = range(from.length).filter((i) => from[i] !== 1);
  return w.broadcast(w.reshape(x, kept.map((i) => from[i])), shape, kept.map((i) => axes[i]));
};

const broadcastOfNothing: Rewrite<"broadcast"> = (w, { args: [x], attributes: { shape } }) =>
  elementCount(w.shapeOf(x)) === elementCount(shape) ? w.reshape(x, shape) : undefined;

// ---- transpose

const identityTranspose: Rewrite<"transpose"> = (_, { args: [x], attributes: { permutation } }) =>
  isIdentity(permutation) ? x : undefined;

const mergeTransposes: Rewrite<"transpose"> = (w, { args: [x], attributes: { permutation } }) => {
  const inner = w.as(x, "transpose");
  return inner && w.transpose(inner.args[0], permutation.map((axis) => inner.attributes.permutation[axis]));
};

/** The other axes stay in order, so the elements do. */
const transposeOfOnes: Rewrite<"transpose"> = (w, { args: [x], attributes: { permutation } }) => {
  const shape = w.shapeOf(x);
  const moved = permutation.filter((axis) => shape[axis] !== 1);
  return moved.every((axis, i) => i === 0 || moved[i - 1] < axis) ? w.reshape(x, permutation.map((axis) => shape[axis])) : undefined;
};

const transposeOfBroadcast: Rewrite<"transpose"> = (w, { args: [x], attributes: { permutation } }) => {
  const inner = w.as(x, "broadcast");
  if (inner === undefined) return undefined;
  const { shape, axes } = inner.attributes;
  const landing = range(permutation.length).filter((axis) => axes.includes(permutation[axis]));
  const order = landing.map((axis) => axes.indexOf(permutation[axis]));
  return w.broadcast(w.transpose(inner.args[0], order), permutation.map((axis) => shape[axis]), landing);
};

// ---- reverse

const mergeReverses: Rewrite<"reverse"> = (w, { args: [x], attributes: { axes } }) => {
  const inner = w.as(x, "reverse");
  if (inner === undefined) return undefined;
  const once = [...axes.filter((axis) => !inner.attributes.axes.includes(axis)), ...inner.attributes.axes.filter((axis) => !axes.includes(axis))];
  return w.op("reverse", [inner.args[0]], { axes: once.sort((a, b) => a - b) });
};

/** Axes of size 1 are the same backwards. */
const dropReversedOnes: Rewrite<"reverse"> = (w, { args: [x], attributes: { axes } }) => {
  const shape = w.shapeOf(x);
  const turned = axes.filter((axis) => shape[axis] > 1).sort((a, b) => a - b);
  if (turned.length === 0) return x;
  return sameNumbers(turned, axes) ? undefined : w.op("reverse", [x], { axes: turned });
};

/** Repeated axes are the same backwards. */
const reverseOfBroadcast: Rewrite<"reverse"> = (w, { args: [x], attributes: { axes } }) => {
  const inner = w.as(x, "broadcast");
  if (inner === undefined) return undefined;
  const turned = range(inner.attributes.axes.length).filter((i) => axes.includes(inner.attributes.axes[i]));
  const source = turned.length === 0 ? inner.args[0] : w.op("reverse", [inner.args[0]], { axes: turned });
  return w.broadcast(source, inner.attributes.shape, inner.attributes.axes);
};

// ---- iota

const iotaOfOneAxis: Rewrite<"iota"> = (w, { attributes: { shape, axis, element } }) => {
  if (otherAxes(shape.length, [axis]).length === 0) return undefined;
  return w.broadcast(w.op("iota", [], { shape: [shape[axis]], axis: 0, element }), shape, [axis]);
};

const simplifications: Rewrites = {
  reshape: [identityReshape, mergeReshapes, reshapeOfBroadcast],
  broadcast: [mergeBroadcasts, dropBroadcastOnes, broadcastOfNothing],
  transpose: [identityTranspose, mergeTransposes, transposeOfOnes, transposeOfBroadcast],
  slice: [mergeSlices, sliceOfBroadcast, sliceOfConcat, sliceOfPad, sliceOfPadding],
  pad: [mergePads],
  concat: [mergeConcats],
  reverse: [dropReversedOnes, mergeReverses, reverseOfBroadcast],
  iota: [iotaOfOneAxis],
};

export const simplifyMovement: Pass = {
  name: "simplify-movement",
  doc: "Merges and cancels reshapes, broadcasts, transposes, slices, pads, concats and reverses.",
  keeps: "exact",
  run: (region) => rewrite(region, simplifications),
};
