import { beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../targets/index.ts";
import { agree, countRight, figure, openSample, type Parts, readClasses, type Sample, sampleText, train } from "./support.ts";

let sample: Sample;
let digits: Parts;
beforeAll(async () => {
  sample = await openSample("forward-forward");
  digits = await readClasses("digits", 1 / 16);
});

interface Scores { readonly first: Float32Array; readonly second: Float32Array }

/** Part of the held-back images that get their label, by a score made of those of the layers. */
const accuracy = (predict: (x: Float32Array) => Scores, score: (scores: Scores) => Float32Array): number =>
  countRight(digits.testing, 32, 10, (x) => score(predict(x))) / digits.testing.count;
const both = ({ first, second }: Scores): Float32Array => first.map((value, i) => value + second[i]);

describe("forward-forward", () => {
  test("js, wasm and the reference agree", async () => {
    const [x, y] = [digits.training.x.slice(0, 8 * 64), digits.training.y.slice(0, 8)];
    agree(await openSample("forward-forward", { B: 8 }), [["step", x, y, 0.002], ["step_together", x, y, 0.002], ["predict", x]], { band: 1e-3 });
  });

  test("credit between the layers is refused, with its path", async () => {
    const text = (await sampleText("forward-forward")).replace("let seen = stop(normalize(x) * sqrt(In))", "let seen = normalize(x) * sqrt(In)");
    const { diagnostics } = await compile(text, { file: "forward-forward.pull" });
    expect(diagnostics.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      "prove: 'second' is not independent of 'plain.first'",
      "prove: 'second' is not independent of 'together.first'",
    ]);
  });

  // Measured on seeds 1 to 4: 337 to 339 of 355, 337 to 340 by the second layer alone.
  test("two layers that learn by themselves read 94% of the held-back images", () => {
    const { wasm } = sample;
    wasm.reset(1);
    train(digits.training, { seed: 1, epochs: 60, lr: 0.002 }, wasm.step);
    expect(figure("test accuracy", accuracy(wasm.predict, both))).toBeGreaterThanOrEqual(0.94);
    expect(figure("by the second layer", accuracy(wasm.predict, ({ second }) => second))).toBeGreaterThanOrEqual(0.94);
  });

  // Measured on seeds 1 to 4: 331 to 341 of 355. On images this small the layers share the work, and none reads as well alone; the gain
  // of 0.15 points that the paper's setting shows at 28 x 28 does not appear.
  test("layers that count each other's goodness learn about as well together", () => {
    const { wasm } = sample;
    wasm.reset(1);
    train(digits.training, { seed: 1, epochs: 60, lr: 0.002 }, wasm.step_together);
    const together = accuracy(wasm.predict_together, both);
    expect(figure("together", together)).toBeGreaterThanOrEqual(0.92);
    for (const layer of ["first", "second"] as const) expect(accuracy(wasm.predict_together, (scores) => scores[layer])).toBeLessThan(together);
  });
});
