import { describe, expect, test } from "vitest";
import type { Region } from "../../compiler/ir/graph.ts";
import { printRegion } from "../../compiler/ir/print.ts";
import { verify } from "../../compiler/ir/verify.ts";
import { passes, runPasses } from "../../compiler/optimize/index.ts";
import type { PassOptions } from "../../compiler/optimize/index.ts";
import { evaluate } from "../../compiler/reference/index.ts";
import type { Tensor } from "../../compiler/reference/index.ts";
import { randomGraph } from "../ops/random-graph.ts";
import type { RandomGraph } from "../ops/random-graph.ts";
import { randomLoop } from "../ops/random-loop.ts";
import { movementGraph } from "./movement-graph.ts";

const count = 100;

/** The first element that differs by more than `tolerance` (relative to max(1, |y|)); 0: bits must agree. */
function difference(expected: readonly Tensor[], actual: readonly Tensor[], tolerance: number): string | undefined {
  for (const [i, { data }] of expected.entries()) {
    for (let k = 0; k < data.length; k++) {
      const [a, b] = [data[k], actual[i].data[k]];
      const close = tolerance === 0 ? Object.is(a, b) : Object.is(a, b) || Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a));
      if (!close) return `result ${i}, element ${k}: ${a} became ${b}`;
    }
  }
  return undefined;
}

function expectSameMeaning(graph: RandomGraph, changed: Region, name: string, tolerance: number): void {
  try {
    verify(changed);
    const found = difference(evaluate(graph.region, graph.args, { round: "f32" }), evaluate(changed, graph.args, { round: "f32" }), tolerance);
    if (found !== undefined) throw new Error(found);
  } catch (error) {
    throw new Error(`${name}: ${String(error)}\n${printRegion(graph.region)}\nbecame\n${printRegion(changed)}`, { cause: error });
  }
}

const strict: PassOptions = { fastMath: false };

describe.each(passes.map((pass) => [pass.name, pass] as const))("%s on random graphs", (name, pass) => {
  test("keeps the meaning, and a second run changes nothing", () => {
    for (let seed = 0; seed < count; seed++) {
      // Regrouped sums differ in their last bits, and a jump would make that a difference of one.
      const graph = randomGraph(seed, pass.keeps === "exact" ? { nodes: 60 } : { nodes: 60, kind: "continuous" });
      const once = pass.run(graph.region, strict);
      expectSameMeaning(graph, once, `${name}, seed ${seed}`, pass.keeps === "exact" ? 0 : 1e-4);
      expect(pass.run(once, strict)).toBe(once);
    }
  });

  test("keeps every bit of movement, integer sums and dots", () => {
    for (let seed = 0; seed < count; seed++) {
      const graph = movementGraph(seed, pass.keeps === "exact" ? "f32" : "i32");
      const once = pass.run(graph.region, strict);
      expectSameMeaning(graph, once, `${name}, seed ${seed}`, 0);
      expect(pass.run(once, strict)).toBe(once);
    }
  });

  test("keeps the meaning under fast math", () => {
    for (let seed = 0; seed < count; seed++) {
      const graph = randomGraph(seed, { nodes: 40, kind: "smooth", elements: ["f32"] });
      expectSameMeaning(graph, pass.run(graph.region, { fastMath: true }), `${name}, seed ${seed}`, 1e-3);
    }
  });
});

describe("the whole list on random graphs", () => {
  test.each([["exact elements", 0], ["floats", 1e-4]] as const)("keeps the meaning over %s", (what, tolerance) => {
    for (let seed = 0; seed < count; seed++) {
      const graph = what === "floats"
        ? randomGraph(seed, { nodes: 80, kind: "continuous" })
        : exactly(randomGraph(seed, { nodes: 80 }));
      const once = runPasses(graph.region, passes, strict);
      expectSameMeaning(graph, once, `seed ${seed}`, tolerance);
      expect(printRegion(runPasses(once, passes, strict))).toBe(printRegion(once));
    }
  });
});

test("the whole list keeps every bit of movement, integer sums and dots", () => {
  for (let seed = 0; seed < 3 * count; seed++) {
    const graph = movementGraph(seed, "i32", 40);
    const once = runPasses(graph.region, passes, strict);
    expectSameMeaning(graph, once, `seed ${seed}`, 0);
    expect(printRegion(runPasses(once, passes, strict))).toBe(printRegion(once));
  }
});

describe("random loops", () => {
  /** Passes settle in the bodies first; the outer region is then what a pass alone changes. */
  test.each(passes.map((pass) => [pass.name, pass] as const))("%s keeps the meaning, and a second run changes nothing", (name, pass) => {
    for (let seed = 0; seed < 2 * count; seed++) {
      const graph = randomLoop(seed);
      const once = pass.run(graph.region, strict);
      expectSameMeaning(graph, once, `${name}, seed ${seed}`, pass.keeps === "exact" ? 0 : 1e-3);
      expect(pass.run(once, strict), `${name}, seed ${seed}`).toBe(once);
    }
  });

  test("the whole list keeps the meaning, and a second run changes nothing", () => {
    for (let seed = 0; seed < 3 * count; seed++) {
      const graph = randomLoop(seed);
      const once = runPasses(graph.region, passes, strict, (pass, changed) => expectSameMeaning(graph, changed, `${pass.name}, seed ${seed}`, 1e-3));
      expect(printRegion(runPasses(once, passes, strict))).toBe(printRegion(once));
    }
  });
});

/** The graph with those of its results that hold integers or truth values. */
function exactly({ region, args }: RandomGraph): RandomGraph {
  return { region: { ...region, results: region.results.filter((id) => !region.types[id].element.startsWith("f")) }, args };
}
