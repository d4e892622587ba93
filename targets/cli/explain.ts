/** `pullback explain`: what a diagnostic means, or where a program's memory, work and kernels come from. */
import type { Command } from "commander";
import { explanations } from "../../compiler/diagnostics/catalogue.ts";
import { buildSource } from "./build.ts";
import { explainCost, explainKernels, explainMemory } from "./explain-program.ts";
import { exitCodes, type ExitCode, type Io, UsageError } from "./io.ts";
import { type BuildFlags, machineOptions, sourceOptions } from "./options.ts";
import { readSource, refuseErrors } from "./sources.ts";

const topics = ["memory", "cost", "kernels"];

/** Of the codes one that differs by a letter or two. */
function nearest(code: string, codes: readonly string[]): string | undefined {
  const distance = (a: string, b: string): number => {
    let row = Array.from({ length: b.length + 1 }, (_, i) => i);
    for (let i = 1; i <= a.length; i++) row = row.reduce<number[]>((next, above, j) => [...next, j === 0 ? i : Math.min(above + 1, next[j - 1] + 1, row[j - 1] + Number(a[i - 1] !== b[j - 1]))], []);
    return row[b.length];
  };
  const [best] = codes.map((candidate) => ({ candidate, far: distance(code, candidate) })).sort((a, b) => a.far - b.far);
  return best && best.far <= 2 ? best.candidate : undefined;
}

async function explain(subject: string, file: string | undefined, flags: BuildFlags, io: Io): Promise<ExitCode> {
  if (!topics.includes(subject)) {
    if (file !== undefined) throw new UsageError(`explain FILE knows ${topics.join(", ")}; found ${subject}`);
    const code = subject.replace(/^(?:error|warning|hint)?\[(.*)\]$/, "$1");
    const text = Object.hasOwn(explanations, code) ? explanations[code] : undefined;
    if (text === undefined) {
      const near = nearest(code, Object.keys(explanations));
      throw new UsageError(`there is no diagnostic '${code}'${near ? `; is it ${near}?` : `; the codes are ${Object.keys(explanations).sort().join(", ")}`}`);
    }
    io.out(`${text.trim()}\n`);
    return exitCodes.ok;
  }
  if (file === undefined) throw new UsageError(`explain ${subject} needs a program`);
  const source = readSource(file, io.cwd);
  const { diagnostics, optimized, program } = await buildSource(source, flags);
  refuseErrors(diagnostics, source, io);
  if (program && optimized) {
    io.out(subject === "memory" ? explainMemory(program, source.sources) : subject === "cost" ? explainCost(optimized, source.sources) : explainKernels(program, source.sources));
  }
  return exitCodes.ok;
}

export function explainCommand(program: Command, io: Io, done: (code: ExitCode) => void): void {
  machineOptions(sourceOptions(program.command("explain").description("explain a diagnostic, or where a program's memory, cost or kernels come from")
    .argument("<subject>", "a code such as shape; or memory, cost, kernels").argument("[file]", "program")))
    .addHelpText("after", "\nExamples:\n  pullback explain shape\n  pullback explain memory digits.pull\n  pullback explain cost digits.pull --dim B=64\n")
    .action(async (subject: string, file: string | undefined, flags: BuildFlags) => done(await explain(subject, file, flags, io)));
}
