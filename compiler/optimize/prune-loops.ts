/** The liveness of a region through its loops: what a loop carries, takes or emits for nobody goes. */
import { callsHost, isLoop } from "../ir/graph.ts";
import type { LoopNode, Node, Region, ValueId } from "../ir/graph.ts";
import { partsOf } from "./bodies.ts";
import { needed, renumber, sweep } from "./sweep.ts";

/** The same object if nothing is dead. */
export function prune(region: Region): Region {
  if (!region.nodes.some(isLoop)) return sweep(region);
  const live = new Set<ValueId>(region.results);
  const kept: Node[] = [];
  let changed = false;
  for (const node of region.nodes.toReversed()) {
    if (!callsHost(node) && !node.results.some((result) => live.has(result))) {
      changed = true;
      continue;
    }
    const pruned = isLoop(node) ? pruneLoop(node, live) : node;
    changed ||= pruned !== node;
    for (const arg of pruned.args) live.add(arg);
    kept.push(pruned);
  }
  return changed ? renumber({ ...region, nodes: kept.reverse() }) : region;
}

/** The loop without what only serves results that are not live. */
function pruneLoop(node: LoopNode, live: ReadonlySet<ValueId>): LoopNode {
  const { carryParams, emits, finals, stacks, nexts } = partsOf(node);
  const keptEmits = emits.flatMap((_, i) => (live.has(stacks[i]) ? [i] : []));
  const carries = new Set(finals.flatMap((final, i) => (live.has(final) ? [i] : [])));
  const tested = node.kind === "while" ? needs(node.until, node.until.results) : new Set<number>();
  let read: ReadonlySet<number> = tested;
  for (let before = -1; before !== carries.size;) {
    before = carries.size;
    const used = needs(node.body, [...[...carries].map((i) => nexts[i]), ...keptEmits.map((i) => emits[i])]);
    read = new Set([...tested, ...used]);
    carryParams.forEach((_, i) => { if (read.has(1 + i)) carries.add(i); });
  }
  const keep = (position: number): boolean => position === 0 || (position <= carryParams.length ? carries.has(position - 1) : read.has(position));
  const params = node.body.params.map((_, position) => position).filter(keep);
  if (params.length === node.body.params.length && keptEmits.length === emits.length) return node;
  const args = params.slice(1).map((position) => node.args[position - 1]);
  const keptCarries = [...carries].sort((a, b) => a - b);
  const bodyResults = [...keptCarries.map((i) => nexts[i]), ...keptEmits.map((i) => emits[i])];
  const body = restrict(node.body, params, bodyResults);
  const results = [...keptCarries.map((i) => finals[i]), ...keptEmits.map((i) => stacks[i])];
  if (node.kind === "while") {
    return { ...node, args, results: [...results, node.results[node.results.length - 1]], carries: keptCarries.length, body, until: restrict(node.until, params, node.until.results) };
  }
  const inputs = params.filter((position) => position > node.carries && position <= node.carries + node.inputs).length;
  return { ...node, args, results, carries: keptCarries.length, inputs, body };
}

/** Positions of the params that some results need. */
function needs(region: Region, results: readonly ValueId[]): Set<number> {
  const { live } = needed(region, results);
  return new Set(region.params.flatMap((param, position) => (live[param] ? [position] : [])));
}

/** The region with some of its params and other results. */
const restrict = (region: Region, params: readonly number[], results: readonly ValueId[]): Region =>
  renumber({ ...region, params: params.map((position) => region.params[position]), nodes: needed(region, results).nodes, results });
