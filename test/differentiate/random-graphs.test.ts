import { describe, expect, test } from "vitest";
import { verify } from "../../compiler/ir/verify.ts";
import { evaluate } from "../../compiler/reference/index.ts";
import { checkFirst, checkSecond } from "../ops/check.ts";
import type { Fn } from "../ops/check.ts";
import { Random } from "../ops/random.ts";
import { inline, randomGraph } from "../ops/random-graph.ts";
import type { RandomGraph } from "../ops/random-graph.ts";

const fnOf = ({ region }: RandomGraph): Fn => ({
  types: region.params.map((param) => region.types[param]),
  build: (b, x) => inline(b, region, x),
});

describe("random graphs", () => {
  test("are well-typed, finite and the same for one seed", () => {
    for (let seed = 0; seed < 100; seed++) {
      const graph = randomGraph(seed);
      verify(graph.region);
      expect(graph.region).toEqual(randomGraph(seed).region);
      expect(graph.region.results.length).toBeGreaterThan(0);
      for (const { data } of evaluate(graph.region, graph.args)) expect(data.every(Number.isFinite)).toBe(true);
    }
  });

  test("have exact first derivatives", () => {
    for (let seed = 0; seed < 200; seed++) {
      const graph = randomGraph(seed, { kind: "smooth", elements: ["f32", "f64", "i32", "u32", "bool"] });
      checkFirst(fnOf(graph), graph.args, new Random(seed), { tolerance: 1e-5 }, `seed ${seed}`);
    }
  });

  test("have exact second derivatives", () => {
    for (let seed = 200; seed < 240; seed++) {
      const graph = randomGraph(seed, { kind: "smooth", nodes: 12 });
      checkSecond(fnOf(graph), graph.args, new Random(seed), { tolerance: 1e-4 }, `seed ${seed}`);
    }
  });
});
