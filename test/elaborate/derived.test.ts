import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { printDerived, refuseDerivedLoops, simplified } from "../../compiler/elaborate/derived.ts";
import { elaborate } from "../../compiler/elaborate/index.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { printRegion } from "../../compiler/ir/print.ts";

const folder = new URL("../../samples/", import.meta.url);
const samples = readdirSync(folder).filter((file) => file.endsWith(".pull"));

function graphOf(text: string, file: string): Graph {
  const { graph, diagnostics } = elaborate(text, { file, read: (specifier) => readFileSync(new URL(specifier, folder), "utf8") });
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  if (!graph) throw new Error(`${file} has no graph`);
  return graph;
}

const regions = (graph: Graph): string[] => graph.entries.map(({ region }) => printRegion(region));

describe("a derived program compiles back to the graph that it was printed from", () => {
  test.each(samples)("%s", (file) => {
    const source = readFileSync(new URL(file, folder), "utf8");
    const graph = simplified(graphOf(source, file));
    const refused = refuseDerivedLoops(graph);
    for (const { code } of refused) expect(code).toBe("later");
    if (refused.length > 0) return expect(source).toMatch(/\b(scan|fixpoint|odesolve)\b/); // loops have no spelling
    const text = printDerived(graph, () => "");
    expect(regions(simplified(graphOf(text, "derived.pull")))).toEqual(regions(graph));
  });

  test("what it looks like", () => {
    const graph = simplified(graphOf(`
      var w: f32[3] = 1
      export train fn step(x: f32[3], lr: f32) -> f32 {
        let l = sum(tanh(w * x))
        minimize l over w with sgd(lr = lr)
        return l
      }`, "small.pull"));
    expect(printDerived(graph, () => "")).toMatchSnapshot();
  });
});
