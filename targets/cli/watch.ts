/** `--watch`: run again whenever a file that the last run read has changed. */
import { unwatchFile, watchFile } from "node:fs";
import { type ExitCode, exitCodes, type Io, Refused, UsageError } from "./io.ts";

export interface Run {
  readonly code: ExitCode;
  /** Absolute paths to watch. */
  readonly read: readonly string[];
}

/** Milliseconds between looks at a file: cheap, and it survives editors that replace files. */
const interval = 150;

/** Once without `watch`; else until interrupted. */
export async function watching(watch: boolean | undefined, io: Io, run: () => Run | Promise<Run>): Promise<ExitCode> {
  if (!watch) return (await run()).code;
  let files: readonly string[] = [];
  for (;;) {
    try {
      files = (await run()).read;
    } catch (error) {
      if (!(error instanceof Refused) && !(error instanceof UsageError)) throw error;
      if (files.length === 0) throw error; // nothing to watch yet
      if (error instanceof UsageError) io.err(`${error.message}\n`);
    }
    io.err("watching for changes; stop with Ctrl+C\n");
    if ((await nextChange(files)) === "interrupt") return exitCodes.ok;
  }
}

function nextChange(files: readonly string[]): Promise<"change" | "interrupt"> {
  return new Promise((resolve) => {
    const end = (reason: "change" | "interrupt") => {
      for (const file of files) unwatchFile(file, changed);
      process.off("SIGINT", interrupted);
      resolve(reason);
    };
    const changed = () => end("change");
    const interrupted = () => end("interrupt");
    process.once("SIGINT", interrupted);
    for (const file of files) watchFile(file, { interval }, changed);
  });
}
