/**
 * Reference vectors against programs: each case is a few statements of the language that define its outputs; the harness adds the
 * signature, the request for the gradients and the result, and puts many cases into one module.
 */
import { compile } from "../../compiler/index.ts";
import { renderDiagnostics } from "../../compiler/diagnostics/render.ts";
import type { Entry, Graph, Tree } from "../../compiler/ir/graph.ts";
import type { PlacedTree, Program } from "../../compiler/program.ts";
import { ReferenceModule, tensor } from "../../compiler/reference/index.ts";
import { instantiate } from "../../targets/instantiate.ts";
import { js } from "../../targets/js/index.ts";
import { wasm } from "../../targets/wasm/index.ts";
import type { OracleCase, Tensors } from "./vectors.ts";

/** Statements that `let` each output be its value, under its name; without cotangents in the data, each gradient `x` as `g_x`, too. */
export type CaseText = string | {
  readonly text: string;
  /** Top-level declarations; those of equal text are shared by the cases of a module. */
  readonly declarations?: string;
  /** In place of `let g_x = pull(outputs, inputs, cotangents)`. */
  readonly gradients?: string;
  readonly train?: boolean;
  /** No gradient is asked for. */
  readonly valueOnly?: boolean;
};
export type CaseTexts = Readonly<Record<string, CaseText>>;

/** Names in the data that are reserved words or names of library functions that the text calls. */
const renamed: Readonly<Record<string, string>> = { surrogate: "surrogate_", jacobian: "jacobian_", outer: "outer_", state: "state_", map: "map_" };
const local = (name: string): string => renamed[name] ?? name;

export const typeText = ({ shape, dtype = "f32" }: { shape: readonly number[]; dtype?: string }): string =>
  shape.length === 0 ? dtype : `${dtype}[${shape.join(", ")}]`;
const listed = (names: readonly string[]): string => (names.length === 1 ? names[0] : `(${names.join(", ")})`);

export const entryName = (name: string): string => `case_${name.replace(/\W/g, "_")}`;

/** The entry of a case: its parameters are the inputs, then a cotangent `d_y` for each output that has one. */
export function entryText(of: OracleCase, caseText: CaseText): string {
  const { text, gradients, train, valueOnly } = typeof caseText === "string" ? { text: caseText } : { ...caseText };
  const seeds = valueOnly ? [] : Object.keys(of.cotangents ?? {});
  const wanted = valueOnly ? [] : Object.keys(of.gradients ?? {});
  const parameters = [
    ...Object.entries(of.inputs).map(([name, input]) => `${name}: ${typeText(input)}`),
    ...seeds.map((name) => `d_${name}: ${typeText(of.outputs[name])}`),
  ];
  const request = seeds.length === 0 || wanted.length === 0 ? ""
    : `let ${listed(wanted.map((name) => `g_${name}`))} = pull(${[
        listed(seeds.map(local)), listed(wanted), listed(seeds.map((name) => `d_${name}`)),
      ].join(", ")})`;
  const results = [
    ...Object.keys(of.outputs).map((name) => `${name}: ${local(name)}`),
    ...wanted.map((name) => `g_${name}`),
  ];
  return `export ${train ? "train " : ""}fn ${entryName(of.name)}(${parameters.join(", ")}) {
    ${text}
    ${gradients ?? request}
    return { ${results.join(", ")} }
  }`;
}

/** The file of a module that holds these cases. */
export function moduleText(cases: readonly (readonly [OracleCase, CaseText])[]): string {
  const declarations = new Set(cases.map(([, text]) => (typeof text === "string" ? "" : text.declarations ?? "")));
  return [...declarations, ...cases.map(([of, text]) => entryText(of, text))].join("\n\n");
}

/** A compiled module; `call` takes the leaves of an entry's arguments in order and answers those of its result. */
export interface Runner {
  call(entry: string, args: readonly (readonly number[])[]): ReadonlyMap<string, ArrayLike<number>>;
}

/** The reference in f64 and both targets, for one file. @throws Error with the rendered diagnostics */
export async function compileModule(source: string): Promise<Readonly<Record<"reference" | "wasm" | "js", Runner>>> {
  const { graph, program, artifacts, diagnostics } = await compile(source, { file: "oracle.pull", targets: [wasm, js] });
  if (!graph || !program) throw new Error(renderDiagnostics(diagnostics, { source: () => source }));
  const [first, second] = await Promise.all(artifacts.map((artifact) => artifactRunner(program, artifact)));
  return { reference: referenceRunner(graph), wasm: first, js: second };
}

type PathTree = Tree | PlacedTree;

export function* leaves<T extends PathTree>(tree: T, path = ""): Generator<readonly [string, Extract<T, { kind: "tensor" }>]> {
  const at = (name: string): string => (path === "" ? name : `${path}.${name}`);
  // The children of a T are T: both unions are recursive in themselves.
  if (tree.kind === "record") for (const { name, tree: child } of tree.fields) yield* leaves(child as T, at(name));
  else if (tree.kind === "tuple") for (const [i, child] of tree.items.entries()) yield* leaves(child as T, at(String(i)));
  else yield [path, tree as Extract<T, { kind: "tensor" }>];
}

function referenceRunner(graph: Graph): Runner {
  const module = new ReferenceModule(graph);
  return {
    call(name, args) {
      const entry: Entry = module.entry(name);
      const types = entry.parameters.flatMap(({ tree }) => [...leaves(tree)].map(([, leaf]) => leaf.type));
      const results = module.call(name, {}, types.map((type, i) => tensor(type, args[i])));
      const names = entry.result === null ? [] : [...leaves(entry.result)].map(([path]) => path);
      return new Map(names.map((path, i) => [path, results[i].data]));
    },
  };
}

const view = (memory: ArrayBuffer, { at, type }: Extract<PlacedTree, { kind: "tensor" }>) => {
  const count = type.shape.reduce((product, size) => product * size, 1);
  switch (type.element) {
    case "f32": return new Float32Array(memory, at, count);
    case "f64": return new Float64Array(memory, at, count);
    case "i32": return new Int32Array(memory, at, count);
    case "u32": return new Uint32Array(memory, at, count);
    case "bool": return new Uint8Array(memory, at, count);
  }
};

async function artifactRunner(program: Program, artifact: Parameters<typeof instantiate>[0]): Promise<Runner> {
  const instance = await instantiate(artifact, program.peakBytes);
  instance.call("init");
  return {
    call(name, args) {
      const entry = program.entries.find((other) => other.name === name);
      if (!entry) throw new Error(`no entry ${name}`);
      entry.parameters.flatMap(({ tree }) => [...leaves(tree)]).forEach(([, leaf], i) => view(instance.memory, leaf).set(args[i]));
      instance.call(entry.symbol);
      const results = entry.result === null ? [] : [...leaves(entry.result)];
      return new Map(results.map(([path, leaf]) => [path, view(instance.memory, leaf).slice()]));
    },
  };
}

/** All that a case asserts, under the names of the entry's result. */
export function expected(of: OracleCase, text: CaseText): Tensors {
  const valueOnly = typeof text !== "string" && text.valueOnly;
  const gradients = valueOnly ? {} : of.gradients ?? {};
  return { ...of.outputs, ...Object.fromEntries(Object.entries(gradients).map(([name, value]) => [`g_${name}`, value])) };
}

export const argumentsOf = (of: OracleCase, text: CaseText): readonly (readonly number[])[] => {
  const valueOnly = typeof text !== "string" && text.valueOnly;
  return [...Object.values(of.inputs), ...(valueOnly ? [] : Object.values(of.cotangents ?? {}))].map(({ data }) => data);
};
