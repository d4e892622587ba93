/** What the tests of the samples share: a sample compiled for every target, its run in the f64 reference, statistics. */
import { readFile } from "node:fs/promises";
import { expect } from "vitest";
import { renderDiagnostics } from "../../compiler/diagnostics/render.ts";
import { elementCount, type Entry, type Graph, type Tree } from "../../compiler/ir/graph.ts";
import { liveMost } from "../../compiler/live.ts";
import type { Program } from "../../compiler/program.ts";
import { ReferenceModule, tensor } from "../../compiler/reference/index.ts";
import { build, type BuildResult } from "../../targets/compile.ts";
import { batches, cosineDecay, type Examples, randomNumbers } from "../../samples/rows.mjs";
import { type Instance, instantiate } from "../../targets/index.ts";

export * from "../../samples/rows.mjs";
export { figure, measured, starts } from "./figures.ts";

const folder = new URL("../../samples/", import.meta.url);

export interface Sample {
  readonly built: BuildResult;
  readonly wasm: Instance;
  readonly js: Instance;
  /** As written: before any optimization. */
  readonly graph: Graph;
}

export const sampleText = (name: string): Promise<string> => readFile(new URL(`${name}.pull`, folder), "utf8");

/**
 * Compiles samples/<name>.pull for wasm and js; without numbers for the module's own test where the reference would take long for them.
 * @throws Error with the rendered diagnostics
 */
export async function openSample(name: string, dims: Readonly<Record<string, number>> = {}, { selfTest = true } = {}): Promise<Sample> {
  const texts = new Map([[`${name}.pull`, await sampleText(name)]]);
  const used = [...(texts.get(`${name}.pull`) ?? "").matchAll(/^use "([^"]+)"/gm)].map(([, file]) => file);
  for (const file of used) texts.set(file, await readFile(new URL(file, folder), "utf8"));
  const built = await build(texts.get(`${name}.pull`) ?? "", { file: `${name}.pull`, targets: ["wasm", "js"], dims, selfTest, read: (file) => texts.get(file) });
  if (built.files.length === 0 || built.graph === null) throw new Error(renderDiagnostics(built.diagnostics, { source: (file) => texts.get(file) }));
  const [wasm, js] = await Promise.all([instantiate(built, { target: "wasm" }), instantiate(built, { target: "js" })]);
  return { built, wasm, js, graph: built.graph };
}

/** An argument or a result of an entry. */
type Value = number | boolean | ArrayLike<number> | { readonly [name: string]: Value };
type Leaf = readonly [path: string, values: readonly number[]];

/** The numbers of a value, leaf by leaf in the order of its tree. */
function leaves(tree: Tree, value: Value, path: string): readonly Leaf[] {
  // A record is given as an object, a tuple as an array: both have their parts as properties.
  const part = (name: string | number): Value => (value as Record<string, Value>)[name];
  switch (tree.kind) {
    case "tensor": return [[path, typeof value === "object" ? Array.from(value as ArrayLike<number>) : [Number(value)]]];
    case "record": return tree.fields.flatMap(({ name, tree: field }) => leaves(field, part(name), `${path}.${name}`));
    case "tuple": return tree.items.flatMap((item, i) => leaves(item, part(i), `${path}.${i}`));
  }
}

const leafTypes = (tree: Tree): readonly Extract<Tree, { kind: "tensor" }>["type"][] => {
  switch (tree.kind) {
    case "tensor": return [tree.type];
    case "record": return tree.fields.flatMap((field) => leafTypes(field.tree));
    case "tuple": return tree.items.flatMap(leafTypes);
  }
};

/** An entry's call: its name and its arguments. */
export type Call = readonly [entry: string, ...args: Value[]];

/** The variant that the lengths of the arguments choose. */
function entryOf(graph: Graph, [name, ...args]: Call): Entry {
  const fits = ({ parameters }: Entry): boolean => parameters.every(({ tree }, i) => {
    const types = leafTypes(tree);
    return leaves(tree, args[i], name).every(([, values], k) => values.length === elementCount(types[k].shape));
  });
  const found = graph.entries.find((entry) => entry.name === name && fits(entry));
  if (!found) throw new Error(`no entry ${name} takes these arguments`);
  return found;
}

function referenceCall(reference: ReferenceModule, entry: Entry, [name, ...args]: Call): readonly (readonly number[])[] {
  const given = entry.parameters.flatMap(({ tree }, i) => {
    const types = leafTypes(tree);
    return leaves(tree, args[i], name).map(([, values], k) => tensor(types[k], values));
  });
  return reference.call(name, entry.variant, given).map(({ data }) => Array.from(data));
}

/** The largest |found - expected|, against max(1, the largest |expected|) of the tensor. */
const deviation = (found: ArrayLike<number>, expected: ArrayLike<number>): number => {
  let [worst, scale] = [0, 1];
  for (let i = 0; i < expected.length; i++) {
    scale = Math.max(scale, Math.abs(expected[i]));
    const apart = Math.abs(found[i] - expected[i]);
    worst = Math.max(worst, Number.isNaN(apart) ? (Number.isNaN(found[i]) === Number.isNaN(expected[i]) ? 0 : Infinity) : apart);
  }
  return worst / scale;
};

/**
 * Makes the calls, from the initial values of `seed`, in the wasm and js modules and in the reference. Results and all states must be the
 * same bits in js and wasm, and within `band` of the reference: the largest difference in a tensor, against its largest number or 1.
 */
export function agree({ wasm, js, graph }: Sample, calls: readonly Call[], { seed = 1, band = 1e-4 } = {}): void {
  const reference = new ReferenceModule(graph, { seed });
  for (const module of [wasm, js]) module.reset(seed);
  const compare = (path: string, expected: ArrayLike<number>, found: ArrayLike<number>, again: ArrayLike<number>): void => {
    expect(again, `${path}: js and wasm`).toEqual(found);
    expect(deviation(found, expected), `${path}: how far wasm is from the reference`).toBeLessThanOrEqual(band);
  };
  for (const call of calls) {
    const [name, ...args] = call;
    const entry = entryOf(graph, call);
    const expected = referenceCall(reference, entry, call);
    const [found, again] = [wasm, js].map((module): Value => module[name](...args));
    if (entry.result === null) continue;
    const second = leaves(entry.result, again, name);
    leaves(entry.result, found, name).forEach(([path, values], i) => compare(path, expected[i], values, second[i][1]));
  }
  for (const [path, { data }] of Object.entries(wasm.parameters)) compare(path, reference.state(path).data, data, js.parameters[path].data);
  expect(js.save(), "all states").toEqual(wasm.save());
  if (wasm.selfTest) expect(wasm.selfTest().passed, "the module's own test").toBe(true);
}

/** Bytes that an entry's arguments and intermediate values take at most. */
export function workingBytes(program: Program | null, name: string): number {
  const entry = program?.entries.find((candidate) => candidate.name === name);
  if (!program || !entry) return NaN;
  return liveMost({ ...entry, arenaAt: program.memory.constantBytes + program.memory.stateBytes }).arenaBytes;
}

export const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return ab / Math.sqrt(aa * bb);
}

/** Trains with `step` on shuffled batches for some epochs; the learning rate falls to 0 along a cosine. */
export function train(part: Examples, { seed, epochs, lr, size = 32 }: { seed: number; epochs: number; lr: number; size?: number }, step: (x: Float32Array, y: Int32Array, lr: number) => unknown): void {
  const random = randomNumbers(seed);
  const steps = epochs * Math.floor(part.count / size);
  let done = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const { x, y } of batches(part, size, random)) step(x, y, lr * cosineDecay(done++ / steps));
  }
}
