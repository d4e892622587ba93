import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readSafetensors, writeSafetensors } from "../../../runtime/safetensors.ts";
import { importScript, type Loaded, scriptOf } from "./load.ts";
import { askingProgram, toyKernels, toyProgram } from "./toy.ts";

let create: (options?: object) => Promise<Loaded>;
let toy: Loaded;
const step = (module: Loaded) => module.step([1, 2, 3, 4, 5, 6], [0, 1], 0.5);

beforeAll(async () => {
  ({ create } = await importScript(scriptOf(toyProgram, [toyKernels])));
});
beforeEach(async () => {
  toy = await create({ seed: 5 });
});

/** A saved file with one tensor or the metadata changed. */
function altered(bytes: Uint8Array, change: (tensors: Map<string, Loaded>, metadata: Record<string, unknown>) => void): Uint8Array {
  const { tensors, metadata } = readSafetensors(bytes);
  const copy = new Map<string, Loaded>([...tensors].map(([name, tensor]) => [name, { ...tensor }]));
  const meta = { ...metadata };
  change(copy, meta);
  return writeSafetensors([...copy.values()], meta as Record<string, string>); // refused for that, if it is not
}

describe("parameters", () => {
  it("are read as copies, written with checks, seen live", () => {
    const w = toy.parameters["net.w"];
    expect(w).toMatchObject({ shape: [3], element: "f32", role: "trained" });
    const copy = w.read();
    w.write([1, 2, 3]);
    expect([...copy]).toEqual([5, 2, 1]);
    expect([...w.data]).toEqual([1, 2, 3]);
    expect(() => w.write([1, 2])).toThrow(`parameters["net.w"].write: the values must be a Float32Array of 3 numbers (f32[3]), found array of 2`);
    expect(Object.keys(toy.parameters)).toEqual(["net.w", "step.adam.m.net.w", "seen"]);
  });
});

describe("seeds", () => {
  it("reset starts again, with the last seed or another", () => {
    const first = toy.save();
    step(toy);
    expect(toy.save()).not.toEqual(first);
    toy.reset();
    expect(toy.save()).toEqual(first);
    toy.reset(6);
    expect([...toy.parameters["net.w"].data]).toEqual([6, 2, 1]);
    expect(readSafetensors(toy.save()).metadata.seed).toBe("6");
  });
  it.each([-1, 0.5, NaN, 2 ** 32, "1"])("%s is none", async (seed) => {
    await expect(create({ seed })).rejects.toThrow(TypeError);
    expect(() => toy.reset(seed)).toThrow("the seed must be a whole number in 0..4294967295");
  });
});

describe("save and load", () => {
  it("carry all tensors, the seed and the call counter to another instance", async () => {
    step(toy);
    step(toy);
    const bytes = toy.save();
    expect(readSafetensors(bytes).metadata).toMatchObject({ seed: "5", calls: "2" });
    const other = await create({ seed: 1, weights: bytes });
    expect(other.save()).toEqual(bytes);
    expect(step(other)).toEqual(step(toy));
    other.reset();
    expect([...other.parameters["net.w"].data]).toEqual([5, 2, 1]);
  });
  it("takes a file inside of a larger buffer, and an ArrayBuffer", () => {
    const bytes = toy.save();
    const larger = new Uint8Array(bytes.length + 3);
    larger.set(bytes, 3);
    toy.load(larger.subarray(3));
    toy.load(bytes.buffer);
    expect(toy.save()).toEqual(bytes);
  });

  const foreign: [string, Parameters<typeof altered>[1], string][] = [
    ["a missing tensor", (t) => t.delete("net.w"), "load: the file has no tensor 'net.w' (F32 [3])"],
    ["a tensor too many", (t) => t.set("extra", { ...t.get("net.w"), name: "extra" }), "load: the file has a tensor 'extra' that this module does not know"],
    ["another shape", (t) => { t.get("net.w").shape = [1, 3]; }, "load: tensor 'net.w' must be F32 [3], the file has F32 [1, 3]"],
    ["another type", (t) => { t.get("net.w").dtype = "I32"; }, "load: tensor 'net.w' must be F32 [3], the file has I32 [3]"],
    ["a byte that is no boolean", (t) => { t.get("seen").bytes = new Uint8Array([0, 2]); }, "load: tensor 'seen' holds bytes that are no booleans"],
    ["another signature", (_, m) => { m.signature = "0"; }, "load: the file's signature is 0, this module's "],
    ["no call counter", (_, m) => { delete m.calls; }, `load: the file's metadata has no valid calls: use { only: "parameters" } for weights from elsewhere`],
  ];
  it.each(foreign)("%s: refused whole", (_, change, message) => {
    const bytes = toy.save();
    step(toy);
    const before = toy.save();
    expect(() => toy.load(altered(bytes, change))).toThrow(message);
    expect(toy.save()).toEqual(before);
  });
  it("a file cut at any byte is refused whole", () => {
    const bytes = toy.save();
    step(toy);
    const before = toy.save();
    for (let length = 0; length < bytes.length; length++) expect(() => toy.load(bytes.subarray(0, length))).toThrow(Error);
    expect(toy.save()).toEqual(before);
    expect(() => toy.load("weights.safetensors")).toThrow(new TypeError("load: expected the bytes of a safetensors file, found string weights.safetensors"));
  });
  it("only: parameters takes the weights of any file and leaves the rest", () => {
    step(toy);
    const weights = { name: "net.w", dtype: "F32", shape: [3], bytes: new Uint8Array(new Float32Array([7, 8, 9]).buffer) };
    toy.load(writeSafetensors([weights, { ...weights, name: "other" }], {}), { only: "parameters" });
    expect([...toy.parameters["net.w"].data]).toEqual([7, 8, 9]);
    expect([...toy.parameters["step.adam.m.net.w"].data]).toEqual([4, 5, 6]);
    toy.load(writeSafetensors([weights], {}), { only: "net" });
    expect(() => toy.load(writeSafetensors([weights], {}), { only: "ne" })).toThrow("load: nothing here is called 'ne'");
    expect(() => toy.load(writeSafetensors([], {}), { only: "parameters" })).toThrow("load: the file has no tensor 'net.w' (F32 [3])");
  });
});

describe("entries that reach the host", () => {
  let ask: Loaded;
  beforeAll(async () => {
    ask = await importScript(scriptOf(askingProgram, [toyKernels]));
  });
  it("return promises", async () => {
    const module = await ask.create({ externs: { gauge: async (a: Float32Array) => [a[0] + 1, 10] } });
    expect(await module.ask(4)).toBe(19);
  });
  it("need their externs at create", async () => {
    await expect(ask.create()).rejects.toThrow(new TypeError("create: extern fn 'gauge' is missing: give { externs: { gauge } }"));
  });
  it("put the state back if the host fails or answers wrongly", async () => {
    let answer: () => unknown = () => { throw new Error("offline"); };
    const module = await ask.create({ externs: { gauge: () => answer() } });
    const before = module.save();
    await expect(module.ask(4)).rejects.toThrow("offline");
    expect(module.save()).toEqual(before);
    answer = () => [1];
    await expect(module.ask(4)).rejects.toThrow(new TypeError("extern fn gauge: its result must be a Float32Array of 2 numbers (f32[2]), found array of 1"));
    expect(module.save()).toEqual(before);
    answer = () => [1, 2];
    expect(await module.ask(4)).toBe(3);
  });
  it("keep others out while they wait", async () => {
    let go: (values: number[]) => void = () => {};
    const module = await ask.create({ externs: { gauge: () => new Promise((resolve) => { go = resolve; }) } });
    const pending = module.ask(1);
    expect(() => step(module)).toThrow("step: ask is still running; await it first");
    expect(() => module.save()).toThrow("save: ask is still running; await it first");
    await expect(module.ask(1)).rejects.toThrow("ask: ask is still running; await it first");
    go([1, 1]);
    await pending;
    step(module);
  });
});
