import { describe, expect, test } from "vitest";
import type { Region } from "../../compiler/ir/graph.ts";
import { printRegion } from "../../compiler/ir/print.ts";
import { eraseMarkers } from "../../compiler/optimize/erase-markers.ts";
import { passes, runPasses } from "../../compiler/optimize/index.ts";
import { evaluate } from "../../compiler/reference/index.ts";
import { js } from "../../targets/js/index.ts";
import { wasm } from "../../targets/wasm/index.ts";
import { randomGraph } from "../ops/random-graph.ts";
import { difference, runRegion } from "./run.ts";

const strict = { fastMath: false };

/** Jumps (floor, comparisons) are left out: rounding may put an arg on either side of one. */
async function compare(change: (region: Region) => Region, from: number, to: number, lanes: 1 | 4 = 4): Promise<void> {
  for (let seed = from; seed < to; seed++) {
    const { region: marked, args } = randomGraph(seed, { nodes: 10 + (seed % 40), kind: "continuous", elements: ["f32", "i32", "u32", "bool"] });
    const region = change(marked);
    try {
      const actual = await runRegion(region, args, js, lanes);
      expect(difference(evaluate(region, args, { round: "f32" }), actual, 2e-3)).toBe(undefined);
      if (seed % 4 === 0) expect(difference(actual, await runRegion(region, args, wasm, lanes), 0)).toBe(undefined);
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.stack : String(error)}\n${printRegion(region)}`, { cause: error });
    }
  }
}

describe("random graphs agree with the reference, and js with wasm in every bit", () => {
  test("as they are", () => compare((region) => eraseMarkers.run(region, strict), 0, 150));
  test("on a machine without vectors", () => compare((region) => runPasses(region, passes, strict), 300, 360, 1));
  test("optimized", () => compare((region) => runPasses(region, passes, strict), 150, 300));
});
