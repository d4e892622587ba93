/** Source files on disk: the file of the command line, and what `use` names, relative to the file that says so. */
import { readFileSync } from "node:fs";
import path from "node:path";
import type { Diagnostic } from "../../compiler/diagnostics/diagnostic.ts";
import { countText, diagnosticData, inSourceOrder, renderDiagnostics, type Sources } from "../../compiler/diagnostics/render.ts";
import { library } from "../../compiler/std/index.ts";
import type { SourceFlags } from "./options.ts";
import { type Io, Refused, UsageError } from "./io.ts";

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

export interface Source {
  /** As the command line says it. */
  readonly file: string;
  readonly text: string;
  readonly read: (specifier: string, from: string) => string | undefined;
  /** Text of any file that was read, by the name that spans carry. */
  readonly sources: Sources;
  /** Absolute paths of all files that were read so far. */
  readonly files: () => readonly string[];
}

/** `-` is standard input. */
export function readSource(file: string, cwd: string): Source {
  const text = file === "-" ? readFileSync(0, "utf8") : Buffer.from(readBytes(file, cwd)).toString("utf8");
  const name = file === "-" ? "stdin.pull" : file;
  const texts = new Map([[name, text]]);
  const paths = new Set(file === "-" ? [] : [path.resolve(cwd, file)]);
  return {
    file: name,
    text,
    read(specifier, from) {
      const used = path.resolve(cwd, path.dirname(from), specifier);
      try {
        const found = readFileSync(used, "utf8");
        paths.add(used);
        for (const alias of [specifier, used, path.relative(cwd, used), path.join(path.dirname(from), specifier)]) texts.set(alias, found);
        return found;
      } catch {
        return undefined; // the compiler reports it, with the span
      }
    },
    sources: (wanted) => texts.get(wanted) ?? library[wanted],
    files: () => [...paths],
  };
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
