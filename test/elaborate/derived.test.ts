import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { printDerived, refuseDerived, simplified } from "../../compiler/elaborate/derived.ts";
import { elaborate } from "../../compiler/elaborate/index.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { printRegion } from "../../compiler/ir/print.ts";

const folder = new URL("../../samples/", import.meta.url);
const all = readdirSync(folder).filter((file) => file.endsWith(".pull"));
/** A loop that ends early has stacks, which the language does not spell. */
const refused = ["equilibrium.pull", "neural-ode.pull"];
const samples = all.filter((file) => !refused.includes(file));

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
    expect(refuseDerived(graph)).toEqual([]);
    const text = printDerived(graph, () => "");
    expect(regions(simplified(graphOf(text, "derived.pull")))).toEqual(regions(graph));
  });

  test.each(refused)("%s is refused by name", (file) => {
    const found = refuseDerived(simplified(graphOf(readFileSync(new URL(file, folder), "utf8"), file)));
    expect(new Set(found.map(({ code }) => code))).toEqual(new Set(["later"]));
  });

  test.each([
    ["checkpoints, and turns in order of another loop", `
      export fn f(xs: f32[12, 3], w: f32[3]) -> (f32[3], f32[12, 3]) {
        let (h, seen) = scan(checkpoint = sqrt) h = w for x in xs { h <- tanh(h * x + w)  emit h }
        let l = sum(h) + sum(seen ^ 2)
        return grad(l, (w, xs))
      }`],
    ["carries that change places, and an index", `
      export fn f(x: f32, y: f32) -> (f32, f32) {
        let (a, b) = scan a = x, b = y for i in 0..20 {
          let c = a
          a <- b
          b <- c * sin(f32(i) * b)
        }
        return grad(a * b, (x, y))
      }`],
    ["positions that are the same in every turn of a batch", `
      export fn f(x: f32[5, 4, 3, 3]) {
        let total = scan s = 0.0 for m in x { s <- s + sum(sin(s + trace(m))) }
        return grad(total, x)
      }`],
    ["loops in loops, backwards, written out in pairs", `
      export fn f(xs: f32[6, 5, 2], w: f32[2]) -> (f32, f32[2]) {
        let total = scan(reversed = true, unroll = 2) s = 0.0 for (i, rows) in (0..6, xs) {
          let inner = scan t = w for row in rows { t <- tanh(t * row) + s }
          s <- s + sum(inner) * f32(i)
        }
        return (total, grad(total, w))
      }`],
    ["mapped derivatives of a family", `
      model Unit(x: f32[3]) -> f32[3] { param w: f32[3, 3] = normal(0, 1)  return tanh(x @ w) }
      model Net(x: f32[3]) -> f32[3] { layer units[8] = Unit  return scan h = x for u in units { h <- u(h) } }
      var net = Net
      export train fn f(xs: f32[4, 3], lr: f32) -> f32[4, 8, 3, 3] {
        let each = map x in xs => grad(sum(net(x)), net)
        minimize sum(map x in xs => sum(net(x) ^ 2)) over net.units[2] with momentum(lr = lr, momentum = 0.9)
        return each.units.w
      }`],
  ])("%s", (_, source) => {
    const graph = simplified(graphOf(source, "loops.pull"));
    expect(refuseDerived(graph)).toEqual([]);
    const text = printDerived(graph, () => "");
    expect(text).toContain("scan");
    expect(regions(simplified(graphOf(text, "derived.pull")))).toEqual(regions(graph));
  });

  test("loops that end early have no spelling", () => {
    const graph = simplified(graphOf("export fn f(x: f32) -> f32 = scan y = x for i in 0..20 until y > 100 { y <- y * 2 }", "early.pull"));
    expect(refuseDerived(graph).map(({ message }) => message)).toEqual([
      "`--emit grad` of an entry with a loop that ends early, or has no results: not in this version of the compiler",
    ]);
  });

  test("what a loop looks like", () => {
    const graph = simplified(graphOf(`
      export fn f(xs: f32[10, 3], w: f32[3]) -> f32[3] {
        let h = scan h = zeros([3]) for x in xs { h <- tanh(h * w + x) }
        return grad(sum(h), w)
      }`, "small.pull"));
    expect(printDerived(graph, () => "")).toMatchSnapshot();
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
