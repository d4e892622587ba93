/** `pullback explain`: what a diagnostic means, or where a program's memory, work and kernels come from. */
import type { Command } from "commander";
import { explanations } from "../../compiler/diagnostics/catalogue.ts";
import { nearest } from "../../compiler/diagnostics/near-miss.ts";
import { buildSource } from "./build.ts";
import { explainCost, explainKernels, explainMemory } from "./explain-program.ts";
import { exitCodes, type ExitCode, type Io, UsageError } from "./io.ts";
import { type BuildFlags, examples, machineOptions, sourceOptions } from "./options.ts";
import { readSource, refuseErrors } from "./sources.ts";

const topics = ["memory", "cost", "kernels"];

/** By code; any text may be asked for. */
const texts: Readonly<Record<string, string>> = explanations;

async function explain(subject: string, file: string | undefined, flags: BuildFlags, io: Io): Promise<ExitCode> {
  if (!topics.includes(subject)) {
    if (file !== undefined) throw new UsageError(`explain FILE knows ${topics.join(", ")}; found ${subject}`);
    const code = subject.replace(/^(?:error|warning|hint)?\[(.*)\]$/, "$1");
    const text = Object.hasOwn(texts, code) ? texts[code] : undefined;
    if (text === undefined) {
      const near = nearest(code, Object.keys(texts));
      throw new UsageError(`there is no diagnostic '${code}'${near ? `; is it ${near}?` : `; the codes are ${Object.keys(texts).sort().join(", ")}`}`);
    }
    io.out(`${text.trim()}\n`);
    return exitCodes.ok;
  }
  if (file === undefined) throw new UsageError(`explain ${subject} needs a program`);
  const source = readSource(file, io.cwd);
  const { diagnostics, optimized, program } = await buildSource(source, flags);
  refuseErrors(diagnostics, source, io);
  if (program && optimized) {
    const { sources } = source;
    io.out(subject === "memory" ? explainMemory(program, sources) : subject === "cost" ? explainCost(optimized, sources) : explainKernels(program, sources));
  }
  return exitCodes.ok;
}

export function explainCommand(program: Command, io: Io, done: (code: ExitCode) => void): void {
  machineOptions(sourceOptions(program.command("explain").description("explain a diagnostic, or where a program's memory, cost or kernels come from")
    .argument("<subject>", "a code such as shape; or memory, cost, kernels").argument("[file]", "program")))
    .addHelpText("after", examples("pullback explain shape", "pullback explain memory digits.pull", "pullback explain cost digits.pull --dim B=64"))
    .action(async (subject: string, file: string | undefined, flags: BuildFlags) => done(await explain(subject, file, flags, io)));
}
