/** What the passes share about loops: their parts by kind, their bodies changed, their nodes copied. */
import { Builder } from "../ir/builder.ts";
import { isLoop } from "../ir/graph.ts";
import type { LoopNode, Node, Region, ValueId } from "../ir/graph.ts";

/** A loop's args and results by what they are to it. The body's params: the index, then in the order of the args. */
export function partsOf(node: LoopNode) {
  const inputs = node.kind === "scan" ? node.inputs : 0;
  const { carries, args, results, body } = node;
  return {
    inits: args.slice(0, carries),
    inputs: args.slice(carries, carries + inputs),
    captures: args.slice(carries + inputs),
    carryParams: body.params.slice(1, 1 + carries),
    inputParams: body.params.slice(1 + carries, 1 + carries + inputs),
    captureParams: body.params.slice(1 + carries + inputs),
    nexts: body.results.slice(0, carries),
    emits: body.results.slice(carries),
    finals: results.slice(0, carries),
    stacks: node.kind === "scan" ? results.slice(carries) : results.slice(carries, -1),
  };
}

/** The bodies and tests of a region's loops changed; the same object if none changes. `replace` puts one changed body in place, for a trace. */
export function mapBodies(region: Region, change: (body: Region, replace: (changed: Region) => Region) => Region): Region {
  let current = region;
  region.nodes.forEach((node, position) => {
    if (!isLoop(node)) return;
    const put = (changed: Region, which: "body" | "until"): Region => {
      const loop = { ...current.nodes[position], [which]: changed } as Node; // a loop keeps its kind
      return { ...current, nodes: current.nodes.with(position, loop) };
    };
    if (node.kind === "while") {
      const until = change(node.until, (changed) => put(changed, "until"));
      if (until !== node.until) current = put(until, "until");
    }
    const body = change(node.body, (changed) => put(changed, "body"));
    if (body !== node.body) current = put(body, "body");
  });
  return current;
}

/** A builder that takes over nodes of a region, under new names. */
export class Copier extends Builder {
  /** Appends a node, its args renamed; returns its results. */
  copy(node: Node, types: Region["types"], names: ReadonlyMap<ValueId, ValueId>): readonly ValueId[] {
    const args = node.args.map((arg) => nameOf(names, arg));
    const results = node.results.map((result) => this.define(types[result]));
    this.nodes.push({ ...node, args, results });
    return results;
  }

  /** Appends a region's nodes; what has a name already is not made again. Returns its results. */
  inline({ nodes, results, types }: Region, names: Map<ValueId, ValueId>): readonly ValueId[] {
    for (const node of nodes) {
      if (node.results.length > 0 && node.results.every((result) => names.has(result))) continue;
      const made = this.copy(node, types, names);
      node.results.forEach((result, i) => names.set(result, made[i]));
    }
    return results.map((result) => nameOf(names, result));
  }
}

export function nameOf(names: ReadonlyMap<ValueId, ValueId>, value: ValueId): ValueId {
  const name = names.get(value);
  if (name === undefined) throw new Error(`internal: %${value} has no new name`);
  return name;
}
