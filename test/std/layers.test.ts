/** Layers, initial values and draws: shapes, what training changes, and statistics. */
import { describe, expect, test } from "vitest";
import { type ReferenceModule, tensor } from "../../compiler/reference/index.ts";
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

describe("norms as layers start as the functions", () => {
  const pairs: readonly (readonly [string, string])[] = [
    ["LayerNorm[4]", "layer_norm(z)"],
    ["RMSNorm[4]", "rms_norm(z)"],
    ["GroupNorm[4, 2]", "group_norm(z, groups = 2)"],
    ["InstanceNorm[4]", "group_norm(z, groups = 4)"],
  ];
  test.each(pairs)("%s", (layer, call) => {
    const x = Array.from({ length: 24 }, (_, i) => Math.sin(i * i));
    const [y, want] = results(`let z = reshape(x, [2, 3, 4])  return { y: layer_(z), want: ${call} }`, { declarations: `var layer_ = ${layer}`, x });
    expect(y).toEqual(want);
  });
});

test("Dropout is dropout as a layer", () => {
  const module = load(`
    var drop_ = Dropout[0.5]
    export train fn learn(x: f32[1000]) -> f32[1000] = drop_(x)
    export fn infer(x: f32[1000]) -> f32[1000] = drop_(x)`);
  const ones = tensor({ element: "f32", shape: [1000] }, new Array<number>(1000).fill(1));
  expect(new Set(module.call("learn", {}, [ones])[0].data)).toEqual(new Set([0, 2]));
  expect(new Set(module.call("infer", {}, [ones])[0].data)).toEqual(new Set([1]));
});

test("a key replays a dropout mask, another key does not", () => {
  const module = load(`
    export train fn masks() {
      let keys = random_keys(2)
      let x = ones([200])
      return { a: dropout(x, 0.5, key = keys[0]), b: dropout(x, 0.5, key = keys[0]), c: dropout(x, 0.5, key = keys[1]) }
    }`);
  const [a, b, c] = module.call("masks", {}, []).map(({ data }) => Array.from(data));
  expect(b).toEqual(a);
  expect(c).not.toEqual(a);
});

test("scale_credit turns the gradient round", () => {
  const [g] = results("return grad(sum(scale_credit(x, -2) * [1.0, 2.0]), x)", { x: [5, 6] });
  expect(g).toEqual([-2, -4]);
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

/** The loss of the last of so many steps on exclusive or. */
function lastLoss(module: ReferenceModule, steps: number): number {
  const x = tensor({ element: "f32", shape: [4, 2] }, [0, 0, 0, 1, 1, 0, 1, 1]);
  const y = tensor({ element: "f32", shape: [4, 1] }, [0, 1, 1, 0]);
  let loss = Infinity;
  for (let k = 0; k < steps; k++) loss = module.call("step", {}, [x, y])[0].data[0];
  return loss;
}

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
  test("direct feedback: each hidden layer is credited by the error itself", () => {
    const module = load(`
      model Net(x: f32[4, 2]) -> f32[4, 1] {
        layer a = Linear[2, 16]
        layer b = Linear[16, 1]
        tap h = tanh(a(x))
        return b(h)
      }
      var net = Net
      const feedback: f32[1, 16] = direct_feedback()
      export train fn step(x: f32[4, 2], y: f32[4, 1]) -> f32 {
        let (logits, t) = taps(net(x))
        let l = mean(bce_with_logits(logits, y))
        let e = grad(l, logits)
        apply { a: pull(t.h, net.a, e @ feedback), b: grad(l, net.b) } to net with adam(lr = 0.05)
        return l
      }`);
    expect(lastLoss(module, 300)).toBeLessThan(0.1);
  });
  test("sophia descends", () => {
    const module = load(`
      model Net(x: f32[4, 2]) -> f32[4, 1] { return x |> Linear[_, 16] |> tanh |> Linear[_, 1] }
      var net = Net
      export train fn step(x: f32[4, 2], y: f32[4, 1]) -> f32 {
        let l = mean(bce_with_logits(net(x), y))
        minimize l over net with sophia(lr = 0.02)
        return l
      }`);
    expect(lastLoss(module, 300)).toBeLessThan(0.1);
  });
  test.each(["FeedbackLinear", "SignSymmetricLinear"])("%s sends credit by other weights and still learns", (layer) => {
    const module = load(`
      model Net(x: f32[...N, 2]) -> f32[...N, 1] { return x |> ${layer}[_, 16] |> tanh |> ${layer}[_, 1] }
      var net = Net
      export train fn step(x: f32[4, 2], y: f32[4, 1]) -> f32 {
        let l = mean(bce_with_logits(net(x), y))
        minimize l over net with adam(lr = 0.05)
        return l
      }`);
    expect(lastLoss(module, 200)).toBeLessThan(0.1);
  });
});
