/** The types of an imported program, beside it: where TypeScript looks for them. */
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

/** Writes the types of a build beside its program. */
export function writeTypes({ file }: Request, files: readonly OutputFile[]): void {
  for (const { name, contents } of files) {
    if (/\.d\.pull\.ts(?:\.map)?$/.test(name)) writeChanged(path.join(path.dirname(file), name), String(contents));
  }
}
