/** Modules built for WGSL: the same numbers as on wasm, the same API with promises. */
import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { build } from "../../../targets/compile.ts";
import { instantiate } from "../../../targets/index.ts";
import { batches, randomNumbers, readClasses } from "../../samples/support.ts";
import { adapter, disposableDevice, openDevice } from "./watched.ts";
import { type GpuInstance, openModule } from "./modules.ts";

const source = await readFile(new URL("../../../samples/digits.pull", import.meta.url), "utf8");
const builtFor = (targets: readonly ("wasm" | "wgsl")[]) => build(source, { file: "digits.pull", targets });

describe.skipIf(adapter === null)("digits on WGSL", () => {
  let gpu: GpuInstance;
  let wasm: Awaited<ReturnType<typeof instantiate>>;
  beforeAll(async () => {
    gpu = await openModule(await builtFor(["wgsl"]), { seed: 1 });
    wasm = await instantiate(await builtFor(["wasm"]), { seed: 1 });
  });

  test("starts from the same bits", async () => {
    for (const [name, parameter] of Object.entries(wasm.parameters)) expect(await gpu.parameters[name].read(), name).toEqual(parameter.read());
    expect(await gpu.save()).toEqual(wasm.save());
  });

  test("100 steps, submitted without waiting, have the losses of wasm", async () => {
    const { training } = await readClasses("digits", 1 / 16);
    const rows = [...batches(training, 32, randomNumbers(1))].slice(0, 40);
    const found = Array.from({ length: 100 }, (_, i) => gpu.step(rows[i % 40].x, rows[i % 40].y, 0.01));
    for (const [i, result] of found.entries()) {
      const expected = wasm.step(rows[i % 40].x, rows[i % 40].y, 0.01);
      const { loss, accuracy } = await result as { loss: number; accuracy: number };
      expect(Math.abs(loss - expected.loss), `step ${i}`).toBeLessThan(1e-3);
      expect(Math.abs(accuracy - expected.accuracy), `step ${i}`).toBeLessThanOrEqual(1 / 32);
    }
  });

  test("saves, loads and resets", async () => {
    const saved = await gpu.save();
    await gpu.reset(1);
    wasm.reset(1);
    expect(await gpu.save()).toEqual(wasm.save());
    await gpu.load(saved);
    expect(await gpu.save()).toEqual(saved);
    await gpu.reset();
    await gpu.load(saved, { only: "parameters" });
    wasm.load(saved, { only: "parameters" });
    expect(await gpu.save()).toEqual(wasm.save());
    await expect(gpu.load(new Uint8Array(3))).rejects.toThrow("not a whole safetensors file");
  });

  test("tests itself and leaves everything as it was", async () => {
    const before = await gpu.save();
    expect(await gpu.selfTest()).toMatchObject({ passed: true });
    expect(await gpu.save()).toEqual(before);
  });

  test("variants, results in places of the caller, wrong arguments", async () => {
    const [one, many] = [new Float32Array(64).fill(0.5), new Float32Array(32 * 64).fill(0.5)];
    const first = await gpu.predict(one) as Float32Array;
    expect(first.length).toBe(10);
    expect((await gpu.predict(many) as Float32Array).length).toBe(320);
    const out = new Float32Array(10);
    expect(await gpu.predict(one, { out })).toBe(out);
    expect(out).toEqual(first);
    await expect(gpu.step(one, new Int32Array(32), 0.1)).rejects.toThrow("step: argument 1 'x' must be a Float32Array of 2048 numbers");
    await expect(gpu.step(many, new Int32Array(32).fill(10), 0.1)).rejects.toThrow("indices in 0..9");
  });

  test("target auto takes the device, or the processor with the same promises", async () => {
    const both = await builtFor(["wasm", "wgsl"]);
    const bytes = both.files.find(({ name }) => name.endsWith(".wasm"))?.contents;
    const x = new Float32Array(64).fill(0.25);
    const [first, second] = [await openModule(both, { seed: 1 }), await openModule(both, { seed: 1, target: "wasm", wasm: bytes })];
    expect(await first.save()).toEqual(await second.save());
    const [a, b] = [await first.predict(x) as Float32Array, await second.predict(x) as Float32Array];
    a.forEach((value, i) => expect(Math.abs(value - b[i])).toBeLessThan(1e-6));
  });

  test("without an adapter, create says what to do", async () => {
    const built = await builtFor(["wgsl"]);
    await expect(instantiate(built)).rejects.toThrow("there is no WebGPU adapter");
    await expect(instantiate(built)).rejects.toMatchObject({ name: "NoAdapterError" });
  });

  test("a device without enough memory is an error by name", async () => {
    const device = await disposableDevice();
    const scopes = [null, { message: "it is full" }]; // as the driver answers: validation, then memory
    Object.defineProperty(device, "popErrorScope", { value: async () => scopes.shift() });
    await expect(openModule(await builtFor(["wgsl"]), { device })).rejects.toMatchObject({ name: "OutOfMemoryError", message: expect.stringContaining("it is full") });
    device.destroy();
  });

  test("a lost device is an error by name; what was saved goes on elsewhere", async () => {
    const device = await disposableDevice();
    const built = await builtFor(["wgsl"]);
    const lost = await openModule(built, { seed: 3, device });
    const saved = await lost.save();
    device.destroy();
    await device.lost;
    await expect(lost.predict(new Float32Array(64))).rejects.toMatchObject({ name: "DeviceLostError" });
    await expect(lost.save()).rejects.toThrow("create the module again and load what was saved last");
    const next = await openModule(built, { weights: saved });
    expect(await next.save()).toEqual(saved);
  });

  test("truth values, and a call of the host in the middle", async () => {
    const text = `
extern fn halve(x: f32[3], keep: bool[3]) -> bool[3]
export fn f(x: f32[3], keep: bool[3], all: bool) -> { y: f32[3], kept: bool[3], none: bool } {
  let answer = halve(x * 2, keep)
  return { y: where(answer, x, -x), kept: answer && keep, none: !all }
}
`;
    const host = await build(text, { file: "host.pull", targets: ["wgsl"] });
    expect(host.diagnostics).toEqual([]);
    const given: unknown[] = [];
    const module = await openModule(host, { externs: { halve: (x: Float32Array, keep: Uint8Array) => {
      given.push([...x], [...keep]);
      return Uint8Array.of(1, 0, 1);
    } } });
    const call = module.f(Float32Array.of(1, 2, 3), Uint8Array.of(1, 1, 0), true);
    await expect(module.f(Float32Array.of(1, 2, 3), Uint8Array.of(1, 1, 0), true)).rejects.toThrow("f is still running");
    expect(await call).toEqual({ y: Float32Array.of(1, -2, 3), kept: Uint8Array.of(1, 0, 0), none: false });
    expect(given).toEqual([[2, 4, 6], [1, 1, 0]]);
  });
});
