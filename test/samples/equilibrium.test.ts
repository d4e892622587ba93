import { beforeAll, describe, expect, test } from "vitest";
import { build } from "../../targets/compile.ts";
import { agree, countRight, figure, measured, openSample, type Parts, readClasses, type Sample, sampleText, train } from "./support.ts";

measured("{test accuracy%} of the images; the gradient is within {gradient off by} of that of 200 turns written out, and keeps as much for 600 turns at most as for 60");

let sample: Sample;
let digits: Parts;
beforeAll(async () => {
  sample = await openSample("equilibrium", {}, { selfTest: false });
  digits = await readClasses("digits", 1 / 16);
});

const rows = Float32Array.from({ length: 32 * 64 }, (_, i) => Math.abs(Math.sin(i * 1.7)));
const labels = Int32Array.from({ length: 32 }, (_, i) => (i * 7) % 10);

describe("equilibrium", () => {
  test("js, wasm and the reference agree", async () => {
    const small = await openSample("equilibrium", { B: 2, H: 4 }, { selfTest: false });
    agree(small, [["step", rows.slice(0, 128), labels.slice(0, 2), 0.01], ["check", rows.slice(0, 128), labels.slice(0, 2)]], { band: 2e-3 });
  });

  test("learns digits, and its gradient is that of the iteration written out", () => {
    const { wasm } = sample;
    wasm.reset(1);
    train(digits.training, { seed: 1, epochs: 20, lr: 0.003 }, (x, y, lr) => { wasm.step(x, y, lr); });
    expect(figure("test accuracy", countRight(digits.testing, 32, 10, wasm.predict) / digits.testing.count)).toBeGreaterThanOrEqual(0.95);
    const { gradient, residual } = wasm.check(rows, labels);
    expect(figure("gradient off by", gradient)).toBeLessThan(2e-3);
    expect(figure("residual", residual)).toBeLessThan(1e-4);
  });

  test("keeps as much however many turns the iteration may take", async () => {
    const text = await sampleText("equilibrium");
    const bytes = async (most: number): Promise<number> => {
      const { program } = await build(text.slice(0, text.indexOf("/// The implicit gradient")), { file: "equilibrium.pull", dims: { MOST: most }, selfTest: false });
      return program?.memory.arenaBytes ?? NaN;
    };
    expect(await bytes(600)).toBe(await bytes(60));
  });
});
