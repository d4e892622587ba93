import { beforeAll, describe, expect, test } from "vitest";
import { agree, batches, countRight, figure, measured, openSample, type Parts, randomNumbers, readClasses, type Sample, train } from "./support.ts";

measured("{share of the images, private%} of the images with each example's gradient clipped from up to {the longest gradient before} to 1 and noise of deviation 1 on their sum");

let sample: Sample;
let digits: Parts;
beforeAll(async () => {
  sample = await openSample("per-example");
  digits = await readClasses("digits", 1 / 16);
});

describe("per-example", () => {
  test("js, wasm and the reference agree", () => {
    const [{ x, y }] = batches(digits.training, 32, randomNumbers(9));
    agree(sample, [["lengths", x, y], ["private_step", x, y, 0.1, 0.5], ["lengths", x, y]]);
  });

  test("the mean of the gradients is the gradient of the mean", () => {
    const { wasm } = sample;
    wasm.reset(1);
    const [{ x, y }] = batches(digits.training, 32, randomNumbers(1));
    const found = wasm.lengths(x, y);
    const size = Math.max(...Array.from<number>(found.batch).map(Math.abs));
    found.batch.forEach((value: number, i: number) => expect(Math.abs(found.mean[i] - value)).toBeLessThan(1e-5 * size));
    // An example alone, as a batch of copies, has the length that it has among others.
    const copies = { x: new Float32Array(32 * 64), y: new Int32Array(32).fill(y[3]) };
    for (let i = 0; i < 32; i++) copies.x.set(x.subarray(3 * 64, 4 * 64), i * 64);
    const alone = wasm.lengths(copies.x, copies.y);
    expect(alone.each[0] / found.each[3]).toBeCloseTo(1, 4);
    expect(Math.abs(alone.noise) / alone.each[0] ** 2).toBeLessThan(1e-4);
    expect(found.noise).toBeGreaterThan(0);
  });

  // Each example moves the sum by no more than 1, whatever it is: the longest would be far above.
  test("private steps learn", () => {
    const { wasm } = sample;
    wasm.reset(1);
    let [longest, clipped] = [0, 0];
    train(digits.training, { seed: 1, epochs: 10, lr: 0.1 }, (x, y, lr) => {
      clipped = Math.max(clipped, ...wasm.lengths(x, y).each);
      longest = Math.max(longest, wasm.private_step(x, y, lr, 1).longest);
    });
    expect(longest).toBeLessThan(1 + 1e-5);
    expect(figure("the longest gradient before", clipped)).toBeGreaterThan(2);
    expect(figure("share of the images, private", countRight(digits.testing, 32, 10, wasm.predict) / digits.testing.count)).toBeGreaterThan(0.8);
  });
});
