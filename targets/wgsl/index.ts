/** The kernels as WGSL shaders for WebGPU. */
import { invariant } from "../../compiler/diagnostics/diagnostic.ts";
import type { Program, Shader, ShaderRun, Target, WgslArtifact } from "../../compiler/program.ts";
import type { Place } from "../../compiler/schedule/kernel.ts";
import { emitModule } from "../js/module.ts";
import { argumentsOf, bindingsOf, routinesOf } from "../lower/index.ts";
import { emitKernel } from "./kernel.ts";

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
  const runs: ShaderRun[] = [];
  const texts = new Map([...bindings].map(([kernel, places]) => {
    const { name, shared } = program.kernels[kernel];
    const shader = shaders.push({ name, ...emitKernel(program.kernels[kernel], places), ...(shared === undefined ? {} : { shared: emitKernel(shared, places) }) }) - 1;
    return [kernel, { shader, places }] as const;
  }));
  const known = new Map<string, number>();
  const lists = routines.map(({ symbol, steps }) => {
    const list = steps.flatMap((step) => {
      if (step.kind !== "run") throw new Error(`internal: a grid has no step ${step.kind}`); // copies are kernels, loops are refused
      const text = texts.get(step.kernel);
      if (text === undefined || program.kernels[step.kernel].grid?.workgroups === 0) return [];
      const run: ShaderRun = { shader: text.shader, places: argumentsOf(text.places, step.bindings).map(wordOf) };
      const key = JSON.stringify(run);
      const index = known.get(key) ?? runs.push(run) - 1;
      known.set(key, index);
      return [index];
    });
    return [symbol, list] as const;
  });
  return { kind: "wgsl", shaders, runs, routines: Object.fromEntries(lists), program, initial: emitModule(initial) };
}

/** The 32-bit word that a place begins at. */
function wordOf(at: Place): number {
  if (typeof at !== "number") throw new Error("internal: a place moves outside of loops");
  return at / 4;
}
