import { describe, expect, test } from "vitest";
import { printRegion } from "../../compiler/ir/print.ts";
import { evaluate } from "../../compiler/reference/index.ts";
import { js } from "../../targets/js/index.ts";
import { wasm } from "../../targets/wasm/index.ts";
import { randomGraph } from "../ops/random-graph.ts";
import { difference, runRegion } from "./run.ts";

describe("random graphs", () => {
  test("agree with the reference, and js with wasm in every bit", async () => {
    for (let seed = 0; seed < 150; seed++) {
      const { region, args } = randomGraph(seed, { nodes: 10 + (seed % 40), kind: "continuous", elements: ["f32", "i32", "u32", "bool"] });
      try {
        const actual = await runRegion(region, args, js);
        expect(difference(evaluate(region, args, { round: "f32" }), actual, 2e-3)).toBe(undefined);
        if (seed % 3 === 0) expect(difference(actual, await runRegion(region, args, wasm), 0)).toBe(undefined);
      } catch (error) {
        throw new Error(`seed ${seed}: ${error instanceof Error ? error.stack : String(error)}\n${printRegion(region)}`, { cause: error });
      }
    }
  });
});
