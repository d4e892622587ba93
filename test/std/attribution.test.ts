/** What attributions promise: relevance that is conserved, sums that are complete, the textbook case of sensitivity. */
import { describe, expect, test } from "vitest";
import { results } from "./run.ts";

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const x = [0.7, -1.1, 0.4, 1.6];

const network = `
  model Residual(x: f32[...N, 4]) -> f32[...N, 3] {
    layer a = Linear[4, 8, bias = false]
    layer b = Linear[8, 4, bias = false]
    layer c = Linear[4, 3, bias = false]
    let h = x + b(relu(a(x)))
    return c(h * tanh(h) - h)
  }
  var net = Residual`;

describe("relevance", () => {
  test("the epsilon rule conserves it through layers, sums, differences and products", () => {
    const [y, relevance] = results("let y = net(x)  return { y, r: pull(y, x, y, using = lrp_epsilon(1e-9)) }", { declarations: network, x });
    expect(sum(relevance)).toBeCloseTo(sum(y), 4);
  });
  test("and through plain products with matrices", () => {
    const [y, relevance] = results(
      "let w = [[0.5, -1.0], [0.25, 2.0], [1.5, 0.125], [-0.75, 1.0]]  let y = relu(x @ w)  return { y, r: pull(y, x, y, using = lrp_epsilon(1e-9)) }", { x });
    expect(sum(relevance)).toBeCloseTo(sum(y), 6);
  });
});

test("means, squares and normalised features conserve relevance, too", () => {
  const [y, relevance] = results(`
    let z = layer_norm(reshape(x, [2, 2]))
    let y = mean(exp(z) - z ^ 2, axis = 0)
    return { y, r: pull(y, x, y, using = lrp_epsilon(1e-9)) }`, { x });
  expect(sum(relevance)).toBeCloseTo(sum(y), 6);
});

describe("integrated gradients", () => {
  test("are complete within 0.5 % at 300 points", () => {
    const [ig, end, start] = results(`
      let zero = zeros_like(x)
      let ig = integrated_gradients(fn(z) => sum(net(z) ^ 2, axis = -1), x, zero, points = 300)
      return { ig, end: sum(net(x) ^ 2), start: sum(net(zero) ^ 2) }`, { declarations: network, x });
    expect(Math.abs(sum(ig) / (end[0] - start[0]) - 1)).toBeLessThan(0.005);
  });
  test("see a change that the gradient at its end does not: 1 - relu(1 - x) from 0 to 2", () => {
    const [gradient, ig] = results(`
      let f = fn(z) => 1 - relu(1 - z)
      return { gradient: grad(sum(f(x)), x), ig: integrated_gradients(f, x, zeros_like(x), points = 100) }`, { x: [2] });
    expect(gradient[0]).toBeCloseTo(0, 12);
    expect(ig[0]).toBeCloseTo(1, 12);
  });
});

test("DeepLIFT sums to the change of the output", () => {
  const [r, y] = results(`
    let pair = stack(x, zeros_like(x))
    let y = deep(pair)
    let m = pull(y, pair, ones([2, 2]), using = deeplift)
    return { r: x * m[0], y: y[0] - y[1] }`, {
    declarations: "model Deep(x: f32[...N, 4]) -> f32[...N, 2] { return x |> Linear[_, 6] |> relu |> Linear[_, 2] }\nvar deep = Deep", x,
  });
  expect(sum(r)).toBeCloseTo(sum(y), 10);
});

test("the smoothed gradient of a linear function is its gradient", () => {
  const [g] = results("return smooth_gradient(fn(z) => z @ [1.0, 2.0, 3.0, 4.0], x, 0.5, points = 8)", { x });
  g.forEach((value, i) => expect(value).toBeCloseTo(i + 1, 10));
});

test("guided backpropagation and deconvolution pass positive credit only", () => {
  const [guided, deconvolution] = results(`
    let y = relu(x) * [1.0, 1.0, -1.0, 2.0]
    return { a: pull(y, x, ones([4]), using = guided), b: pull(y, x, ones([4]), using = deconvolution) }`, { x });
  expect(guided).toEqual([1, 0, 0, 2]);
  expect(deconvolution).toEqual([1, 1, 0, 2]);
});
