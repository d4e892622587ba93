/** The kernels as WGSL shaders for WebGPU. */
import { invariant } from "../../compiler/diagnostics/diagnostic.ts";
import type { Program, Shader, Target, WgslArtifact } from "../../compiler/program.ts";
import { eachStep, type Kernel, type KernelId, type Place } from "../../compiler/schedule/kernel.ts";
import { emitModule } from "../js/module.ts";
import { bindingsOf, type Routine, routinesOf } from "../lower/index.ts";
import { emitKernel, type KernelText } from "./kernel.ts";
import { RoutineWriter } from "./routine.ts";

export { endsEarly } from "./routine.ts";

export const wgsl = {
  name: "wgsl",
  machine: { name: "wgsl", lanes: 1, parallel: true },
  emit: (program) => Promise.resolve(emitShaders(program)),
} as const satisfies Target;

export function emitShaders(program: Program): WgslArtifact {
  const { initial } = program;
  invariant(initial !== undefined, () => "a program for one processor has no shaders");
  const routines = routinesOf(program).filter(({ symbol }) => symbol !== "init");
  const bindings = bindingsOf(program, routines);
  const shaders: Shader[] = [];
  const scattered = unalignedKernels(routines);
  const kernels = new Map([...bindings].map(([id, places]) => {
    const kernel = program.kernels[id];
    const emit = (form: Kernel): KernelText => emitKernel(form, places, !scattered.has(id));
    const shader = shaders.push({ name: kernel.name, ...emit(kernel), ...(kernel.shared === undefined ? {} : { shared: emit(kernel.shared) }) }) - 1;
    return [id, { shader, places }] as const;
  }));
  const writer = new RoutineWriter(program, kernels, shaders);
  const lists = routines.map(({ symbol, steps, depth }) => [symbol, writer.write(steps, depth)] as const);
  return { kind: "wgsl", shaders, runs: writer.runs, routines: Object.fromEntries(lists), program, initial: emitModule(initial) };
}

/** Kernels with a buffer that begins, in some run or turn, between vectors of 16 bytes: a slice of an input, say. */
function unalignedKernels(routines: readonly Routine[]): ReadonlySet<KernelId> {
  const isAligned = (at: Place): boolean => (typeof at === "number" ? at % 16 === 0 : at.base % 16 === 0 && at.perTurn.every(({ by }) => by % 16 === 0));
  const steps = routines.flatMap((routine) => [...eachStep(routine.steps)]);
  return new Set(steps.flatMap((step) => (step.kind === "run" && !step.bindings.every(isAligned) ? [step.kernel] : [])));
}
