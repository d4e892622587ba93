/** A hand-built program with one entry of each kind, and its kernels in JavaScript: what the module generator is tested on. */
import type { Element, Tree } from "../../../compiler/ir/graph.ts";
import type { Artifact, PlacedTree, Program, ProgramEntry } from "../../../compiler/program.ts";
import type { KernelId } from "../../../compiler/schedule/kernel.ts";

const span = { file: "toy.pull", start: 0, end: 0 };

export function place(element: Element, shape: readonly number[], at: number, axes: readonly (string | null)[] = shape.map(() => null), below?: number): PlacedTree {
  return { kind: "tensor", type: { element, shape }, axes, at, below };
}

const run = { kind: "run", kernel: 0 as KernelId, bindings: [] } as const;
const entry = (fields: Partial<ProgramEntry> & Pick<ProgramEntry, "name" | "parameters" | "result">): ProgramEntry => ({
  symbol: fields.name, train: false, variant: {}, plan: [run], flops: 10, occupancy: { moments: [], blocks: [] }, ...fields,
});

const gaugeTree: Tree = { kind: "tensor", type: { element: "f32", shape: [2] }, axes: [null] };

export const toyProgram: Program = {
  kernels: [],
  entries: [
    entry({
      name: "step", train: true, doc: "Moves the weights.",
      parameters: [
        { name: "x", tree: place("f32", [2, 3], 64, ["B", null]) },
        { name: "class", tree: place("i32", [2], 96, ["B"], 10) },
        { name: "lr", tree: place("f32", [], 104) },
      ],
      result: { kind: "record", fields: [{ name: "loss", tree: place("f32", [], 108) }, { name: "row", tree: place("f32", [3], 112) }] },
    }),
    entry({ name: "predict", symbol: "predict_1", variant: { N: 1 }, parameters: [{ name: "x", tree: place("f32", [1, 3], 64, ["N", null]) }], result: place("f32", [1], 124, ["N"]) }),
    entry({ name: "predict", symbol: "predict_4", variant: { N: 4 }, parameters: [{ name: "x", tree: place("f32", [4, 3], 64, ["N", null]) }], result: place("f32", [4], 124, ["N"]) }),
    entry({ name: "flip", parameters: [{ name: "mask", tree: place("bool", [2], 140) }, { name: "on", tree: place("bool", [], 142) }], result: place("bool", [], 143) }),
    entry({
      name: "mix",
      parameters: [{ name: "s", tree: { kind: "record", fields: [{ name: "h", tree: place("f64", [2], 144) }, { name: "t", tree: { kind: "tuple", items: [place("i32", [], 160, [], 5), place("u32", [], 164)] } }] } }],
      result: { kind: "tuple", items: [place("f64", [2], 168), place("u32", [], 184)] },
    }),
    entry({ name: "sample", symbol: "sample_1", variant: { N: 1 }, parameters: [], result: place("f32", [1], 124) }),
    entry({ name: "sample", symbol: "sample_2", variant: { N: 2 }, parameters: [], result: place("f32", [2], 124) }),
  ],
  states: [
    { path: "net.w", type: { element: "f32", shape: [3] }, role: "trained", span, at: 16 },
    { path: "step.adam.m.net.w", type: { element: "f32", shape: [3] }, role: "optimizer", span, at: 28 },
    { path: "seen", type: { element: "bool", shape: [2] }, role: "state", span, at: 40 },
    { path: "$random", type: { element: "u32", shape: [2] }, role: "random", span, at: 48 },
  ],
  init: { plan: [run], seedAt: 0, occupancy: { moments: [], blocks: [] } },
  constants: [],
  externs: [],
  peakBytes: 192,
  memory: { constantBytes: 16, stateBytes: 40, arenaBytes: 136 },
  sites: [{ span, path: [] }],
};

/** step: w += lr * x[0], m = x[1], counts its calls; row = w. */
export const toyKernels: Artifact = {
  kind: "js",
  source: `(memory) => {
  const f32 = new Float32Array(memory), i32 = new Int32Array(memory), u32 = new Uint32Array(memory), u8 = new Uint8Array(memory), f64 = new Float64Array(memory);
  const predict = (n) => { for (let i = 0; i < n; i++) f32[31 + i] = f32[16 + 3 * i] * f32[4] + f32[17 + 3 * i] * f32[5] + f32[18 + 3 * i] * f32[6]; };
  return {
    init() { f32.set([u32[0], 2, 1], 4); f32.fill(0, 7, 10); u8.fill(0, 40, 42); u32[12] = u32[0]; u32[13] = 0; },
    step() { for (let i = 0; i < 3; i++) { f32[4 + i] += f32[26] * f32[16 + i]; f32[7 + i] = f32[19 + i]; f32[28 + i] = f32[4 + i]; } u32[13]++; u8[40] = 1; f32[27] = i32[24] + i32[25]; },
    predict_1() { predict(1); },
    predict_4() { predict(4); },
    flip() { u8[143] = u8[140] ^ u8[141] ^ u8[142]; },
    mix() { f64[21] = f64[18] + i32[40]; f64[22] = f64[19]; u32[46] = u32[41]; },
    sample_1() { f32[31] = 1; },
    sample_2() { f32[31] = 2; f32[32] = 3; },
    ask$0() { f32[16] *= 2; f32[4] = 77; },
    ask$1() { f32[18] = f32[19] + f32[20]; },
  };
}`,
};

/** ask(x) sends [2 x, 0] to the host and adds up the two numbers that come back. */
export const askingProgram: Program = {
  ...toyProgram,
  entries: [
    ...toyProgram.entries.slice(0, 1),
    entry({
      name: "ask", parameters: [{ name: "x", tree: place("f32", [], 64) }], result: place("f32", [], 72),
      plan: [run, { kind: "host", extern: "gauge", args: [64], results: [76] }, run],
    }),
  ],
  externs: [{ name: "gauge", parameters: [{ name: "a", tree: gaugeTree }], result: gaugeTree }],
};

