/** Whole graphs, scheduled: wasm and js leave the same bits, and agree with the reference. */
import { describe, expect, test } from "vitest";
import type { Element, Entry, Graph, Region, TensorType } from "../../compiler/ir/graph.ts";
import { elementCount } from "../../compiler/ir/graph.ts";
import { Builder } from "../../compiler/ir/builder.ts";
import { optimize } from "../../compiler/optimize/index.ts";
import type { PlacedTree, Program } from "../../compiler/program.ts";
import { evaluate, type Tensor } from "../../compiler/reference/index.ts";
import { schedule } from "../../compiler/schedule/index.ts";
import { wasm } from "../../targets/wasm/index.ts";
import { movementGraph } from "../optimize/movement-graph.ts";
import { randomGraph, type RandomGraph } from "../ops/random-graph.ts";
import { both } from "./programs.ts";

const leaf = (type: TensorType) => ({ kind: "tensor", type, axes: type.shape.map(() => null) }) as const;

/** A graph with one entry, `go`, that is the region. */
function graphOf(region: Region): Graph {
  const entry: Entry = {
    name: "go", train: false, variant: {},
    parameters: region.params.map((param, index) => ({ name: `x${index}`, tree: leaf(region.types[param]) })),
    result: { kind: "tuple", items: region.results.map((result) => leaf(region.types[result])) },
    reads: [], writes: [], region,
    span: { file: "", start: 0, end: 0 },
  };
  const init = new Builder();
  init.parameter({ element: "u32", shape: [] });
  return { entries: [entry], states: [], init: init.region([]), externs: [], sites: [] };
}

const arrays: Record<Element, { new (buffer: ArrayBuffer, at: number, length: number): ArrayLike<number> & { set(values: ArrayLike<number>): void } }> = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u32: Uint32Array, bool: Uint8Array };

function placed(tree: PlacedTree): Extract<PlacedTree, { kind: "tensor" }>[] {
  switch (tree.kind) {
    case "tensor":
      return [tree];
    case "record":
      return tree.fields.flatMap(({ tree: inner }) => placed(inner));
    case "tuple":
      return tree.items.flatMap(placed);
  }
}

const view = (memory: ArrayBuffer, { type, at }: Extract<PlacedTree, { kind: "tensor" }>) => new arrays[type.element](memory, at, elementCount(type.shape));

/** The entry's results in both targets. */
async function results(program: Program, args: readonly Tensor[]): Promise<{ wasm: number[][]; js: number[][] }> {
  const instances = await both(program);
  const [entry] = program.entries;
  const outputs = ({ memory, call }: (typeof instances)["wasm"]): number[][] => {
    entry.parameters.flatMap(({ tree }) => placed(tree)).forEach((place, index) => view(memory, place).set(args[index].data));
    call(entry.symbol);
    return entry.result === null ? [] : placed(entry.result).map((place) => Array.from(view(memory, place)));
  };
  return { wasm: outputs(instances.wasm), js: outputs(instances.js) };
}

/** The first place where two lists of results differ by more than `tolerance` times max(1, |a|). */
function difference(expected: readonly ArrayLike<number>[], actual: readonly ArrayLike<number>[], tolerance: number): string | undefined {
  for (const [index, values] of expected.entries())
    for (let k = 0; k < values.length; k++) {
      const [a, b] = [values[k], actual[index][k]];
      if (!(Object.is(a, b) || Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a)))) return `result ${index}, element ${k}: ${a} and ${b}`;
    }
  return undefined;
}

async function compare({ region, args }: RandomGraph, tolerance: number | null): Promise<string | undefined> {
  const { wasm: first, js: second } = await results(schedule(optimize(graphOf(region)), wasm.machine), args);
  const apart = difference(first, second, -1);
  if (apart !== undefined || tolerance === null) return apart;
  return difference(evaluate(region, args, { round: "f32" }).map(({ data }) => data), first, tolerance);
}

const count = 100;

describe("random graphs", () => {
  test("of all ops: wasm and js give the same bits", async () => {
    for (let seed = 0; seed < count; seed++) expect(await compare(randomGraph(seed, { nodes: 40 }), null), `seed ${seed}`).toBeUndefined();
  });

  test("of continuous ops: both agree with the reference", async () => {
    for (let seed = 0; seed < count; seed++) expect(await compare(randomGraph(seed, { nodes: 40, kind: "continuous" }), 1e-4), `seed ${seed}`).toBeUndefined();
  });

  test("of movement, integer sums and dots: both agree with the reference in every bit", async () => {
    for (let seed = 0; seed < count; seed++) expect(await compare(movementGraph(seed, "i32"), 0), `seed ${seed}`).toBeUndefined();
  });
});
