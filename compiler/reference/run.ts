/** A whole program under the reference: states between calls, entries, initial values from a seed. */
import { invariant } from "../diagnostics/diagnostic.ts";
import { elementCount, type Entry, type Graph, type Tree } from "../ir/graph.ts";
import { isFloat, type Tensor } from "../ops/index.ts";
import { evaluate } from "./evaluate.ts";
import type { EvaluateOptions } from "./evaluate.ts";

export const tensor = (type: Tensor["type"], data: Iterable<number>): Tensor => ({ type, data: Float64Array.from(data) });

/** What a compiled module does, done by the reference. A call that throws changes nothing. */
export class ReferenceModule {
  /** By path. */
  readonly states = new Map<string, Tensor>();
  readonly graph: Graph;
  readonly options: EvaluateOptions;

  constructor(graph: Graph, options: EvaluateOptions & { readonly seed?: number } = {}) {
    this.graph = graph;
    this.options = options;
    this.reset(options.seed ?? 0);
  }

  /** Puts every state to its initial value for a seed (u32). */
  reset(seed: number): void {
    const initial = evaluate(this.graph.init, [tensor({ element: "u32", shape: [] }, [seed >>> 0])], this.options);
    this.graph.states.forEach((state, i) => this.states.set(state.path, initial[i]));
  }

  /** The entry of a name whose variant has the given sizes; without sizes the first of the name. */
  entry(name: string, variant: Readonly<Record<string, number>> = {}): Entry {
    const found = this.graph.entries.find((entry) =>
      entry.name === name && Object.entries(variant).every(([dim, size]) => entry.variant[dim] === size));
    invariant(found !== undefined, () => `no entry ${name} with ${JSON.stringify(variant)}`);
    return found;
  }

  /**
   * Runs an entry on the leaves of its parameters, depth first, and commits the states. Answers the result's leaves. Where
   * a call tells the length, arguments and results have as many rows.
   */
  call(name: string, variant: Readonly<Record<string, number>>, args: readonly Tensor[]): readonly Tensor[] {
    const entry = this.entry(name, variant);
    const { reads, writes, region } = entry;
    const results = evaluate(region, [...reads.map((id) => this.state(this.graph.states[id].path)), ...whole(entry, args)], this.options);
    writes.forEach((id, i) => this.states.set(this.graph.states[id].path, results[i]));
    return counted(entry, results.slice(writes.length), args);
  }

  /** The value of a state. */
  state(path: string): Tensor {
    const value = this.states.get(path);
    invariant(value !== undefined, () => `no state ${path}`);
    return value;
  }
}

// ---- run-time lengths

/** The length that the first argument with such rows tells. */
function lengthOf(entry: Entry, args: readonly Tensor[]): number {
  const at = entry.parameters.flatMap(({ tree }) => leavesOf(tree)).findIndex(({ rows }) => rows);
  return args[at].type.shape[0];
}

/** The arguments in the shapes of the bound, NaN or -1 where nothing counts, and the length. */
function whole(entry: Entry, args: readonly Tensor[]): readonly Tensor[] {
  if (entry.length === undefined) return args;
  const leaves = entry.parameters.flatMap(({ tree }) => leavesOf(tree));
  const filled = args.map(({ type, data }, i): Tensor => {
    if (!leaves[i].rows) return { type, data };
    const all = new Float64Array(elementCount(leaves[i].type.shape)).fill(isFloat(type.element) ? Number.NaN : type.element === "i32" ? -1 : 1);
    all.set(data);
    return { type: leaves[i].type, data: all };
  });
  return [...filled, tensor({ element: "i32", shape: [] }, [lengthOf(entry, args)])];
}

function counted(entry: Entry, results: readonly Tensor[], args: readonly Tensor[]): readonly Tensor[] {
  if (entry.length === undefined || entry.result === null) return results;
  const n = lengthOf(entry, args);
  return leavesOf(entry.result).map(({ type, rows }, i): Tensor => {
    if (!rows) return results[i];
    const shape = [rows.times * n + rows.plus, ...type.shape.slice(1)];
    return { type: { ...type, shape }, data: results[i].data.slice(0, elementCount(shape)) };
  });
}

type Leaf = Extract<Tree, { kind: "tensor" }>;

function leavesOf(tree: Tree): readonly Leaf[] {
  if (tree.kind === "tensor") return [tree];
  return tree.kind === "record" ? tree.fields.flatMap((field) => leavesOf(field.tree)) : tree.items.flatMap(leavesOf);
}
