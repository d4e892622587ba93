/** A builder's nodes as a closed region: params in the wanted order, ids dense in definition order. */
import type { Builder, BuildNode } from "../ir/builder.ts";
import type { OpenScanNode } from "../ir/open-loop.ts";
import { callsHost } from "../ir/graph.ts";
import { closeEarly } from "./close-early.ts";
import type { Node, Region, TensorType, ValueId } from "../ir/graph.ts";

export interface Finished {
  readonly region: Region;
  /** Old id -> new id, for the values that were kept. */
  readonly ids: ReadonlyMap<ValueId, ValueId>;
}

/** reachable: only what results and host calls need; all: every node of the program, for derivative checks. */
export function finish(builder: Builder, params: readonly ValueId[], results: readonly ValueId[], keep: "reachable" | "all"): Finished {
  const needed = new Set<ValueId>(results);
  const kept: BuildNode[] = [];
  const ofOneElement = keep === "all" ? dependentOn(builder, builder.params.filter((param) => !params.includes(param))) : new Set();
  for (let i = builder.nodes.length - 1; i >= 0; i--) {
    const node = builder.nodes[i];
    if (node.results.some((id) => ofOneElement.has(id))) continue;
    if (keep === "reachable" && !waitsForHost(node) && !node.results.some((id) => needed.has(id))) continue;
    node.args.forEach((arg) => needed.add(arg));
    if (node.kind === "leave") node.call.inputs.forEach((input) => keep === "all" && needed.add(input));
    kept.push(node);
  }
  kept.reverse();
  const ids = new Map<ValueId, ValueId>();
  const types: TensorType[] = [];
  const define = (old: ValueId): ValueId => {
    const id = types.length as ValueId;
    ids.set(old, id);
    types.push(builder.typeOf(old));
    return id;
  };
  const map = (old: ValueId): ValueId => {
    const id = ids.get(old);
    if (id === undefined) throw new Error(`internal: %${old} is used before it is defined`);
    return id;
  };
  const newParams = params.map(define);
  const nodes = kept.map((node): Node => {
    const args = node.args.map(map);
    if (node.kind === "leave") {
      const call = { ...node.call, inputs: node.call.inputs.flatMap((input) => ids.get(input) ?? []), backward: undefined, tangent: undefined, frame: null };
      return { ...node, args, results: node.results.map(define), call };
    }
    const results = node.results.map(define);
    if (node.kind !== "openScan") return { ...node, args, results };
    const closed = closeLoop(node, args, results);
    if (closed.kind !== "while") return closed;
    const turns = types.push({ element: "i32", shape: [] }) - 1;
    return { ...closed, results: [...results, turns as ValueId] }; // an index of `types`
  });
  return { region: { params: newParams, nodes, results: results.map(map), types }, ids };
}

/** What a rule of a call computes for one element of a `jacobian` or `map`, from params of its own: a draft of what the mapped nodes compute. */
function dependentOn(builder: Builder, params: readonly ValueId[]): ReadonlySet<ValueId> {
  const found = new Set(params);
  if (found.size > 0) for (const { args, results } of builder.nodes) if (args.some((arg) => found.has(arg))) results.forEach((id) => found.add(id));
  return found;
}

function waitsForHost(node: BuildNode): boolean {
  if (node.kind !== "openScan") return callsHost(node);
  const { loop, early } = node;
  return loop.builder.nodes.some(waitsForHost) || (early?.kind === "until" && early.test.builder.nodes.some(waitsForHost));
}

/** A loop in the making becomes a loop: its body is finished, with what was added to it since. */
function closeLoop({ loop, early, length, reversed, policy, site }: OpenScanNode, args: readonly ValueId[], results: readonly ValueId[]): Node {
  // A copy of a loop may be older than the last captures and emits of the body that it shares.
  const captures = loop.captures.slice(0, args.length - loop.carries.length - loop.inputs.length);
  const params = [loop.index, ...loop.carries.map(({ param }) => param), ...loop.inputs, ...captures];
  const emits = loop.emits.slice(0, results.length - loop.carries.length);
  const { region } = finish(loop.builder, params, [...loop.carries.map(({ next }) => next), ...emits], "reachable");
  const node = { args, results, site, carries: loop.carries.length };
  if (early) return { ...node, kind: "while", max: length, ...closeEarly(region, loop, early, length, reversed) };
  return { ...node, kind: "scan", length, reversed, inputs: loop.inputs.length, unroll: policy.unroll ?? 1, body: region };
}
