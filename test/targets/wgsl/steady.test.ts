/** A step that has run before makes nothing on the device: no buffer, no pipeline, no bind group. */
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { openGpu } from "../../../runtime/webgpu.ts";
import { build } from "../../../targets/compile.ts";
import { adapter, disposableDevice } from "./device.ts";
import { openModule } from "./modules.ts";

const makers = ["createBuffer", "createBindGroup", "createBindGroupLayout", "createPipelineLayout", "createShaderModule", "createComputePipeline", "createComputePipelineAsync", "createQuerySet"] as const;

/** A device that notes by name what it makes. */
async function watchedDevice(): Promise<{ readonly device: GPUDevice; readonly made: string[] }> {
  const device = await disposableDevice();
  const made: string[] = [];
  for (const name of makers) {
    const make: (...args: never[]) => unknown = device[name].bind(device);
    Object.defineProperty(device, name, { value: (...args: never[]) => {
      made.push(name);
      return make(...args);
    } });
  }
  return { device, made };
}

describe.skipIf(adapter === null)("on WGSL, what has run before makes nothing", () => {
  test("a step of digits, alone and with others under way", async () => {
    const { device, made } = await watchedDevice();
    const source = await readFile(new URL("../../../samples/digits.pull", import.meta.url), "utf8");
    const module = await openModule(await build(source, { file: "digits.pull", targets: ["wgsl"], selfTest: false }), { device });
    const [x, y] = [new Float32Array(32 * 64).fill(0.5), new Int32Array(32)];
    const steps = (count: number): Promise<unknown> => Promise.all(Array.from({ length: count }, () => module.step(x, y, 0.01)));
    expect(made).toContain("createComputePipelineAsync");
    await steps(8);
    for (const count of [1, 32]) await module.predict(new Float32Array(64 * count));
    made.length = 0;
    for (let i = 0; i < 5; i++) await steps(1);
    await steps(8);
    expect(made).toEqual([]);
    await module.save();
    expect(made, "what has not been read before").toEqual(["createBuffer"]);
    device.destroy();
  });
});

describe.skipIf(adapter === null)("a shader that the driver refuses", () => {
  test("is an error of what runs it, and of nothing else", async () => {
    const device = await disposableDevice();
    const good = "@group(0) @binding(0) var<storage, read_write> m: array<u32>; @compute @workgroup_size(1) fn main() { m[0] = 7u; }";
    const gpu = await openGpu(device, 16, [["good", good, 1, 1], ["bad", good.replace("7u", "seven"), 1, 1]], [[0], [1]]);
    const bad = gpu.run([1], [[0, 4]]);
    const after = gpu.run([0], [[0, 4]]);
    await expect(bad).rejects.toThrow(/the device refuses bad: .*seven/s);
    expect(new Uint32Array(await after)).toEqual(Uint32Array.of(7));
    device.destroy();
  });
});
