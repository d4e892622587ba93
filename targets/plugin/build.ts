/** A request to a finished build, by way of the cache. */
import { readFileSync } from "node:fs";
import path from "node:path";
import type { Diagnostic } from "../../compiler/diagnostics/diagnostic.ts";
import { inSourceOrder, positionOf, renderDiagnostics, type Sources } from "../../compiler/diagnostics/render.ts";
import { version } from "../../package.json";
import { build } from "../compile.ts";
import { openSource } from "../source-file.ts";
import { type Built, hashOf, readBuild, writeBuild } from "./cache.ts";
import type { Request } from "./options.ts";

/** Stands in a built script where the WebAssembly's place goes: bundlers each have a way of their own to say it. */
export const placeMark = "__pullback_wasm_place__";

export interface Problem {
  readonly message: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  /** UTF-16 units that are marked. */
  readonly length: number;
  readonly lineText: string;
  /** The whole diagnostic with its place in the source. */
  readonly text: string;
}

/** The program is wrong; `problems` has at least one. */
export class ProgramError extends Error {
  override name = "ProgramError";
  constructor(
    readonly problems: readonly Problem[],
    /** Absolute paths of what was read: a change of any may mend it. */
    readonly inputs: readonly string[],
  ) {
    super(problems[0].message);
  }
}

function problemOf(diagnostic: Diagnostic, sources: Sources, root: string): Problem {
  const { code, message, span } = diagnostic;
  const text = sources(span.file) ?? "";
  const { line, column } = positionOf(text, span.start);
  const lineText = text.split("\n")[line - 1] ?? "";
  return {
    message: `[${code}] ${message}`,
    file: path.resolve(root, span.file),
    line,
    column,
    length: Math.max(1, Math.min(span.end - span.start, lineText.length - column + 1)),
    lineText,
    text: renderDiagnostics([diagnostic], { source: sources }),
  };
}

/** What takes part in a build, in one text: equal texts, equal bytes. */
function keyOf({ file, options }: Request, text: string): string {
  const { target, dims, seed = 0, memory, fastMath = false, simd = true, inline = false } = options;
  const sizes = Object.entries(dims ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return hashOf(version, path.basename(file), JSON.stringify([target, sizes, seed, memory, fastMath, simd, inline]), text);
}

export interface BuildPlace {
  /** Diagnostics show paths relative to it. */
  readonly root: string;
  /** Folder of finished builds; undefined: nothing is kept. */
  readonly cache: string | undefined;
}

/** Warnings of a build, as one text each. */
export interface Outcome extends Omit<Built, "folder"> {
  readonly folder: string | undefined;
  readonly warnings: readonly Problem[];
}

/**
 * @throws ProgramError for a wrong program
 * @throws Error if the file cannot be read
 */
export async function buildRequest(request: Request, { root, cache }: BuildPlace): Promise<Outcome> {
  const text = readFileSync(request.file, "utf8");
  const key = keyOf(request, text);
  const kept = cache === undefined ? undefined : readBuild(cache, key);
  if (kept !== undefined) return { ...kept, warnings: [] };
  const source = openSource(path.relative(root, request.file), text, root, [request.file]);
  const { target, ...options } = request.options;
  const result = await build(source.text, { ...options, file: source.file, read: source.read, targets: target, wasmPlace: placeMark, importTypes: true });
  const problems = (severity: Diagnostic["severity"]): Problem[] =>
    inSourceOrder(result.diagnostics.filter((diagnostic) => diagnostic.severity === severity)).map((diagnostic) => problemOf(diagnostic, source.sources, root));
  const errors = problems("error");
  if (errors.length > 0) throw new ProgramError(errors, source.files());
  const inputs = source.files().filter((file) => file !== request.file);
  // Warnings are shown by each fresh build, so a build with some is not kept.
  const warnings = problems("warning");
  if (cache === undefined || warnings.length > 0) return { files: result.files, inputs, folder: undefined, warnings };
  return { ...writeBuild(cache, key, result.files, inputs), warnings };
}
