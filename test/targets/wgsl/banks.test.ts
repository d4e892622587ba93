/** Memory in several buffers: programs in very small ones have the results that they have in one, and large programs fit into every device. */
import { describe, expect, test } from "vitest";
import type { Region } from "../../../compiler/ir/graph.ts";
import { optimize } from "../../../compiler/optimize/index.ts";
import type { Machine } from "../../../compiler/program.ts";
import { evaluate, type Tensor } from "../../../compiler/reference/index.ts";
import { schedule } from "../../../compiler/schedule/index.ts";
import { build } from "../../../targets/compile.ts";
import { emitShaders, wgsl } from "../../../targets/wgsl/index.ts";
import { scans, whiles } from "../../ops/loop-cases.ts";
import { randomGraph } from "../../ops/random-graph.ts";
import { randomLoop } from "../../ops/random-loop.ts";
import { Random } from "../../ops/random.ts";
import { difference, graphOf } from "../../schedule/run.ts";
import { openModule } from "./modules.ts";
import { runRegion } from "./run.ts";
import { adapter, disposableDevice } from "./watched.ts";

const tiny: Machine = { ...wgsl.machine, bankBytes: 16 };

const inTiny = async (region: Region, args: readonly Tensor[]): Promise<string | undefined> =>
  difference(evaluate(region, args, { round: "f32" }), await runRegion(region, args, false, tiny), 1e-4);

test("no value lies across banks, no shader binds more than 8, every place is in its bank", () => {
  for (let seed = 0; seed < 40; seed++) {
    const program = schedule(optimize(graphOf(randomLoop(seed).region)), tiny);
    const { bankBytes = 0, peakBytes } = program;
    expect(peakBytes, `seed ${seed}`).toBeLessThanOrEqual(8 * bankBytes);
    for (const { banks } of emitShaders(program).shaders) {
      expect(new Set(banks).size).toBe(banks.length);
      for (const bank of banks) expect(bank * bankBytes).toBeLessThan(peakBytes);
    }
    for (const { places } of emitShaders(program).runs) for (const place of places) if (typeof place === "number") expect(4 * place).toBeLessThanOrEqual(bankBytes);
  }
});

describe.skipIf(adapter === null)("in banks on WGSL", () => {
  test("random graphs", async () => {
    for (let seed = 0; seed < 15; seed++) {
      const { region, args } = randomGraph(seed, { nodes: 40 });
      expect.soft(await inTiny(region, args), `seed ${seed}`).toBeUndefined();
    }
  });

  test("loops", async () => {
    for (const make of [...Object.values(scans), ...Object.values(whiles)]) {
      const region = make();
      const args = new Random(5).tensors(region.params.map((param) => region.types[param]), { low: -1, high: 1 })
        .map(({ type, data }) => ({ type, data: type.element === "i32" ? data.map((x) => Math.abs(x % 5)) : data }));
      expect.soft(await inTiny(region, args)).toBeUndefined();
    }
    for (let seed = 0; seed < 15; seed++) {
      const { region, args } = randomLoop(seed);
      expect.soft(await inTiny(region, args), `seed ${seed}`).toBeUndefined();
    }
  });

  test("a program of more than 128 MiB on a device that promises no more than all do", async () => {
    const built = await build(`
      var a: f32[20000000] = 0
      var b: f32[20000000] = 0
      export train fn step(x: f32) -> f32 {
        a <- a + x
        b <- b + 2 * a
        return a[19999999] + b[19999999] + b[0]
      }`, { file: "large.pull", targets: ["wgsl"], selfTest: false });
    expect(built.diagnostics).toEqual([]);
    expect(String(built.files[0].contents)).toContain("bankBytes: 134217728");
    const device = await disposableDevice();
    expect(device.limits.maxStorageBufferBindingSize).toBe(2 ** 27);
    const module = await openModule(built, { device });
    expect(await module.step(1)).toBe(5);
    expect(await module.step(1)).toBe(14);
    expect((await module.parameters.b.read())[10_000_000]).toBe(6);
    device.destroy();
  });

  test("one value of more than that takes a device that offers more, and says so", async () => {
    const built = await build("var a: f32[40000000] = 0\nexport train fn step(x: f32) -> f32 {\n  a <- a + x\n  return a[39999999]\n}", { file: "larger.pull", targets: ["wgsl"], selfTest: false });
    const device = await disposableDevice();
    await expect(openModule(built, { device })).rejects.toMatchObject({ name: "OutOfMemoryError", message: expect.stringContaining("in one buffer, this device has at most 134217728") });
    device.destroy();
    if ((adapter?.limits.maxStorageBufferBindingSize ?? 0) < 160_000_000) return;
    expect(await (await openModule(built)).step(1)).toBe(1);
  });
});
