/** Regions as whole programs, run by a target on tensors. */
import type { Entry, Graph, Region, StateId, TensorType, Tree } from "../../compiler/ir/graph.ts";
import { Builder } from "../../compiler/ir/builder.ts";
import { elementCount } from "../../compiler/ir/graph.ts";
import type { Artifact, PlacedTree, Program, ProgramEntry, Target } from "../../compiler/program.ts";
import { byteSize } from "../../compiler/program.ts";
import type { Tensor } from "../../compiler/reference/index.ts";
import { schedule } from "../../compiler/schedule/index.ts";
import { instantiate } from "../../targets/instantiate.ts";
import type { Instance } from "../../targets/instantiate.ts";

export const span = { file: "", start: 0, end: 0 } as unknown as Entry["span"]; // nothing here points at text

const leaf = (type: TensorType): Tree => ({ kind: "tensor", type, axes: type.shape.map(() => null) });

export interface StateSpec {
  readonly path: string;
  readonly type: TensorType;
}

/** A graph of one entry `f`; its first params read `reads`, its first results are written to `writes`. */
export function graphOf(region: Region, states: readonly StateSpec[] = [], reads: readonly number[] = [], writes: readonly number[] = [], externs: Graph["externs"] = []): Graph {
  const init = new Builder();
  init.parameter({ element: "u32", shape: [] });
  const initial = states.map(({ type }) => init.zeros(type));
  const results = region.results.slice(writes.length).map((value) => leaf(region.types[value]));
  const entry: Entry = {
    name: "f", train: writes.length > 0, variant: {},
    parameters: region.params.slice(reads.length).map((param, i) => ({ name: `x${i}`, tree: leaf(region.types[param]) })),
    result: { kind: "tuple", items: results },
    reads: reads as readonly StateId[], // indices into `states`
    writes: writes as readonly StateId[], // as above
    region, span,
  };
  return { entries: [entry], states: states.map(({ path, type }) => ({ path, type, role: "trained" as const, span })), init: init.region(initial), externs, sites: [] };
}

export const machine = { name: "test", lanes: 4 } as const;

export const programOf = (region: Region, lanes: 1 | 4 = 4): Program => schedule(graphOf(region), { ...machine, lanes });

type Leaf = Extract<PlacedTree, { kind: "tensor" }>;

export function leaves(tree: PlacedTree): Leaf[] {
  switch (tree.kind) {
    case "tensor": return [tree];
    case "record": return tree.fields.flatMap((field) => leaves(field.tree));
    case "tuple": return tree.items.flatMap(leaves);
  }
}

export function write(memory: ArrayBuffer, at: number, { type, data }: Tensor): void {
  const view = new DataView(memory);
  data.forEach((value, i) => {
    const to = at + i * byteSize(type.element);
    switch (type.element) {
      case "f32": view.setFloat32(to, value, true); break;
      case "f64": view.setFloat64(to, value, true); break;
      case "i32": view.setInt32(to, value, true); break;
      case "u32": view.setUint32(to, value, true); break;
      case "bool": view.setUint8(to, value); break;
    }
  });
}

export function read(memory: ArrayBuffer, at: number, type: TensorType): Tensor {
  const view = new DataView(memory);
  const data = Float64Array.from({ length: elementCount(type.shape) }, (_, i) => {
    const from = at + i * byteSize(type.element);
    switch (type.element) {
      case "f32": return view.getFloat32(from, true);
      case "f64": return view.getFloat64(from, true);
      case "i32": return view.getInt32(from, true);
      case "u32": return view.getUint32(from, true);
      case "bool": return view.getUint8(from);
    }
  });
  return { type, data };
}

/** Runs an entry once. */
export function call(program: Program, { memory, call: run }: Instance, entry: ProgramEntry, args: readonly Tensor[]): Tensor[] {
  entry.parameters.flatMap(({ tree }) => leaves(tree)).forEach(({ at }, i) => write(memory, at, args[i]));
  run(entry.symbol);
  return entry.result === null ? [] : leaves(entry.result).map(({ at, type }) => read(memory, at, type));
}

export async function instanceOf(program: Program, target: Target): Promise<Instance> {
  const artifact: Artifact = await target.emit(program);
  return instantiate(artifact, program.peakBytes);
}

/** The results of a region on a target. Memory starts filled with a pattern, so that nothing leans on zeros. */
export async function runRegion(region: Region, args: readonly Tensor[], target: Target, lanes: 1 | 4 = 4): Promise<Tensor[]> {
  const program = programOf(region, lanes);
  const instance = await instanceOf(program, target);
  poison(program, instance.memory);
  return call(program, instance, program.entries[0], args);
}

/** Fills the arena with bytes that are NaN as a float and far away as an integer. */
export function poison(program: Program, memory: ArrayBuffer): void {
  const start = program.memory.constantBytes + program.memory.stateBytes;
  new Uint8Array(memory, start, program.memory.arenaBytes).fill(0xff);
}

/** The first element that differs by more than `tolerance` (relative to max(1, |y|)). */
export function difference(expected: readonly Tensor[], actual: readonly Tensor[], tolerance: number): string | undefined {
  for (const [i, { data }] of expected.entries()) {
    for (let k = 0; k < data.length; k++) {
      const [a, b] = [data[k], actual[i].data[k]];
      if (a === b || (Number.isNaN(a) && Number.isNaN(b)) || Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a))) continue;
      return `result ${i}, element ${k}: ${a} became ${b}`;
    }
  }
  return undefined;
}
