/** Plans as what a device does: runs of shaders with the places of their buffers, in loops. */
import type { Program, Shader, ShaderRun, ShaderStep, WordPlace } from "../../compiler/program.ts";
import type { KernelId, Moving } from "../../compiler/schedule/kernel.ts";
import { argumentsOf, type Bindings, type RoutineStep, withoutHost } from "../lower/index.ts";

/** Stores a number: the word, then the number. */
const storeCode = `@group(0) @binding(0) var<storage, read_write> m: array<i32>;
@group(1) @binding(0) var<uniform> places: vec4<i32>;
@compute @workgroup_size(1)
fn main() { m[places.x] = places.y; }`;

/** The shader of a kernel, and which of its buffers have a place of their own in each run. */
export interface EmittedKernel {
  readonly shader: number;
  readonly places: Bindings;
}

export class RoutineWriter {
  readonly runs: ShaderRun[] = [];
  readonly #program: Program;
  readonly #kernels: ReadonlyMap<KernelId, EmittedKernel>;
  readonly #shaders: Shader[];
  readonly #known = new Map<string, number>();
  #store: number | undefined;

  /** `shaders` get one more if a plan stores the number of a turn. */
  constructor(program: Program, kernels: ReadonlyMap<KernelId, EmittedKernel>, shaders: Shader[]) {
    this.#program = program;
    this.#kernels = kernels;
    this.#shaders = shaders;
  }

  /** `depth`: of loops around. */
  write(steps: readonly RoutineStep[], depth: number): ShaderStep[] {
    return steps.flatMap((step): readonly ShaderStep[] => {
      switch (step.kind) {
        case "copy": throw new Error("internal: a grid copies by kernels");
        case "run": {
          const kernel = this.#kernels.get(step.kernel);
          if (kernel === undefined || this.#program.kernels[step.kernel].grid?.workgroups === 0) return [];
          return [this.#run({ shader: kernel.shader, places: argumentsOf(kernel.places, step.bindings).map((at) => scaled(at, 1 / 4)) })];
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
    this.#store ??= this.#shaders.push({ name: "store", code: storeCode, workgroups: [1, 1] }) - 1;
    return this.#run({ shader: this.#store, places: [scaled(at, 1 / 4), scaled(value, 1)] });
  }

  /** Equal runs are one. */
  #run(run: ShaderRun): number {
    const key = JSON.stringify(run);
    const index = this.#known.get(key) ?? this.runs.push(run) - 1;
    this.#known.set(key, index);
    return index;
  }
}

const scaled = (at: number | Moving, by: number): WordPlace =>
  typeof at === "number" ? at * by : [at.base * by, ...at.perTurn.flatMap((turn) => [turn.depth, turn.by * by])];

/** Whether a loop may end before its last turn. */
export const endsEarly = (steps: readonly ShaderStep[]): boolean => steps.some((step) => typeof step !== "number" && (step.length === 1 || endsEarly(step[1])));
