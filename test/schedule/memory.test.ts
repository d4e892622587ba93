import { describe, expect, test } from "vitest";
import type { Region } from "../../compiler/ir/graph.ts";
import { passes, runPasses } from "../../compiler/optimize/index.ts";
import { randomGraph } from "../ops/random-graph.ts";
import { randomLoop } from "../ops/random-loop.ts";
import { play } from "./play.ts";

const strict = { fastMath: false };
const optimized = (region: Region): Region => runPasses(region, passes, strict);

describe("memory plans", () => {
  test("never give bytes away that are still read", () => {
    for (let seed = 0; seed < 200; seed++) play(optimized(randomGraph(seed + 500, { nodes: 10 + (seed % 50) }).region));
  });

  test("nor in loops, as they are and optimized", () => {
    for (let seed = 0; seed < 150; seed++) {
      const { region } = randomLoop(seed);
      try {
        play(region);
        play(optimized(region));
      } catch (error) {
        throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
      }
    }
  });
});
