/** The kernels as WGSL shaders for WebGPU. */
import { invariant } from "../../compiler/diagnostics/diagnostic.ts";
import type { Program, Shader, Target, WgslArtifact } from "../../compiler/program.ts";
import { eachStep, type KernelId, type Place } from "../../compiler/schedule/kernel.ts";
import { emitModule } from "../js/module.ts";
import { bindingsOf, type Routine, routinesOf } from "../lower/index.ts";
import { boundBanks, emitKernel, mostOpen } from "./kernel.ts";
import { bankOf, type EmittedKernel, RoutineWriter, type RunStep } from "./routine.ts";

export { endsEarly } from "./routine.ts";

/** Its banks are what every device binds as one. */
export const wgsl = {
  name: "wgsl",
  machine: { name: "wgsl", lanes: 1, parallel: true, bankBytes: 2 ** 27, mergesLoops: true },
  emit: (program) => Promise.resolve(emitShaders(program)),
} as const satisfies Target;

export function emitShaders(program: Program): WgslArtifact {
  const { initial } = program;
  invariant(initial !== undefined, () => "a program for one processor has no shaders");
  const routines = routinesOf(program).filter(({ symbol }) => symbol !== "init");
  const bindings = bindingsOf(program, routines);
  const shaders: Shader[] = [];
  const scattered = unalignedKernels(routines);
  const known = new Map<string, EmittedKernel>();
  const kernelOf = ({ kernel: id, bindings: places }: RunStep): EmittedKernel => {
    const banks = places.map((at) => bankOf(program, at));
    const common = bindings.get(id) ?? [];
    const many = common.filter((place) => place === null).length > mostOpen;
    const own = many ? places.map((at) => (typeof at === "number" ? at : null)) : common;
    const key = [id, ...banks.map(({ index }) => index), ...(many ? own : [])].join();
    const found = known.get(key);
    if (found !== undefined) return found;
    const kernel = program.kernels[id];
    const bound = { bindings: own, aligned: !scattered.has(id), banks };
    const shared = kernel.shared === undefined ? {} : { shared: emitKernel(kernel.shared, bound) };
    const shader = shaders.push({ name: kernel.name, ...emitKernel(kernel, bound), ...shared, banks: boundBanks(banks) }) - 1;
    const emitted = { shader, bindings: bound.bindings };
    known.set(key, emitted);
    return emitted;
  };
  const writer = new RoutineWriter(program, kernelOf, shaders);
  const lists = routines.map(({ symbol, steps, depth }) => [symbol, writer.write(steps, depth)] as const);
  return { kind: "wgsl", shaders, runs: writer.runs, routines: Object.fromEntries(lists), program, initial: emitModule(initial) };
}

/** Kernels with a buffer that begins, in some run or turn, between vectors of 16 bytes: a slice of an input, say. */
function unalignedKernels(routines: readonly Routine[]): ReadonlySet<KernelId> {
  const isAligned = (at: Place): boolean => (typeof at === "number" ? at % 16 === 0 : at.base % 16 === 0 && at.perTurn.every(({ by }) => by % 16 === 0));
  const steps = routines.flatMap((routine) => [...eachStep(routine.steps)]);
  return new Set(steps.flatMap((step) => (step.kind === "run" && !step.bindings.every(isAligned) ? [step.kernel] : [])));
}
