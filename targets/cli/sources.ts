/** The source of a command: reading it, and saying what is wrong with it. */
import { readFileSync } from "node:fs";
import path from "node:path";
import type { Diagnostic } from "../../compiler/diagnostics/diagnostic.ts";
import { countText, diagnosticData, inSourceOrder, renderDiagnostics } from "../../compiler/diagnostics/render.ts";
import { openSource, type Source } from "../source-file.ts";
import type { SourceFlags } from "./options.ts";
import { type Io, Refused, UsageError } from "./io.ts";

export type { Source };

const reasons: Readonly<Record<string, string>> = { ENOENT: "there is no such file", EISDIR: "it is a directory", EACCES: "permission denied" };

/** @throws UsageError for a failed file operation */
export function fileProblem(file: string, error: unknown, verb = "read"): never {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  throw new UsageError(`cannot ${verb} ${file}: ${reasons[code] ?? (code || String(error))}`);
}

export function readBytes(file: string, cwd: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(readFileSync(path.resolve(cwd, file)));
  } catch (error) {
    return fileProblem(file, error);
  }
}

/** `-` is standard input. */
export function readSource(file: string, cwd: string): Source {
  if (file === "-") return openSource("stdin.pull", readFileSync(0, "utf8"), cwd);
  return openSource(file, Buffer.from(readBytes(file, cwd)).toString("utf8"), cwd, [path.resolve(cwd, file)]);
}

/** What the compiler is told of a source and its flags. */
export const sourceSettings = ({ file, read }: Source, { dim, seed, fastMath }: SourceFlags & { readonly fastMath?: boolean }) => ({ file, read, dims: dim, seed, fastMath });

/** Prints diagnostics to stderr, or all of them as one JSON value to stdout. */
export function report(diagnostics: readonly Diagnostic[], { sources }: Source, io: Io, json = false): void {
  if (json) io.out(`${JSON.stringify({ diagnostics: inSourceOrder(diagnostics).map((diagnostic) => diagnosticData(diagnostic, sources)) })}\n`);
  else if (diagnostics.length > 0) io.err(`${renderDiagnostics(diagnostics, { source: sources, color: io.color })}\n${countText(diagnostics)}\n`);
}

/** @throws Refused if an error is among the diagnostics; they have been printed then */
export function refuseErrors(diagnostics: readonly Diagnostic[], source: Source, io: Io, json = false): void {
  const errors = diagnostics.some(({ severity }) => severity === "error");
  if (errors || !json) report(diagnostics, source, io, json);
  if (errors) throw new Refused();
}
