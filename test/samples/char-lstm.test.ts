import { beforeAll, describe, expect, test } from "vitest";
import { agree, figure, mean, measured, openSample, type Sample } from "./support.ts";
import { pieces, type Prose, readProse, textOf, unigramEntropy } from "./text.ts";

measured("{nats on held-back text} nats a character on held-back prose after two epochs; single characters have {nats of single characters}");

let sample: Sample;
let prose: Prose;
beforeAll(async () => {
  sample = await openSample("char-lstm");
  prose = await readProse();
});

describe("char-lstm", () => {
  test("js, wasm and the reference agree, and memory goes on from piece to piece", async () => {
    const small = await openSample("char-lstm", { B: 2, T: 4, H: 8, PIECES: 3, HELD: 2 });
    const text = pieces(prose.training, 2, 4, 3);
    agree(small, [["epoch", text, 0.01], ["epoch", text, 0.01], ["held_back", pieces(prose.held, 2, 4, 2)], ["write", 40, 1]], { band: 1e-3 });
  });

  // A net that knows how often each character comes, and no more, has 3.38 nats.
  test("two epochs, each one call, and it reads and writes", () => {
    const { wasm } = sample;
    wasm.reset(1);
    const [text, held] = [pieces(prose.training, 16, 48, 187), pieces(prose.held, 16, 48, 20)];
    expect(wasm.held_back(held)).toBeGreaterThan(figure("nats of single characters", unigramEntropy(prose.training)));
    const losses = [0.01, 0.005].map((lr): Float32Array => wasm.epoch(text, lr).slice());
    expect(losses[0][0]).toBeGreaterThan(4);
    expect(mean(losses[1])).toBeLessThan(mean(losses[0]));
    expect(figure("nats on held-back text", wasm.held_back(held))).toBeLessThan(1.95);
    const written = textOf(wasm.write(53, 0.7));
    const share = (pattern: RegExp): number => (written.match(pattern) ?? []).length / written.length;
    expect(share(/[a-z]/g)).toBeGreaterThan(0.5);
    expect(share(/ /g)).toBeGreaterThan(0.05);
    expect(share(/ /g)).toBeLessThan(0.35);
  });
});
