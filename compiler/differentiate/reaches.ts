/** Whether credit can flow at all, and along which way: for `prove independent`, and for gradients that are all zero. */
import type { Builder, BuildNode } from "../ir/builder.ts";
import type { ValueId } from "../ir/graph.ts";
import { carriesCredit } from "../ops/index.ts";
import { type Extent, ExtentWalk, type Extents } from "./extent.ts";
import { between, dependents as markDependents, standIns } from "./requests.ts";
import type { RequestOptions } from "./requests.ts";

/** What a way is looked for to: a value, or some of its elements. */
export interface Target {
  readonly id: ValueId;
  readonly extent?: Extent;
}

function walk(b: Builder, of: readonly ValueId[], wrt: readonly Target[], options: RequestOptions): { nodes: readonly BuildNode[]; walk: ExtentWalk; extents: Extents } {
  const nodes = between(b, wrt.map(({ id }) => id), of);
  const extents: Extents = new Map();
  for (const { id, extent } of wrt) if (carriesCredit(b.typeOf(id).element)) extents.set(id, extent ?? "all");
  const extentWalk = new ExtentWalk(b, standIns("backward", options), options.leaves);
  extentWalk.run(nodes, extents);
  return { nodes, walk: extentWalk, extents };
}

/** Whether any way of credit leads from one of `of` back to one of `wrt`. */
export function reaches(b: Builder, of: readonly ValueId[], wrt: readonly Target[], options: RequestOptions = {}): boolean {
  const { extents } = walk(b, of, wrt, options);
  return of.some((value) => extents.has(value));
}

/**
 * Such a way: the nodes that credit passes, from the one that made the value of `of` to the one that reads the value of
 * `wrt`; empty if one value is both. null: there is none. Which of several ways is found follows from the nodes' order.
 */
export function creditPath(b: Builder, of: readonly ValueId[], wrt: readonly Target[], options: RequestOptions = {}): readonly BuildNode[] | null {
  const { nodes, walk: found, extents } = walk(b, of, wrt, options);
  const reached = of.find((candidate) => extents.has(candidate));
  if (reached === undefined) return null;
  let value: ValueId = reached;
  const path: BuildNode[] = [];
  for (let at = nodes.length - 1; at >= 0 && !wrt.some(({ id }) => id === value); at--) {
    const node = nodes[at];
    const result: number = node.results.indexOf(value);
    if (result < 0) continue;
    const sources: readonly ValueId[] = node.kind === "leave" ? [...node.args, ...node.call.inputs] : node.args;
    const source = sources.find((arg) => extents.has(arg) && found.results(node, extents, arg)[result] !== undefined);
    if (source === undefined) continue;
    path.push(node);
    value = source;
  }
  return path;
}

/** By value id: 1 where credit can lead from the value back to one of `wrt`. */
export const dependents = (b: Builder, wrt: readonly ValueId[], nodes: readonly BuildNode[], options: RequestOptions = {}): Uint8Array =>
  markDependents(b, wrt, nodes, standIns("backward", options));
