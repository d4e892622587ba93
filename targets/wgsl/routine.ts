/** Plans as what a device does: runs of shaders with the places of their buffers, in loops. */
import type { Program, Shader, ShaderRun, ShaderStep, WordPlace } from "../../compiler/program.ts";
import type { Moving, Place } from "../../compiler/schedule/kernel.ts";
import type { Bank } from "./kernel.ts";
import { argumentsOf, type Bindings, type RoutineStep, withoutHost } from "../lower/index.ts";

/** Stores a number: the word, then the number. */
const storeCode = `@group(0) @binding(0) var<storage, read_write> m: array<i32>;
@group(1) @binding(0) var<uniform> places: vec4<i32>;
@compute @workgroup_size(1)
fn main() { m[places.x] = places.y; }`;

export type RunStep = Extract<RoutineStep, { kind: "run" }>;

/** The shader of a kernel, and which of its buffers have a place of their own in each run. */
export interface EmittedKernel {
  readonly shader: number;
  readonly bindings: Bindings;
}

/** The bank that a place lies in, all its turns. */
export function bankOf({ bankBytes = Infinity, peakBytes }: Program, at: Place): Bank {
  const place = typeof at === "number" ? at : at.base;
  const last = Math.max(0, Math.ceil(peakBytes / bankBytes) - 1); // what takes no bytes may lie behind it
  const index = Math.min(last, Math.floor(place / bankBytes));
  return { index, from: index === 0 ? 0 : index * bankBytes };
}

export class RoutineWriter {
  readonly runs: ShaderRun[] = [];
  readonly #program: Program;
  readonly #kernelOf: (step: RunStep) => EmittedKernel;
  readonly #shaders: Shader[];
  readonly #known = new Map<string, number>();
  /** The shaders that store a number, by bank. */
  readonly #stores = new Map<number, number>();

  /** `shaders` get more if a plan stores the number of a turn. */
  constructor(program: Program, kernelOf: (step: RunStep) => EmittedKernel, shaders: Shader[]) {
    this.#program = program;
    this.#kernelOf = kernelOf;
    this.#shaders = shaders;
  }

  /** `depth`: of loops around. */
  write(steps: readonly RoutineStep[], depth: number): ShaderStep[] {
    return steps.flatMap((step): readonly ShaderStep[] => {
      switch (step.kind) {
        case "copy": throw new Error("internal: a grid copies by kernels");
        case "run": {
          if (this.#program.kernels[step.kernel].grid?.workgroups === 0) return [];
          const { shader, bindings } = this.#kernelOf(step);
          return [this.#run({ shader, places: argumentsOf(bindings, step.bindings).map((at) => scaled(at, 1 / 4, bankOf(this.#program, at).from)) })];
        }
        case "index": return [this.#put(step.at, step.value)];
        case "until": return [[scaled(step.test, 1 / 4)]];
        case "loop": {
          const body = this.write(withoutHost(step.body), depth + 1);
          if (step.count === undefined) return [[step.turns, body]];
          return [this.#put(step.count, 0), [step.turns, [...body, this.#put(step.count, { base: 1, perTurn: [{ depth, by: 1 }] })]]];
        }
      }
    });
  }

  #put(at: number | Moving, value: number | Moving): number {
    const { index, from } = bankOf(this.#program, at);
    const shader = this.#stores.get(index) ?? this.#shaders.push({ name: "store", code: storeCode, workgroups: [1, 1], banks: [index] }) - 1;
    this.#stores.set(index, shader);
    return this.#run({ shader, places: [scaled(at, 1 / 4, from), scaled(value, 1)] });
  }

  /** Equal runs are one. */
  #run(run: ShaderRun): number {
    const key = JSON.stringify(run);
    const index = this.#known.get(key) ?? this.runs.push(run) - 1;
    this.#known.set(key, index);
    return index;
  }
}

/** (`at` - `from`) * `by` */
const scaled = (at: number | Moving, by: number, from = 0): WordPlace =>
  typeof at === "number" ? (at - from) * by : [(at.base - from) * by, ...at.perTurn.flatMap((turn) => [turn.depth, turn.by * by])];

/** Whether a loop may end before its last turn. */
export const endsEarly = (steps: readonly ShaderStep[]): boolean => steps.some((step) => typeof step !== "number" && (step.length === 1 || endsEarly(step[1])));
