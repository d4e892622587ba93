/**
 * Puts together what a sum of padded parts only means to put together: the credit of a tensor that was cut up, or of a
 * family of layers that is stacked.
 *
 *     %3 = pad %0 0 low [0] high [4]
 *     %4 = pad %1 0 low [6] high [0]     ->     %2 = concat %0 %1 axis 0
 *     %5 = add %3 %4                            return %2
 *     return %5
 *
 * Parts must be neighbours along the one axis that is padded, with zeros; no place then has two terms. (x + 0 is x but for
 * -0.) A part may also meet its neighbour in a sum of sums. Leaves alone parts that overlap or lie apart. Runs on any
 * region.
 */
import type { ValueId } from "../ir/graph.ts";
import type { Pass } from "./pass.ts";
import { rewrite } from "./rewrite.ts";
import type { Rewrite, Rewriter } from "./rewrite.ts";

interface Part {
  readonly value: ValueId;
  readonly axis: number;
  /** The places along the axis that it fills. */
  readonly start: number;
  readonly end: number;
}

function partOf(w: Rewriter, x: ValueId): Part | undefined {
  const pad = w.as(x, "pad");
  if (pad === undefined || w.splat(pad.args[1]) !== 0) return undefined;
  const { low, high, interior } = pad.attributes;
  const axes = low.flatMap((count, axis) => (count > 0 || high[axis] > 0 ? [axis] : []));
  if (axes.length !== 1 || interior.some((count) => count > 0)) return undefined;
  const [axis] = axes;
  return { value: pad.args[0], axis, start: low[axis], end: low[axis] + w.shapeOf(pad.args[0])[axis] };
}

/** The sum of two values if they are neighbours. */
function joined(w: Rewriter, x: ValueId, y: ValueId): ValueId | undefined {
  const [a, b] = [partOf(w, x), partOf(w, y)];
  if (a === undefined || b === undefined || a.axis !== b.axis) return undefined;
  if (b.end === a.start) return joined(w, y, x);
  if (a.end !== b.start) return undefined;
  const { axis } = a;
  const { element, shape } = w.typeOf(x);
  const whole = w.op("concat", [a.value, b.value], { axis });
  const along = (count: number): number[] => shape.map((_, i) => (i === axis ? count : 0));
  if (a.start === 0 && b.end === shape[axis]) return whole;
  return w.op("pad", [whole, w.constant({ element, shape: [] }, 0)], { low: along(a.start), high: along(shape[axis] - b.end), interior: along(0) });
}

const addParts: Rewrite<"add"> = (w, { args: [x, y] }) => joined(w, x, y);

/** (rest + part) + neighbour -> rest + (part and neighbour): at each place one of the two is 0. */
const addPartToSum: Rewrite<"add"> = (w, { args }) => {
  for (const [sum, part] of [args, [args[1], args[0]]]) {
    const inner = w.as(sum, "add");
    if (inner === undefined || !w.single(sum) || partOf(w, part) === undefined) continue;
    for (const [rest, other] of [inner.args, [inner.args[1], inner.args[0]]]) {
      const both = joined(w, other, part);
      if (both !== undefined) return w.add(rest, both);
    }
  }
  return undefined;
};

export const joinPads: Pass = {
  name: "join-pads",
  doc: "Makes a concat of a sum of zero-padded neighbours.",
  keeps: "sums",
  run: (region) => rewrite(region, { add: [addParts, addPartToSum] }),
};
