import { beforeAll, describe, expect, test } from "vitest";
import { agree, figure, measured, openSample, type Sample } from "./support.ts";

measured("over 256 times, off by {states off after 5 sweeps}, {states off after 10 sweeps}, {states off after 20 sweeps} and {states off after 39 sweeps} after 5, 10, 20 and 39 sweeps; credits by {credits off after 5 sweeps}, {credits off after 10 sweeps}, {credits off after 20 sweeps} and {credits off after 39 sweeps}");

let sample: Sample;
beforeAll(async () => { sample = await openSample("parallel-recurrence", {}, { selfTest: false }); });
const wave = (count: number, step: number): Float32Array => Float32Array.from({ length: count }, (_, i) => Math.sin(1 + step * i));

describe("parallel-recurrence", () => {
  test("js, wasm and the reference agree", async () => {
    const small = await openSample("parallel-recurrence", { T: 4, H: 3, D: 2 }, { selfTest: false });
    agree(small, [["sweeps", wave(8, 1.3), wave(3, 0.7)]], { band: 2e-3 });
  });

  test("few sweeps come near, and as many as times are exact", () => {
    const { states, credits } = sample.wasm.sweeps(wave(256 * 8, 1.3), wave(32, 0.7));
    for (const [name, errors] of [["states", states], ["credits", credits]] as const) {
      for (const n of [5, 10, 20, 39]) figure(`${name} off after ${n} sweeps`, errors[n - 1]);
      expect(errors[38]).toBeLessThan(0.01);
      expect(errors[4]).toBeGreaterThan(errors[9]);
      expect(errors[9]).toBeGreaterThan(errors[19]);
      expect(errors[255]).toBeLessThan(1e-6);
    }
  });
});
