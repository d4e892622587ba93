import { beforeAll, describe, expect, test } from "vitest";
import { agree, figure, measured, openSample, type Sample } from "./support.ts";

measured("all four cases from {starts of 20 that solve it} of 20 starts; the others end in local minima");

let sample: Sample;
beforeAll(async () => { sample = await openSample("xor"); });

describe("xor", () => {
  test("js, wasm and the reference agree", () => {
    agree(sample, [["answers"], ...Array.from({ length: 20 }, () => ["step", 0.05] as const), ["answers"]], { band: 1e-4 });
  });

  // 19 of the seeds 0..39 get there; the others end in a minimum with one case or two undecided, as is known of 2-2-1.
  test("a 2-2-1 net gets all four cases from about half of its starts", () => {
    const { wasm } = sample;
    let solved = 0;
    for (let seed = 0; seed < 20; seed++) {
      wasm.reset(seed);
      let loss = Infinity;
      for (let i = 0; i < 1500; i++) loss = wasm.step(0.05);
      const answers = Array.from<number>(wasm.answers());
      const right = [0, 1, 1, 0].filter((target, i) => Math.abs(answers[i] - target) < 0.05).length;
      if (right === 4) {
        solved++;
        expect(loss).toBeLessThan(0.01);
      } else expect(loss).toBeGreaterThan(0.3);
    }
    expect(figure("starts of 20 that solve it", solved)).toBeGreaterThanOrEqual(6);
  });
});
