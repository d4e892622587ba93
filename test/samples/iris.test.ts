import { beforeAll, describe, expect, test } from "vitest";
import { agree, countRight, figure, measured, openSample, type Parts, readClasses, type Sample, standardise } from "./support.ts";

measured("{right of 30} flowers, the largest slope {largest slope}");

let sample: Sample;
let iris: Parts;
beforeAll(async () => {
  sample = await openSample("iris");
  iris = standardise(await readClasses("iris"));
});

describe("iris", () => {
  test("js, wasm and the reference agree", () => {
    const { x, y } = iris.training;
    agree(sample, [["step", x, y, 0.5], ["step", x, y, 0.5], ["step", x, y, 0.5], ["predict", iris.testing.x], ["predict", x.slice(0, 4)]], { band: 1e-5 });
  });

  test("two starts come to the same minimum, which tells 28 of 30 flowers", () => {
    const { wasm } = sample;
    const ends = [1, 2].map((seed) => {
      wasm.reset(seed);
      const { x, y } = iris.training;
      const first = wasm.step(x, y, 0.5);
      for (let i = 0; i < 2000; i++) wasm.step(x, y, 0.5);
      return { first, last: wasm.step(x, y, 0.5), weight: wasm.parameters["classifier.weight"].read(), right: countRight(iris.testing, 30, 3, wasm.predict) };
    });
    for (const { first, last, right } of ends) {
      expect(figure("largest slope", last.slope)).toBeLessThan(1e-5);
      expect(last.loss).toBeLessThan(first.loss / 2);
      expect(figure("right of 30", right)).toBeGreaterThanOrEqual(28);
    }
    expect(ends[0].first.loss).not.toBeCloseTo(ends[1].first.loss, 3);
    expect(ends[0].last.loss).toBeCloseTo(ends[1].last.loss, 5);
    ends[0].weight.forEach((value, i) => expect(value).toBeCloseTo(ends[1].weight[i], 3));
  });
});
