/** `pullback run`: calls one entry of a program and prints what it returns. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import type { Command } from "commander";
import type { ProgramEntry } from "../../compiler/program.ts";
import { instantiate } from "../index.ts";
import { countOf, leavesOf, neededOf, type PlacedLeaf } from "../module/index.ts";
import { buildSource } from "./build.ts";
import { exitCodes, type ExitCode, type Io, numberText, UsageError } from "./io.ts";
import { type BuildFlags, examples, machineOptions, sourceOptions, targetsHere } from "./options.ts";
import { fileProblem, readBytes, readSource, refuseErrors } from "./sources.ts";
import { argumentValue, resultText } from "./values.ts";

interface Flags extends BuildFlags {
  readonly weights?: string;
  readonly save?: string;
}

/** The variant whose sizes fit the arguments; the first where none does, for its error. */
function pick(entries: readonly ProgramEntry[], given: readonly string[], cwd: string): { entry: ProgramEntry; values: unknown[] } {
  const failures: UsageError[] = [];
  for (const entry of entries) {
    try {
      return { entry, values: entry.parameters.map(({ name, tree, default: standard }, index) => (given[index] === undefined && standard !== undefined) ? standard : argumentValue(given[index], tree, `${entry.name}: argument ${index + 1} '${name}'`, cwd)) };
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      failures.push(error);
    }
  }
  throw failures[0];
}

const counts = ({ tree }: ProgramEntry["parameters"][number]): string => [...leavesOf<PlacedLeaf>(tree)].map(({ leaf }) => countOf(leaf)).join(" + ");

/** `1 argument, x (64)`. */
function argumentsText({ parameters }: ProgramEntry): string {
  const list = parameters.map((parameter) => `${parameter.name} (${counts(parameter)})`).join(", ");
  return `${parameters.length} argument${parameters.length === 1 ? "" : "s"}${list && `, ${list}`}`;
}

async function run(file: string, name: string, given: readonly string[], flags: Flags, io: Io): Promise<ExitCode> {
  const source = readSource(file, io.cwd);
  const built = await buildSource(source, { ...flags, inline: true });
  refuseErrors(built.diagnostics, source, io, flags.json);
  const all = built.program?.entries ?? [];
  const entries = all.filter((entry) => entry.name === name);
  if (entries.length === 0) throw new UsageError(`${file} exports no '${name}'; it exports ${[...new Set(all.map((entry) => entry.name))].join(", ") || "nothing"}`);
  if (built.program?.externs.length) throw new UsageError(`${file} has extern functions: only a script can answer them`);
  if (given.length < neededOf(entries[0]) || given.length > entries[0].parameters.length) throw new UsageError(`${name} takes ${argumentsText(entries[0])}; found ${given.length}`);
  const { entry, values } = pick(entries, given, io.cwd);
  const module = await instantiate(built, { seed: flags.seed });
  let result: unknown;
  try {
    if (flags.weights !== undefined) module.load(readBytes(flags.weights, io.cwd), { only: "parameters" });
    result = await module[name](...values);
  } catch (error) {
    // A wrong argument or weights file: the module says what is wrong with it.
    if (error instanceof Error) throw new UsageError(error.message);
    throw error;
  }
  if (entry.result !== null) io.out(`${resultText(result, entry.result, numberText)}\n`);
  if (flags.save !== undefined) {
    try {
      writeFileSync(path.resolve(io.cwd, flags.save), module.save());
    } catch (error) {
      fileProblem(flags.save, error, "write");
    }
  }
  return exitCodes.ok;
}

export function runEntryCommand(program: Command, io: Io, done: (code: ExitCode) => void): void {
  machineOptions(sourceOptions(program.command("run").description("call an entry of a program and print its result as JSON")
    .argument("<file>", "program").argument("<entry>", "name of an export fn").argument("[arguments...]", "JSON, or a .npy or .csv file for a tensor")), targetsHere)
    .option("--weights <file>", "take the parameters from a safetensors file")
    .option("--save <file>", "write all tensors to a safetensors file afterwards")
    .option("--json", "print diagnostics as JSON on stdout")
    .addHelpText("after", examples(
      "pullback run xor.pull predict '[[0, 1]]'",
      "pullback run digits.pull predict image.npy --weights digits.safetensors",
      "pullback run mlp.pull step x.csv '[0, 1, 2]' 0.01 --save after.safetensors",
    ))
    .action(async (file: string, name: string, given: readonly string[], flags: Flags) => done(await run(file, name, given, flags, io)));
}
