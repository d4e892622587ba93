import { beforeAll, describe, expect, test } from "vitest";
import { readMnist } from "../../samples/mnist.mjs";
import { agree, countRight, figure, inOrder, mean, measured, openSample, type Parts, type Sample, train } from "./support.ts";

measured("at 28 x 28: areas between the curves {area ratio} times those of input times gradient, {right%} of the images read, three seeds; pixels and biases have the logits to {lost} of them");

const [rows, pixels, classes] = [32, 784, 10];
const seeds = [1, 2, 3];
type Explained = Readonly<Record<"logit" | "input_gradient" | "operations", Float32Array> & { biases: number }>;
type Method = "input_gradient" | "operations";

let sample: Sample;
let digits: Parts;
/** For each seed, held-back images with what the trained net makes of them, and how far apart its curves are. */
let runs: readonly { readonly right: number; readonly areas: Readonly<Record<Method, number>>; readonly explained: readonly Explained[] }[];

const total = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, value) => sum + value, 0);

/** The mean logit of the true class with the first of `order` black, image by image. */
function logitWithout(x: Float32Array, y: Int32Array, orders: readonly (readonly number[])[], count: number): number {
  const masked = x.slice();
  orders.forEach((order, i) => { for (const k of order.slice(0, count)) masked[i * pixels + k] = 0; });
  const logits = sample.wasm.logits(masked);
  return mean(Array.from(y, (label, i) => logits[i * classes + label]));
}

/** The area between the curves of taking pixels away from the least and from the most relevant one on, by eighths of the image. */
function areaBetween(x: Float32Array, y: Int32Array, shares: Float32Array): number {
  const most = Array.from({ length: rows }, (_, i) => Array.from({ length: pixels }, (_, k) => k).sort((a, b) => shares[i * pixels + b] - shares[i * pixels + a]));
  const least = most.map((order) => [...order].reverse());
  return mean(Array.from({ length: 9 }, (_, part) => {
    const count = (part * pixels) / 8;
    return logitWithout(x, y, least, count) - logitWithout(x, y, most, count);
  }));
}

beforeAll(async () => {
  sample = await openSample("perturbation", {}, { selfTest: false });
  digits = await readMnist({ training: 4000, testing: 320 });
  const { wasm } = sample;
  runs = seeds.map((seed) => {
    wasm.reset(seed);
    train(digits.training, { seed, epochs: 3, lr: 0.005 }, wasm.step);
    const parts = [...inOrder(digits.testing, rows)].map(({ x, y }) => ({ x, y, by: wasm.explain(x, y) as Explained })); // the entry's result
    const area = (method: Method): number => mean(parts.map(({ x, y, by }) => areaBetween(x, y, by[method])));
    return {
      right: countRight(digits.testing, rows, classes, wasm.logits) / digits.testing.count,
      areas: { input_gradient: area("input_gradient"), operations: area("operations") },
      explained: parts.map(({ by }) => by),
    };
  });
}, 180_000);

describe("perturbation", () => {
  test("js, wasm and the reference agree", async () => {
    const few = await openSample("perturbation", { B: 2 }, { selfTest: false });
    const [x, y] = [digits.training.x.slice(0, 2 * pixels), digits.training.y.slice(0, 2)];
    agree(few, [["step", x, y, 0.005], ["logits", x], ["explain", x, y]], { band: 1e-3 });
  });

  test("the net reads 94% of the held-back images", () => {
    for (const { right } of runs) expect(figure("right", right)).toBeGreaterThan(0.94);
  });

  test("the curves lie farther apart by operations than by input times gradient", () => {
    for (const { areas } of runs) {
      expect(areas.input_gradient).toBeGreaterThan(1);
      expect(figure("area ratio", areas.operations / areas.input_gradient)).toBeGreaterThan(1.05);
    }
  });

  test("relevance is neither lost nor made: pixels and biases have all of the logits", () => {
    const gaps = runs.flatMap(({ explained }) => explained.map(({ logit, operations, biases }) => Math.abs(total(operations) + biases - total(logit)) / total(logit)));
    expect(figure("lost", Math.max(...gaps))).toBeLessThan(1e-4);
  });
});
