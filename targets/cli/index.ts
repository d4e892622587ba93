/** The command line: commands, help, exit codes (0 done, 1 the program is wrong, 2 the command line is, 70 the compiler is). */
import { Command, CommanderError } from "commander";
import { buildCommand } from "./build.ts";
import { checkCommand } from "./check.ts";
import { explainCommand } from "./explain.ts";
import { fmtCommand } from "./fmt.ts";
import { gradcheckCommand } from "./gradcheck.ts";
import { initCommand } from "./init.ts";
import { type ExitCode, exitCodes, type Io, Refused, UsageError } from "./io.ts";
import { runEntryCommand } from "./run.ts";
import { trainCommand } from "./train.ts";
import { typesCommand } from "./types.ts";
import { viewCommand } from "./view.ts";
import { version } from "./version.ts";

function pullback(io: Io, done: (code: ExitCode) => void): Command {
  const program = new Command("pullback")
    .description("Compiles .pull programs, models that train and infer, to small WebAssembly modules.")
    .version(version)
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: io.err })
    .showHelpAfterError("(pullback help COMMAND shows the options)");
  for (const add of [buildCommand, checkCommand, runEntryCommand, trainCommand, gradcheckCommand, explainCommand, viewCommand, fmtCommand, typesCommand, initCommand]) add(program, io, done);
  return program;
}

/** Runs a command line; never throws, never prints a stack trace. */
export async function runCommand(args: readonly string[], io: Io): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok;
  try {
    await pullback(io, (result) => { code = result; }).parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    if (error instanceof Refused) return exitCodes.diagnostics;
    if (error instanceof UsageError) {
      io.err(`error: ${error.message}\n`);
      return exitCodes.usage;
    }
    const message = error instanceof Error ? error.message : String(error);
    io.err(`internal: ${message.replace(/^internal: /, "").split("\n")[0]}\nThis is a bug in pullback, not in your program; please report it with the program.\n`);
    return exitCodes.internal;
  }
}
