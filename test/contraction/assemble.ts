/** Kernels in a module of their own, to test and measure them without a program around. */
import type { Program } from "../../compiler/program.ts";
import type { Kernel, KernelId, Step } from "../../compiler/schedule/kernel.ts";
import type { LoweredDot, Role } from "../../compiler/schedule/contraction/index.ts";
import { js } from "../../targets/js/index.ts";
import { wasm } from "../../targets/wasm/index.ts";

export interface Work {
  readonly name: string;
  readonly kernels: readonly Kernel[];
  /** Byte offset of each kernel's buffers. */
  readonly bindings: readonly (readonly number[])[];
  readonly bytes: number;
}

/** Entries over one memory: each runs one work. */
export interface Works {
  readonly memory: ArrayBuffer;
  readonly run: Readonly<Record<string, () => void>>;
}

export async function assemble(works: readonly Work[]): Promise<Works & { readonly bytes: Uint8Array }> {
  const artifact = await wasm.emit(programOf(works));
  if (artifact.kind !== "wasm") throw new Error("the wasm target makes wasm");
  const { memory, ...run } = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(artifact.bytes))).exports;
  return { bytes: artifact.bytes, memory: (memory as WebAssembly.Memory).buffer, run: run as Works["run"] }; // what the target says a module exports
}

export async function assembleJs(works: readonly Work[]): Promise<Works> {
  const program = programOf(works);
  const artifact = await js.emit(program);
  if (artifact.kind !== "js") throw new Error("the js target makes text");
  const memory = new ArrayBuffer(Math.ceil(program.peakBytes / 65536) * 65536);
  const make = new Function(`return ${artifact.source}`)() as (memory: ArrayBuffer) => Works["run"]; // what the target says the text is
  return { memory, run: make(memory) };
}

function programOf(works: readonly Work[]): Program {
  const numbers = new Map<string, number>();
  const kernels: Kernel[] = [];
  const number = (kernel: Kernel): KernelId => {
    const text = JSON.stringify({ ...kernel, name: "" });
    if (!numbers.has(text)) numbers.set(text, kernels.push(kernel) - 1);
    return numbers.get(text) as KernelId; // ids count kernels
  };
  const entries = works.map((work) => ({
    name: work.name,
    symbol: work.name,
    train: false,
    variant: {},
    parameters: [],
    result: null,
    flops: 0, occupancy: { moments: [], blocks: [] },
    plan: work.kernels.map((kernel, i): Step => ({ kind: "run", kernel: number(kernel), bindings: work.bindings[i] })),
  }));
  const peakBytes = Math.max(...works.map(({ bytes }) => bytes));
  return { kernels, entries, states: [], init: { plan: [], seedAt: 0, occupancy: { moments: [], blocks: [] } }, constants: [], externs: [], peakBytes, memory: { constantBytes: 0, stateBytes: 0, arenaBytes: peakBytes }, sites: [] };
}

/** A dot's kernels, its buffers one after another from byte `from` on; `places`: where each is, by kind of role. */
export function dotWork(name: string, { kernels, scratchBytes }: LoweredDot, from = 1024): Work & { readonly places: ReadonlyMap<string, number> } {
  const sizes = new Map([["scratch", scratchBytes]]);
  for (const { kernel, roles } of kernels) {
    const buffers = kernel.buffers.filter(({ space }) => space === "memory");
    roles.forEach((role, i) => sizes.set(keyOf(role), Math.max(sizes.get(keyOf(role)) ?? 0, offsetOf(role) + 4 * buffers[i].length)));
  }
  const places = new Map<string, number>();
  let end = from;
  for (const [key, bytes] of sizes) {
    places.set(key, end);
    end += Math.ceil(bytes / 64) * 64 + 64; // not all at the same place of a page
  }
  const bindings = kernels.map(({ roles }) => roles.map((role) => (places.get(keyOf(role)) ?? 0) + offsetOf(role)));
  return { name, kernels: kernels.map(({ kernel }) => kernel), bindings, bytes: end, places };
}

const keyOf = (role: Role): string => (role.kind === "extra" ? `extra${role.index}` : role.kind);
const offsetOf = (role: Role): number => ("byteOffset" in role ? role.byteOffset : 0);
