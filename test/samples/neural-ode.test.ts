import { beforeAll, describe, expect, test } from "vitest";
import { build } from "../../targets/compile.ts";
import { agree, figure, measured, openSample, type Sample, sampleText } from "./support.ts";

measured("mean square error on other starts {mean square error on other starts}, from {at the start}; the adjoint's gradient is within {adjoint apart from the derivative of 20 steps} of that of 20 steps and keeps as much for 2,000, where the steps take {bytes of the steps, 2,000 to 20} times as much; error over four times the time {error at tolerance 1e-3} at a tolerance of 1e-3, {error at tolerance 1e-6} at 1e-6, which takes more than 16 steps");

let sample: Sample;
beforeAll(async () => { sample = await openSample("neural-ode", {}, { selfTest: false }); });
const starts = Float32Array.from({ length: 32 }, (_, i) => 1.4 * Math.sin(1 + 2.3 * i));

describe("neural-ode", () => {
  test("js, wasm and the reference agree", async () => {
    const small = await openSample("neural-ode", { N: 2, T: 2, STEPS: 4, MOST: 12 }, { selfTest: false });
    const two = starts.slice(0, 4);
    agree(small, [["step", 0.01], ["step", 0.01], ["validate", two], ["apart", two]], { band: 2e-3 });
  });

  test("learns the spirals from paths", () => {
    const { wasm } = sample;
    wasm.reset(1);
    const before = wasm.validate(starts);
    for (let i = 0; i < 1500; i++) wasm.step(i < 1000 ? 0.01 : 0.002);
    expect(figure("mean square error on other starts", wasm.validate(starts))).toBeLessThan(0.002);
    expect(figure("at the start", before)).toBeGreaterThan(0.3);
    expect(figure("adjoint apart from the derivative of 20 steps", wasm.apart(starts))).toBeLessThan(1e-3);
    const { loose, tight } = wasm.errors(starts);
    expect(figure("error at tolerance 1e-3", loose)).toBeLessThan(0.1);
    expect(figure("error at tolerance 1e-6", tight)).toBeLessThan(loose / 20);
  });

  test("a tighter tolerance takes more steps", async () => {
    const few = await openSample("neural-ode", { MOST: 16 }, { selfTest: false });
    few.wasm.load(sample.wasm.save());
    const { loose, tight } = few.wasm.errors(starts);
    expect(Number.isFinite(loose)).toBe(true);
    expect(tight).toBeNaN();
  });

  test("keeps as much for 2,000 steps as for 20", async () => {
    const text = await sampleText("neural-ode");
    const alone = text.slice(0, text.indexOf("/// The paths")) + (/\/\/\/ The size of[^]*?\n}/.exec(text)?.[0] ?? "");
    const bytes = async (steps: number, adjoint: string): Promise<number> => {
      const { program } = await build(alone.replace("adjoint = continuous", `adjoint = ${adjoint}`), { file: "neural-ode.pull", dims: { STEPS: steps }, selfTest: false });
      return program?.memory.arenaBytes ?? NaN;
    };
    expect(await bytes(2000, "continuous")).toBe(await bytes(20, "continuous"));
    expect(figure("bytes of the steps, 2,000 to 20", (await bytes(2000, "discrete")) / (await bytes(20, "discrete")))).toBeGreaterThan(20);
  });
});
