import { beforeAll, describe, expect, test } from "vitest";
import { readMnist } from "../../samples/mnist.mjs";
import { agree, batches, countRight, figure, measured, openSample, type Parts, randomNumbers, type Sample, train } from "./support.ts";

measured("at 28 x 28, three blocks: {credit within a layer: test accuracy%}, {credit within a block: test accuracy%} and {credit within the network: test accuracy%} of the images after two epochs; {credit within a layer: working memory, MB}, {credit within a block: working memory, MB} and {credit within the network: working memory, MB} MB of working memory");

const spans = ["a layer", "a block", "the network"] as const;
let samples: readonly Sample[];
let small: Sample;
let digits: Parts;
beforeAll(async () => {
  samples = await Promise.all(spans.map((_, span) => openSample("local-blocks", { SPAN: span }, { selfTest: false })));
  small = await openSample("local-blocks", { B: 4 });
  digits = await readMnist();
}, 120_000);

/** The share of the held-back images that are read after two epochs, by span. */
const accuracies: number[] = [];

describe("local-blocks", () => {
  test("js, wasm and the reference agree", () => {
    const [{ x, y }] = batches(digits.training, 4, randomNumbers(9));
    agree(small, [["step", x, y, 0.003], ["step", x, y, 0.003], ["predict", x]]);
  });

  test.each(spans.map((span, i) => [span, i] as const))("credit within %s trains", (span, i) => {
    const { wasm } = samples[i];
    wasm.reset(1);
    train(digits.training, { seed: 1, epochs: 2, lr: 0.003 }, wasm.step);
    accuracies[i] = figure(`credit within ${span}: test accuracy`, countRight(digits.testing, 32, 10, wasm.predict) / digits.testing.count);
    expect(accuracies[i]).toBeGreaterThanOrEqual([0.93, 0.95, 0.95][i]);
  }, 60_000);

  test("a block's credit reads as well as all of it", () => {
    expect(accuracies[1]).toBeGreaterThanOrEqual(accuracies[2] - 0.005);
  });

  test("and needs half of the memory", () => {
    const [layer, block, whole] = samples.map(({ built }, i) => figure(`credit within ${spans[i]}: working memory, MB`, (built.program?.memory.arenaBytes ?? 0) / 1e6));
    expect(whole / block).toBeGreaterThanOrEqual(1.8);
    expect(whole / layer).toBeGreaterThanOrEqual(2);
  });
});
