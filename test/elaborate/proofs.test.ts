import { describe, expect, test } from "vitest";
import { compile } from "../../compiler/index.ts";
import { js } from "../../targets/js/index.ts";

const net = `
model Net(x: f32[8, 5]) -> f32[8, 3] {
  layer a = Linear[5, 4]
  layer b = Linear[4, 3]
  return x |> a |> tanh |> b
}
var net = Net
`;
async function codes(source: string): Promise<string[]> {
  const { diagnostics } = await compile(source, { file: "p.pull", targets: [js] });
  return diagnostics.map(({ code, message }) => `${code}: ${message}`);
}

describe("prove", () => {
  test("!transposed holds for a forward-only step and fails for backpropagation", async () => {
    expect(await codes(`${net}
      export train fn step(x: f32[8, 5], y: i32[8], lr: f32) -> f32 {
        let l = mean(cross_entropy(net(x), y))
        minimize l over net with sgd(lr = lr)
        prove !transposed(net)
        return l
      }`)).toEqual(["prove: a product contracts an axis of 'net.b.weight' that the forward value does not"]);
    expect(await codes(`${net}
      export train fn step(x: f32[8, 5], y: i32[8], lr: f32) -> f32 {
        let l = mean(cross_entropy(net(x), y))
        apply { b: grad(l, net.b) } to net with sgd(lr = lr)
        prove !transposed(net)
        return l
      }`)).toEqual([]);
  });

  test("memory: the plan's peak", async () => {
    const program = (limit: number) => `${net}
      export fn predict(x: f32[8, 5]) -> f32[8, 3] {
        prove memory <= ${limit}
        return net(x)
      }`;
    expect(await codes(program(64 * 1024))).toEqual([]);
    expect(await codes(program(16))).toEqual([expect.stringMatching(/^prove: the module needs \d+ bytes, more than 16$/)]);
  });

  test("independent: a path of credit refutes it", async () => {
    const program = (loss: string) => `${net}
      export train fn step(x: f32[8, 5], lr: f32) -> f32 {
        let h = net.a(x)
        let l = mean(${loss} ^ 2)
        prove independent(l, net.a)
        minimize l over net with sgd(lr = lr)
        return l
      }`;
    expect(await codes(program("net.b(tanh(stop(h)))"))).toEqual([]);
    expect(await codes(program("net.b(tanh(h))"))).toEqual(["prove: 'l' is not independent of 'net.a'"]);
  });
});
