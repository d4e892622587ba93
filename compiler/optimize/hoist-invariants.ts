/**
 * Computes before a loop what is the same in each of its turns.
 *
 *     %3 = scan %0 %1 %2 {carries=1 inputs=1}                        %3 = exp %2
 *       body (%0, %1: f32[3], %2: f32[3], %3: f32[3]) -> (%6)        %4 = scan %0 %1 %3
 *         %4 = exp %3                                         ->       body (%0, %1: f32[3], %2: f32[3], %3: f32[3]) -> (%5)
 *         %5 = mul %2 %4                                                 %4 = mul %2 %3
 *         %6 = add %1 %5                                                 %5 = add %1 %4
 *
 * Leaves in the body what costs nothing there: constants, counts, and movement that only says where to read. A value
 * made before the loop takes its bytes all the time of the loop, where the body would take them for a part of each turn.
 * Should run after what improves bodies by themselves: a product that has absorbed a transpose needs no transposed copy.
 */
import { bodiesOf, isLoop } from "../ir/graph.ts";
import type { LoopNode, Node, Region, ValueId } from "../ir/graph.ts";
import type { OpName } from "../ops/index.ts";
import { Copier, nameOf, partsOf } from "./bodies.ts";
import type { Pass } from "./pass.ts";
import { prune } from "./prune-loops.ts";

export const hoistInvariants: Pass = {
  name: "hoist-invariants",
  doc: "Computes before a loop what is the same in all its turns.",
  keeps: "exact",
  run(region) {
    if (!region.nodes.some((node) => isLoop(node) && bodiesOf(node).some((body) => findInvariants(body, node).wanted.size > 0))) return region;
    return hoist(region);
  },
};

/** Made by whoever reads it, or as cheap as reading it. */
const free: ReadonlySet<OpName> = new Set(["constant", "iota", "broadcast", "reshape", "slice", "reverse", "window"]);

interface Invariants {
  /** Nodes that depend on captures alone. */
  readonly nodes: ReadonlySet<Node>;
  /** Their values that the rest of the body reads and that cost something. */
  readonly wanted: ReadonlySet<ValueId>;
}

function findInvariants(region: Region, loop: LoopNode): Invariants {
  const known = new Set<ValueId>(region.params.slice(region.params.length - partsOf(loop).captures.length));
  const invariant = new Map<ValueId, Node>();
  for (const node of region.nodes) {
    if (node.kind !== "op" || !node.args.every((arg) => known.has(arg))) continue;
    for (const result of node.results) {
      known.add(result);
      invariant.set(result, node);
    }
  }
  const wanted = new Set<ValueId>();
  const seen = new Set<ValueId>();
  const read = (value: ValueId): void => {
    const node = invariant.get(value);
    if (node?.kind !== "op" || seen.has(value)) return;
    seen.add(value);
    if (free.has(node.op)) node.args.forEach(read);
    else for (const result of node.results) wanted.add(result);
  };
  for (const node of region.nodes) if (node.results.length === 0 || !invariant.has(node.results[0])) node.args.forEach(read);
  region.results.forEach(read);
  return { nodes: new Set(invariant.values()), wanted };
}

function hoist(region: Region): Region {
  const b = new Copier();
  const names = new Map<ValueId, ValueId>();
  for (const param of region.params) names.set(param, b.parameter(region.types[param]));
  for (const node of region.nodes) {
    const args = node.args.map((arg) => nameOf(names, arg));
    b.site = node.site;
    const results = isLoop(node) ? hoistFrom(b, { ...node, args }) : b.copy(node, region.types, names);
    node.results.forEach((result, i) => names.set(result, results[i]));
  }
  return prune(b.region(region.results.map((result) => nameOf(names, result))));
}

/** Appends the invariants of a loop, then the loop that captures them. */
function hoistFrom(b: Copier, node: LoopNode): readonly ValueId[] {
  const made: ValueId[] = [];
  /** By body: which of `made` replaces a value. */
  const replaced = new Map(bodiesOf(node).map((region) => {
    const start = made.length;
    const values = appendInvariants(b, region, node);
    made.push(...values.values());
    return [region, new Map([...values.keys()].map((value, i) => [value, start + i] as const))] as const;
  }));
  b.site = node.site;
  const types = made.map((value) => b.typeOf(value));
  const without = (region: Region): Region => {
    const inner = new Copier();
    const names = new Map<ValueId, ValueId>();
    for (const param of region.params) names.set(param, inner.parameter(region.types[param]));
    const params = types.map((type) => inner.parameter(type));
    for (const [value, at] of replaced.get(region) ?? []) names.set(value, params[at]);
    return inner.region(inner.inline(region, names));
  };
  const args = [...node.args, ...made];
  return node.kind === "scan"
    ? b.scan(args, { ...node, body: without(node.body) })
    : b.while(args, { ...node, body: without(node.body), until: without(node.until) });
}

/** Appends what a body's invariants need; returns the new names of those that the body reads. */
function appendInvariants(b: Copier, region: Region, loop: LoopNode): ReadonlyMap<ValueId, ValueId> {
  const { captures } = partsOf(loop);
  const { nodes, wanted } = findInvariants(region, loop);
  const first = region.params.length - captures.length;
  const names = new Map<ValueId, ValueId>(captures.map((capture, i) => [region.params[first + i], capture]));
  const needed = closure(region, nodes, wanted);
  for (const node of region.nodes) {
    if (!needed.has(node)) continue;
    b.site = node.site;
    const results = b.copy(node, region.types, names);
    node.results.forEach((result, i) => names.set(result, results[i]));
  }
  return new Map([...wanted].map((value) => [value, nameOf(names, value)]));
}

/** The nodes among `nodes` that some values need. */
function closure(region: Region, nodes: ReadonlySet<Node>, values: ReadonlySet<ValueId>): Set<Node> {
  const needed = new Set(values);
  const found = new Set<Node>();
  for (const node of region.nodes.toReversed()) {
    if (!nodes.has(node) || !node.results.some((result) => needed.has(result))) continue;
    found.add(node);
    for (const arg of node.args) needed.add(arg);
  }
  return found;
}
