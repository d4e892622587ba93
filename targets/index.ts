/** The package's entry: the compiler as a library. No built-in module of Node is used: it runs in browsers and workers, too. */
import type { Diagnostic } from "../compiler/diagnostics/diagnostic.ts";
import { renderDiagnostics, type Sources } from "../compiler/diagnostics/render.ts";
import type { SourceOptions } from "../compiler/index.ts";
import type { Parameter } from "../runtime/state.ts";
import type { SelfTestResult } from "../runtime/self-test.ts";
import type { WasmSource } from "../runtime/wasm.ts";
import { build, type BuildOptions, check as checkSource, type TargetName } from "./compile.ts";
import type { OutputFile } from "./module/index.ts";

export { format } from "../grammar/index.ts";
export type { FormatResult, Span, SyntaxProblem } from "../grammar/index.ts";
export type { BuildOptions as CompileOptions, Diagnostic, OutputFile, Parameter, SelfTestResult, SourceOptions, Sources, TargetName };

export interface CompileResult {
  readonly name: string;
  /** `name.js`, `name.d.ts` and, unless it is inline, `name.wasm`; empty if there are errors. */
  readonly files: readonly OutputFile[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Compiles a program. What is wrong with it is in `diagnostics`; nothing is thrown for it. */
export async function compile(source: string, options: BuildOptions): Promise<CompileResult> {
  const { name, files, diagnostics } = await build(source, options);
  return { name, files, diagnostics };
}

/** Everything that is wrong with a program, without building it. */
export const check = (source: string, options: SourceOptions): readonly Diagnostic[] => checkSource(source, options).diagnostics;

/** Diagnostics as text. `source` gives the text of each file that they point into. */
export const render = (diagnostics: readonly Diagnostic[], source: Sources, color = false): string => renderDiagnostics(diagnostics, { source, color });

export interface CreateOptions {
  readonly seed?: number;
  readonly wasm?: WasmSource | Promise<WasmSource>;
  readonly target?: TargetName;
  readonly weights?: ArrayBuffer | ArrayBufferView;
  readonly externs?: Readonly<Record<string, (...args: never[]) => unknown>>;
}

/** What every module has; its entries are methods beside these. */
export interface Instance {
  readonly parameters: Readonly<Record<string, Parameter>>;
  readonly peakBytes: number;
  readonly signature: string;
  save(): Uint8Array;
  load(file: ArrayBuffer | ArrayBufferView, options?: { readonly only?: string }): void;
  reset(seed?: number): void;
  selfTest?(): SelfTestResult;
  // An entry's types are in the generated .d.ts, which exists only after the build.
  readonly [entry: string]: any; // see above
}

/**
 * Loads a compiled program at once, without files.
 * @throws Error with the diagnostics' messages if there was an error
 */
export async function instantiate(result: CompileResult, options: CreateOptions = {}): Promise<Instance> {
  const script = result.files.find(({ name }) => name.endsWith(".js"));
  if (script === undefined) throw new Error(result.diagnostics.map(({ message }) => message).join("\n") || "there is nothing to load");
  const bytes = result.files.find(({ name }) => name.endsWith(".wasm"))?.contents;
  const { create } = await import(/* @vite-ignore */ `data:text/javascript;charset=utf-8,${encodeURIComponent(String(script.contents))}`);
  return create(bytes === undefined ? options : { wasm: bytes, ...options });
}
