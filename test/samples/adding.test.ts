import { beforeAll, describe, expect, test } from "vitest";
import { agree, figure, measured, openSample, type Sample } from "./support.ts";

measured("error on sums over 50 numbers after 2400 steps: LSTM {error of the LSTM}, plain net {error of the plain net}; always saying the mean has 0.167");

let sample: Sample;
beforeAll(async () => { sample = await openSample("adding"); });

describe("adding", () => {
  test("js, wasm and the reference agree", async () => {
    const small = await openSample("adding", { T: 6, N: 3, STEPS: 4 });
    agree(small, [["learn", 0.01], ["learn", 0.01]], { band: 1e-3 });
  });

  test("the LSTM learns to add, the plain net only the mean", () => {
    const { wasm } = sample;
    wasm.reset(0);
    let last = { plain: 0, gated: 0 };
    for (let i = 0; i < 12; i++) last = wasm.learn(0.01);
    expect(figure("error of the LSTM", last.gated)).toBeLessThanOrEqual(0.02);
    expect(figure("error of the plain net", last.plain)).toBeGreaterThanOrEqual(0.15);
  });
});
