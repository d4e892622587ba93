/** `pullback train`: a whole run of a program's `train fn` on a file of data. */
import path from "node:path";
import { type Command, Option } from "commander";
import type { ProgramEntry } from "../../compiler/program.ts";
import { build, type BuildResult, check } from "../compile.ts";
import { type Instance, instantiate } from "../index.ts";
import { type ExitCode, exitCodes, type Io, UsageError } from "./io.ts";
import { type BuildFlags, examples, machineOptions, sourceOptions, targetsHere, wholeNumber } from "./options.ts";
import { readSource, refuseErrors, type Source, sourceSettings } from "./sources.ts";
import { readTable, type Table } from "./table-file.ts";
import { checkIntegers } from "./training/batches.ts";
import { type Binding, bindColumns, scalarValues } from "./training/binding.ts";
import { type Progress, readCheckpoint, type Settings, writeCheckpoint } from "./training/checkpoint.ts";
import { metricNames, stepsOf, trainFrom } from "./training/loop.ts";
import { progressReport } from "./training/progress.ts";
import { parseScale, parseValidation, scaleColumns, splitRows } from "./training/rows.ts";
import { findValidator } from "./training/validate.ts";

interface Flags extends BuildFlags {
  readonly entry?: string;
  readonly epochs: number;
  readonly batch?: number;
  readonly scale: string;
  readonly validate: string;
  readonly out?: string;
  readonly resume?: boolean;
}

/** `--lr 1e-3 --beta=0.9` apart from the operands; `-` in a name stands for `_`. */
function scalarFlags(words: readonly string[]): { operands: string[]; flags: Map<string, string> } {
  const operands: string[] = [];
  const flags = new Map<string, string>();
  for (let i = 0; i < words.length; i++) {
    const [, name, value] = /^--([A-Za-z_][\w-]*)(?:=(.*))?$/s.exec(words[i]) ?? [];
    if (name === undefined) operands.push(words[i]);
    else {
      const given = value ?? words[++i];
      if (given === undefined) throw new UsageError(`--${name} needs a value`);
      flags.set(name.replaceAll("-", "_"), given);
    }
  }
  return { operands, flags };
}

/** The entry that `--entry` names, or the only train fn. */
function trainingEntry(entries: readonly Pick<ProgramEntry, "name" | "train">[], file: string, wanted: string | undefined): string {
  const names = [...new Set(entries.filter(({ train, name }) => (wanted === undefined ? train : name === wanted)).map(({ name }) => name))];
  if (wanted !== undefined && names.length === 0) throw new UsageError(`${file} exports no '${wanted}'`);
  if (names.length === 0) throw new UsageError(`${file} exports no train fn`);
  if (names.length > 1) throw new UsageError(`${file} has several train fns: choose one with --entry (${names.join(", ")})`);
  return names[0];
}

/** Builds with the batch size asked for: it is the dim that names the first axis of the training entry's tensors. */
async function buildForBatch(source: Source, flags: Flags, io: Io): Promise<{ built: BuildResult; name: string }> {
  let dims = flags.dim;
  const { graph, diagnostics } = check(source.text, sourceSettings(source, flags));
  if (graph === null) refuseErrors(diagnostics, source, io, flags.json);
  const name = trainingEntry(graph?.entries ?? [], source.file, flags.entry);
  if (flags.batch !== undefined) {
    const entry = graph?.entries.find((candidate) => candidate.name === name);
    const leaf = entry?.parameters.map(({ tree }) => tree).find((tree) => tree.kind === "tensor" && tree.type.shape.length > 0);
    const axis = leaf?.kind === "tensor" ? leaf.axes[0] : null;
    if (!axis) throw new UsageError(`--batch: the first axis of ${name}'s arguments has no name of a dim`);
    if (!entry || !Object.hasOwn(entry.variant, axis)) dims = { ...dims, [axis]: flags.batch };
  }
  const built = await build(source.text, { ...sourceSettings(source, flags), dims, targets: flags.target, simd: flags.simd, inline: true, selfTest: false });
  refuseErrors(built.diagnostics, source, io, flags.json);
  return { built, name };
}

function chooseEntry(entries: readonly ProgramEntry[], name: string, table: Table, batch: number | undefined): { entry: ProgramEntry; binding: Binding } {
  const candidates = entries.filter((entry) => entry.name === name).map((entry) => ({ entry, binding: bindColumns(entry, table) }));
  const chosen = candidates.find(({ binding }) => batch === undefined || binding.batch === batch);
  if (chosen === undefined) throw new UsageError(`${name} has no variant for batches of ${batch} rows`);
  return chosen;
}

/** Ctrl+C once asks the run to stop at the next step; twice ends the process as usual. */
function onInterrupt(): { interrupted: () => boolean; release: () => void } {
  let asked = false;
  const listener = () => { asked = true; };
  process.once("SIGINT", listener);
  return { interrupted: () => asked, release: () => process.off("SIGINT", listener) };
}

async function start(built: BuildResult, flags: Flags, file: string, settings: Settings, metrics: number, io: Io): Promise<{ module: Instance; progress: Progress }> {
  const checkpoint = flags.resume ? readCheckpoint(path.relative(io.cwd, file), io.cwd, settings) : null;
  const module = await instantiate(built, { seed: flags.seed });
  try {
    if (checkpoint) module.load(checkpoint.bytes);
  } catch (error) {
    throw new UsageError(`${path.relative(io.cwd, file)}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return { module, progress: checkpoint?.progress ?? { epoch: 0, step: 0, sums: new Array<number>(metrics).fill(0) } };
}

async function train(words: readonly string[], flags: Flags, io: Io): Promise<ExitCode> {
  const { operands, flags: scalars } = scalarFlags(words);
  if (operands.length !== 2) throw new UsageError(`train takes a program and a file of data; found ${operands.length ? operands.join(", ") : "nothing"}`);
  const [file, dataFile] = operands;
  const source = readSource(file, io.cwd);
  const { built, name } = await buildForBatch(source, flags, io);
  const entries = built.program?.entries ?? [];
  if (built.program?.externs.length) throw new UsageError(`${file} has extern functions: only a script can answer them`);
  const raw = readTable(dataFile, io.cwd);
  const { entry, binding } = chooseEntry(entries, name, raw, flags.batch);
  const values = scalarValues(binding, scalars, name);
  for (const argument of binding.bound) checkIntegers(argument, raw);
  const validation = parseValidation(flags.validate);
  const split = splitRows(raw, validation);
  const features = binding.target ? binding.target.column : binding.bound.reduce((sum, { width }) => sum + width, 0);
  const table = scaleColumns(raw, features, split.training, parseScale(flags.scale));
  const validator = validation === "none" ? null : findValidator(entries, binding);
  if (split.training.length < binding.batch) throw new UsageError(`${dataFile} has ${split.training.length} rows to train on, a batch has ${binding.batch}: use --batch`);
  const weights = path.resolve(io.cwd, flags.out ?? `${built.name}.safetensors`);
  const settings = { entry: name, rows: raw.rows, columns: raw.columns, batch: binding.batch, seed: flags.seed, scale: flags.scale, validate: flags.validate };
  const names = metricNames(entry.result);
  const { module, progress } = await start(built, flags, weights, settings, names.length, io);
  const { interrupted, release } = onInterrupt();
  const steps = stepsOf({ split, binding });
  const run = {
    module, entry: name, metricNames: names, binding, scalars: values, table, split, epochs: flags.epochs, seed: flags.seed, validator, interrupted,
    report: progressReport(io, flags.epochs, steps, flags.json === true),
    save: (at: Progress) => writeCheckpoint(weights, module.save(), at, settings),
  };
  const say = (text: string) => (flags.json ? undefined : io.out(text));
  if (!flags.json) {
    const part = split.validation.length ? `, ${split.validation.length} to validate` : "";
    say(`${name}: ${split.training.length} rows to train${part}; ${steps} steps of ${binding.batch} rows per epoch\n`);
    if (raw.classes) say(`classes: ${raw.classes.map((label, index) => `${index} ${label}`).join(", ")}\n`);
    if (progress.epoch > 0 || progress.step > 0) say(`resumed after epoch ${progress.epoch}${progress.step ? `, step ${progress.step}` : ""}\n`);
  }
  const shown = path.relative(io.cwd, weights);
  try {
    const { end, metrics } = await trainFrom(progress, run);
    if (end === "diverged") {
      const bad = metrics.filter(([, value]) => !Number.isFinite(value)).map(([metric, value]) => `${metric} is ${value}`).join(", ");
      io.err(`${io.terminal ? "\n" : ""}error: ${bad}: the run has diverged; a smaller step may help. ${shown} has the last whole epoch, if there was one\n`);
      return exitCodes.diagnostics;
    }
    if (end === "interrupted") {
      io.err(`${io.terminal ? "\n" : ""}interrupted; ${shown} has everything: go on with --resume\n`);
      return exitCodes.interrupted;
    }
    say(progress.epoch >= flags.epochs ? `${shown} has ${progress.epoch} epochs already; more come with --epochs\n` : `saved ${shown}\n`);
    return exitCodes.ok;
  } finally {
    release();
  }
}

export function trainCommand(program: Command, io: Io, done: (code: ExitCode) => void): void {
  const command = program.command("train").description("train a program on a CSV or NPY file; the last column is the target")
    .usage("[options] <file> <data> [--NAME VALUE for each scalar argument]");
  machineOptions(sourceOptions(command), targetsHere)
    .allowUnknownOption().allowExcessArguments()
    .option("--entry <name>", "which train fn (default: the only one)")
    .addOption(new Option("--epochs <number>", "passes over the training rows").argParser(wholeNumber).default(10))
    .addOption(new Option("--batch <rows>", "rows per step: the size of the dim that names the first axis").argParser(wholeNumber))
    .option("--scale <how>", "standardise (by the training rows), or a number to divide the features by", "none")
    .option("--validate <how>", "by-class (every fifth row of each class), or a part of the rows, as 0.2", "none")
    .option("--out <file>", "weights, written after every epoch (default: NAME.safetensors)")
    .option("--resume", "go on from the weights file of an interrupted run")
    .option("--json", "print a JSON line per epoch")
    .addHelpText("after", examples(
      "pullback train digits.pull digits.csv --scale 16 --validate by-class --lr 1e-3",
      "pullback train iris.pull iris.csv --scale standardise --batch 16 --epochs 50 --lr 0.1",
      "pullback train digits.pull digits.csv --scale 16 --lr 1e-3 --epochs 20 --resume",
    ))
    .action(async (flags: Flags) => done(await train(command.args, flags, io)));
}
