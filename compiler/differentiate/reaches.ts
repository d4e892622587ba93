/** Whether credit can flow at all, and along which way: for `prove independent`, and for gradients that are all zero. */
import type { Builder, BuildNode } from "../ir/builder.ts";
import type { ValueId } from "../ir/graph.ts";
import { between, dependents as markDependents, links, standIns } from "./requests.ts";
import type { RequestOptions } from "./requests.ts";

/** Whether any way of credit leads from one of `of` back to one of `wrt`. */
export function reaches(
  b: Builder, of: readonly ValueId[], wrt: readonly ValueId[], options: RequestOptions = {},
): boolean {
  const marked = markDependents(b, wrt, between(b, wrt, of), standIns("backward", options), options.leaves);
  return of.some((value) => marked[value] === 1);
}

/**
 * Such a way: the nodes that credit passes, from the one that made the value of `of` to the one that reads the value of
 * `wrt`; empty if one value is both. null: there is none. Which of several ways is found follows from the nodes' order.
 */
export function creditPath(
  b: Builder, of: readonly ValueId[], wrt: readonly ValueId[], options: RequestOptions = {},
): readonly BuildNode[] | null {
  const nodes = between(b, wrt, of);
  const standIn = standIns("backward", options);
  const marked = markDependents(b, wrt, nodes, standIn, options.leaves);
  let value = of.find((candidate) => marked[candidate] === 1);
  if (value === undefined) return null;
  const path: BuildNode[] = [];
  for (let at = nodes.length - 1; at >= 0 && !wrt.includes(value); at--) {
    const node = nodes[at];
    if (!node.results.includes(value)) continue;
    for (const [arg, result] of links(b, node, standIn)) {
      if (result !== value || marked[arg] !== 1) continue;
      path.push(node);
      value = arg;
      break;
    }
  }
  return path;
}

/** By value id: 1 where credit can lead from the value back to one of `wrt`. */
export const dependents = (b: Builder, wrt: readonly ValueId[], nodes: readonly BuildNode[], options: RequestOptions = {}): Uint8Array =>
  markDependents(b, wrt, nodes, standIns("backward", options));
