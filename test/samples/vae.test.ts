import { beforeAll, describe, expect, test } from "vitest";
import { agree, figure, inOrder, mean, measured, openSample, type Parts, randomNumbers, readClasses, type Sample, train } from "./support.ts";

measured("bound from {bound before} to {bound} nats; half of the pixels, hidden at random, filled in at {imputation error} of the mean image's error, the lower half at {imputation error, lower half}");

const pixels = 64;
let sample: Sample;
let digits: Parts;
beforeAll(async () => {
  sample = await openSample("vae");
  digits = await readClasses("digits", 1 / 16);
});

/** The mean bound of the held-back images. */
const heldBackBound = (): number =>
  mean([...inOrder(digits.testing, 32)].flatMap(({ x, count }) => Array.from<number>(sample.wasm.bound(x)).slice(0, count)));

/**
 * Squared error on the hidden pixels of the held-back images, against that of the training images' mean: filled in by the mean image of
 * `chains` chains of 200 turns, the first 50 left out, the first chain from z = 0 and the others from random places.
 */
function imputationError(isKnown: (pixel: number) => boolean, chains: number): number {
  const average = Float64Array.from({ length: pixels }, (_, k) => mean(digits.training.x.filter((_, i) => i % pixels === k)));
  const random = randomNumbers(6);
  let [error, plain] = [0, 0];
  for (const { x, count } of inOrder(digits.testing, 32)) {
    const known = Float32Array.from(x, (_, i) => (isKnown(i % pixels) ? 1 : 0));
    const guess = new Float64Array(x.length);
    for (let chain = 0; chain < chains; chain++) {
      let z = Float32Array.from({ length: 32 * 8 }, () => (chain === 0 ? 0 : 4 * random() - 2));
      for (let turn = 0; turn < 200; turn++) {
        const next = sample.wasm.impute(z, x, known, 0.1);
        z = next.z;
        if (turn >= 50) next.image.forEach((value: number, i: number) => { guess[i] += value / (150 * chains); });
      }
    }
    for (let i = 0; i < count * pixels; i++) {
      if (known[i]) continue;
      error += (guess[i] - x[i]) ** 2;
      plain += (average[i % pixels] - x[i]) ** 2;
    }
  }
  return error / plain;
}

describe("vae", () => {
  test("js, wasm and the reference agree", () => {
    const x = digits.training.x.slice(0, 32 * pixels);
    const known = x.map((_, i) => i % 2);
    agree(sample, [["step", x, 0.003], ["step", x, 0.003], ["bound", x], ["sample"], ["impute", new Float32Array(256), x, known, 0.1]], { band: 1e-3 });
  });

  test("on a quadratic, the gradients by mean and by covariance are the closed form", () => {
    const [a, b, center] = [[[2, 0.5, -1], [0.5, 1, 0.25], [-1, 0.25, 3]], [0.3, -0.7, 1.1], [1, -2, 0.5]];
    const { by_mean, by_covariance } = sample.wasm.gaussian_rules(center, [1, 0, 0, 0.5, 1, 0, 0.2, 0.3, 2]);
    a.forEach((row, i) => {
      expect(by_mean[i]).toBeCloseTo(row.reduce((sum, value, k) => sum + value * center[k], b[i]), 5);
      row.forEach((value, j) => expect(by_covariance[3 * i + j]).toBeCloseTo(value / 2, 5));
    });
  });

  // Measured on seed 1: from -139 to 20 nats, and 0.39 of the error; where the lower half is hidden, 0.54 of it.
  test("the bound rises, and half of the pixels, hidden at random, are filled in at half the error of the mean image or less", () => {
    const { wasm } = sample;
    wasm.reset(1);
    const random = randomNumbers(5);
    const atRandom = (): boolean => random() < 0.5;
    const [boundBefore, errorBefore] = [heldBackBound(), imputationError(atRandom, 1)];
    train(digits.training, { seed: 1, epochs: 60, lr: 0.005 }, (x, _, lr) => wasm.step(x, lr));
    expect(figure("bound before", boundBefore)).toBeLessThan(-100);
    expect(figure("bound", heldBackBound())).toBeGreaterThan(10);
    expect(errorBefore).toBeGreaterThan(0.9);
    expect(figure("imputation error", imputationError(atRandom, 1))).toBeLessThan(0.5);
    expect(figure("imputation error, lower half", imputationError((pixel) => pixel < pixels / 2, 8))).toBeLessThan(0.6);
  });
});
