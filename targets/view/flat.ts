/**
 * An entry's operations and values in one list, those in the bodies of loops included: what a turn does stands there once,
 * with the number of turns. Values of a body that are those of the region around are the same value.
 */
import { type Element, elementCount, type Entry, type Graph, isLoop, type LoopNode, type Node, type Region, type SiteId, type TensorType } from "../../compiler/ir/graph.ts";
import { definitionOf } from "../../compiler/ops/index.ts";
import { byteSize, type Origin } from "../../compiler/program.ts";

export interface FlatValue {
  readonly id: number;
  readonly element: Element;
  readonly shape: readonly number[];
  readonly bytes: number;
  /** Of what the entry is given: `x`, `net.hidden.weight`. */
  readonly name: string | null;
  /** The operation that makes it; null: it is given, or it crosses the border of a loop. */
  maker: number | null;
  /** At the border of a loop: what it is made of, and how its first axis goes. */
  readonly across: { readonly of: number; readonly how: "slice" | "stack" | "carry" } | null;
}

export interface FlatOperation {
  readonly id: number;
  /** Of the op table; `host name` is a call of the host. */
  readonly op: string;
  readonly node: Exclude<Node, LoopNode>;
  readonly args: readonly number[];
  readonly results: readonly number[];
  readonly site: SiteId;
  /** The innermost loop around, by its place in `loops`. */
  readonly loop: number | null;
  /** How often a call does it, at most. */
  readonly turns: number;
  /** Of all turns. */
  readonly flops: number;
  /** Of its results, once. */
  readonly bytes: number;
}

export interface FlatLoop {
  readonly id: number;
  readonly around: number | null;
  /** At most, where it may end early. */
  readonly turns: number;
  readonly endsEarly: boolean;
  readonly reversed: boolean;
  readonly site: SiteId;
  /** Pairs of the values that a turn hands to the next: what it makes, and what the next turn reads. */
  readonly feedback: readonly (readonly [made: number, read: number])[];
}

export interface Flat {
  readonly values: readonly FlatValue[];
  readonly operations: readonly FlatOperation[];
  readonly loops: readonly FlatLoop[];
  /** What the entry gives: states, then the leaves of its result. */
  readonly results: readonly number[];
  valueOf(origin: Origin): number | undefined;
}

/** `names`: of the entry's params, states first. */
export function flatten(entry: Entry, names: readonly string[]): Flat {
  return new Flattener(entry.region, names);
}

/** Names of an entry's params: the paths of its states, those of its arguments' leaves, its run-time length. */
export function parameterNames(entry: Entry, graph: Graph, leaves: readonly string[]): string[] {
  return [...entry.reads.map((state) => graph.states[state].path), ...leaves, ...(entry.length ? [entry.length.name] : [])];
}

class Flattener implements Flat {
  readonly values: FlatValue[] = [];
  readonly operations: FlatOperation[] = [];
  readonly loops: FlatLoop[] = [];
  readonly results: readonly number[];
  private readonly known = new Map<Region, readonly number[]>();

  constructor(region: Region, names: readonly string[]) {
    const ids = region.params.map((param, i) => this.define(region.types[param], names[i] ?? null));
    const all = this.walk(region, ids, null, 1);
    this.results = region.results.map((result) => all[result]);
  }

  valueOf({ region, value }: Origin): number | undefined {
    return this.known.get(region)?.[value];
  }

  private define({ element, shape }: TensorType, name: string | null, across: FlatValue["across"] = null): number {
    const id = this.values.length;
    this.values.push({ id, element, shape, bytes: byteSize(element) * elementCount(shape), name, maker: null, across });
    return id;
  }

  /** The ids of a region's values. */
  private walk(region: Region, params: readonly number[], loop: number | null, turns: number): readonly number[] {
    const ids: number[] = [];
    this.known.set(region, ids);
    region.params.forEach((param, i) => { ids[param] = params[i]; });
    for (const node of region.nodes) {
      const results = isLoop(node) ? this.loop(node, node.args.map((arg) => ids[arg]), node.results.map((result) => region.types[result]), loop, turns) : this.operation(node, region, ids, loop, turns);
      node.results.forEach((result, i) => { ids[result] = results[i]; });
    }
    return ids;
  }

  private operation(node: FlatOperation["node"], { types }: Region, ids: readonly number[], loop: number | null, turns: number): readonly number[] {
    const id = this.operations.length;
    const results = node.results.map((result) => this.define(types[result], null));
    for (const result of results) this.values[result].maker = id;
    this.operations.push({
      id, node, op: node.kind === "op" ? node.op : node.kind === "host" ? `host ${node.name}` : node.call.callee,
      args: node.args.map((arg) => ids[arg]), results, site: node.site, loop, turns,
      flops: node.kind === "op" ? turns * flopsOf(node, types) : 0,
      bytes: results.reduce((sum, result) => sum + this.values[result].bytes, 0),
    });
    return results;
  }

  private loop(node: LoopNode, args: readonly number[], types: readonly TensorType[], around: number | null, turns: number): readonly number[] {
    const { carries, body } = node;
    const inputs = node.kind === "scan" ? node.inputs : 0;
    const length = node.kind === "scan" ? node.length : node.max;
    const id = this.loops.length;
    const feedback: (readonly [number, number])[] = [];
    this.loops.push({ id, around, turns: length, endsEarly: node.kind === "while", reversed: node.kind === "scan" && node.reversed, site: node.site, feedback });
    const index = this.define({ element: "i32", shape: [] }, "turn");
    const params = args.map((arg, i) => {
      if (i >= carries + inputs) return arg;
      return this.define(body.types[body.params[1 + i]], null, { of: arg, how: i < carries ? "carry" : "slice" });
    });
    if (node.kind === "while") this.walk(node.until, [index, ...params], id, turns * length);
    const ids = this.walk(body, [index, ...params], id, turns * length);
    const made = body.results.map((result) => ids[result]);
    for (let i = 0; i < carries; i++) if (made[i] !== params[i]) feedback.push([made[i], params[i]]);
    return types.map((type, i) => (i < carries ? made[i] : i < made.length ? this.define(type, null, { of: made[i], how: "stack" }) : this.define(type, "turns taken")));
  }
}

function flopsOf(node: Extract<Node, { kind: "op" }>, types: readonly TensorType[]): number {
  const typesOf = (ids: readonly number[]): TensorType[] => ids.map((value) => types[value]);
  // The attributes belong to this op: the pair comes from one node.
  return (definitionOf(node.op).flops as (args: unknown, results: unknown, attributes: unknown) => number)(typesOf(node.args), typesOf(node.results), node.attributes);
}
