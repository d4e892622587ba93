import { beforeAll, describe, expect, test } from "vitest";
import { readMnist } from "../../samples/mnist.mjs";
import { compile } from "../../targets/index.ts";
import { agree, countRight, figure, mean, measured, openSample, type Parts, readClasses, type Sample, sampleText, train } from "./support.ts";

measured("at 28 x 28, two layers of 200, means over six starts: alone {alone, both%} of the images, {alone, first%} by the first layer and {alone, second%} by the second; with a tenth of the other's goodness given {given, both%}, {given, first%} and {given, second%}");

/** A start takes two trainings of some eight seconds. */
const seeds = process.env.FIGURES ? [1, 2, 3, 4, 5, 6] : [1, 2];

let sample: Sample;
let digits: Parts;
beforeAll(async () => {
  sample = await openSample("forward-forward", {}, { selfTest: false });
  digits = await readMnist();
});

interface Scores { readonly first: Float32Array; readonly second: Float32Array }

/** Part of the held-back images that get their label, by a score made of those of the layers. */
const accuracy = (predict: (x: Float32Array) => Scores, score: (scores: Scores) => Float32Array): number =>
  countRight(digits.testing, 64, 10, (x) => score(predict(x))) / digits.testing.count;
const both = ({ first, second }: Scores): Float32Array => first.map((value, i) => value + second[i]);

describe("forward-forward", () => {
  test("js, wasm and the reference agree", async () => {
    const { training } = await readClasses("digits", 1 / 16);
    const [x, y] = [training.x.slice(0, 8 * 64), training.y.slice(0, 8)];
    agree(await openSample("forward-forward", { B: 8, In: 64, H: 32 }), [["step", x, y, 0.002, 0], ["step", x, y, 0.002, 1], ["predict", x]], { band: 1e-3 });
  });

  test("credit between the layers is refused, with its path", async () => {
    const text = (await sampleText("forward-forward")).replace("let seen = stop(normalize(x) * sqrt(I))", "let seen = normalize(x) * sqrt(I)");
    const { diagnostics } = await compile(text, { file: "forward-forward.pull" });
    expect(diagnostics.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      "prove: 'second' is not independent of 'net.first'",
    ]);
  });

  // Threshold, sharpness and the tenth were chosen on images held back from the training images: of thresholds 1 to 5, of sharpness 2 to 16,
  // of a tenth, three tenths and all of the other's goodness. With all of it the layers share the work, and read no better.
  test("layers that are given some of each other's goodness read more than those that learn alone, the second gains more than the first", () => {
    const { wasm } = sample;
    const results = seeds.map((seed) => [0, 0.1].map((given) => {
      wasm.reset(seed);
      train(digits.training, { seed, epochs: 20, lr: 0.002, size: 64 }, (x, y, lr) => wasm.step(x, y, lr, given));
      return { both: accuracy(wasm.predict, both), first: accuracy(wasm.predict, ({ first }) => first), second: accuracy(wasm.predict, ({ second }) => second) };
    }));
    const [alone, given] = [0, 1].map((way) => {
      const of = (part: "both" | "first" | "second"): number => figure(`${way === 0 ? "alone" : "given"}, ${part}`, mean(results.map((ways) => ways[way][part])));
      return { both: of("both"), first: of("first"), second: of("second") };
    });
    expect(alone.both).toBeGreaterThanOrEqual(0.925);
    expect(given.both).toBeGreaterThanOrEqual(alone.both);
    expect(given.second - alone.second).toBeGreaterThan(given.first - alone.first);
  }, 400_000);
});
