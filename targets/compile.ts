/** Source text to the files of a module: what the package's entry and the command line share. */
import { check as checkSource, compile as compileSource, type CompileResult, type Elaborated, type SourceOptions } from "../compiler/index.ts";
import { resolveSpecifier } from "../compiler/elaborate/files.ts";
import { say } from "../compiler/diagnostics/catalogue.ts";
import type { Diagnostic } from "../compiler/diagnostics/diagnostic.ts";
import type { Graph } from "../compiler/ir/graph.ts";
import type { Target } from "../compiler/program.ts";
import { js } from "./js/index.ts";
import { importTypes } from "./module/import-types.ts";
import { bakeSelfTest, memberNames, type OutputFile, writeModule } from "./module/index.ts";
import { wasm } from "./wasm/index.ts";
import { wgsl } from "./wgsl/index.ts";

export const targets = { wasm, js, wgsl } as const satisfies Readonly<Record<string, Target>>;
export type TargetName = keyof typeof targets;

/** For engines without vector instructions. Long sums go in another order, so their last bits are others. */
const scalarWasm: Target = { ...wasm, machine: { name: "wasm", lanes: 1 } };

export const targetFor = (name: TargetName, simd = true): Target => (name === "wasm" && !simd ? scalarWasm : targets[name]);

export interface BuildOptions extends SourceOptions {
  /** What the kernels are written in; with both, `create` chooses. Default: ["wasm"]. */
  readonly targets?: readonly TargetName[];
  /** Of the files, without extension. Default: that of `file`. */
  readonly name?: string;
  /** Put the WebAssembly into the script. Default: false. */
  readonly inline?: boolean;
  /** JavaScript that says where the WebAssembly is, in place of a file beside the script. */
  readonly wasmPlace?: string;
  /** Bake the numbers of `selfTest`. Default: true. */
  readonly selfTest?: boolean;
  readonly fastMath?: boolean;
  /** Add `name.d.pull.ts` and its map, for imports of the program by a bundler's plugin. Default: false. */
  readonly importTypes?: boolean;
  /** `false`: WebAssembly without vector instructions. Default: true. */
  readonly simd?: boolean;
  /** Bytes that the module may use at its peak. Default: any number. */
  readonly memory?: number;
}

export interface BuildResult extends CompileResult {
  readonly name: string;
  /** Empty if there are errors. */
  readonly files: readonly OutputFile[];
}

/** `models/digits.pull`: `digits`. */
export const moduleName = (file: string): string => file.replace(/^.*[/\\]/, "").replace(/\.pull$/, "").replace(/[^\w.-]/g, "_") || "module";

/** A module's object has members besides its entries; an entry of such a name would hide one. */
function takenNames(graph: Graph | null): Diagnostic[] {
  const taken: readonly string[] = memberNames;
  const entries = graph?.entries.filter(({ name }, index, all) => taken.includes(name) && all.findIndex((other) => other.name === name) === index) ?? [];
  return entries.map(({ name, span }) => say.entryName(span, name, taken));
}

export function check(source: string, options: SourceOptions): Elaborated {
  const result = checkSource(source, options);
  const taken = takenNames(result.graph);
  return taken.length ? { ...result, graph: null, diagnostics: [...result.diagnostics, ...taken] } : result;
}

export async function build(source: string, options: BuildOptions): Promise<BuildResult> {
  const name = options.name ?? moduleName(options.file);
  const chosen = (options.targets ?? ["wasm"]).map((target) => targetFor(target, options.simd));
  const texts = new Map([[options.file, source]]);
  const read: SourceOptions["read"] = options.read && ((specifier, from) => {
    const text = options.read?.(specifier, from);
    if (text !== undefined) texts.set(resolveSpecifier(specifier, from), text);
    return text;
  });
  const result = await compileSource(source, { ...options, read, targets: chosen });
  const taken = takenNames(result.graph);
  const { graph, program, artifacts } = result;
  if (taken.length || !graph || !program || artifacts.length === 0) return { ...result, diagnostics: [...result.diagnostics, ...taken], name, files: [] };
  const selfTest = options.selfTest === false ? [] : bakeSelfTest(graph, program);
  const device = artifacts.find(({ kind }) => kind === "wgsl");
  const gpuSelfTest = options.selfTest === false || device?.kind !== "wgsl" ? [] : bakeSelfTest(graph, device.program);
  const files = writeModule(program, artifacts, { name, inline: options.inline, wasmPlace: options.wasmPlace, selfTest, gpuSelfTest });
  const types = files.find((file) => file.name.endsWith(".d.ts"));
  if (options.importTypes && types) files.push(...importTypes(String(types.contents), graph, program, { name, file: options.file, sources: (file) => texts.get(file) }));
  return { ...result, name, files };
}
