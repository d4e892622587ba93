/** `pullback fmt`: the canonical form of programs. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import type { Command } from "commander";
import { format } from "../../grammar/index.ts";
import { exitCodes, type ExitCode, type Io } from "./io.ts";
import { examples } from "./options.ts";
import { fileProblem, readSource, report } from "./sources.ts";

interface Flags {
  readonly check?: boolean;
}

function formatFiles(files: readonly string[], { check }: Flags, io: Io): ExitCode {
  let code: ExitCode = exitCodes.ok;
  for (const file of files) {
    const source = readSource(file, io.cwd);
    const result = format(source.text);
    if (result.problems) {
      report(result.problems.map((problem) => ({ severity: "error", code: "syntax", ...problem, span: { ...problem.span, file: source.file } })), source, io);
      code = exitCodes.diagnostics;
      continue;
    }
    const { text } = result;
    if (file === "-") {
      io.out(text);
      continue;
    }
    if (text === source.text) continue;
    io.out(`${file}\n`);
    if (check) {
      code = exitCodes.diagnostics;
      continue;
    }
    try {
      writeFileSync(path.resolve(io.cwd, file), text);
    } catch (error) {
      fileProblem(file, error, "write");
    }
  }
  return code;
}

export function fmtCommand(program: Command, io: Io, done: (code: ExitCode) => void): void {
  program.command("fmt").description("rewrite programs in the canonical form; prints the files that change")
    .argument("<files...>", "programs; - reads standard input and prints")
    .option("--check", "change nothing; exit code 1 if a file would change")
    .addHelpText("after", examples("pullback fmt digits.pull", "pullback fmt --check models/*.pull", "pullback fmt - < digits.pull"))
    .action((files: readonly string[], flags: Flags) => done(formatFiles(files, flags, io)));
}
