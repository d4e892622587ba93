/** Kernels in a module of their own, for measuring: each with its buffers in memory of its own. */
import type { Program } from "../../compiler/program.ts";
import type { Kernel, KernelId, SiteId, Step } from "../../compiler/schedule/kernel.ts";
import { apply, KernelScope, literal, load, local, loop, setLocal, store, at } from "../../compiler/schedule/expression.ts";
import type { LoweredDot } from "../../compiler/schedule/contraction/index.ts";
import { wasm } from "../../targets/wasm/index.ts";

export interface Work {
  readonly name: string;
  readonly kernels: readonly Kernel[];
  /** Byte offset of each kernel's buffers. */
  readonly bindings: readonly (readonly number[])[];
  readonly bytes: number;
}

/** One module for all, sharing memory: each export runs one work. */
export async function assembleWorks(works: readonly Work[]): Promise<{ readonly bytes: Uint8Array; readonly memory: Float32Array; readonly run: Record<string, () => void> }> {
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
    flops: 0,
    plan: work.kernels.map((kernel, i): Step => ({ kind: "run", kernel: number(kernel), bindings: work.bindings[i] })),
  }));
  const peakBytes = Math.max(...works.map(({ bytes }) => bytes));
  const program: Program = { kernels, entries, states: [], init: { plan: [], seedAt: 0 }, constants: [], externs: [], peakBytes, memory: { constantBytes: 0, stateBytes: 0, arenaBytes: peakBytes }, sites: [] };
  const artifact = await wasm.emit(program);
  if (artifact.kind !== "wasm") throw new Error("not wasm");
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(artifact.bytes as BufferSource));
  const memory = exports.memory as WebAssembly.Memory;
  return { bytes: artifact.bytes, memory: new Float32Array(memory.buffer), run: exports as unknown as Record<string, () => void> };
}

/** A dot's kernels, its buffers one after another from byte `from` on. */
export function dotWork(name: string, { kernels, scratchBytes }: LoweredDot, from = 1024): Work {
  const places = new Map<string, number>();
  let end = from;
  const reserve = (bytes: number): number => {
    const place = end;
    end += Math.ceil(bytes / 64) * 64;
    return place;
  };
  const scratch = reserve(scratchBytes);
  const bindings = kernels.map(({ kernel, roles }) =>
    roles.map((role, i) => {
      if (role.kind === "scratch") return scratch + role.byteOffset;
      const key = role.kind === "extra" ? `extra${role.index}` : role.kind;
      let place = places.get(key);
      if (place === undefined) places.set(key, (place = reserve(4 * kernel.buffers.filter(({ space }) => space === "memory")[i].length + 4096)));
      return place + ("byteOffset" in role ? role.byteOffset : 0);
    }),
  );
  return { name, kernels: kernels.map(({ kernel }) => kernel), bindings, bytes: end };
}

/** 12 chains of multiply and add in registers: 8 * 12 * 4 * turns operations. */
export function peakWork(turns: number): Work {
  const scope = new KernelScope();
  const target = scope.buffer("sums", "f32", 48);
  const chains = Array.from({ length: 12 }, () => scope.local("f32", 4));
  const [factor, term] = [scope.local("f32", 4), scope.local("f32", 4)];
  const turn = scope.variable();
  const once = chains.map((chain) => setLocal(chain, apply("add", "f32", 4, apply("mul", "f32", 4, local(chain), local(factor)), local(term))));
  const body = [
    setLocal(factor, load(target, at(0), 4)),
    setLocal(term, load(target, at(4), 4)),
    ...chains.map((chain, i) => setLocal(chain, literal(i, "f32", 4))),
    loop(turn, 0, turns, 1, [...once, ...once, ...once, ...once]),
    ...chains.map((chain, i) => store(target, at(4 * i), local(chain), 4)),
  ];
  return { name: "peak", kernels: [{ name: "peak", buffers: scope.buffers, locals: scope.locals, variables: scope.variables, body, site: 0 as SiteId }], bindings: [[0]], bytes: 1024 };
}
