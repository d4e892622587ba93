/** `--watch`: run again whenever a file that the last run read has changed. */
import { statSync } from "node:fs";
import { type ExitCode, exitCodes, type Io, Refused, UsageError } from "./io.ts";

export interface Run {
  readonly code: ExitCode;
  /** Absolute paths to watch. */
  readonly read: readonly string[];
}

/** Milliseconds between looks at a file: cheap, and it survives editors that replace files. */
const interval = 150;

/** What tells that a file has changed; a missing file has a stamp, too. */
function stampOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  return found ? `${found.mtimeMs} ${found.size} ${found.ino}` : "missing";
}

/** Once without `watch`; else until interrupted. */
export async function watching(watch: boolean | undefined, io: Io, run: () => Run | Promise<Run>): Promise<ExitCode> {
  if (!watch) return (await run()).code;
  let files: readonly string[] = [];
  for (;;) {
    // Taken before the run: what changes while it runs is a change.
    const stamps = new Map(files.map((file) => [file, stampOf(file)]));
    try {
      files = (await run()).read;
    } catch (error) {
      if (!(error instanceof Refused) && !(error instanceof UsageError)) throw error;
      if (files.length === 0) throw error; // nothing to watch yet
      if (error instanceof UsageError) io.err(`${error.message}\n`);
    }
    for (const file of files) if (!stamps.has(file)) stamps.set(file, stampOf(file));
    io.err("watching for changes; stop with Ctrl+C\n");
    if ((await nextChange(files, stamps)) === "interrupt") return exitCodes.ok;
  }
}

function nextChange(files: readonly string[], stamps: ReadonlyMap<string, string>): Promise<"change" | "interrupt"> {
  return new Promise((resolve) => {
    const end = (reason: "change" | "interrupt") => {
      clearInterval(timer);
      process.off("SIGINT", interrupted);
      resolve(reason);
    };
    const interrupted = () => end("interrupt");
    process.once("SIGINT", interrupted);
    const timer = setInterval(() => {
      if (files.some((file) => stampOf(file) !== stamps.get(file))) end("change");
    }, interval);
  });
}
