/** Two programs that must mean the same, run by the reference. */
import { expect } from "vitest";
import { elaborate } from "../../compiler/elaborate/index.ts";
import { verify } from "../../compiler/ir/verify.ts";
import { ReferenceModule, type Tensor } from "../../compiler/reference/index.ts";

export function moduleOf(source: string): ReferenceModule {
  const { graph, diagnostics } = elaborate(source, { file: "loop.pull" });
  expect(diagnostics.map(({ code, message }) => `${code}: ${message}`)).toEqual([]);
  if (!graph) throw new Error("no graph");
  verify(graph);
  return new ReferenceModule(graph, { seed: 3 });
}

/** Repeatable arguments in the shapes of an entry's parameters. */
function argumentsOf(source: string): readonly Tensor[] {
  const { graph } = elaborate(source, { file: "loop.pull" });
  const entry = graph?.entries[0];
  if (!entry) throw new Error("no entry");
  const types = entry.region.params.slice(entry.reads.length).map((param) => entry.region.types[param]);
  return types.map((type, at) => ({
    type, data: Float64Array.from({ length: type.shape.reduce((n, size) => n * size, 1) }, (_, i) => (type.element === "i32" ? i % 3 : Math.sin(1 + 3 * i + 7 * at) * 0.7)),
  }));
}

export function expectEqual(loop: string, unrolled: string, calls = 1): void {
  const given = argumentsOf(unrolled);
  const [a, b] = [moduleOf(loop), moduleOf(unrolled)];
  for (let call = 0; call < calls; call++) {
    const [left, right] = [a.call("f", {}, given), b.call("f", {}, given)];
    expect(left.length).toBe(right.length);
    left.forEach(({ type, data }, i) => {
      expect(type).toEqual(right[i].type);
      data.forEach((value, at) => expect(Math.abs(value - right[i].data[at]), `result ${i}[${at}]`).toBeLessThan(1e-12));
    });
  }
}
