import { beforeAll, describe, expect, test } from "vitest";
import { agree, batches, figure, measured, openSample, type Parts, randomNumbers, readClasses, type Sample } from "./support.ts";

measured("at rates 0.3, 1, 10 and 100 it reads {inference learning at 0.3%}, {inference learning at 1%}, {inference learning at 10%} and {inference learning at 100%} of the images, where gradient descent diverges to {gradient descent at 0.3%}");

let sample: Sample;
let digits: Parts;
beforeAll(async () => {
  sample = await openSample("inference-learning");
  digits = await readClasses("digits", 1 / 16);
});

/** Two epochs of both nets from one start: the share of held-back images that each gets right. */
function trained(seed: number, lr: number): { inference: number; descent: number } {
  const { wasm } = sample;
  wasm.reset(seed);
  const random = randomNumbers(seed);
  for (let epoch = 0; epoch < 2; epoch++) {
    const [{ x, y }] = batches(digits.training, 1442, random);
    const { before, after } = wasm.learn(x, y, lr, 0.1);
    expect(after).toBeLessThan(before);
    wasm.descend(x, y, lr);
  }
  const { inference, descent } = wasm.accuracies(digits.testing.x, digits.testing.y);
  figure(`inference learning at ${lr}`, inference);
  figure(`gradient descent at ${lr}`, descent);
  return { inference, descent };
}

describe("inference-learning", () => {
  test("js, wasm and the reference agree", async () => {
    const small = await openSample("inference-learning", { N: 3 });
    const x = digits.training.x.slice(0, 3 * 64);
    agree(small, [["learn", x, [4, 0, 9], 0.1, 0.1], ["descend", x, [4, 0, 9], 0.1], ["accuracies", digits.testing.x, digits.testing.y]], { band: 1e-3 });
  });

  test("both learn at a small rate", () => {
    const { inference, descent } = trained(1, 0.1);
    expect(inference).toBeGreaterThanOrEqual(0.88);
    expect(descent).toBeGreaterThanOrEqual(0.85);
  });

  test.each([0.3, 1, 10, 100])("at %d gradient descent diverges, inference learning does not", (lr) => {
    for (const seed of [1, 2]) {
      const { inference, descent } = trained(seed, lr);
      expect(inference).toBeGreaterThanOrEqual(0.55);
      expect(descent).toBeLessThan(0.15);
    }
  });
});
