/**
 * Finished builds by content: a folder for each key with the files and a list of them and of what was read, with its hashes.
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

export const temporaryFolder = (): string => path.join(tmpdir(), "pullback");

/** The nearest `node_modules/.cache/pullback` above; else a folder for temporary files. */
export function cacheFolder(root: string): string {
  for (let folder = root; ; folder = path.dirname(folder)) {
    try {
      readdirSync(path.join(folder, "node_modules"));
      return path.join(folder, "node_modules", ".cache", "pullback");
    } catch {
      if (path.dirname(folder) === folder) return temporaryFolder();
    }
  }
}

/** What a build has and what it read: `{ files: [name], inputs: { path: hash } }`. Written last. */
const list = "build.json";

interface Listing {
  readonly files: readonly string[];
  readonly inputs: Readonly<Record<string, string>>;
}

const isListing = (value: unknown): value is Listing => typeof value === "object" && value !== null && "files" in value && "inputs" in value;

/** undefined: there is no such build, or one of its inputs has changed. */
export function readBuild(cache: string, key: string): Built | undefined {
  const folder = path.join(cache, key);
  try {
    const listing: unknown = JSON.parse(readFileSync(path.join(folder, list), "utf8"));
    if (!isListing(listing)) return undefined;
    const { inputs } = listing;
    const fresh = Object.entries(inputs).every(([file, hash]) => hashOf(readFileSync(file)) === hash);
    if (!fresh) return undefined;
    const files = listing.files.map((name) => {
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
  writeFileSync(path.join(fresh, list), JSON.stringify({
    files: files.map(({ name }) => name),
    inputs: Object.fromEntries(inputs.map((file) => [file, hashOf(readFileSync(file))])),
  } satisfies Listing));
  rmSync(folder, { recursive: true, force: true });
  try {
    renameSync(fresh, folder);
  } catch {
    rmSync(fresh, { recursive: true, force: true }); // another process was first, with the same bytes
  }
  return { files, inputs, folder };
}
