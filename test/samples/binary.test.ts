import { beforeAll, describe, expect, test } from "vitest";
import { agree, countRight, figure, measured, openSample, type Parts, readClasses, type Sample, train } from "./support.ts";

measured("{test accuracy%} of the images");

let sample: Sample;
let digits: Parts;
beforeAll(async () => {
  sample = await openSample("binary");
  digits = await readClasses("digits", 1 / 16);
});

describe("binary", () => {
  test("js, wasm and the reference agree", () => {
    const [x, y] = [digits.training.x.slice(0, 32 * 64), digits.training.y.slice(0, 32)];
    agree(sample, [["step", x, y, 0.003], ["step", x, y, 0.003], ["predict", x], ["passed", [-2, -1, 0, 0.5, 1.5]]]);
  });

  test("a sign passes credit straight through within [-1, 1] and none outside", () => {
    expect([...sample.wasm.passed([-2, -1, 0, 0.5, 1.5])]).toEqual([0, 1, 1, 1, 0]);
  });

  // Measured on seeds 1 to 5: 330 to 337 of 355.
  test("weights of 1 and -1 read at least 91% of the held-back images", () => {
    const { wasm } = sample;
    wasm.reset(1);
    train(digits.training, { seed: 1, epochs: 40, lr: 0.003 }, wasm.step);
    expect(figure("test accuracy", countRight(digits.testing, 32, 10, wasm.predict) / digits.testing.count)).toBeGreaterThanOrEqual(0.91);
    const before = wasm.predict(digits.testing.x.slice(0, 32 * 64));
    for (const name of ["net.hidden.weight", "net.output.weight"]) {
      const weight = wasm.parameters[name].read();
      expect(Math.max(...weight.map(Math.abs))).toBeLessThanOrEqual(1);
      wasm.parameters[name].write(weight.map((value) => (value < 0 ? -1 : 1)));
    }
    // Only the signs count.
    expect(wasm.predict(digits.testing.x.slice(0, 32 * 64))).toEqual(before);
  });
});
