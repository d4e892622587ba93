/** Options that several commands share, each parsed and checked in one place. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { type TargetName, targets } from "../compile.ts";

export interface SourceFlags {
  readonly dim: Readonly<Record<string, number>>;
  readonly seed: number;
  readonly json?: boolean;
}

export interface BuildFlags extends SourceFlags {
  readonly target: readonly TargetName[];
  readonly inline?: boolean;
  readonly out?: string;
  readonly memory?: number;
  readonly fastMath?: boolean;
  readonly simd?: boolean;
}

/** `B=64`, repeatable. */
function dim(text: string, earlier: Readonly<Record<string, number>> = {}): Record<string, number> {
  const [, name, size] = /^([A-Za-z_]\w*)=(\d+)$/.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError("It must be NAME=SIZE, as in B=64.");
  return { ...earlier, [name]: Number(size) };
}

/** `256K`, `1.5M`, `4096`: bytes; K and M are powers of 1024. */
export function memorySize(text: string): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)([KMG]?)B?$/i.exec(text) ?? [];
  if (digits === undefined) throw new InvalidArgumentError("It must be a number of bytes, as in 65536, 256K or 4M.");
  return Math.floor(Number(digits) * 1024 ** (" KMG".indexOf(unit.toUpperCase() || " ")));
}

export function seedNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 0xffffffff) throw new InvalidArgumentError("It must be a whole number in 0..4294967295.");
  return value;
}

export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text) || Number(text) < 1) throw new InvalidArgumentError("It must be a whole number above 0.");
  return Number(text);
}

const isTarget = (name: string): name is TargetName => Object.hasOwn(targets, name);
const allTargets: readonly TargetName[] = Object.keys(targets).filter(isTarget);
/** What a command can run at once: Node has no WebGPU of its own. */
export const targetsHere: readonly TargetName[] = ["wasm", "js"];

const targetList = (known: readonly TargetName[]) => (text: string): TargetName[] => {
  const names = text.split(",").filter(isTarget);
  if (names.join() !== text || !names.every((name) => known.includes(name))) {
    throw new InvalidArgumentError(`It must be one of ${known.join(", ")}, or several with commas.`);
  }
  return names;
};

/** The end of a command's help. */
export const examples = (...lines: readonly string[]): string => `\nExamples:\n${lines.map((line) => `  ${line}\n`).join("")}`;

export const sourceOptions = (command: Command): Command =>
  command
    .addOption(new Option("--dim <name=size>", "use another size for a dim of the file (repeatable)").argParser(dim).default({}, "the file's"))
    .addOption(new Option("--seed <number>", "seed of draws and initial values").argParser(seedNumber).default(0));

export const machineOptions = (command: Command, known = allTargets): Command =>
  command
    .addOption(new Option("--target <names>", `${known.join(", ")}, or several with commas`).argParser(targetList(known)).default(["wasm"], "wasm"))
    .option("--no-simd", "WebAssembly without vector instructions")
    .option("--fast-math", "allow what changes the last bits of floats");
