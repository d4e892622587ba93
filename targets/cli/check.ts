/** `pullback check`: everything that is wrong with programs, without building them. */
import type { Command } from "commander";
import { check } from "../compile.ts";
import { diagnosticData, inSourceOrder } from "../../compiler/diagnostics/render.ts";
import { exitCodes, type ExitCode, type Io } from "./io.ts";
import { examples, type SourceFlags, sourceOptions } from "./options.ts";
import { readSource, report, sourceSettings } from "./sources.ts";
import { watching } from "./watch.ts";

interface CheckFlags extends SourceFlags {
  readonly watch?: boolean;
}

export function checkFiles(files: readonly string[], flags: CheckFlags, io: Io): { code: ExitCode; read: readonly string[] } {
  const read: string[] = [];
  const data: object[] = [];
  let failed = false;
  for (const file of files) {
    const source = readSource(file, io.cwd);
    const { diagnostics } = check(source.text, sourceSettings(source, flags));
    failed ||= diagnostics.some(({ severity }) => severity === "error");
    read.push(...source.files());
    if (flags.json) data.push(...inSourceOrder(diagnostics).map((diagnostic) => diagnosticData(diagnostic, source.sources)));
    else {
      report(diagnostics, source, io);
      if (diagnostics.length === 0) io.out(`${file}: no problems\n`);
    }
  }
  if (flags.json) io.out(`${JSON.stringify({ diagnostics: data })}\n`);
  return { code: failed ? exitCodes.diagnostics : exitCodes.ok, read };
}

export function checkCommand(program: Command, io: Io, done: (code: ExitCode) => void): void {
  sourceOptions(program.command("check").description("report everything that is wrong with programs").argument("<files...>", "programs; - is standard input"))
    .option("--json", "print diagnostics as JSON on stdout")
    .option("--watch", "check again whenever a file changes")
    .addHelpText("after", examples("pullback check digits.pull", "pullback check --json models/*.pull", "pullback check --watch --dim B=64 digits.pull"))
    .action(async (files: readonly string[], flags: CheckFlags) => done(await watching(flags.watch, io, () => checkFiles(files, flags, io))));
}
