/** Two programs that must mean the same, run by the reference. */
import { expect } from "vitest";
import { elaborate } from "../../compiler/elaborate/index.ts";
import { bodiesOf, type Graph, isLoop, type Region } from "../../compiler/ir/graph.ts";
import { verify } from "../../compiler/ir/verify.ts";
import { ReferenceModule, type Tensor } from "../../compiler/reference/index.ts";

export function moduleOf(source: string): ReferenceModule {
  const { graph, diagnostics } = elaborate(source, { file: "loop.pull" });
  expect(diagnostics.map(({ code, message }) => `${code}: ${message}`).join()).toBe("");
  if (!graph) throw new Error("no graph");
  verify(graph);
  return new ReferenceModule(graph, { seed: 3 });
}

/** Repeatable arguments in the shapes of an entry's parameters. */
export function argumentsOf(source: string): readonly Tensor[] {
  const { graph, diagnostics } = elaborate(source, { file: "loop.pull" });
  const entry = graph?.entries[0];
  if (!entry) throw new Error(diagnostics.map(({ message }) => message).join());
  const types = entry.region.params.slice(entry.reads.length).map((param) => entry.region.types[param]);
  return types.map((type, at) => ({
    type, data: Float64Array.from({ length: type.shape.reduce((n, size) => n * size, 1) }, (_, i) => (type.element === "i32" ? i % 3 : Math.sin(1 + 3 * i + 7 * at) * 0.7)),
  }));
}

/** `within`: how far apart numbers may be, by which the larger ones are measured too; the default is what rounding leaves. */
export function expectEqual(loop: string, unrolled: string, { within = 1e-12 }: { readonly within?: number } = {}): void {
  const given = argumentsOf(unrolled);
  const [left, right] = [loop, unrolled].map((source) => moduleOf(source).call("f", {}, given));
  expect(left.length).toBe(right.length);
  left.forEach(({ type, data }, i) => {
    expect(type).toEqual(right[i].type);
    data.forEach((value, at) => {
      const wanted = right[i].data[at];
      expect(Math.abs(value - wanted) / Math.max(1, Math.abs(wanted)), `result ${i}[${at}]: ${value}, not ${wanted}`).toBeLessThan(within);
    });
  });
}

/** Nodes of all entries, those in the bodies of loops included. */
export function countNodes({ entries }: Graph): number {
  const count = ({ nodes }: Region): number => nodes.reduce((sum, node) => sum + 1 + (isLoop(node) ? bodiesOf(node).reduce((inner, body) => inner + count(body), 0) : 0), 0);
  return entries.reduce((sum, { region }) => sum + count(region), 0);
}
