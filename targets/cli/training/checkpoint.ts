/** A run's state on disk: a weights file whose metadata says how far the run has come. */
import { renameSync, writeFileSync } from "node:fs";
import { readSafetensors, writeSafetensors } from "../../../runtime/safetensors.ts";
import { UsageError } from "../io.ts";
import { fileProblem, readBytes } from "../sources.ts";

/** Steps done of an epoch, and what they have added up to. */
export interface Progress {
  readonly epoch: number;
  readonly step: number;
  readonly sums: readonly number[];
}

/** What must be the same for a run to go on: everything that decides which rows a step sees. */
export type Settings = Readonly<Record<string, string | number>>;

const key = "pullback.train";

/** Writes the file in one step: an interrupt leaves the old one or the new one. */
export function writeCheckpoint(file: string, saved: Uint8Array, progress: Progress, settings: Settings): void {
  const { tensors, metadata } = readSafetensors(saved);
  const text = Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, String(value)]));
  const bytes = writeSafetensors([...tensors.values()], { ...text, [key]: JSON.stringify({ ...progress, settings }) });
  try {
    writeFileSync(`${file}.part`, bytes);
    renameSync(`${file}.part`, file);
  } catch (error) {
    fileProblem(file, error, "write");
  }
}

const isProgress = (value: unknown): value is Progress & { settings: Settings } => {
  const { epoch, step, sums, settings } = Object(value);
  return Number.isInteger(epoch) && Number.isInteger(step) && Array.isArray(sums) && sums.every(Number.isFinite) && settings !== null && typeof settings === "object";
};

/** @throws UsageError if the file is no checkpoint, or of a run with other settings */
export function readCheckpoint(file: string, cwd: string, settings: Settings): { readonly bytes: Uint8Array<ArrayBuffer>; readonly progress: Progress } {
  const bytes = readBytes(file, cwd);
  let found: unknown;
  try {
    found = JSON.parse(String(readSafetensors(bytes).metadata[key]));
  } catch (error) {
    throw new UsageError(`${file} is no checkpoint of a run${error instanceof SyntaxError ? "" : `: ${error instanceof Error ? error.message : String(error)}`}`);
  }
  if (!isProgress(found)) throw new UsageError(`${file} is no checkpoint of a run`);
  for (const [name, value] of Object.entries(settings)) {
    if (found.settings[name] !== value) throw new UsageError(`${file} is of a run with ${name} ${found.settings[name]}, this one has ${value}`);
  }
  return { bytes, progress: { epoch: found.epoch, step: found.step, sums: found.sums } };
}
