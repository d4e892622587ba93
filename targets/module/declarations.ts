/** The `.d.ts`: literal shapes as types, doc comments of entries, the names of all persistent tensors. */
import { elementCount, type Tree } from "../../compiler/ir/graph.ts";
import type { Artifact, PlacedTree, Program, ProgramEntry } from "../../compiler/program.ts";
import { hasHost, neededOf } from "./entry.ts";
import { arrayType, comment, isScalar, leavesOf, Names, property, typeText } from "./text.ts";
import { byName } from "./variants.ts";

type Leaf = Extract<Tree, { kind: "tensor" }>;

const scalarType = (leaf: Leaf): string => (leaf.type.element === "bool" ? "boolean" : "number");
const tensorType = ({ type, rows }: Leaf): string => `Tensor<${arrayType[type.element]}, [${type.shape.map((size, axis) => (axis === 0 && rows ? "number" : size)).join(", ")}]>`;

/** A tree as a type; `tensor` says what stands for a tensor. */
function treeType(tree: Tree | PlacedTree, tensor: (leaf: Leaf) => string): string {
  if (tree.kind === "record") return `{ ${tree.fields.map((field) => `${property(field.name)}: ${treeType(field.tree, tensor)}`).join("; ")} }`;
  if (tree.kind === "tuple") return `[${tree.items.map((item) => treeType(item, tensor)).join(", ")}]`;
  return isScalar(tree) ? scalarType(tree) : tensor(tree);
}

const given = (leaf: Leaf): string => `${tensorType(leaf)} | readonly ${leaf.type.element === "bool" ? "(boolean | number)" : "number"}[]`;

/** Lists up to here are written out by people: their length is a part of the type. */
const writtenOut = 64;

/** As `given`, a list with a type parameter of its own, so that a literal of a wrong length is an error. */
const sized = (leaf: Leaf, generics: string[]): string => {
  const count = elementCount(leaf.type.shape);
  if (count > writtenOut || leaf.rows) return given(leaf);
  const name = `List${generics.length + 1}`;
  generics.push(`const ${name} extends readonly ${leaf.type.element === "bool" ? "(boolean | number)" : "number"}[]`);
  return `${tensorType(leaf)} | (${name} & Sized<${name}, ${count}>)`;
};

/** The places that results may go to; null if there is no tensor among them. */
function outType(tree: PlacedTree): string | null {
  if (tree.kind === "tensor") return isScalar(tree) ? null : tensorType(tree);
  if (tree.kind === "record") {
    const fields = tree.fields.flatMap((field) => {
      const type = outType(field.tree);
      return type === null ? [] : [`${property(field.name)}?: ${type}`];
    });
    return fields.length ? `{ ${fields.join("; ")} }` : null;
  }
  const items = tree.items.map(outType);
  return items.every((item) => item === null) ? null : `[${items.map((item) => `${item ?? "undefined"}?`).join(", ")}]`;
}

function method(entry: ProgramEntry, byOption: boolean, later: boolean): string {
  const names = new Names(["options"]);
  const generics: string[] = [];
  const needed = neededOf(entry);
  const parameters = entry.parameters.map(({ name, tree, default: standard }, index) =>
    `${names.pick(name)}${index >= needed ? "?" : ""}: ${treeType(tree, (leaf) => sized(leaf, generics))}${standard !== undefined && index < needed ? " | undefined" : ""}`);
  const out = entry.result && outType(entry.result);
  const choice = byOption ? Object.entries(entry.variant).map(([generic, size]) => `${generic}?: ${size}`) : [];
  const options = [...choice, ...(out ? [`out?: ${out}`] : [])];
  if (options.length) parameters.push(`options?: { ${options.join("; ")} }`);
  const result = entry.result === null ? "void" : treeType(entry.result, tensorType);
  const docs = [
    ...(entry.doc ? [entry.doc] : []),
    ...entry.parameters.flatMap(({ name, tree, default: standard }) =>
      [...leavesOf<Leaf>(tree)].map((found) => `@param ${name}${found.path} ${leafDoc(found.leaf)}${standard === undefined ? "" : `; ${standard} by default`}`)),
    ...(entry.result === null ? [] : [`@returns ${[...leavesOf<Leaf>(entry.result)].map(resultDoc).join(", ")}`]),
  ];
  return `${comment(docs.join("\n"), "  ")}  ${property(entry.name)}${generics.length ? `<${generics.join(", ")}>` : ""}(${parameters.join(", ")}): ${later || hasHost(entry) ? `Promise<${result}>` : result};\n`;
}

/** `f32[B=32, 4]`, `SO3 in f32[B=32, 4]`. */
const storedText = (leaf: Leaf): string => `${leaf.of === undefined ? "" : `${leaf.of} in `}${typeText(leaf)}`;

/** `i32[B=32], indices in 0..9`. */
function leafDoc(leaf: Leaf & { readonly below?: number }): string {
  return `${storedText(leaf)}${isScalar(leaf) ? ", a number" : ""}${leaf.below === undefined ? "" : `, indices in 0..${leaf.below - 1}`}`;
}

/** `loss: f32`. */
const resultDoc = ({ leaf, path }: { leaf: Leaf; path: string }): string => `${path ? `${path.replace(/^\./, "")}: ` : ""}${storedText(leaf)}`;

/** `digits-net`: `DigitsNet`. */
const classNameOf = (name: string): string =>
  name.replace(/(?:^|[^A-Za-z0-9]+)([A-Za-z0-9])/g, (_, letter: string) => letter.toUpperCase()).replace(/^(?=\d)/, "_") || "Module";

const methodsOf = (program: Program, later: boolean): string =>
  [...byName(program.entries).values()].map((entries) => entries.map((entry) => method(entry, entries.length > 1, later)).join("")).join("");

/** The module as a client of its worker has it: every call is a promise. */
export function workerDeclarations(program: Program, name: string): string {
  const className = classNameOf(name);
  return `
/** ${className} in a worker, as \`?worker\` gives it. */
export interface ${className}InWorker {
${methodsOf(program, true)}  readonly parameters: { readonly [Name in ParameterName]: Pick<Parameters[Name], "shape" | "element" | "role"> & {
    read(): Promise<Awaited<ReturnType<Parameters[Name]["read"]>>>;
    write(values: globalThis.Parameters<Parameters[Name]["write"]>[0]): Promise<void>;
  } };
  save(): Promise<Uint8Array>;
  load(file: ArrayBuffer | ArrayBufferView, options?: { only?: "parameters" | (string & {}) }): Promise<void>;
  reset(seed?: number): Promise<void>;
  readonly peakBytes: number;
  readonly signature: string;
  /** Ends the worker; calls that wait are rejected. */
  terminate(): void;
}
`;
}

export function declarations(program: Program, name: string, artifacts: readonly Artifact[], selfTest: boolean): string {
  const className = classNameOf(name);
  // With a device in play every call waits, on a processor, too.
  const later = artifacts.some(({ kind }) => kind === "wgsl");
  const promise = (type: string): string => (later ? `Promise<${type}>` : type);
  const visible = program.states.filter(({ path }) => !path.startsWith("$"));
  const states = visible.map(({ path, type }) => `  readonly ${JSON.stringify(path)}: Parameter<${arrayType[type.element]}, [${type.shape.join(", ")}]>;\n`).join("");
  const methods = methodsOf(program, later);
  const externs = program.externs.map(({ name: extern, doc, parameters, result }) => {
    const names = new Names();
    const list = parameters.map((parameter) => `${names.pick(parameter.name)}: ${treeType(parameter.tree, tensorType)}`).join(", ");
    const type = result === null ? "void" : treeType(result, given);
    return `${comment(doc, "    ")}    ${property(extern)}(${list}): ${type} | Promise<${type}>;\n`;
  }).join("");
  const both = new Set(artifacts.map(({ kind }) => kind));
  return `// Types of ${name}.js: made by pullback, do not edit.

/** A typed array in row-major order; \`Shape\` exists for the type checker only. */
export type Tensor<A, Shape extends readonly number[]> = A & { readonly __shape?: Shape };

/** A list of so many values; its length is checked where it is known, as that of a literal is. */
export type Sized<List extends readonly unknown[], Count extends number> =
  number extends List["length"] ? unknown : List["length"] extends Count ? unknown : { readonly length: Count };

export interface Parameter<A, Shape extends readonly number[]> {
  readonly shape: Shape;
  readonly element: "f32" | "f64" | "i32" | "u32" | "bool";
  readonly role: "trained" | "frozen" | "state" | "optimizer";
${later ? "" : `  /** A live view of the module's memory. */
  readonly data: Tensor<A, Shape>;
`}  /** A copy. */
  read(): ${promise("Tensor<A, Shape>")};
  write(values: A | readonly number[]): ${promise("void")};
}

/** All persistent tensors: parameters, other state, the optimizers' state. */
export interface Parameters {
${states}}
export type ParameterName = keyof Parameters;

export interface ${className} {
${methods}  readonly parameters: Parameters;
  /** All tensors as a safetensors file, optimizer state, seed and call counter included. */
  save(): ${promise("Uint8Array")};
  /**
   * Takes a file of \`save\`, all or nothing. \`only\`: "parameters" takes the weights from any file that has them, a path what lies under it.
   * @throws Error naming the tensor that does not fit
   */
  load(file: ArrayBuffer | ArrayBufferView, options?: { only?: "parameters" | (string & {}) }): ${promise("void")};
  /** Starts again from the initial values of \`seed\`, by default the last one. */
  reset(seed?: number): ${promise("void")};
${selfTest ? `  /** One call per entry against the compiler's f64 reference; everything is as before afterwards. */
  selfTest(): ${promise("{ passed: boolean; worst: string; deviation: number }")};
` : ""}  /** Bytes of memory that the module uses, ever. */
  readonly peakBytes: number;
  readonly signature: string;
}

export interface CreateOptions {
  /** Of initial values and random draws. Default: 0. */
  seed?: number;
${both.has("wasm") ? `  /** Where the WebAssembly is. Default: ${name}.wasm beside the script, or inside it. */
  wasm?: ArrayBuffer | ArrayBufferView | WebAssembly.Module | Response | Promise<Response> | URL | string;
` : ""}${both.size > 1 ? `  /** Default: ${later ? '"auto", WebGPU where there is an adapter' : '"wasm" where there is WebAssembly'}. */
  target?: ${[...(later ? ["auto"] : []), ...both].map((kind) => JSON.stringify(kind)).join(" | ")};
` : ""}${later ? `  /** A GPUDevice to run on. Default: one of \`adapter\`. */
  device?: object;
  /** A GPUAdapter. Default: the best one there is. */
  adapter?: object;
` : ""}  /** A file of \`save\` to start from. */
  weights?: ArrayBuffer | ArrayBufferView;
${externs ? `  /** The host's side of each extern fn. */
  externs: {
${externs}  };
` : ""}}

export function create(options${externs ? "" : "?"}: CreateOptions): Promise<${className}>;
/** Hash of the names, shapes and types of all persistent tensors. */
export const signature: string;
export const peakBytes: number;
`.replace(/\n{3,}/g, "\n\n");
}
