/** Which placements of a kernel's buffers are the same in all its runs. */
import { invariant } from "../../compiler/diagnostics/diagnostic.ts";
import type { Program } from "../../compiler/program.ts";
import { eachStep, type KernelId, type Place, type Placement } from "../../compiler/schedule/kernel.ts";
import type { Routine } from "./script.ts";

/** Per memory buffer of a kernel: its byte offset, or null where runs or turns differ and it is a parameter. */
export type Bindings = readonly (Placement | null)[];

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
