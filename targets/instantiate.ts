/** An artifact made ready to be called, in one process with the compiler: for tests and tools. Generated modules have their own way. */
import { invariant } from "../compiler/diagnostics/diagnostic.ts";
import type { Artifact } from "../compiler/program.ts";

export interface Instance {
  readonly memory: ArrayBuffer;
  /** Runs `init`, an entry's symbol, or a stretch of one (`step$0`). */
  call(symbol: string): void;
}

/** `peakBytes`: of the artifact's program; the size of a js artifact's memory. */
export async function instantiate(artifact: Artifact, peakBytes: number): Promise<Instance> {
  invariant(artifact.kind !== "wgsl", () => "shaders need a device");
  const { memory, routines } = artifact.kind === "wasm" ? await fromWasm(artifact.bytes) : fromSource(artifact.source, peakBytes);
  return {
    memory,
    call(symbol) {
      const routine = routines[symbol];
      invariant(typeof routine === "function", () => `no routine ${symbol}`);
      routine();
    },
  };
}

async function fromWasm(bytes: Uint8Array): Promise<{ memory: ArrayBuffer; routines: Record<string, unknown> }> {
  const { instance } = await WebAssembly.instantiate(new Uint8Array(bytes));
  const { memory, ...routines } = instance.exports;
  invariant(memory instanceof WebAssembly.Memory, () => "the module exports no memory");
  return { memory: memory.buffer, routines };
}

function fromSource(source: string, peakBytes: number): { memory: ArrayBuffer; routines: Record<string, unknown> } {
  const memory = new ArrayBuffer(Math.ceil(peakBytes / 8) * 8);
  // The text is this compiler's own output.
  const create: unknown = new Function(`return ${source}`)();
  invariant(typeof create === "function", () => "the source is no function");
  return { memory, routines: create(memory) };
}
