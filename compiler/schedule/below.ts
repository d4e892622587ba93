/** What an argument's values must lie below, because they index an axis unchanged. */
import { bodiesOf, isLoop, sameShape } from "../ir/graph.ts";
import type { OpNode, Region, RunTimeSize, ValueId } from "../ir/graph.ts";
import { affine } from "./demand.ts";

/** The smallest axis that values of `argument` index; undefined: none. */
export function belowOf(region: Region, argument: ValueId): number | undefined {
  if (region.types[argument].element !== "i32") return undefined;
  const below = leastIndexed(region, argument, null);
  return below === Infinity ? undefined : below;
}

/** The size of an axis that values of `argument` index, where a call tells it: they are clamped to what counts of it. */
export function belowRowsOf(region: Region, argument: ValueId, length: ValueId): RunTimeSize | undefined {
  if (region.types[argument].element !== "i32") return undefined;
  const makers = new Map(region.nodes.flatMap((node) => (node.kind === "op" ? node.results.map((result) => [result, node] as const) : [])));
  const carried = new Set([argument]);
  const clamped = new Map<ValueId, RunTimeSize>();
  for (const node of region.nodes) {
    if (node.kind !== "op") continue;
    const [x, y] = node.args;
    if ((node.op === "gather" || node.op === "scatter") && clamped.has(y)) return clamped.get(y);
    if (node.op === "reshape" || node.op === "broadcast" || node.op === "transpose") {
      const size = clamped.get(x);
      if (carried.has(x)) carried.add(node.results[0]);
      if (size) clamped.set(node.results[0], size);
    } else if (node.op === "min" && (carried.has(x) || carried.has(y))) {
      const last = affine(carried.has(x) ? y : x, (value) => makers.get(value), length);
      if (last && last.times !== 0) clamped.set(node.results[0], { times: last.times, plus: last.plus + 1 });
    }
  }
  return undefined;
}

/** The smallest axis indexed by a value that holds the argument's numbers, as that component of an index (null: any). */
function leastIndexed(region: Region, value: ValueId, component: number | null): number {
  /** Values that hold the argument's numbers. */
  const carried = new Map<ValueId, number | null>([[value, component]]);
  let below = Infinity;
  for (const node of region.nodes) {
    for (const [i, arg] of node.args.entries()) {
      const component = carried.get(arg);
      if (component === undefined) continue;
      if (isLoop(node)) {
        // The body sees a carry's initial value, a slice of an input, a capture. What it makes of them is not followed.
        for (const body of bodiesOf(node)) below = Math.min(below, leastIndexed(body, body.params[1 + i], component));
      } else if (node.kind === "op") below = Math.min(below, followed(node, region, i, component, carried));
    }
  }
  return below;
}

/** What an op indexes by its i-th arg; where it hands the numbers on, its result joins `carried`. */
function followed(node: OpNode, region: Region, i: number, component: number | null, carried: Map<ValueId, number | null>): number {
  const [result] = node.results;
  if ((node.op === "gather" || node.op === "scatter") && i === 1) return Math.min(...indexed(node, region, component));
  if (node.op === "reshape" || node.op === "broadcast" || node.op === "transpose" || node.op === "slice" || node.op === "reverse") {
    const keepsLast = component === null || sameShape(region.types[node.args[i]].shape.slice(-1), region.types[result].shape.slice(-1));
    if (keepsLast) carried.set(result, component);
  } else if (node.op === "concat") carried.set(result, placeIn(node, region, i, component));
  return Infinity;
}

/** The axes that a component of the indices counts. */
function indexed(node: OpNode<"gather" | "scatter">, region: Region, component: number | null): readonly number[] {
  const { shape } = region.types[node.args[0]];
  const count = region.types[node.args[1]].shape.at(-1) ?? 0;
  const axes = shape.slice(node.attributes.batch, node.attributes.batch + count);
  return component === null ? axes : axes.slice(component, component + 1);
}

/** Put side by side along the last axis, indices become components. */
function placeIn(node: OpNode<"concat">, region: Region, arg: number, component: number | null): number | null {
  const { shape } = region.types[node.args[arg]];
  if (node.attributes.axis !== shape.length - 1 || shape[shape.length - 1] !== 1) return component;
  return node.args.slice(0, arg).reduce((total, other) => total + region.types[other].shape[shape.length - 1], 0);
}
