import { beforeAll, describe, expect, test } from "vitest";
import { agree, countRight, figure, measured, openSample, type Parts, readClasses, type Sample, train } from "./support.ts";

measured("the least cosine with backpropagation's credit is {1 - least cosine} below 1; {test accuracy%} of the images at 4 x 4, by a linear net");

let sample: Sample;
let digits: Parts;
beforeAll(async () => {
  sample = await openSample("foton");
  digits = await readClasses("digits", 1 / 16);
});
const some = (): readonly [Float32Array, Int32Array] => [digits.training.x.slice(0, 32 * 64), digits.training.y.slice(0, 32)];

/** What the module must keep: each layer is told backpropagation's credit, and the weights stay orthogonal. */
function expectExact(): void {
  const { cosine, off } = sample.wasm.compare(...some());
  expect(figure("1 - least cosine", 1 - Math.min(...cosine))).toBeLessThan(1e-5);
  expect(off).toBeLessThan(1e-5);
}

describe("foton", () => {
  test("js, wasm and the reference agree", () => {
    const [x, y] = some();
    agree(sample, [["refresh"], ["step", x, y, 0.03], ["refresh"], ["compare", x, y], ["predict", x]]);
  });

  test("with F of another net the credit is another", () => {
    sample.wasm.reset(1);
    sample.wasm.refresh();
    sample.wasm.parameters.feedback.write(Float32Array.from({ length: 16 * 16 }, (_, i) => (i % 17 === 0 ? 1 : 0)));
    expect(Math.abs(sample.wasm.compare(...some()).cosine[0])).toBeLessThan(0.5);
  });

  // Measured on seeds 1 and 2: least cosine 0.9999998 before and after, 70% and 71% of the images at 4 x 4
  // by a linear, length-keeping net.
  test.each([1, 2])("ten layers are told backpropagation's credit by forward passes, and learn, seed %i", (seed) => {
    const { wasm } = sample;
    wasm.reset(seed);
    wasm.refresh();
    expectExact();
    const before = wasm.step(...some(), 0);
    train(digits.training, { seed, epochs: 10, lr: 0.03 }, (x, y, lr) => {
      wasm.step(x, y, lr);
      wasm.refresh();
    });
    expectExact();
    expect(wasm.step(...some(), 0)).toBeLessThan(0.8 * before);
    expect(figure("test accuracy", countRight(digits.testing, 32, 10, wasm.predict) / digits.testing.count)).toBeGreaterThanOrEqual(0.6);
  });
});
