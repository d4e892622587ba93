/**
 * Moves broadcasts, transposes and reshapes behind elementwise ops, which then work on fewer elements, or on the form in
 * which their args came.
 *
 *     %2 = broadcast %0 [8, 4] axes [1]          %2 = mul %0 %1
 *     %3 = broadcast %1 [8, 4] axes [1]   ->     %3 = broadcast %2 [8, 4] axes [1]
 *     %4 = mul %2 %3                             return %3
 *     return %4
 *
 * A movement that has sunk meets others, which cancel it, or a reduction or dot, which absorbs it. Leaves alone ops with an
 * arg that has no such form: giving it one would move more than before; and a lone reshape that cuts axes anew. Should run after simplify-movement, whose canonical
 * broadcasts it reads.
 */
import type { ValueId } from "../ir/graph.ts";
import { sameNumbers, reshapeGroups } from "./axes.ts";
import { elementwise } from "./families.ts";
import type { Pass } from "./pass.ts";
import { rewrite } from "./rewrite.ts";
import type { Candidate, Rewrite, Rewriter, Rewrites } from "./rewrite.ts";

/** The op on other forms of its args; undefined if one has none. */
function onForms(w: Rewriter, node: Candidate, shape: readonly number[], form: (arg: ValueId) => ValueId | undefined): ValueId | undefined {
  const args: ValueId[] = [];
  for (const arg of node.args) {
    const number = w.splat(arg);
    const other = number === undefined ? form(arg) : w.constant({ element: w.typeOf(arg).element, shape }, number);
    if (other === undefined) return undefined;
    args.push(other);
  }
  return w.op(node.op, args, node.attributes);
}

/** The args together depend on some axes only: compute for those, then repeat. */
const sinkBroadcasts: Rewrite = (w, node) => {
  const shape = w.shapeOf(node.args[0]);
  const read = new Set<number>();
  for (const arg of node.args) {
    if (w.splat(arg) !== undefined) continue;
    const axes = w.as(arg, "broadcast")?.attributes.axes;
    if (axes === undefined) return undefined;
    for (const axis of axes) read.add(axis);
  }
  if (shape.every((size, axis) => size === 1 || read.has(axis))) return undefined;
  const axes = [...read].sort((a, b) => a - b);
  const smaller = axes.map((axis) => shape[axis]);
  const result = onForms(w, node, smaller, (arg) => {
    const inner = w.as(arg, "broadcast");
    return inner && w.broadcast(inner.args[0], smaller, inner.attributes.axes.map((axis) => axes.indexOf(axis)));
  });
  return result === undefined ? undefined : w.broadcast(result, shape, axes);
};

/** All args are transposed alike, or repeated along what a transpose does not reorder. */
const sinkTransposes: Rewrite = (w, node) => {
  const first = node.args.map((arg) => w.as(arg, "transpose")).find((found) => found !== undefined);
  if (first === undefined) return undefined;
  const { permutation } = first.attributes;
  const shape = w.shapeOf(first.args[0]);
  const result = onForms(w, node, shape, (arg) => {
    const inner = w.as(arg, "transpose");
    if (inner !== undefined) return sameNumbers(inner.attributes.permutation, permutation) ? inner.args[0] : undefined;
    const repeated = w.as(arg, "broadcast");
    const axes = repeated?.attributes.axes.map((axis) => permutation[axis]);
    const ascending = axes?.every((axis, i) => i === 0 || axes[i - 1] < axis);
    return repeated && axes && ascending ? w.broadcast(repeated.args[0], shape, axes) : undefined;
  });
  return result === undefined ? undefined : w.transpose(result, permutation);
};

/**
 * All args are reshaped from one shape, or repeated along axes that the reshape keeps apart. One reshape that cuts axes anew stays where
 * it is: no kernel walks both of its shapes, so what follows is best left in the form of what it meets, as an optimizer's update is.
 */
const sinkReshapes: Rewrite = (w, node) => {
  const found = node.args.flatMap((arg) => w.as(arg, "reshape") ?? []);
  if (found.length === 0) return undefined;
  const [first] = found;
  const shape = w.shapeOf(first.args[0]);
  const reshaped = first.attributes.shape;
  if (found.length === 1 && cutsAnew(shape, reshaped)) return undefined;
  const result = onForms(w, node, shape, (arg) => {
    const inner = w.as(arg, "reshape");
    if (inner !== undefined) return sameNumbers(w.shapeOf(inner.args[0]), shape) ? inner.args[0] : undefined;
    const repeated = w.as(arg, "broadcast");
    return repeated && broadcastBefore(w, repeated.args[0], repeated.attributes.axes, shape, reshaped);
  });
  return result === undefined ? undefined : w.reshape(result, reshaped);
};

/** Whether some axes become others of which neither are parts of the other, as in [32, 32] to [64, 16]. */
const cutsAnew = (shape: readonly number[], reshaped: readonly number[]): boolean =>
  reshapeGroups(shape, reshaped)?.some(({ from, to }) => from.length > 1 && to.length > 1) ?? false;

/** The broadcast to `shape` of which reshaping to `reshaped` gives the broadcast of x along `axes`. */
function broadcastBefore(
  w: Rewriter, x: ValueId, axes: readonly number[], shape: readonly number[], reshaped: readonly number[],
): ValueId | undefined {
  const groups = reshapeGroups(shape, reshaped);
  if (groups === null || w.shapeOf(x).includes(1)) return undefined;
  const before: number[] = [];
  for (const { from, to } of groups) {
    const held = to.filter((axis) => axes.includes(axis));
    if (held.length === 0) continue;
    if (held.length < to.length) return undefined;
    before.push(...from);
  }
  before.sort((a, b) => a - b);
  return w.broadcast(w.reshape(x, before.map((axis) => shape[axis])), shape, before);
}

const sinking: Rewrites = Object.fromEntries(elementwise.map((op) => [op, [sinkBroadcasts, sinkTransposes, sinkReshapes]]));

export const sinkMovement: Pass = {
  name: "sink-movement",
  doc: "Moves broadcasts, transposes and reshapes behind elementwise ops, which then compute less.",
  keeps: "exact",
  run: (region) => rewrite(region, sinking),
};
