/** A program with a run-time length beside the same program at one length. */
import { expect } from "vitest";
import { elaborate } from "../../compiler/elaborate/index.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { verify } from "../../compiler/ir/verify.ts";
import { ReferenceModule, type Tensor } from "../../compiler/reference/index.ts";

export const bound = 8;

/** `N` is the length in the text's first entry: `export fn f[N](...)`. */
export const bounded = (source: string): string => source.replace(" f[N]", ` f[N <= ${bound}]`);
export const fixed = (source: string, n: number): string => `${source.replace(" f[N]", " f")}\ndim N = ${n}\n`;

export function graphOf(source: string): Graph {
  const { graph, diagnostics } = elaborate(source, { file: "length.pull" });
  expect(diagnostics.filter(({ severity }) => severity === "error").map(({ code, message, label }) => `${code}: ${message} ${label ?? ""}`)).toEqual([]);
  if (!graph) throw new Error("no graph");
  verify(graph);
  return graph;
}

/** Repeatable arguments in the shapes of an entry's parameters. */
export function argumentsOf(graph: Graph): readonly Tensor[] {
  const [entry] = graph.entries;
  const types = entry.region.params.slice(entry.reads.length).map((param) => entry.region.types[param]);
  return types.map((type, at) => ({
    type, data: Float64Array.from({ length: type.shape.reduce((n, size) => n * size, 1) }, (_, i) => (type.element === "i32" ? (i * 5 + 1) % Math.min(3, type.shape[0] ?? 3) : type.element === "bool" ? i % 2 : Math.fround(Math.sin(1 + 3 * i + 7 * at) * 0.7))),
  }));
}

export const referenceOf = (source: string): ReferenceModule => new ReferenceModule(graphOf(source), { seed: 3 });

// ---- of modules

const arrays = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u32: Uint32Array, bool: Uint8Array };
/** Arguments as a module takes them. */
export const given = (args: readonly Tensor[]) => args.map(({ type, data }) => (type.shape.length === 0 ? data[0] : arrays[type.element].from(data)));
/** The same in form, with NaN for numbers. */
export const poison = (args: readonly Tensor[]) => args.map(({ type, data }) => (type.shape.length === 0 ? data[0] : arrays[type.element].from(data).fill(type.element === "f32" ? NaN : 1)));

/** All numbers of a result, in order. */
export const numbersOf = (value: unknown): number[] => (typeof value === "object" && value !== null ? Object.values(value).flatMap(numbersOf) : [Number(value)]);
