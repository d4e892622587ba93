import { beforeAll, describe, expect, test } from "vitest";
import { agree, figure, mean, measured, openSample, type Sample } from "./support.ts";
import { pieces, type Prose, readProse, textOf, unigramEntropy } from "./text.ts";

measured("{nats on held-back text} nats a character on held-back prose after two epochs; no answer has credit from a later character");

const T = 48;
let sample: Sample;
let prose: Prose;
beforeAll(async () => {
  sample = await openSample("char-transformer", {}, { selfTest: false });
  prose = await readProse();
}, 60_000);

describe("char-transformer", () => {
  test("js, wasm and the reference agree", async () => {
    const small = await openSample("char-transformer", { B: 2, T: 4, D: 8, PIECES: 3, HELD: 2 });
    const text = pieces(prose.training, 2, 4, 3);
    const window = prose.held.slice(0, 4);
    agree(small, [["epoch", text, 0.01], ["epoch", text, 0.01], ["held_back", pieces(prose.held, 2, 4, 2)], ["write", window, 1], ["reach", window]], { band: 1e-3 });
  }, 30_000);

  // A net that knows how often each character comes, and no more, has 3.38 nats.
  test("two epochs, each one call, and it reads and writes", () => {
    const { wasm } = sample;
    wasm.reset(1);
    const [text, held] = [pieces(prose.training, 16, T, 187), pieces(prose.held, 16, T, 20)];
    expect(wasm.held_back(held)).toBeGreaterThan(figure("nats of single characters", unigramEntropy(prose.training)));
    const losses = [0.006, 0.002].map((lr): Float32Array => wasm.epoch(text, lr).slice());
    expect(mean(losses[1])).toBeLessThan(mean(losses[0]));
    expect(figure("nats on held-back text", wasm.held_back(held))).toBeLessThan(2);
    const before = prose.held.slice(1000, 1000 + T);
    const written = textOf(wasm.write(before, 0.7));
    if (process.env.FIGURES) console.log(`${textOf(before)}|${written}`);
    const share = (pattern: RegExp): number => (written.match(pattern) ?? []).length / written.length;
    expect(share(/[a-z]/g)).toBeGreaterThan(0.5);
    expect(share(/ /g)).toBeGreaterThan(0.05);
    expect(share(/ /g)).toBeLessThan(0.35);
  }, 60_000);

  test("an answer hangs on every character up to its own, and on none after it", () => {
    const reach: Float32Array = sample.wasm.reach(prose.held.slice(0, T));
    for (let answer = 0; answer < T; answer++) {
      const credits = reach.subarray(answer * T, (answer + 1) * T);
      expect(Math.min(...credits.subarray(0, answer + 1))).toBeGreaterThan(0);
      expect(credits.subarray(answer + 1).every((credit) => credit === 0)).toBe(true);
    }
  });
});
