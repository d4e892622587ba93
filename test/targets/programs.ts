/** Programs from hand-written kernels, and both targets run on the same memory. */
import { validate } from "./validate.ts";
import type { Program } from "../../compiler/program.ts";
import type { Kernel, KernelId, Placement, Step } from "../../compiler/schedule/kernel.ts";
import { KernelScope } from "../../compiler/schedule/expression.ts";
import type { SiteId } from "../../compiler/ir/graph.ts";
import { instantiate, type Instance } from "../../targets/instantiate.ts";
import { js } from "../../targets/js/index.ts";
import { wasm } from "../../targets/wasm/index.ts";

export const site = 0 as SiteId; // no sites are looked at here

export function kernel(name: string, write: (scope: KernelScope) => Kernel["body"]): Kernel {
  const scope = new KernelScope();
  const body = write(scope);
  return { name, buffers: scope.buffers, locals: scope.locals, variables: scope.variables, body, site };
}

export const run = (id: number, ...bindings: Placement[]): Step => ({ kind: "run", kernel: id as KernelId, bindings }); // an index into the program's kernels

/** A program whose entries are the given plans; `init` runs nothing. */
export function program(kernels: readonly Kernel[], plans: Readonly<Record<string, readonly Step[]>>, bytes: number, constants: Program["constants"] = []): Program {
  return {
    kernels,
    entries: Object.entries(plans).map(([name, plan]) => ({ name, symbol: name, train: false, variant: {}, parameters: [], result: null, plan, flops: 0, occupancy: { moments: [], blocks: [] } })),
    states: [],
    init: { plan: [], seedAt: 0, occupancy: { moments: [], blocks: [] } },
    constants,
    externs: [],
    peakBytes: bytes,
    memory: { constantBytes: 0, stateBytes: 0, arenaBytes: bytes },
    sites: [],
  };
}

export interface Both {
  readonly wasm: Instance;
  readonly js: Instance;
  readonly bytes: Uint8Array;
  readonly source: string;
}

/** Both targets' artifacts, validated and instantiated. */
export async function both(of: Program): Promise<Both> {
  const [first, second] = [await wasm.emit(of), await js.emit(of)];
  if (first.kind !== "wasm" || second.kind !== "js") throw new Error("an artifact of the wrong kind");
  await validate(first.bytes);
  return { wasm: await instantiate(first, of.peakBytes), js: await instantiate(second, of.peakBytes), bytes: first.bytes, source: second.source };
}

/** Calls `symbol` in both on memory that starts with `input`; the two memories afterwards. */
export async function runBoth(of: Program, symbol: string, input: Uint8Array): Promise<{ wasm: ArrayBuffer; js: ArrayBuffer }> {
  const instances = await both(of);
  for (const { memory, call } of [instances.wasm, instances.js]) {
    new Uint8Array(memory).set(input);
    call(symbol);
  }
  return { wasm: instances.wasm.memory.slice(0, of.peakBytes), js: instances.js.memory.slice(0, of.peakBytes) };
}

/** xorshift32: the same numbers in every run. */
export function random(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
