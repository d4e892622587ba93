/** What an argument's values must lie below, because they index an axis unchanged. */
import type { OpNode, Region, ValueId } from "../ir/graph.ts";
import { sameShape } from "../ir/builder.ts";

/** The smallest axis that values of `argument` index; undefined: none. */
export function belowOf(region: Region, argument: ValueId): number | undefined {
  if (region.types[argument].element !== "i32") return undefined;
  /** Values that hold the argument's numbers, with the component of an index that they are (null: any). */
  const carried = new Map<ValueId, number | null>([[argument, null]]);
  let below = Infinity;
  for (const node of region.nodes) {
    if (node.kind !== "op") continue;
    for (const [i, arg] of node.args.entries()) {
      const component = carried.get(arg);
      if (component === undefined) continue;
      if ((node.op === "gather" || node.op === "scatter") && i === 1) {
        for (const size of indexed(node, region, component)) below = Math.min(below, size);
      } else if (node.op === "reshape" || node.op === "broadcast" || node.op === "transpose" || node.op === "slice" || node.op === "reverse") {
        const keepsLast = component === null || sameShape(region.types[arg].shape.slice(-1), region.types[node.results[0]].shape.slice(-1));
        if (keepsLast) carried.set(node.results[0], component);
      } else if (node.op === "concat") carried.set(node.results[0], placeIn(node, region, i, component));
    }
  }
  return below === Infinity ? undefined : below;
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
