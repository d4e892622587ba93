import { describe, expect, it } from "vitest";
import { compile } from "../../../targets/index.ts";
import { line } from "../../cli/command.ts";
import { importScript } from "./load.ts";

const scriptOf = async (source: string) => String((await compile(source, { file: "line.pull", targets: ["js"] })).files[0].contents);

describe("selfTest", () => {
  it("agrees with the f64 reference and leaves everything as it was", async () => {
    const { create } = await importScript(await scriptOf(line));
    const module = await create({ seed: 9 });
    module.step(new Float32Array(12).fill(1), [1, 2, 3, 4], 0.1);
    const before = module.save();
    expect(module.selfTest()).toMatchObject({ passed: true });
    expect(module.selfTest().deviation).toBeLessThan(0.1);
    expect(module.save()).toEqual(before);
  });
  it("names what a broken engine gets wrong", async () => {
    const script = await scriptOf(line);
    const broken = script.replace("kernels = jsKernels(buffer);", "$& const right = kernels.predict_1; kernels.predict_1 = () => { right(); new Float32Array(buffer).fill(3); };");
    expect(broken).not.toBe(script);
    const { create } = await importScript(broken);
    const { passed, worst, deviation } = (await create()).selfTest();
    expect(passed).toBe(false);
    expect(worst).toBe("predict_1: result");
    expect(deviation).toBeGreaterThan(1);
  });
  it("draws the same random numbers", async () => {
    const { create } = await importScript(await scriptOf("export fn f(x: f32[64]) -> f32[64] = x + normal([64]) * uniform([64])\n"));
    expect((await create({ seed: 4 })).selfTest()).toMatchObject({ passed: true });
  });
  it("is there for every entry that is cheap and needs no host", async () => {
    const script = await scriptOf("extern fn ask(x: f32) -> f32\nexport fn f(x: f32) -> f32 = ask(x)\nexport fn g(x: f32) -> f32 = 2 * x\n");
    expect(script).toMatch(/\["g",/);
    expect(script).not.toMatch(/\["f",/);
    const module = await (await importScript(script)).create({ externs: { ask: async (x: number) => x + 1 } });
    expect(module.selfTest()).toMatchObject({ passed: true });
    expect(await module.f(2)).toBe(3);
  });
  it("leaves out what rounding alone decides: a key's bias has no slope, and Adam makes whole steps of what is left of it", async () => {
    const script = await scriptOf(`
      var net = Attention[16, 2]
      export train fn step(x: f32[4, 8, 16]) -> f32 {
        let l = mean(net(x) ^ 2)
        minimize l over net with adam(lr = 0.01)
        return l
      }`);
    const module = await (await importScript(script)).create();
    expect(module.selfTest()).toMatchObject({ passed: true });
    expect(Object.keys(module.parameters).filter((path) => path.startsWith("net.") && !script.includes(`["${path}","f32",`))).toEqual(["net.qkv.bias"]);
  });
});
