import { beforeAll, describe, expect, test } from "vitest";
import { agree, cosine, figure, mean, measured, openSample, randomNumbers, type Sample } from "./support.ts";

measured("cosine with the gradient through all 16 steps {cosine, k = 0}, {cosine, k = 2}, {cosine, k = 4}, {cosine, k = 8}, {cosine, k = 12} and {cosine, k = 15} through 0, 2, 4, 8, 12 and 15 of them, three targets; each costs {operations of a step} of the work of none; by 0, 4 and 15, 20 moves bring ends from {distance, start} to {distance, k = 0}, {distance, k = 4} and {distance, k = 15} of a target");

const B = 128;
const depths = [0, 2, 4, 8, 12, 15] as const;
const targets = [[0, 0], [1.5, -0.6], [-1, 1]] as const;
const random = randomNumbers(3);
const noise = Float32Array.from({ length: 2 * B }, () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));

let sample: Sample;
beforeAll(async () => {
  sample = await openSample("through-solve", {}, { selfTest: false });
  const { wasm } = sample;
  wasm.reset(1);
  for (let i = 0; i < 2000; i++) wasm.step(0.005 * (1 - i / 2000));
});

describe("through-solve", () => {
  test("js, wasm and the reference agree", async () => {
    const small = await openSample("through-solve", { B: 4 }, { selfTest: false });
    const x = noise.slice(0, 8);
    agree(small, [["step", 0.01], ["step", 0.01], ["draw", x], ...depths.map((k) => [`through_${k}`, x, [1, 0]] as const), ["through_all", x, [1, 0]]], { band: 2e-3 });
  });

  // From step 15 the guess of the rest is the last step.
  test("the more steps, the nearer to the gradient through all of them; through all but the last it is that", () => {
    for (const target of targets) {
      const all: Float32Array = sample.wasm.through_all(noise, target).slice();
      const cosines = depths.map((k) => figure(`cosine, k = ${k}`, cosine(sample.wasm[`through_${k}`](noise, target), all)));
      expect(cosines.toSorted((a, b) => a - b)).toEqual(cosines);
      expect(cosines[0]).toBeLessThan(0.65);
      expect(Math.abs(cosines[5] - 1)).toBeLessThan(1e-5);
    }
  });

  test("the work is linear in the steps", () => {
    const flops = depths.map((k) => sample.built.program?.entries.find(({ name }) => name === `through_${k}`)?.flops ?? NaN);
    const slope = (flops[5] - flops[0]) / 15;
    depths.forEach((k, i) => { expect(Math.abs(flops[i] / (flops[0] + slope * k) - 1)).toBeLessThan(1e-3); });
    expect(figure("operations of a step", slope / flops[0])).toBeLessThan(1.05);
  });

  test("starts moved along the gradient end nearer to a target, the more so the more steps it goes through", () => {
    const [, target] = targets;
    const distance = (x: Float32Array): number => {
      const ends: Float32Array = sample.wasm.draw(x);
      return mean(Array.from({ length: B }, (_, i) => Math.hypot(ends[2 * i] - target[0], ends[2 * i + 1] - target[1])));
    };
    const moved = (k: number): number => {
      let x = noise;
      for (let turn = 0; turn < 20; turn++) {
        const g: Float32Array = sample.wasm[`through_${k}`](x, target);
        x = x.map((value, i) => value - 0.05 * g[i]);
      }
      return figure(`distance, k = ${k}`, distance(x));
    };
    const [start, greedy, some, most] = [figure("distance, start", distance(noise)), moved(0), moved(4), moved(15)];
    expect(greedy).toBeLessThan(start);
    expect(some).toBeLessThan(greedy);
    expect(most).toBeLessThan(some);
  });
});
