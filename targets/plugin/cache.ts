/**
 * Finished builds by content: a folder for each key with the files and `inputs.json`, what was read and the hash of each.
 * The key is a hash of the compiler's version, the options and the program; a build counts while its inputs are unchanged.
 */
import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { OutputFile } from "../module/index.ts";

export interface Built {
  readonly files: readonly OutputFile[];
  /** Absolute paths of what was read besides the program itself. */
  readonly inputs: readonly string[];
  /** Where the files lie. */
  readonly folder: string;
}

export const hashOf = (...parts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest("hex").slice(0, 24);
};

/** The nearest `node_modules/.cache/pullback` above; else a folder for temporary files. */
export function cacheFolder(root: string): string {
  for (let folder = root; ; folder = path.dirname(folder)) {
    try {
      readdirSync(path.join(folder, "node_modules"));
      return path.join(folder, "node_modules", ".cache", "pullback");
    } catch {
      if (path.dirname(folder) === folder) return path.join(tmpdir(), "pullback");
    }
  }
}

const list = "inputs.json";

/** undefined: there is no such build, or one of its inputs has changed. */
export function readBuild(cache: string, key: string): Built | undefined {
  const folder = path.join(cache, key);
  try {
    const inputs: unknown = JSON.parse(readFileSync(path.join(folder, list), "utf8"));
    if (typeof inputs !== "object" || inputs === null) return undefined;
    const fresh = Object.entries(inputs).every(([file, hash]) => hashOf(readFileSync(file)) === hash);
    if (!fresh) return undefined;
    const names = readdirSync(folder).filter((name) => name !== list);
    const files = names.map((name) => {
      const bytes = readFileSync(path.join(folder, name));
      return { name, contents: name.endsWith(".wasm") ? new Uint8Array(bytes) : bytes.toString("utf8") };
    });
    return { files, inputs: Object.keys(inputs), folder };
  } catch {
    return undefined; // unreadable, half gone: it is built again
  }
}

/** Writes beside and renames, so that two processes never see half a build. */
export function writeBuild(cache: string, key: string, files: readonly OutputFile[], inputs: readonly string[]): Built {
  const folder = path.join(cache, key);
  const fresh = `${folder}.${randomUUID()}`;
  mkdirSync(fresh, { recursive: true });
  for (const { name, contents } of files) writeFileSync(path.join(fresh, name), contents);
  writeFileSync(path.join(fresh, list), JSON.stringify(Object.fromEntries(inputs.map((file) => [file, hashOf(readFileSync(file))]))));
  rmSync(folder, { recursive: true, force: true });
  try {
    renameSync(fresh, folder);
  } catch {
    rmSync(fresh, { recursive: true, force: true }); // another process was first, with the same bytes
  }
  return { files, inputs, folder };
}
