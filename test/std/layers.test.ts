/** Layers, initial values and draws: shapes, what training changes, and statistics. */
import { describe, expect, test } from "vitest";
import { tensor } from "../../compiler/reference/index.ts";
import { load, results } from "./run.ts";

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: readonly number[]): number => Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)));

describe("initial values", () => {
  const spread: readonly (readonly [string, number])[] = [
    ["kaiming_uniform()", Math.sqrt(2 / 100)],
    ["kaiming_normal()", Math.sqrt(2 / 100)],
    ["xavier_uniform()", Math.sqrt(2 / 150)],
    ["xavier_normal()", Math.sqrt(2 / 150)],
    ["lecun_normal()", Math.sqrt(1 / 100)],
    ["lecun_uniform()", Math.sqrt(1 / 100)],
  ];
  test.each(spread)("%s has its deviation", (call, want) => {
    const module = load(`var w: f32[100, 50] = ${call}\nexport fn main() = w`);
    const values = Array.from(module.state("w").data);
    expect(values.length).toBe(5000);
    expect(Math.abs(mean(values))).toBeLessThan(0.05 * want + 0.003);
    expect(deviation(values) / want).toBeGreaterThan(0.95);
    expect(deviation(values) / want).toBeLessThan(1.05);
  });
  test.each(["6, 6", "8, 5", "5, 8"])("orthogonal [%s]", (shape) => {
    const [a, b] = shape.split(", ").map(Number);
    const [gram] = results(`let g = ${a >= b ? "w.T @ w" : "w @ w.T"}\nreturn g`, { declarations: `var w: f32[${shape}] = orthogonal()` });
    const n = Math.min(a, b);
    gram.forEach((value, i) => expect(value).toBeCloseTo(i % (n + 1) === 0 ? 1 : 0, 5));
  });
});

describe("dropout", () => {
  const source = `
    export train fn learn(x: f32[4000]) -> f32[4000] = dropout(x, 0.25)
    export fn infer(x: f32[4000]) -> f32[4000] = dropout(x, 0.25)`;
  const ones = tensor({ element: "f32", shape: [4000] }, new Array<number>(4000).fill(1));
  test("scales what it keeps in training and does nothing elsewhere", () => {
    const module = load(source);
    const [learned] = module.call("learn", {}, [ones]);
    const values = Array.from(learned.data);
    expect(new Set(values)).toEqual(new Set([0, 1 / 0.75]));
    expect(mean(values)).toBeCloseTo(1, 1);
    expect(Array.from(module.call("infer", {}, [ones])[0].data)).toEqual(Array.from(ones.data));
  });
  test("draws anew in each call", () => {
    const module = load(source);
    const [first, second] = [module.call("learn", {}, [ones]), module.call("learn", {}, [ones])];
    expect(Array.from(first[0].data)).not.toEqual(Array.from(second[0].data));
  });
});

describe("draws", () => {
  test("categorical follows its probabilities", () => {
    const [ids] = results("return categorical(broadcast([0.0, log(2.0), log(5.0)], [8000, 3]))");
    const part = [0, 1, 2].map((id) => ids.filter((value) => value === id).length / ids.length);
    [1 / 8, 2 / 8, 5 / 8].forEach((want, i) => expect(Math.abs(part[i] - want)).toBeLessThan(0.02));
  });
  test("permutation is one", () => {
    const [order] = results("return permutation(50)");
    expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });
  test("gumbel, exponential, logistic and rademacher have their means", () => {
    const [gumbel, exponential, logistic, rademacher] = results(
      "return { a: gumbel([8000]), b: exponential([8000]), c: logistic([8000]), d: rademacher([8000]) }");
    expect(Math.abs(mean(gumbel) - 0.5772)).toBeLessThan(0.05);
    expect(Math.abs(mean(exponential) - 1)).toBeLessThan(0.05);
    expect(Math.abs(mean(logistic))).toBeLessThan(0.1);
    expect(new Set(rademacher)).toEqual(new Set([-1, 1]));
    expect(Math.abs(mean(rademacher))).toBeLessThan(0.05);
  });
});

describe("layers learn", () => {
  test("a transformer block with attention, norms and a head", () => {
    const module = load(`
      model Tagger(ids: i32[...N]) -> f32[...N, 3] {
        layer embed = Embedding[5, 8]
        layer block = TransformerBlock[8, 2]
        layer head = Linear[8, 3]
        return ids |> embed |> block |> head
      }
      var net = Tagger
      export train fn step(ids: i32[2, 6], y: i32[2, 6]) -> f32 {
        let l = mean(cross_entropy(net(ids), y))
        minimize l over net with adam(lr = 0.02)
        return l
      }`);
    const ids = tensor({ element: "i32", shape: [2, 6] }, [0, 1, 2, 3, 4, 0, 4, 3, 2, 1, 0, 2]);
    const labels = tensor({ element: "i32", shape: [2, 6] }, [0, 1, 2, 0, 1, 0, 1, 0, 2, 1, 0, 2]);
    const losses = Array.from({ length: 30 }, () => module.call("step", {}, [ids, labels])[0].data[0]);
    expect(losses[0]).toBeGreaterThan(0.8);
    expect(losses[29]).toBeLessThan(0.1);
  });
  test("feedback layers send credit by other weights and still learn", () => {
    const module = load(`
      model Net(x: f32[...N, 2]) -> f32[...N, 1] { return x |> FeedbackLinear[_, 16] |> tanh |> FeedbackLinear[_, 1] }
      var net = Net
      export train fn step(x: f32[4, 2], y: f32[4, 1]) -> f32 {
        let l = mean(bce_with_logits(net(x), y))
        minimize l over net with adam(lr = 0.05)
        return l
      }`);
    const x = tensor({ element: "f32", shape: [4, 2] }, [0, 0, 0, 1, 1, 0, 1, 1]);
    const y = tensor({ element: "f32", shape: [4, 1] }, [0, 1, 1, 0]);
    let loss = Infinity;
    for (let k = 0; k < 200; k++) loss = module.call("step", {}, [x, y])[0].data[0];
    expect(loss).toBeLessThan(0.1);
  });
});
