import { beforeAll, describe, expect, test } from "vitest";
import { readMnist } from "../../samples/mnist.mjs";
import { agree, countRight, figure, measured, openSample, type Parts, readClasses, type Sample, train } from "./support.ts";

measured("at 28 x 28: {test accuracy%} of the images after four epochs, {of the full net%} by the net with all weights; {operations, against the full net's} of its operations in a step, {bytes of weights and slopes, against the full net's} of its bytes of weights and slopes; gradients within {relative difference} of those of the matrices written out");

let sample: Sample;
let digits: Parts;
beforeAll(async () => {
  sample = await openSample("sparse", {}, { selfTest: false });
  digits = await readMnist();
});

describe("sparse matrices", () => {
  test("js, wasm and the reference agree", async () => {
    const { training } = await readClasses("digits", 1 / 16);
    const [x, y] = [training.x.slice(0, 8 * 64), training.y.slice(0, 8)];
    const small = await openSample("sparse", { B: 8, In: 64, H: 96 });
    agree(small, [["step", x, y, 0.05], ["full_step", x, y, 0.05], ["gradients", x, y], ["predict", x]]);
  });

  // Measured: 2e-7 of the largest.
  test("the gradient of the stored entries is that of the matrix written out", () => {
    const { wasm } = sample;
    wasm.reset(1);
    const { stored, written } = wasm.gradients(digits.training.x.slice(0, 64 * 784), digits.training.y.slice(0, 64));
    const largest = Math.max(...stored.map(Math.abs));
    const apart = Math.max(...stored.map((value: number, i: number) => Math.abs(value - written[i])));
    expect(largest).toBeGreaterThan(1e-4);
    expect(figure("relative difference", apart / largest)).toBeLessThan(1e-5);
  });

  // Measured: 0.043 of the operations; a stored entry takes a value, a column and a slope, 12 bytes, a weight and its slope 8.
  test("one weight in twenty is kept, and worked with", () => {
    const { graph, built } = sample;
    const bytes = (owner: string): number => graph.states.filter(({ path }) => path.startsWith(`${owner}.`)).reduce((sum, { type }) => {
      const numbers = 4 * type.shape.reduce((product, size) => product * size, 1);
      return sum + (type.element === "f32" ? 2 * numbers : numbers);
    }, 0);
    expect(figure("bytes of weights and slopes, against the full net's", bytes("net") / bytes("full"))).toBeLessThan(0.15);
    const operations = (name: string): number => built.program?.entries.find((entry) => entry.name === name)?.flops ?? NaN;
    expect(figure("operations, against the full net's", operations("step") / operations("full_step"))).toBeLessThan(0.06);
  });

  test("it learns, seed 1", () => {
    const { wasm } = sample;
    wasm.reset(1);
    const schedule = { seed: 1, epochs: 4, lr: 0.3, size: 64 };
    train(digits.training, schedule, wasm.step);
    train(digits.training, schedule, wasm.full_step);
    const [sparse, full] = [wasm.predict, wasm.full_predict].map((score) => countRight(digits.testing, 64, 10, score) / digits.testing.count);
    expect(figure("test accuracy", sparse)).toBeGreaterThan(0.9);
    expect(sparse).toBeGreaterThan(figure("of the full net", full) - 0.04);
  });
});
