/**
 * Gives dots as few axes as they can have: `x[..., In] @ w` becomes a product of two matrices.
 *
 *     %2 = dot %0 %1 contract [2] [0]      ->    %2 = reshape %0 [320, 64]
 *     return %2                                  %3 = dot %2 %1 contract [1] [0]
 *                                                %4 = reshape %3 [32, 10, 128]
 *                                                return %4
 *
 * Neighbouring axes of one kind (free, or batch or contracted on both sides) become one, and axes of size 1 go, except a
 * side's last free axis. The reshapes move no element. Leaves alone axes that do not lie side by side: only a transpose
 * could bring them together; and dots of windows, which are read as they lie over what they are windows of. Must run after absorb-transposes, which would have to look through the reshapes.
 */
import { elementCount } from "../ir/graph.ts";
import type { ValueId } from "../ir/graph.ts";
import { pick, sameNumbers } from "./axes.ts";
import { leftFree, rightFree } from "./dots.ts";
import type { Pass } from "./pass.ts";
import { rewrite } from "./rewrite.ts";
import type { Rewrite, Rewriter } from "./rewrite.ts";

/** Axes of both sides that go together: [left, right] each; a free axis is on one side only. */
type Pair = readonly [left: number, right: number];
type Run = readonly Pair[];

const flattenDot: Rewrite<"dot"> = (w, { args: [left, right], attributes: dot }) => {
  if (w.as(left, "window") !== undefined || w.as(right, "window") !== undefined) return undefined;
  const shapes = [w.shapeOf(left), w.shapeOf(right)] as const; // a pair, as the sides are
  const pairs = (a: readonly number[], b: readonly number[]): Pair[] => a.map((axis, i) => [axis, b[i]]);
  const batch = pairs(dot.leftBatch, dot.rightBatch).filter(([axis]) => shapes[0][axis] !== 1);
  const contract = pairs(dot.leftContract, dot.rightContract).filter(([axis]) => shapes[0][axis] !== 1).sort(([a], [b]) => a - b);
  const rows = withoutOnes(leftFree(shapes[0].length, dot), shapes[0]);
  const columns = withoutOnes(rightFree(shapes[1].length, dot), shapes[1]);

  const batches = runs(batch);
  const contracts = runs(contract);
  const rowRuns = runs(rows.map((axis): Pair => [axis, axis]));
  const columnRuns = runs(columns.map((axis): Pair => [axis, axis]));
  const leftRuns = [...batches, ...contracts, ...rowRuns].map((run) => run.map(([axis]) => axis)).sort(byFirst);
  const rightRuns = [...batches, ...contracts, ...columnRuns].map((run) => run.map(([, axis]) => axis)).sort(byFirst);
  const flat = {
    leftBatch: positions(batches, leftRuns, 0), rightBatch: positions(batches, rightRuns, 1),
    leftContract: positions(contracts, leftRuns, 0), rightContract: positions(contracts, rightRuns, 1),
  };
  const unchanged = leftRuns.length === shapes[0].length && rightRuns.length === shapes[1].length &&
    sameNumbers(flat.leftContract, dot.leftContract);
  if (unchanged) return undefined;
  const result = w.op("dot", [merged(w, left, leftRuns), merged(w, right, rightRuns)], flat);
  return w.reshape(result, [
    ...pick(shapes[0], dot.leftBatch), ...pick(shapes[0], leftFree(shapes[0].length, dot)), ...pick(shapes[1], rightFree(shapes[1].length, dot)),
  ]);
};

/** Free axes of size 1 go; a side that has no other keeps one, so that a row stays a matrix. */
function withoutOnes(axes: readonly number[], shape: readonly number[]): readonly number[] {
  const kept = axes.filter((axis) => shape[axis] !== 1);
  return kept.length > 0 ? kept : axes.slice(0, 1);
}

/** Cuts a list into runs of which each pair lies behind the last on both sides. */
function runs(pairs: readonly Pair[]): readonly Run[] {
  const found: Pair[][] = [];
  for (const pair of pairs) {
    const last = found.at(-1)?.at(-1);
    if (last !== undefined && pair[0] === last[0] + 1 && pair[1] === last[1] + 1) found[found.length - 1].push(pair);
    else found.push([pair]);
  }
  return found;
}

const byFirst = (a: readonly number[], b: readonly number[]): number => a[0] - b[0];

/** Where runs stand among all runs of a side. */
const positions = (of: readonly Run[], all: readonly (readonly number[])[], side: 0 | 1): number[] =>
  of.map((run) => all.findIndex((other) => other[0] === run[0][side]));

const merged = (w: Rewriter, value: ValueId, all: readonly (readonly number[])[]): ValueId =>
  w.reshape(value, all.map((run) => elementCount(pick(w.shapeOf(value), run))));

export const flattenDots: Pass = {
  name: "flatten-dots",
  doc: "Merges neighbouring axes of dots, so that products of tensors are products of matrices.",
  keeps: "sums",
  run: (region) => rewrite(region, { dot: [flattenDot] }),
};
