import { beforeAll, describe, expect, test } from "vitest";
import { agree, figure, mean, measured, openSample, randomNumbers, type Sample } from "./support.ts";

measured("relative bias on a quadratic {bias of straight-through, quadratic} by straight-through, {bias of ReinMax, quadratic} by ReinMax; of the way to the best bits, p = 2: straight-through {way by straight-through, p = 2}, Gumbel-softmax {way by Gumbel-softmax, p = 2}, ReinMax {way by ReinMax, p = 2}");

let sample: Sample;
beforeAll(async () => { sample = await openSample("reinmax"); });

const apart = (found: Float32Array, exact: Float32Array): number => Math.hypot(...found.map((value, i) => value - exact[i])) / Math.hypot(...exact);

/** Mean relative bias of both estimators on a cost, over 20 points. */
function meanBias(which: number): { straightThrough: number; reinmax: number } {
  const random = randomNumbers(3);
  const biases = Array.from({ length: 20 }, () => {
    const { exact, straight_through, reinmax } = sample.wasm.bias(Array.from({ length: 8 }, () => 2 * random() - 1), which);
    return { first: apart(straight_through, exact), second: apart(reinmax, exact) };
  });
  return { straightThrough: mean(biases.map(({ first }) => first)), reinmax: mean(biases.map(({ second }) => second)) };
}

describe("reinmax", () => {
  test("js, wasm and the reference agree", () => {
    const logits = [0.1, -0.4, 0.9, 0.3, -0.8, 0.2, 0.5, -0.1];
    agree(sample, [["bias", logits, 0], ["bias", logits, 3], ["step", 1.5, 0.5, 0.03], ["step", 1.5, 0.5, 0.03], ["expected_costs", 1.5]]);
  });

  test("on a quadratic ReinMax has no bias, straight-through has", () => {
    const { straightThrough, reinmax } = meanBias(0);
    expect(figure("bias of ReinMax, quadratic", reinmax)).toBeLessThan(5e-6);
    expect(figure("bias of straight-through, quadratic", straightThrough)).toBeGreaterThan(0.2);
  });

  test.each(["cubes", "fourth powers", "a product with sines", "logsumexp"].map((name, i) => [name, i + 1] as const))("on %s its bias is the smaller one", (_, which) => {
    const { straightThrough, reinmax } = meanBias(which);
    expect(figure("bias of ReinMax", reinmax)).toBeLessThan(figure("bias of straight-through", straightThrough));
    expect(reinmax).toBeGreaterThan(0.01);
  });

  // Of the way from even odds to the least cost; measured at p = 1.5, 2, 3: ReinMax 0.98 to 1, straight-through 0.05 to 0.2,
  // Gumbel-softmax 0.14 to 0.55.
  test.each([1.5, 2, 3])("it finds the bits that straight-through and Gumbel-softmax do not, p = %d", (p) => {
    const { wasm } = sample;
    wasm.reset(1);
    for (let i = 0; i < 1000; i++) wasm.step(p, 0.3, 0.03);
    const [least, even] = [0.45 ** p, (0.45 ** p + 0.55 ** p) / 2];
    const { straight_through, reinmax, gumbel } = wasm.expected_costs(p);
    const way = (cost: number): number => (even - cost) / (even - least);
    expect(figure(`way by ReinMax, p = ${p}`, way(reinmax))).toBeGreaterThan(0.95);
    expect(figure(`way by Gumbel-softmax, p = ${p}`, way(gumbel))).toBeLessThan(0.7);
    expect(figure(`way by straight-through, p = ${p}`, way(straight_through))).toBeLessThan(0.4);
  });
});
