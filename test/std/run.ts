/** Runs one program in the f64 reference: for tests of what library functions mean. */
import { check } from "../../compiler/index.ts";
import { renderDiagnostics } from "../../compiler/diagnostics/render.ts";
import { ReferenceModule, tensor } from "../../compiler/reference/index.ts";

export function load(source: string, seed = 0): ReferenceModule {
  const { graph, diagnostics } = check(source, { file: "test.pull" });
  if (!graph) throw new Error(renderDiagnostics(diagnostics, { source: () => source }));
  return new ReferenceModule(graph, { seed });
}

/** The result's leaves of an entry whose body is given; it has one parameter, the vector `x`, or none. */
export function results(body: string, { declarations = "", x }: { declarations?: string; x?: readonly number[] } = {}): readonly (readonly number[])[] {
  const module = load(`${declarations}\nexport fn main(${x ? `x: f32[${x.length}]` : ""}) {\n${body}\n}`);
  const given = x ? [tensor({ element: "f32", shape: [x.length] }, x)] : [];
  return module.call("main", {}, given).map(({ data }) => Array.from(data));
}
