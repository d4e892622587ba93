/** A whole program under the reference: states between calls, entries, initial values from a seed. */
import { invariant } from "../diagnostics/diagnostic.ts";
import type { Entry, Graph } from "../ir/graph.ts";
import type { Tensor } from "../ops/index.ts";
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

  /** Runs an entry on the leaves of its parameters, depth first, and commits the states. Answers the result's leaves. */
  call(name: string, variant: Readonly<Record<string, number>>, args: readonly Tensor[]): readonly Tensor[] {
    const { reads, writes, region } = this.entry(name, variant);
    const results = evaluate(region, [...reads.map((id) => this.state(this.graph.states[id].path)), ...args], this.options);
    writes.forEach((id, i) => this.states.set(this.graph.states[id].path, results[i]));
    return results.slice(writes.length);
  }

  /** The value of a state. */
  state(path: string): Tensor {
    const value = this.states.get(path);
    invariant(value !== undefined, () => `no state ${path}`);
    return value;
  }
}
