/** Programs on disk: a file, and what its `use`s name, relative to the file that says so. */
import { readFileSync } from "node:fs";
import path from "node:path";
import type { Sources } from "../compiler/diagnostics/render.ts";
import { library } from "../compiler/std/index.ts";

export interface Source {
  /** As its user says it. */
  readonly file: string;
  readonly text: string;
  readonly read: (specifier: string, from: string) => string | undefined;
  /** Text of any file that was read, by the name that spans carry. */
  readonly sources: Sources;
  /** Absolute paths of all files that were read so far. */
  readonly files: () => readonly string[];
}

/** `file` is relative to `cwd`; `paths` are the files that `text` comes from. */
export function openSource(file: string, text: string, cwd: string, paths: readonly string[] = []): Source {
  const texts = new Map([[file, text]]);
  const found = new Set(paths);
  return {
    file,
    text,
    read(specifier, from) {
      const used = path.resolve(cwd, path.dirname(from), specifier);
      try {
        const content = readFileSync(used, "utf8");
        found.add(used);
        for (const alias of [specifier, used, path.relative(cwd, used), path.join(path.dirname(from), specifier)]) texts.set(alias, content);
        return content;
      } catch {
        return undefined; // the compiler reports it, with the span
      }
    },
    sources: (wanted) => texts.get(wanted) ?? library[wanted],
    files: () => [...found],
  };
}
