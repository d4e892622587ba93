/** Which placements of a kernel's buffers are the same in all its runs, and the stretches of a plan between host calls. */
import { invariant } from "../../compiler/diagnostics/diagnostic.ts";
import type { Program } from "../../compiler/program.ts";
import { eachStep, type KernelId, type Place, type Placement, type Step } from "../../compiler/schedule/kernel.ts";

/** Per memory buffer of a kernel: its byte offset, or null where runs or turns differ and it is a parameter. */
export type Bindings = readonly (Placement | null)[];

/** A step that a target emits. */
export type RoutineStep = Exclude<Step, { kind: "host" }>;

export interface Routine {
  /** `step`, or `step$0`, `step$1`, ... where the plan stops for the host. */
  readonly symbol: string;
  readonly steps: readonly RoutineStep[];
}

/** The functions that a module exports: init's, then each entry's. */
export function routinesOf(program: Program): Routine[] {
  const plans = [{ symbol: "init", plan: program.init.plan }, ...program.entries];
  return plans.flatMap(({ symbol, plan }) => {
    const stretches: RoutineStep[][] = [[]];
    for (const step of plan) {
      if (step.kind === "host") stretches.push([]);
      else stretches[stretches.length - 1].push(step);
    }
    return stretches.map((steps, index) => ({ symbol: stretches.length === 1 ? symbol : `${symbol}$${index}`, steps }));
  });
}

/** The bindings of every kernel that is run, in order of kernels. */
export function bindingsOf(program: Program, routines: readonly Routine[]): Map<KernelId, Bindings> {
  const found = new Map<KernelId, (Placement | null)[]>();
  for (const { steps } of routines)
    for (const step of eachStep(steps)) {
      if (step.kind !== "run") continue;
      const { name, buffers } = program.kernels[step.kernel];
      const wanted = buffers.filter(({ space }) => space === "memory").length;
      invariant(step.bindings.length === wanted, () => `a run of ${name} binds ${step.bindings.length} of ${wanted} buffers in memory`);
      const earlier = found.get(step.kernel);
      const fixed = step.bindings.map((at) => (typeof at === "number" ? at : null));
      found.set(step.kernel, earlier === undefined ? fixed : earlier.map((at, index) => (at === fixed[index] ? at : null)));
    }
  return new Map([...found].sort(([a], [b]) => a - b));
}

/** The placements that a run hands over as arguments. */
export const argumentsOf = (bindings: Bindings, placements: readonly Place[]): readonly Place[] => placements.filter((_, index) => bindings[index] === null);

/** Steps inside a loop: calls of the host stand outside of all. */
export const inside = (body: readonly Step[]): readonly RoutineStep[] => body.map((step) => {
  invariant(step.kind !== "host", () => "a call of the host inside a loop");
  return step;
});
