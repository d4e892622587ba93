/**
 * Takes transposes into dots, which contract any axes.
 *
 *     %2 = transpose %0 [1, 0]
 *     %3 = dot %2 %1 contract [1] [0]      ->    %2 = dot %1 %0 contract [0] [0]
 *     %4 = transpose %3 [1, 0]                   return %2
 *     return %4
 *
 * A transpose of an arg goes if it leaves the free axes in their order, one of the result if it exchanges the sides as
 * wholes, or reorders batch axes, and nothing else reads the dot (which would be computed twice). Leaves all others alone.
 * Runs on any region; sink-movement before it brings transposes here from behind elementwise ops.
 */
import { sameNumbers } from "./axes.ts";
import { leftFree, rightFree, span, swapSides } from "./dots.ts";
import type { Pass } from "./pass.ts";
import { rewrite } from "./rewrite.ts";
import type { Rewrite } from "./rewrite.ts";

const ascending = (axes: readonly number[]): boolean => axes.every((axis, i) => i === 0 || axes[i - 1] < axis);

const transposedLeft: Rewrite<"dot"> = (w, { args: [left, right], attributes: dot }) => {
  const inner = w.as(left, "transpose");
  if (inner === undefined) return undefined;
  const { permutation } = inner.attributes;
  if (!ascending(leftFree(permutation.length, dot).map((axis) => permutation[axis]))) return undefined;
  return w.op("dot", [inner.args[0], right], {
    ...dot,
    leftBatch: dot.leftBatch.map((axis) => permutation[axis]),
    leftContract: dot.leftContract.map((axis) => permutation[axis]),
  });
};

const transposedRight: Rewrite<"dot"> = (w, { args: [left, right], attributes: dot }) => {
  const inner = w.as(right, "transpose");
  if (inner === undefined) return undefined;
  const { permutation } = inner.attributes;
  if (!ascending(rightFree(permutation.length, dot).map((axis) => permutation[axis]))) return undefined;
  return w.op("dot", [left, inner.args[0]], {
    ...dot,
    rightBatch: dot.rightBatch.map((axis) => permutation[axis]),
    rightContract: dot.rightContract.map((axis) => permutation[axis]),
  });
};

const transposedResult: Rewrite<"transpose"> = (w, { args: [x], attributes: { permutation } }) => {
  const inner = w.as(x, "dot");
  if (inner === undefined || !w.single(x)) return undefined;
  const { attributes: dot, args: [left, right] } = inner;
  const batch = dot.leftBatch.length;
  const rows = leftFree(w.shapeOf(left).length, dot).length;
  const columns = rightFree(w.shapeOf(right).length, dot).length;
  const order = permutation.slice(0, batch);
  if (order.some((axis) => axis >= batch)) return undefined;
  const rest = permutation.slice(batch);
  const reordered = { ...dot, leftBatch: order.map((axis) => dot.leftBatch[axis]), rightBatch: order.map((axis) => dot.rightBatch[axis]) };
  if (sameNumbers(rest, span(batch, rows + columns))) return w.op("dot", [left, right], reordered);
  const exchanged = [...span(batch + rows, columns), ...span(batch, rows)];
  return sameNumbers(rest, exchanged) ? w.op("dot", [right, left], swapSides(reordered)) : undefined;
};

export const absorbTransposes: Pass = {
  name: "absorb-transposes",
  doc: "Takes transposes of a dot's args and result into the axes that it contracts.",
  keeps: "exact",
  run: (region) => rewrite(region, { dot: [transposedLeft, transposedRight], transpose: [transposedResult] }),
};
