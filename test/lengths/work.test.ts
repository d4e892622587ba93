/** A call works for as many rows as it has: the others are not even written. */
import { describe, expect, test } from "vitest";
import { compile } from "../../compiler/index.ts";
import { printKernels } from "../../compiler/schedule/index.ts";
import { targets } from "../../targets/compile.ts";
import { instantiate } from "../../targets/instantiate.ts";

const untouched = 12345;

/** Rows of the result that a call of n rows leaves as they were. */
async function leftAlone(source: string, target: "js" | "wasm", n: number): Promise<number[]> {
  const { program, artifacts, diagnostics } = await compile(source, { file: "work.pull", targets: [targets[target]] });
  if (!program) throw new Error(diagnostics.map(({ message }) => message).join());
  const instance = await instantiate(artifacts[0], program.peakBytes);
  const [{ symbol, length, result }] = program.entries;
  if (!length || result?.kind !== "tensor") throw new Error("no rows");
  instance.call("init");
  const words = new Float32Array(instance.memory);
  const [rows, columns] = result.type.shape;
  words.fill(untouched, result.at / 4, result.at / 4 + rows * columns);
  new Int32Array(instance.memory)[length.at / 4] = n;
  instance.call(symbol);
  return Array.from({ length: rows }, (_, row) => row).filter((row) => words.subarray(result.at / 4 + row * columns, result.at / 4 + (row + 1) * columns).every((word) => word === untouched));
}

const programs = {
  elementwise: "export fn f[N <= 256](x: f32[N, 7]) -> f32[N, 7] = tanh(x) + 1",
  product: "var w: f32[64, 48] = normal(0, 1)\nexport fn f[N <= 256](x: f32[N, 64]) -> f32[N, 48] = relu(x @ w + 1)",
  softmax: "var w: f32[64, 48] = normal(0, 1)\nexport fn f[N <= 256](x: f32[N, 64]) -> f32[N, 48] = softmax(x @ w)",
  layers: `
    model Block[D](x: f32[...N, D]) -> f32[...N, D] { return x + tanh(x |> Linear[_, D]) }
    var blocks[3] = Block[32]
    export fn f[N <= 256](x: f32[N, 32]) -> f32[N, 32] {
      let h = scan h = x for b in blocks { h <- b(h) }
      return h
    }`,
};

describe.each(["js", "wasm"] as const)("on %s", (target) => {
  test.each(Object.entries(programs))("%s", async (_, source) => {
    // Whole vectors and tiles are made, and what is left over of the bound.
    for (const n of [1, 20, 100]) expect((await leftAlone(source, target, n)).length, `n = ${n}`).toBeGreaterThanOrEqual(256 - n - 32);
    expect(await leftAlone(source, target, 256)).toEqual([]);
  });
});

test("a product over rows reads as many as there are", async () => {
  const source = `
    var w: f32[64, 48] = normal(0, 1)
    export train fn f[N <= 256](x: f32[N, 64], y: f32[N, 48]) -> f32 {
      let loss = mean((x @ w - y) ^ 2)
      minimize loss over w with sgd(lr = 0.1)
      return loss
    }`;
  const { program } = await compile(source, { file: "work.pull", targets: [targets.wasm] });
  const text = program ? printKernels(program) : "";
  const [product] = text.split("kernel ").filter((kernel) => kernel.startsWith("dot_256x64_256x48"));
  expect(product).toMatch(/length: i32\[1\]/);
  // Neither the copies of panels nor the sums go on to the bound.
  expect(product).not.toMatch(/for i\d+ = 0 \.\. 256 /);
});
