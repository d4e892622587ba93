import { beforeAll, describe, expect, test } from "vitest";
import { agree, figure, inOrder, mean, measured, openSample, type Parts, randomNumbers, readClasses, type Sample, train } from "./support.ts";

measured("integrated gradients complete to {gap at 20 points%} at 20 points and {gap at 300 points%} at 300, DeepLIFT to {gap of DeepLIFT}; the top tenth of the pixels takes {drop} off the logit, a random tenth {drop at random}");

const [rows, pixels, classes] = [32, 64, 10];
const methods = ["saliency", "input_gradient", "guided", "relevance", "operations", "deeplift", "integrated"] as const;
type Explained = Readonly<Record<(typeof methods)[number] | "logit", Float32Array> & { biases: number }>;

let sample: Sample;
let digits: Parts;
/** Eleven batches of held-back images with what the trained net makes of them. */
let explained: readonly { readonly x: Float32Array; readonly y: Int32Array; readonly by: Explained; readonly finely: Float32Array }[];

beforeAll(async () => {
  digits = await readClasses("digits", 1 / 16);
  const { wasm: trainer } = await openSample("digits");
  trainer.reset(1);
  train(digits.training, { seed: 1, epochs: 40, lr: 0.01 }, trainer.step);
  sample = await openSample("attribution");
  sample.wasm.load(trainer.save(), { only: "parameters" });
  explained = [...inOrder(digits.testing, rows)].filter(({ count }) => count === rows)
    .map(({ x, y }) => ({ x, y, by: sample.wasm.explain(x, y), finely: sample.wasm.integrated_finely(x, y) }));
});

const row = <A extends Float32Array | Int32Array>(values: A, i: number, width = pixels): A => values.subarray(i * width, (i + 1) * width) as A; // a part of an A is one
const total = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, value) => sum + value, 0);

/** How far sums of shares are from the change of the logit between the black image and each image, against the mean change. */
function completenessGap(sharesOf: (batch: (typeof explained)[number]) => Float32Array): number {
  const black = sample.wasm.logits(new Float32Array(rows * pixels));
  const pairs = explained.flatMap((batch) => Array.from(batch.y, (label, i) => ({ change: batch.by.logit[i] - black[label], sum: total(row(sharesOf(batch), i)) })));
  return mean(pairs.map(({ change, sum }) => Math.abs(sum - change))) / mean(pairs.map(({ change }) => Math.abs(change)));
}

/** The mean logit of the true class with some pixels of each image made black. */
function logitWithout({ x, y }: (typeof explained)[number], hidden: (i: number) => readonly number[]): number {
  const masked = x.slice();
  for (let i = 0; i < rows; i++) for (const k of hidden(i)) masked[i * pixels + k] = 0;
  const logits = sample.wasm.logits(masked);
  return mean(Array.from(y, (label, i) => logits[i * classes + label]));
}

type Order = (batch: (typeof explained)[number], i: number) => readonly number[];
const places = Array.from({ length: pixels }, (_, k) => k);
const orders: ReadonlyMap<string, Order> = new Map(methods.map((method) => [method, ({ by }, i) => {
  const shares = row(by[method], i);
  return [...places].sort((a, b) => shares[b] - shares[a]);
}]));
const random = randomNumbers(7);
const randomOrder: Order = () => places.map((k) => [random(), k]).sort(([a], [b]) => a - b).map(([, k]) => k);

/** How much the logit falls when the first `count` pixels of an order go. */
const drop = (order: Order, count: number): number =>
  mean(explained.map((batch) => logitWithout(batch, () => []) - logitWithout(batch, (i) => order(batch, i).slice(0, count))));

/** The area between the curves of taking pixels away from the least and from the most relevant one on. */
const areaBetween = (order: Order): number => mean(explained.map((batch) => mean([0, 8, 16, 24, 32, 40, 48, 56, 64].map((count) =>
  logitWithout(batch, (i) => [...order(batch, i)].reverse().slice(0, count)) - logitWithout(batch, (i) => order(batch, i).slice(0, count))))));

describe("attribution", () => {
  // The reference runs the program as written, before any optimization: equal attributions are implementation invariance.
  test("js, wasm and the reference agree", () => {
    const [x, y] = [digits.testing.x.slice(0, rows * pixels), digits.testing.y.slice(0, rows)];
    const trained = sample.wasm.save();
    agree(sample, [["explain", x, y], ["logits", x], ["flat_end", 2]], { band: 1e-5 });
    sample.wasm.load(trained);
  });

  test("guided backpropagation is the gradient with only positive credit through active units", () => {
    const [{ x, y, by }] = explained;
    const { "net.hidden.weight": w1, "net.hidden.bias": b1, "net.output.weight": w2 } = sample.wasm.parameters;
    const units = b1.data.length;
    for (const i of [0, 7, 31]) {
      const image = row(x, i);
      const credit = Array.from(b1.data, (bias, j) => {
        const active = Array.from(image).reduce((sum, value, k) => sum + value * w1.data[k * units + j], bias) > 0;
        return active ? Math.max(0, w2.data[j * classes + y[i]]) : 0;
      });
      const guided = places.map((k) => credit.reduce((sum, value, j) => sum + value * w1.data[k * units + j], 0));
      row(by.guided, i).forEach((value, k) => expect(value).toBeCloseTo(guided[k], 4));
    }
  });

  test("relevance is neither lost nor made: pixels and biases have all of the logits", () => {
    for (const { by } of explained) {
      const [given, found] = [total(by.logit), total(by.relevance) + by.biases];
      expect(Math.abs(found - given) / given).toBeLessThan(1e-5);
    }
    expect(Math.max(...explained.map(({ by }) => Math.abs(by.biases)))).toBeGreaterThan(1);
  });

  test("with rectified units the epsilon rule is input times gradient (Ancona et al. 2018)", () => {
    for (const { by } of explained) for (const shares of [by.relevance, by.operations]) shares.forEach((value, k) => expect(value).toBeCloseTo(by.input_gradient[k], 3));
  });

  // Measured: 0.6% at 20 points, 0.05% at 300; DeepLIFT 3e-7.
  test("integrated gradients and DeepLIFT are complete: their shares sum to the change of the logit", () => {
    expect(figure("gap at 20 points", completenessGap(({ by }) => by.integrated))).toBeLessThan(0.05);
    expect(figure("gap at 300 points", completenessGap(({ finely }) => finely))).toBeLessThan(0.005);
    expect(completenessGap(({ finely }) => finely)).toBeLessThan(completenessGap(({ by }) => by.integrated));
    expect(figure("gap of DeepLIFT", completenessGap(({ by }) => by.deeplift))).toBeLessThan(1e-5);
    expect(completenessGap(({ by }) => by.input_gradient)).toBeGreaterThan(0.05);
  });

  test("where a function is flat at its end, the gradient is 0 and the integrated gradient 1", () => {
    const { gradient, integrated } = sample.wasm.flat_end(2);
    expect(gradient).toBeCloseTo(0, 10);
    expect(integrated).toBeCloseTo(1, 5);
  });

  // Measured: 2.7 to 4.3, against 0.57 at random.
  test.each(methods)("the top tenth of the pixels by %s counts far more than a random tenth", (method) => {
    expect(figure("drop", drop(orders.get(method) ?? randomOrder, 6))).toBeGreaterThan(3 * figure("drop at random", drop(randomOrder, 6)));
  });

  test("the curves of most and least relevant pixels lie as far apart as those of input times gradient, or farther", () => {
    const area = (name: string): number => figure(`area by ${name}`, areaBetween(orders.get(name) ?? randomOrder));
    const baseline = area("input_gradient");
    expect(baseline).toBeGreaterThan(10 * Math.abs(areaBetween(randomOrder)));
    for (const name of ["relevance", "operations"]) expect(area(name)).toBeGreaterThan(0.995 * baseline);
    for (const name of ["deeplift", "integrated"]) expect(area(name)).toBeGreaterThan(1.02 * baseline);
  });
});
