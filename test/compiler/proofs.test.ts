import { describe, expect, it } from "vitest";
import { compile } from "../../compiler/index.ts";
import { js } from "../../targets/js/index.ts";

const program = (claims: string, layer = "Linear") => `model FeedbackLinear[In, Out](x: f32[...N, In]) -> f32[...N, Out] {
  param weight: f32[In, Out] = kaiming_uniform()
  const b = normal([In, Out], 0, 1 / sqrt(Out))
  return x @ weight
} surrogate backward(dy) = { x: dy @ b.T, weight: pull(result, weight, dy) }
model Net(x: f32[...N, 6]) -> f32[...N, 3] {
  layer hidden = ${layer}[6, 5]
  layer output = ${layer}[5, 3]
  return x |> hidden |> tanh |> output
}
var net = Net
export train fn step(x: f32[4, 6], y: i32[4], lr: f32) -> f32 {
  let l = mean(cross_entropy(net(x), y))
  minimize l over net with sgd(lr = lr)
  ${claims}
  return l
}
`;
const said = async (source: string) => (await compile(source, { file: "p.pull", targets: [js] })).diagnostics.map(({ code, message }) => `${code}: ${message}`);

describe("prove !transposed", () => {
  it("holds with feedback weights, and for a first layer", async () => {
    expect(await said(program("prove !transposed(net.output.weight)", "FeedbackLinear"))).toEqual([]);
    expect(await said(program("prove !transposed(net.hidden.weight)"))).toEqual([]);
  });
  it("fails where credit flows back through the weights", async () => {
    expect(await said(program("prove !transposed(net.output.weight)"))).toEqual(["prove: a product contracts an axis of 'net.output.weight' that the forward value does not"]);
  });
});

// A walk over the entry's own products alone took what stands in a loop for proven.
describe("prove !transposed in loops", () => {
  const loop = (update: string, below: string) => `var weight: f32[6, 6] = 1
var stack: f32[3, 6, 6] = 1
export train fn epoch(xs: f32[4, 6], lr: f32) -> f32[4] {
  return scan for x in xs {
    let l = sum(tanh(x @ weight) ^ 2)
    prove !transposed(weight)
    ${update}
    emit l
  }
}
export train fn deep(x: f32[6], lr: f32) {
  let h = scan h = x for w in stack { h <- tanh(${below} @ w) }
  prove !transposed(stack)
  minimize sum(h) over stack with sgd(lr = lr)
}`;
  const wrong = (state: string) => `prove: a product contracts an axis of '${state}' that the forward value does not`;
  it("holds where the weights alone get credit", async () => {
    expect(await said(loop("minimize l over weight with sgd(lr = lr)", "stop(h)"))).toEqual([]);
  });
  it("fails where a turn's credit goes back through them, captured or in a stack", async () => {
    expect(await said(loop("weight <- weight - lr * grad(l, x)", "h"))).toEqual([wrong("weight"), wrong("stack")]);
  });
});

describe("prove memory", () => {
  it("compares the peak of the compiled program", async () => {
    expect(await said(program("prove memory <= 64 * 1024"))).toEqual([]);
    expect((await said(program("prove memory <= 64")))[0]).toMatch(/^prove: the module needs \d+ bytes, more than 64$/);
  });
});
