import { beforeAll, describe, expect, test } from "vitest";
import { build } from "../../targets/compile.ts";
import { compile } from "../../targets/index.ts";
import { agree, countRight, figure, measured, openSample, type Parts, readClasses, type Sample, sampleText, train } from "./support.ts";

measured("{test accuracy%} of the images; a step's working memory is the same at any depth, at 8 layers {bytes against backpropagation} of backpropagation's");

let sample: Sample;
let digits: Parts;
beforeAll(async () => {
  sample = await openSample("local-errors");
  digits = await readClasses("digits", 1 / 16);
});

describe("local errors", () => {
  test("js, wasm and the reference agree", () => {
    const [x, y] = [digits.training.x.slice(0, 32 * 64), digits.training.y.slice(0, 32)];
    agree(sample, [["step", x, y, 0.003], ["step", x, y, 0.003], ["predict", x]], { band: 1e-3 });
  });

  test("with credit between the layers both proofs fail", async () => {
    const text = (await sampleText("local-errors")).replace("inner(stop(x))", "inner(x)");
    const { diagnostics } = await compile(text, { file: "local-errors.pull" });
    expect(diagnostics.map(({ code, message }) => `${code}: ${message}`)).toEqual(["prove: 'loss' is not independent of 'net.block[0]'"]);
    const { diagnostics: others } = await compile(text.replace(/  prove independent.*\n/, ""), { file: "local-errors.pull" });
    expect(others.map(({ message }) => message)).toEqual(["a product contracts an axis of 'net.block.1.inner.weight' that the forward value does not"]);
  });

  // Measured at a batch of 1024: 696368 bytes at any depth, 0.28 of backpropagation's at 8 layers.
  test("what a step keeps in memory is flat in depth, where backpropagation's grows", async () => {
    const local = (await sampleText("local-errors")).replace("export fn predict", "fn predict");
    const exact = local.replace("inner(stop(x))", "inner(x)").replace(/  prove .*\n/g, "").replace("let total = total + loss", "let total = loss");
    const batch = 1024;
    const argumentBytes = 4 * batch * (64 + 1);
    const bytes = async (text: string, L: number): Promise<number> => {
      const { program } = await build(text, { file: "local-errors.pull", dims: { L, B: batch }, selfTest: false });
      return (program?.memory.arenaBytes ?? NaN) - argumentBytes;
    };
    const flat = await bytes(local, 8);
    expect(flat).toBe(await bytes(local, 4));
    const grown = await bytes(exact, 8);
    expect(grown - (await bytes(exact, 4))).toBe(4 * 4 * batch * 64);
    expect(figure("bytes against backpropagation", flat / grown)).toBeLessThan(0.3);
  });

  // Measured on seeds 1 to 3: 346 or 347 of 355.
  test.each([1, 2])("layers with errors of their own read as well as backpropagation's, within two points, seed %i", (seed) => {
    const { wasm } = sample;
    wasm.reset(seed);
    train(digits.training, { seed, epochs: 20, lr: 0.003 }, wasm.step);
    expect(figure("test accuracy", countRight(digits.testing, 32, 10, wasm.predict) / digits.testing.count)).toBeGreaterThanOrEqual(0.955);
  });
});
