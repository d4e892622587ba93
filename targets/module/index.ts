/** The files of a build: an ES module without dependencies, its types, and the WebAssembly beside or inside it. */
import type { Artifact, Program } from "../../compiler/program.ts";
import { elementCount } from "../../compiler/ir/graph.ts";
import { byteSize } from "../../compiler/program.ts";
import argumentsSource from "../../runtime/arguments.ts?source";
import elementsSource from "../../runtime/elements.ts?source";
import gpuBanksSource from "../../runtime/gpu-banks.ts?source";
import gpuPipelinesSource from "../../runtime/gpu-pipelines.ts?source";
import gpuRoutineSource from "../../runtime/gpu-routine.ts?source";
import gpuSelfTestSource from "../../runtime/gpu-self-test.ts?source";
import gpuStateSource from "../../runtime/gpu-state.ts?source";
import safetensorsSource from "../../runtime/safetensors.ts?source";
import type { TestCase } from "../../runtime/self-test.ts";
import selfTestSource from "../../runtime/self-test.ts?source";
import stateSource from "../../runtime/state.ts?source";
import wasmSource from "../../runtime/wasm.ts?source";
import webgpuSource from "../../runtime/webgpu.ts?source";
import { declarations } from "./declarations.ts";
import { pieces } from "./embed.ts";
import { entryFunction, hasHost, type Scope } from "./entry.ts";
import { gpuNames, gpuPart } from "./gpu.ts";
import { member, Names, property, signatureOf } from "./text.ts";
import { byName, variantFunction } from "./variants.ts";

export { bakeSelfTest } from "./self-test.ts";
export { neededOf } from "./entry.ts";
export { countOf, isScalar, leavesOf, perRow, type PlacedLeaf, signatureOf, typeText } from "./text.ts";

export interface ModuleOptions {
  /** Of the files, without extension: `digits`. */
  readonly name: string;
  /** Put the WebAssembly into the script as base64. Default: a file beside it. */
  readonly inline?: boolean;
  /** JavaScript for where the WebAssembly is. Default: a URL of the file beside the script. */
  readonly wasmPlace?: string;
  readonly selfTest?: readonly TestCase[];
  /** The same for the program of a wgsl artifact. */
  readonly gpuSelfTest?: readonly TestCase[];
}

export interface OutputFile {
  readonly name: string;
  readonly contents: string | Uint8Array;
}

/** Names that an entry cannot have: the members of a module's object, and `then`, which promises ask for. */
export const memberNames = ["parameters", "reset", "save", "load", "selfTest", "peakBytes", "signature", "then"] as const;

const helpers = "create kernels buffer f32 f64 i32 u32 u8 states externs seed wasm weights target running idle boot persistent table signature peakBytes before error";

export function writeModule(program: Program, artifacts: readonly Artifact[], options: ModuleOptions): OutputFile[] {
  const wasm = artifacts.find((artifact) => artifact.kind === "wasm");
  const files: OutputFile[] = [
    { name: `${options.name}.js`, contents: script(program, artifacts, options) },
    { name: `${options.name}.d.ts`, contents: declarations(program, options.name, artifacts, Boolean(options.selfTest?.length)) },
  ];
  if (wasm && !options.inline) files.push({ name: `${options.name}.wasm`, contents: wasm.bytes });
  return files;
}

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function script(program: Program, artifacts: readonly Artifact[], options: ModuleOptions): string {
  const library = pieces([elementsSource, argumentsSource, safetensorsSource, stateSource, wasmSource, selfTestSource, gpuBanksSource, gpuPipelinesSource, gpuRoutineSource, webgpuSource, gpuStateSource, gpuSelfTestSource]);
  const uses = new Set<string>();
  const scopeOf = (more: readonly string[]): Scope => ({ names: new Names([...helpers.split(" "), ...more, ...library.names]), uses, views: [], guarded: program.entries.some(hasHost) });
  const gpu = artifacts.find((artifact) => artifact.kind === "wgsl");
  const one = artifacts.some(({ kind }) => kind !== "wgsl") ? processorPart(program, artifacts, options, scopeOf([])) : null;
  const many = gpu === undefined ? null : gpuPart(gpu, scopeOf(gpuNames), externCheck(program), options.gpuSelfTest ?? []);
  const settingsText = (own: readonly string[]): string => ["seed = 0", ...own, ...(program.externs.length ? ["externs = {}"] : []), "weights"].join(", ");
  const creator = (name: string, { settings, body }: { settings: readonly string[]; body: string }): string => `async function ${name}({ ${settingsText(settings)} } = {}) {\n${body}}\n`;
  const single = one ?? many;
  if (single === null) throw new Error("internal: a module needs an artifact");
  let creators = `export ${creator("create", single)}`;
  if (one !== null && many !== null) {
    uses.add("promised");
    creators = `${chooser}\n${creator("createOnDevice", many)}\n${creator("createOnProcessor", one)}`;
  }
  return `// ${options.name}.js: made by pullback, do not edit. Below the line stands its runtime, minified.
export const signature = "${signatureOf(program.states)}";
export const peakBytes = ${program.peakBytes};

${creators}${one?.text ?? ""}${many?.text ?? ""}
// ----
${library.select(uses)}`;
}

/** In a module for both: a device if there is one, or what `target` says. All calls return promises either way. */
const chooser = `export async function create(options = {}) {
  const { target = "auto", device, adapter } = options;
  const found = adapter ?? (target === "auto" && !device ? (await globalThis.navigator?.gpu?.requestAdapter({ powerPreference: "high-performance" })) ?? undefined : undefined);
  if (target === "wgsl" || (target === "auto" && (device || found))) return createOnDevice({ ...options, adapter: found });
  return promised(await createOnProcessor(target === "auto" ? { ...options, target: undefined } : options));
}
`;

interface Part {
  readonly settings: readonly string[];
  readonly body: string;
  readonly text: string;
}

/** The part of a module that runs on one processor. */
function processorPart(program: Program, artifacts: readonly Artifact[], options: ModuleOptions, scope: Scope): Part {
  const { guarded } = scope;
  scope.uses.add("persistent");
  const functions: string[] = [];
  const members: string[] = [];
  for (const [name, entries] of byName(program.entries)) {
    const publicName = scope.names.pick(name);
    members.push(publicName === name ? name : `${property(name)}: ${publicName}`);
    if (entries.length === 1) functions.push(entryFunction(entries[0], publicName, program, scope));
    else {
      const symbols = new Map(entries.map((entry) => [entry, scope.names.pick(entry.symbol)]));
      for (const entry of entries) functions.push(entryFunction(entry, symbols.get(entry) ?? entry.symbol, program, scope));
      functions.push(variantFunction(entries, symbols, publicName, scope));
    }
  }
  const load = loading(program, artifacts, options, scope);
  const rows = program.states.map(({ path, type, at, role }) => `    [${JSON.stringify(path)}, "${type.element}", [${type.shape.join(", ")}], ${at}, "${role}"],\n`).join("");
  const views = ["f32", "f64", "i32", "u32", "u8"]
    .map((view, index) => ({ view, Type: ["Float32Array", "Float64Array", "Int32Array", "Uint32Array", "Uint8Array"][index] }))
    .filter(({ view }) => view === "u32" || (view === "u8" && guarded) || [...functions, ...scope.views].some((text) => new RegExp(`\\b${view}(\\[|\\.)`).test(text)))
    .map(({ view, Type }) => `${view} = new ${Type}(buffer)`);
  const test = options.selfTest;
  if (test?.length) scope.uses.add("selfTest");
  const seedAt = program.init.seedAt / 4;
  const testMember = test?.length ? [`selfTest: () => selfTest(buffer, kernels, boot, [\n${testRows(test)}  ])`] : [];
  const body = `  const ${views.join(", ")};
${scope.views.map((line) => `  ${line}\n`).join("")}${externCheck(program)}${guarded ? guard(program) : ""}${functions.join("")}  const boot = (value) => {
    u32[${seedAt}] = value;
    kernels.init();
  };
  const { parameters, reset, save, load } = persistent(buffer, [
${rows}  ], boot, signature, seed${guarded ? ", idle" : ", () => {}"});
  if (weights !== undefined) load(weights);
  return { ${[...members, "parameters", "reset", "save", "load", "peakBytes", "signature", ...testMember].join(", ")} };
`;
  return { settings: load.settings, body: load.code + body, text: load.text };
}

interface Loading {
  readonly settings: readonly string[];
  readonly code: string;
  /** Top-level constants: kernels in JavaScript, bytes in base64. */
  readonly text: string;
}

/** Where the kernels come from: WebAssembly, JavaScript, or the one that the caller or the engine prefers. */
function loading(program: Program, artifacts: readonly Artifact[], options: ModuleOptions, { uses }: Scope): Loading {
  const wasm = artifacts.find((artifact) => artifact.kind === "wasm");
  const js = artifacts.find((artifact) => artifact.kind === "js");
  const memoryBytes = Math.ceil(endOfMemory(program) / 8) * 8;
  const inline = options.inline ? toBase64(wasm?.bytes ?? new Uint8Array()) : "";
  let text = "";
  if (wasm) uses.add("instantiateWasm");
  if (wasm && options.inline) {
    uses.add("fromBase64");
    text += `\nconst inlined = "${inline}";\n`;
  }
  if (js) {
    text += `\nconst jsKernels = ${js.source};\n`;
  }
  const place = options.inline ? "fromBase64(inlined)" : options.wasmPlace ?? `new URL("./${options.name}.wasm", import.meta.url)`;
  const fromWasm = "await instantiateWasm(wasm)";
  const withJs = `  buffer = new ArrayBuffer(${memoryBytes});\n  kernels = jsKernels(buffer);\n`;
  if (wasm && js) {
    return {
      settings: [`wasm = ${place}`, `target = typeof WebAssembly === "object" ? "wasm" : "js"`],
      code: `  let kernels, buffer;\n  if (target === "js") {\n${indent(withJs)}  } else {\n    kernels = ${fromWasm};\n    buffer = kernels.memory.buffer;\n  }\n`,
      text,
    };
  }
  if (wasm) return { settings: [`wasm = ${place}`], code: `  const kernels = ${fromWasm};\n  const { buffer } = kernels.memory;\n`, text };
  return { settings: [], code: `  let kernels, buffer;\n${withJs}`, text };
}

const indent = (text: string): string => text.replace(/^(?=.)/gm, "  ");

/** First byte behind everything that the layout places. */
function endOfMemory(program: Program): number {
  const { constantBytes, stateBytes, arenaBytes } = program.memory;
  return Math.max(program.peakBytes, constantBytes + stateBytes + arenaBytes, program.init.seedAt + 4);
}

function externCheck(program: Program): string {
  return program.externs
    .map(({ name }) => `  if (typeof externs${member(name)} !== "function") throw new TypeError("create: extern fn '${name}' is missing: give { externs: { ${name} } }");\n`)
    .join("");
}

/** While an entry waits for its host, nothing else may use the memory. */
function guard(program: Program): string {
  const from = Math.min(...program.states.map(({ at }) => at), Number.MAX_SAFE_INTEGER);
  const to = Math.max(...program.states.map(({ at, type }) => at + byteSize(type.element) * elementCount(type.shape)), 0);
  return `  const states = u8.subarray(${Math.min(from, to)}, ${to});
  let running;
  const idle = (name) => {
    if (running) throw new Error(\`\${name}: \${running} is still running; await it first\`);
  };
`;
}

/** A row per case, in the script's spelling. */
const testRows = (test: readonly TestCase[]): string => test.map((row) => `    ${JSON.stringify(row)},\n`).join("");
