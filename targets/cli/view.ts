/** `pullback view`: a page that draws an entry's forward and backward pass and its memory, or the same as data. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import type { Command } from "commander";
import type { Program } from "../../compiler/program.ts";
import { nearest } from "../../compiler/diagnostics/near-miss.ts";
import { moduleName } from "../compile.ts";
import { viewOf, viewPage } from "../view/index.ts";
import { buildSource } from "./build.ts";
import { exitCodes, type ExitCode, type Io, UsageError } from "./io.ts";
import { examples, type SourceFlags, sourceOptions } from "./options.ts";
import { fileProblem, readSource, refuseErrors } from "./sources.ts";

interface ViewFlags extends SourceFlags {
  readonly entry?: string;
  readonly out?: string;
}

/** All variants of an entry, by its name, or one of them by its symbol. */
function chosen({ entries }: Program, name: string | undefined, file: string): Program["entries"] {
  const found = name === undefined ? entries : entries.filter((entry) => entry.name === name || entry.symbol === name);
  if (found.length > 0) return found;
  const names = [...new Set(entries.map((entry) => entry.name))];
  const near = nearest(name ?? "", names);
  throw new UsageError(names.length === 0 ? `${file} exports nothing to view` : `${file} exports no '${name}'; ${near ? `is it ${near}?` : `it exports ${names.join(", ")}`}`);
}

async function view(file: string, flags: ViewFlags, io: Io): Promise<ExitCode> {
  const source = readSource(file, io.cwd);
  const { diagnostics, optimized, program } = await buildSource(source, { ...flags, target: ["wasm"] });
  refuseErrors(diagnostics, source, io, flags.json);
  if (!program || !optimized) return exitCodes.ok;
  const shown = viewOf(source.file, optimized, program, source.sources, chosen(program, flags.entry, file));
  if (flags.json) {
    io.out(`${JSON.stringify(shown)}\n`);
    return exitCodes.ok;
  }
  const out = path.resolve(io.cwd, flags.out ?? path.join(path.dirname(file), `${moduleName(source.file)}.html`));
  try {
    writeFileSync(out, viewPage(shown));
  } catch (error) {
    return fileProblem(flags.out ?? out, error, "write");
  }
  io.out(`${path.relative(io.cwd, out)}\n`);
  return exitCodes.ok;
}

export function viewCommand(program: Command, io: Io, done: (code: ExitCode) => void): void {
  sourceOptions(program.command("view").description("draw forward and backward pass and memory as a page").argument("<file>", "program; - is standard input"))
    .option("--entry <name>", "an exported function, or the symbol of one variant (default: all)")
    .option("--out <file>", "the page (default: beside the program, as FILE.html)")
    .option("--json", "print operations, kept values and memory as JSON on stdout, instead")
    .addHelpText("after", examples("pullback view digits.pull", "pullback view digits.pull --entry step --dim B=64 --out step.html", "pullback view digits.pull --json"))
    .action(async (file: string, flags: ViewFlags) => done(await view(file, flags, io)));
}
