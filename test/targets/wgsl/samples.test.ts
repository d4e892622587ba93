/** Every sample on WGSL: each entry on made-up arguments, 50 steps of each that trains, against the same module on wasm. */
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { PlacedTree, ProgramEntry } from "../../../compiler/program.ts";
import { elementCount } from "../../../compiler/ir/graph.ts";
import { build, type BuildResult, type TargetName } from "../../../targets/compile.ts";
import { instantiate } from "../../../targets/index.ts";
import { randomNumbers, sampleText } from "../../samples/support.ts";
import { adapter } from "./watched.ts";
import { openModule } from "./modules.ts";

const names = readdirSync(new URL("../../../samples/", import.meta.url)).flatMap((file) => (file.endsWith(".pull") ? [file.slice(0, -".pull".length)] : []));

/** An epoch in a call takes a driver on a processor minutes: fewer turns are the same kernels. Stands for the file's own; how often an entry that trains is called. */
const smaller: Readonly<Record<string, { readonly dims: Readonly<Record<string, number>>; readonly calls: number }>> = {
  adding: { dims: { T: 4, STEPS: 3 }, calls: 2 },
  "char-lstm": { dims: { T: 4, PIECES: 3, HELD: 2 }, calls: 2 },
  "char-transformer": { dims: { B: 2, T: 4, D: 8, PIECES: 3, HELD: 2 }, calls: 2 },
  "block-feedback": { dims: { B: 2, T: 4, D: 8, NODES: 12, FEATURES: 4, H: 4 }, calls: 5 },
  "stationary-feedback": { dims: { T: 4, PIECES: 3, HELD: 2 }, calls: 2 },
  "neural-ode": { dims: { N: 2, T: 2, STEPS: 4, MOST: 8, FINE: 8 }, calls: 2 },
  flow: { dims: { N: 4, STEPS: 2 }, calls: 2 },
  "local-blocks": { dims: { B: 2, C: 4 }, calls: 3 },
  equilibrium: { dims: { B: 2, H: 4, MOST: 12 }, calls: 2 },
  "parallel-recurrence": { dims: { T: 4, H: 3, D: 2 }, calls: 2 },
  // Products of 784 inputs for 50 steps, or fifty layers of them, take such a driver a minute; so does a stack that is undone turn by turn.
  "direct-feedback": { dims: { B: 8, In: 64, H: 32 }, calls: 20 },
  "product-feedback": { dims: { B: 8, In: 64, H: 32, R: 48 }, calls: 20 },
  "forward-forward": { dims: { B: 8, In: 64, H: 32 }, calls: 20 },
  "deep-foton": { dims: { B: 4, In: 64, D: 16, L: 4 }, calls: 5 },
  noprop: { dims: { B: 4, In: 64, H: 8 }, calls: 5 },
  grokking: { dims: { P: 5, SEEN: 12, D: 8, LOOKS: 3, EVERY: 2 }, calls: 2 },
  highway: { dims: { B: 4, In: 64, D: 16, L: 4, K: 2 }, calls: 5 },
  continual: { dims: { In: 16, H: 4, N: 120, M: 3 }, calls: 2 },
  hedge: { dims: { L: 3, D: 8, N: 5 }, calls: 2 },
  sparse: { dims: { B: 8, In: 64, H: 32 }, calls: 20 },
  reversible: { dims: { B: 2, T: 4, D: 8, L: 4 }, calls: 5 },
  dreamguider: { dims: { B: 16, STEPS: 5 }, calls: 5 },
  "through-solve": { dims: { B: 4 }, calls: 5 },
  guidance: { dims: { B: 16 }, calls: 5 },
  // Whether a unit spikes turns on the last bit of its potential: the two part at the first spike that only one of them has.
  spiking: { dims: { B: 8, H: 20, T: 6 }, calls: 10 },
  "inference-learning": { dims: { N: 12 }, calls: 1 },
  // Motions made up contradict each other: the poses drift, and differences grow with every step.
  "pose-graph": { dims: {}, calls: 20 },
};

async function builtFor(name: string, target: TargetName): Promise<BuildResult> {
  const texts = new Map([[`${name}.pull`, await sampleText(name)]]);
  for (const [, file] of (texts.get(`${name}.pull`) ?? "").matchAll(/^use "([^"]+)"/gm)) texts.set(file, await sampleText(file.replace(".pull", "")));
  return build(texts.get(`${name}.pull`) ?? "", { file: `${name}.pull`, targets: [target], dims: smaller[name]?.dims, read: (file) => texts.get(file) });
}

type Value = number | boolean | Float32Array | Int32Array | Uint32Array | Uint8Array | readonly Value[] | { readonly [name: string]: Value };

/** A value of a tree. Scalars of a float type are small, as learning rates are; what indexes an axis lies in it. */
function made(tree: PlacedTree, random: () => number): Value {
  if (tree.kind === "record") return Object.fromEntries(tree.fields.map(({ name, tree: field }) => [name, made(field, random)]));
  if (tree.kind === "tuple") return tree.items.map((item) => made(item, random));
  const { type: { element, shape }, below } = tree;
  const one = (): number => (element === "f32" ? random() * (shape.length === 0 ? 0.01 : 1) : Math.floor(random() * (element === "bool" ? 2 : below ?? 2)));
  if (shape.length === 0) return element === "bool" ? one() === 1 : one();
  const Type = { f32: Float32Array, i32: Int32Array, u32: Uint32Array, bool: Uint8Array, f64: Float64Array }[element];
  return Type.from(Array.from({ length: elementCount(shape) }, one)) as Value; // there is no f64 on WGSL
}

function* numbersOf(value: Value | undefined): Generator<number> {
  if (typeof value === "number" || typeof value === "boolean") yield Number(value);
  else if (ArrayBuffer.isView(value)) yield* value as Float32Array; // or another typed array
  else for (const part of Object.values(value ?? {})) yield* numbersOf(part);
}

/** The largest difference, against the largest number or 1. */
function apart(expected: Iterable<number>, found: Iterable<number>): number {
  const [a, b] = [[...expected], [...found]];
  const scale = a.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  return a.reduce((worst, value, i) => Math.max(worst, Object.is(value, b[i]) ? 0 : Math.abs(value - b[i])), a.length === b.length ? 0 : Infinity) / scale;
}

describe.skipIf(adapter === null)("samples on WGSL", () => {
  test.each(names)("%s", async (name) => {
    const [onWasm, onDevice] = [await builtFor(name, "wasm"), await builtFor(name, "wgsl")];
    const externs = Object.fromEntries((onWasm.program?.externs ?? []).map(({ name: extern }) => [extern, () => 0]));
    const [wasm, gpu] = [await instantiate(onWasm, { seed: 1, externs }), await openModule(onDevice, { seed: 1, externs })];
    expect(await gpu.save(), "initial values").toEqual(wasm.save());
    const random = randomNumbers(1);
    const entries = onWasm.program?.entries ?? [];
    const calls = async (entry: ProgramEntry, times: number): Promise<void> => {
      const pending: Promise<Value>[] = [];
      const expected: Value[] = [];
      for (let i = 0; i < times; i++) {
        const args = entry.parameters.map(({ tree }) => made(tree, random));
        pending.push(gpu[entry.name](...args, entry.variant));
        expected.push(wasm[entry.name](...args, entry.variant));
      }
      for (const [i, result] of pending.entries()) expect(apart(numbersOf(expected[i]), numbersOf(await result)), `${entry.symbol}, call ${i}`).toBeLessThan(2e-3);
    };
    for (const entry of entries) await calls(entry, entry.train ? smaller[name]?.calls ?? 50 : 1);
    for (const [path, parameter] of Object.entries(wasm.parameters)) expect(apart(parameter.read(), await gpu.parameters[path].read()), path).toBeLessThan(2e-2);
    expect((await gpu.selfTest?.())?.passed ?? true).toBe(true);
  }, 60_000);
});
