/** `pullback init`: a small project that works as it is. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Command } from "commander";
import { exitCodes, type ExitCode, type Io, UsageError } from "./io.ts";
import { fileProblem } from "./sources.ts";
import model from "./starter/model.pull?raw";
import manifest from "./starter/package.json?raw";
import readme from "./starter/README.md?raw";
import script from "./starter/train.mjs?raw";

const files = { "model.pull": model, "train.mjs": script, "README.md": readme };

/** Node reads `model.js` as a module only if the nearest package.json says so; one that is there is the user's. */
const isModule = (file: string): boolean => /"type"\s*:\s*"module"/.test(readFileSync(file, "utf8"));

function init(directory: string, io: Io): ExitCode {
  const target = path.resolve(io.cwd, directory);
  const existing = Object.keys(files).find((name) => existsSync(path.join(target, name)));
  if (existing !== undefined) throw new UsageError(`${path.join(directory, existing)} exists already; nothing was written`);
  const manifestFile = path.join(target, "package.json");
  const owned = existsSync(manifestFile);
  const written = owned ? files : { ...files, "package.json": manifest };
  try {
    mkdirSync(target, { recursive: true });
    for (const [name, text] of Object.entries(written)) writeFileSync(path.join(target, name), text);
  } catch (error) {
    fileProblem(directory, error, "write");
  }
  const go = directory === "." ? "" : `  cd ${directory}\n`;
  const type = owned && !isModule(manifestFile) ? "  npm pkg set type=module\n" : "";
  io.out(`wrote ${Object.keys(written).join(", ")}; now\n${go}${type}  npx pullback build model.pull\n  node train.mjs\n`);
  return exitCodes.ok;
}

export function initCommand(program: Command, io: Io, done: (code: ExitCode) => void): void {
  program.command("init").description("write a small project that trains at once").argument("[directory]", "where; made if needed", ".")
    .addHelpText("after", "\nExamples:\n  pullback init\n  pullback init spiral && cd spiral && pullback build model.pull && node train.mjs\n")
    .action((directory: string) => done(init(directory, io)));
}
