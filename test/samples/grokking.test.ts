import { describe, expect, test } from "vitest";
import { agree, figure, measured, openSample, randomNumbers, starts } from "./support.ts";

measured("a + b mod 31 from half of the pairs, three starts: all of these right after {steps to all seen} steps, 95% of the others after {steps to 95% held back}, {gap} times as many; without decay {held back without decay%} of them at the end of 1,500");

const P = 31;
const every = 10;

function shuffled(count: number, seed: number): Int32Array {
  const random = randomNumbers(seed);
  return Int32Array.from(Array.from({ length: count }, (_, i) => [random(), i] as const).toSorted(([a], [b]) => a - b), ([, i]) => i);
}

/** Steps after which the share is first at least this one. */
const stepsTo = (share: number, shares: Float32Array): number => {
  const look = shares.findIndex((value) => value >= share);
  return look < 0 ? Infinity : (look + 1) * every;
};

describe("grokking", () => {
  test("js, wasm and the reference agree", async () => {
    const small = await openSample("grokking", { P: 5, SEEN: 12, D: 8, LOOKS: 3, EVERY: 2 });
    agree(small, [["run", shuffled(25, 1), 0.003, 0.5], ["run", shuffled(25, 2), 0.003, 0.5]], { band: 1e-3 });
  });

  // Measured on seeds 1 to 3: 3800, 1600 and 2770 steps against 80, 80 and 70.
  test.each(starts(1, 2, 3))("all pairs that it sees are right long before most of the others, seed %i", async (seed) => {
    const { wasm } = await openSample("grokking", {}, { selfTest: false });
    wasm.reset(seed);
    const { seen, held } = wasm.run(shuffled(P * P, seed), 0.003, 0.6);
    const [fitted, found] = [figure("steps to all seen", stepsTo(1, seen)), figure("steps to 95% held back", stepsTo(0.95, held))];
    expect(fitted).toBeLessThanOrEqual(100);
    expect(found).toBeLessThan(Infinity);
    expect(figure("gap", found / fitted)).toBeGreaterThanOrEqual(20);
  }, 120_000);

  test("without decay it learns by heart and stays there", async () => {
    const { wasm } = await openSample("grokking", { LOOKS: 150 }, { selfTest: false });
    wasm.reset(1);
    const { seen, held } = wasm.run(shuffled(P * P, 1), 0.003, 0);
    expect(stepsTo(1, seen)).toBeLessThanOrEqual(100);
    expect(figure("held back without decay", held.at(-1) ?? NaN)).toBeLessThan(0.6);
    expect(Math.abs((held.at(-1) ?? NaN) - held[20])).toBeLessThan(0.02);
  }, 60_000);
});
