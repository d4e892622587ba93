import { beforeAll, describe, expect, test } from "vitest";
import { readMnist } from "../../samples/mnist.mjs";
import { build } from "../../targets/compile.ts";
import { compile, type Instance, instantiate } from "../../targets/index.ts";
import { agree, batches, cosineDecay, countRight, figure, measured, openSample, type Parts, randomNumbers, type Sample, sampleText, starts, workingBytes } from "./support.ts";

measured("at 28 x 28, ten blocks: {test accuracy%} of the images from two starts after five epochs; bit for bit the same weights in any order of the blocks; a step's working memory is {bytes against backpropagation} of backpropagation's through all blocks");

const L = 10;
let sample: Sample;
let digits: Parts;
beforeAll(async () => {
  sample = await openSample("noprop", {}, { selfTest: false });
  digits = await readMnist();
}, 120_000);

describe("noprop", () => {
  test("js, wasm and the reference agree", async () => {
    const x = digits.training.x.slice(0, 2 * 784);
    const y = digits.training.y.slice(0, 2);
    const small = await openSample("noprop", { B: 2, In: 784, H: 4 }, { selfTest: false });
    agree(small, [["step_0", x, y, 1, 0.01], ["step_9", x, y, 2, 0.01], ["step_0", x, y, 3, 0.01], ["predict", x]], { band: 1e-3 });
  });

  test("with what another block says the proof fails", async () => {
    const text = (await sampleText("noprop")).replace("block[l](x, z) - u", "block[l](x, block[0](x, z)) - u");
    const { diagnostics } = await compile(text, { file: "noprop.pull" });
    expect(diagnostics.map(({ code, message }) => `${code}: ${message}`)).toContain("prove: 'loss' is not independent of 'block[other]'");
  });

  test("the blocks may be trained in any order, in modules of their own: the weights are the same bits", async () => {
    const { wasm, built } = sample;
    const other = await instantiate(built, { target: "wasm" });
    const few = [...batches(digits.training, 32, randomNumbers(5))].slice(0, 5);
    const call = (module: Instance, l: number, i: number): void => module[`step_${l}`](few[i].x, few[i].y, i * L + l, 0.003);
    for (const module of [wasm, other]) module.reset(1);
    for (let i = 0; i < few.length; i++) for (let l = 0; l < L; l++) call(wasm, l, i);
    for (const l of [7, 2, 9, 0, 5, 1, 8, 3, 6, 4]) for (let i = 0; i < few.length; i++) call(other, l, i);
    expect(Buffer.compare(other.save(), wasm.save())).toBe(0);
  });

  test("a step keeps what one block needs", async () => {
    const { program } = sample.built;
    const bytes = Array.from({ length: L }, (_, l) => workingBytes(program, `step_${l}`));
    expect(new Set(bytes).size).toBe(1);
    const text = (await sampleText("noprop")).replace(/export train fn step_\d.*\n/g, "").replace("export fn predict", "fn predict");
    const through = `${text}
export train fn exact_step(x: f32[B, In], y: i32[B], lr: f32) -> f32 {
  let loss = mean(sum((predict(x) - one_hot(y, 10)) ^ 2, axis = -1))
  minimize loss over block with adam(lr = lr)
  return loss
}`;
    const exact = await build(through, { file: "noprop.pull", selfTest: false });
    expect(figure("bytes against backpropagation", bytes[0] / workingBytes(exact.program, "exact_step"))).toBeLessThan(0.5);
  });

  test.each(starts(1, 2))("they read together, seed %i", (seed) => {
    const { wasm } = sample;
    wasm.reset(seed);
    const random = randomNumbers(seed);
    const [epochs, lr] = [5, 0.002];
    const steps = epochs * 250;
    let step = 0;
    for (let epoch = 0; epoch < epochs; epoch++) {
      for (const { x, y } of batches(digits.training, 32, random)) {
        for (let l = 0; l < L; l++) wasm[`step_${l}`](x, y, step * L + l, lr * cosineDecay(step / steps));
        step++;
      }
    }
    expect(figure("test accuracy", countRight(digits.testing, 32, 10, wasm.predict) / digits.testing.count)).toBeGreaterThanOrEqual(0.93);
  }, 60_000);
});
