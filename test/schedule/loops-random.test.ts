import { describe, expect, test } from "vitest";
import type { Region } from "../../compiler/ir/graph.ts";
import { printRegion } from "../../compiler/ir/print.ts";
import { passes, runPasses } from "../../compiler/optimize/index.ts";
import { evaluate } from "../../compiler/reference/index.ts";
import { js } from "../../targets/js/index.ts";
import { wasm } from "../../targets/wasm/index.ts";
import { randomLoop } from "../ops/random-loop.ts";
import { difference, runRegion } from "./run.ts";

const strict = { fastMath: false };

async function compare(change: (region: Region) => Region, from: number, to: number, lanes: 1 | 4 = 4): Promise<void> {
  for (let seed = from; seed < to; seed++) {
    const { region: written, args } = randomLoop(seed);
    const region = change(written);
    try {
      const actual = await runRegion(region, args, js, lanes);
      expect(difference(evaluate(written, args, { round: "f32" }), actual, 2e-3)).toBe(undefined);
      if (seed % 3 === 0) expect(difference(actual, await runRegion(region, args, wasm, lanes), 0)).toBe(undefined);
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.stack : String(error)}\n${printRegion(region)}`, { cause: error });
    }
  }
}

describe("random loops agree with the reference, and js with wasm in every bit", () => {
  test("as they are", () => compare((region) => region, 0, 200));
  test("on a machine without vectors", () => compare((region) => region, 200, 260, 1));
  test("optimized", () => compare((region) => runPasses(region, passes, strict), 300, 500));
});
