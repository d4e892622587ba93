/**
 * `digits.d.pull.ts` beside `digits.pull`, which TypeScript finds for `import ... from "./digits.pull"` with
 * `allowArbitraryExtensions`, and its map, by which "go to definition" lands in the program.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { OutputFile } from "../module/index.ts";
import type { Request } from "./options.ts";

/** Writes only what has changed: watchers would see a change. */
function writeChanged(file: string, text: string): void {
  try {
    if (readFileSync(file, "utf8") === text) return;
  } catch {
    // It is not there yet.
  }
  try {
    writeFileSync(file, text);
  } catch {
    // A folder that cannot be written to: the ambient types stand in.
  }
}

export function writeTypes({ file }: Request, files: readonly OutputFile[]): void {
  const types = files.find(({ name }) => name.endsWith(".d.ts"));
  if (types === undefined) return;
  const stem = path.join(path.dirname(file), path.basename(file, ".pull"));
  writeChanged(`${stem}.d.pull.ts`, String(types.contents));
}
