/**
 * Reduces once, over what is there: reductions of reductions become one, and movement before a reduction moves behind it
 * or goes.
 *
 *     %1 = transpose %0 [1, 0]
 *     %2 = broadcast %1 [5, 3, 8] axes [0, 1]       %1 = reduce_max %0 axes [1]
 *     %3 = reduce_max %2 axes [0, 2]          ->    return %1
 *     return %3
 *
 * A float sum over repeated elements becomes a product only if the count is a power of two (or under fast math): else the
 * product would round otherwise. Leaves alone reductions over part of what a reshape merged. Runs on any region; canonical
 * broadcasts (simplify-movement) let it see more.
 */
import { elementCount } from "../ir/graph.ts";
import type { ValueId } from "../ir/graph.ts";
import { otherAxes, pick, reshapeGroups, sameNumbers } from "./axes.ts";
import { isFloat } from "./families.ts";
import type { Pass } from "./pass.ts";
import { rewrite } from "./rewrite.ts";
import type { Rewrite, Rewriter, Rewrites } from "./rewrite.ts";

type Reduction = "reduce_sum" | "reduce_prod" | "reduce_max" | "reduce_min";

const sorted = (axes: readonly number[]): number[] => [...axes].sort((a, b) => a - b);

/** Axes of size 1 vanish by a reshape; the others are named ascending. */
const dropReducedOnes: Rewrite<Reduction> = (w, { op, args: [x], attributes: { axes } }) => {
  const shape = w.shapeOf(x);
  const kept = otherAxes(shape.length, axes.filter((axis) => shape[axis] === 1));
  const reduced = sorted(axes.filter((axis) => shape[axis] !== 1)).map((axis) => kept.indexOf(axis));
  if (kept.length === shape.length && reduced.length > 0) return sameNumbers(reduced, axes) ? undefined : w.op(op, [x], { axes: reduced });
  const smaller = w.reshape(x, pick(shape, kept));
  return reduced.length === 0 ? smaller : w.op(op, [smaller], { axes: reduced });
};

/** Unless the inner result is needed too: it would be computed twice. */
const reduceReduced: Rewrite<Reduction> = (w, { op, args: [x], attributes: { axes } }) => {
  const inner = w.as(x, op);
  if (inner === undefined || !w.single(x)) return undefined;
  const [source] = inner.args;
  const kept = otherAxes(w.shapeOf(source).length, inner.attributes.axes);
  return w.op(op, [source], { axes: sorted([...inner.attributes.axes, ...pick(kept, axes)]) });
};

const reduceTransposed: Rewrite<Reduction> = (w, { op, args: [x], attributes: { axes } }) => {
  const inner = w.as(x, "transpose");
  if (inner === undefined) return undefined;
  const { permutation } = inner.attributes;
  const kept = pick(permutation, otherAxes(permutation.length, axes));
  const order = sorted(kept);
  return w.transpose(w.op(op, [inner.args[0]], { axes: sorted(pick(permutation, axes)) }), kept.map((axis) => order.indexOf(axis)));
};

const reduceReshaped: Rewrite<Reduction> = (w, { op, args: [x], attributes: { axes } }) => {
  const inner = w.as(x, "reshape");
  if (inner === undefined) return undefined;
  const { shape } = inner.attributes;
  const groups = reshapeGroups(w.shapeOf(inner.args[0]), shape);
  if (groups === null) return undefined;
  const before: number[] = [];
  for (const { from, to } of groups) {
    const reduced = to.filter((axis) => axes.includes(axis));
    if (reduced.length === 0) continue;
    if (reduced.length < to.length) return undefined;
    before.push(...from);
  }
  const result = w.op(op, [inner.args[0]], { axes: sorted(before) });
  return w.reshape(result, pick(shape, otherAxes(shape.length, axes)));
};

/** Only axes that are not repeated are reduced; the others count. */
const reduceBroadcast = (fastMath: boolean): Rewrite<Reduction> => (w, { op, args: [x], attributes: { axes } }) => {
  const inner = w.as(x, "broadcast");
  if (inner === undefined) return undefined;
  const { shape, axes: held } = inner.attributes;
  const [source] = inner.args;
  if (!sameNumbers(w.shapeOf(source), pick(shape, held))) return undefined;
  const repeats = elementCount(pick(shape, axes.filter((axis) => !held.includes(axis))));
  const times = repeated(w, op, repeats, isFloat(w.typeOf(x).element), fastMath);
  if (times === undefined) return undefined;
  const reduced = held.flatMap((axis, i) => (axes.includes(axis) ? [i] : []));
  const once = reduced.length === 0 ? source : w.op(op, [source], { axes: reduced });
  const kept = otherAxes(shape.length, axes);
  return w.broadcast(times(once), pick(shape, kept), held.filter((axis) => !axes.includes(axis)).map((axis) => kept.indexOf(axis)));
};

/** What n equal values reduce to; undefined if that may round otherwise. */
function repeated(w: Rewriter, op: Reduction, n: number, float: boolean, fastMath: boolean): ((x: ValueId) => ValueId) | undefined {
  if (n === 0) return undefined;
  if (n === 1 || op === "reduce_max" || op === "reduce_min") return (x) => x;
  if (op === "reduce_prod" || (float && !fastMath && !Number.isInteger(Math.log2(n)))) return undefined;
  return (x) => w.mul(x, w.like(x, w.typeOf(x).element === "bool" ? n % 2 : n));
}

/** sum(-x) -> -sum(x): signs change no rounding. */
const sumOfNegated: Rewrite<"reduce_sum"> = (w, { args: [x], attributes }) => {
  const inner = w.as(x, "neg");
  return inner && w.neg(w.op("reduce_sum", inner.args, attributes));
};

/** sum(x * c) -> sum(x) * c, under fast math: it rounds otherwise. */
const sumOfScaled: Rewrite<"reduce_sum"> = (w, { args: [x], attributes }) => {
  const inner = w.as(x, "mul");
  if (inner === undefined) return undefined;
  const [a, b] = inner.args;
  const [scaled, number] = w.splat(b) !== undefined ? [a, w.splat(b)] : [b, w.splat(a)];
  if (number === undefined) return undefined;
  const sum = w.op("reduce_sum", [scaled], attributes);
  return w.mul(sum, w.like(sum, number));
};

const tableFor = (fastMath: boolean): Rewrites => {
  const common = [dropReducedOnes, reduceReduced, reduceTransposed, reduceReshaped, reduceBroadcast(fastMath)];
  return {
    reduce_sum: [...common, sumOfNegated, ...(fastMath ? [sumOfScaled] : [])],
    reduce_prod: common,
    reduce_max: common,
    reduce_min: common,
  };
};

const tables = { exact: tableFor(false), fast: tableFor(true) };

export const mergeReductions: Pass = {
  name: "merge-reductions",
  doc: "Merges reductions, and takes movement out from under them.",
  keeps: "sums",
  run: (region, { fastMath }) => rewrite(region, fastMath ? tables.fast : tables.exact),
};
