/** `pullback init`: a small project that works as it is. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Command } from "commander";
import { exitCodes, type ExitCode, type Io, UsageError } from "./io.ts";
import { fileProblem } from "./sources.ts";
import model from "./starter/model.pull?raw";
import readme from "./starter/README.md?raw";
import script from "./starter/train.mjs?raw";

const files = { "model.pull": model, "train.mjs": script, "README.md": readme };

function init(directory: string, io: Io): ExitCode {
  const target = path.resolve(io.cwd, directory);
  const existing = Object.keys(files).find((name) => existsSync(path.join(target, name)));
  if (existing !== undefined) throw new UsageError(`${path.join(directory, existing)} exists already; nothing was written`);
  try {
    mkdirSync(target, { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(target, name), text);
  } catch (error) {
    fileProblem(directory, error, "write");
  }
  const go = directory === "." ? "" : `  cd ${directory}\n`;
  io.out(`wrote ${Object.keys(files).join(", ")}; now\n${go}  pullback build model.pull\n  node train.mjs\n`);
  return exitCodes.ok;
}

export function initCommand(program: Command, io: Io, done: (code: ExitCode) => void): void {
  program.command("init").description("write a small project that trains at once").argument("[directory]", "where; made if needed", ".")
    .addHelpText("after", "\nExamples:\n  pullback init\n  pullback init spiral && cd spiral && pullback build model.pull && node train.mjs\n")
    .action((directory: string) => done(init(directory, io)));
}
