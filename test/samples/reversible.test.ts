import { beforeAll, describe, expect, test } from "vitest";
import { build } from "../../targets/compile.ts";
import { agree, figure, mean, measured, openSample, type Sample, sampleText } from "./support.ts";
import { pieces, type Prose, readProse } from "./text.ts";

measured("gradient within {gradient off by} of that of the stack which stores; at 4 and at 32 blocks a step keeps {working memory without the gradient, MB} MB besides the gradient, where storing takes {MB that store, 4 blocks} and {MB that store, 32 blocks} MB in all; nats a character {nats on held-back text, the mixture} by the mixture found, {operation 0 alone}, {operation 1 alone} and {operation 2 alone} by one operation alone");

let sample: Sample;
let prose: Prose;
beforeAll(async () => {
  sample = await openSample("reversible", {}, { selfTest: false });
  prose = await readProse();
});

/** Piece by piece, 8 streams of 32 characters. */
const cut = (ids: Int32Array, count: number): readonly Int32Array[] => {
  const all = pieces(ids, 8, 32, count);
  return Array.from({ length: count }, (_, i) => all.subarray(i * 8 * 33, (i + 1) * 8 * 33));
};

describe("reversible", () => {
  test("js, wasm and the reference agree", async () => {
    const small = await openSample("reversible", { B: 2, T: 4, D: 4, L: 3 });
    const text = pieces(prose.training, 2, 4, 1);
    agree(small, [["step", text, 0.01], ["search", text, 0.01], ["apart", text], ["held_back", text]], { band: 1e-3 });
  });

  test("its gradient is that of the stack which stores", () => {
    sample.wasm.reset(1);
    expect(figure("gradient off by", sample.wasm.apart(cut(prose.training, 1)[0]))).toBeLessThan(1e-3);
  });

  // Measured at a batch of 64: 3007584 bytes at any depth, where the stack which stores takes 10.3 MB at 4 blocks and 64 MB at 32.
  test("keeps as much at any depth, but for the gradient itself", async () => {
    const text = await sampleText("reversible");
    const only = text.slice(0, text.indexOf("/// One step of alpha"));
    const bytes = async (source: string, L: number): Promise<number> => {
      const { program } = await build(source, { file: "reversible.pull", dims: { L, B: 64 }, selfTest: false });
      return program?.memory.arenaBytes ?? NaN;
    };
    // The loop back emits each block's gradient and then turns their order around; a block has a key, too.
    const gradient = (L: number): number => L * (2 * 4 * 2 * (16 * 16 + 16 + 48 * 16 + 16) + 4);
    const [four, ...more] = await Promise.all([4, 8, 16, 32].map(async (L) => (await bytes(only, L)) - gradient(L)));
    figure("working memory without the gradient, MB", four / 1e6);
    for (const other of more) expect(Math.abs(other / four - 1)).toBeLessThan(0.01);
    const storing = only.replace("layer_norm(reversible(", "layer_norm(stored(");
    const [shallow, deep] = await Promise.all([4, 32].map((L) => bytes(storing, L)));
    expect(figure("MB that store, 32 blocks", deep / 1e6)).toBeGreaterThan(5 * figure("MB that store, 4 blocks", shallow / 1e6));
  });

  // Measured: 2.44 nats; the operations alone 2.75, 2.53 and 3.21; alpha says the first, which is not the best.
  test("the mixture beats each operation, and the operation that the search finds the worst one", () => {
    const { wasm } = sample;
    const [text, held] = [cut(prose.training, 200), cut(prose.held, 20)];
    const score = (): number => mean(held.map((piece) => wasm.held_back(piece)));
    const alpha = () => wasm.parameters["net.alpha"].data;
    wasm.reset(1);
    text.forEach((piece, i) => {
      wasm.step(piece, 0.01);
      wasm.search(text[(i + 100) % 200], 0.02);
    });
    const found = Array.from(alpha()).indexOf(Math.max(...alpha()));
    const mixed = figure("nats on held-back text, the mixture", score());
    const alone = [0, 1, 2].map((operation) => {
      wasm.reset(1);
      alpha().set([0, 1, 2].map((other) => (other === operation ? 40 : 0)));
      for (const piece of text) wasm.step(piece, 0.01);
      return figure(`operation ${operation} alone`, score());
    });
    figure("found", found);
    expect(alone[found]).toBeLessThan(Math.max(...alone) - 0.3);
    expect(mixed).toBeLessThan(Math.min(...alone) - 0.03);
  }, 60_000);
});
