/** The kernels as WGSL shaders for WebGPU. */
import { invariant } from "../../compiler/diagnostics/diagnostic.ts";
import type { Pipeline, Program, Shader, Target, WgslArtifact } from "../../compiler/program.ts";
import { emitModule } from "../js/module.ts";
import { bindingsOf, routinesOf } from "../lower/index.ts";
import { emitKernel, overrideOf } from "./kernel.ts";

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
  const pipelines: Pipeline[] = [];
  const texts = new Map([...bindings].map(([kernel, places]) => {
    const { code, workgroups, elementBytes } = emitKernel(program.kernels[kernel], places);
    const shader = shaders.push({ name: program.kernels[kernel].name, code, workgroups }) - 1;
    return [kernel, { shader, places, elementBytes }] as const;
  }));
  const known = new Map<string, number>();
  const runs = routines.map(({ symbol, steps }) => {
    const list = steps.flatMap((step) => {
      if (step.kind !== "run") throw new Error(`internal: a grid has no step ${step.kind}`); // copies are kernels, loops are refused
      const text = texts.get(step.kernel);
      if (text === undefined || program.kernels[step.kernel].grid?.workgroups === 0) return [];
      const open = step.bindings.flatMap((at, binding) => {
        if (text.places[binding] !== null) return [];
        if (typeof at !== "number") throw new Error("internal: a place moves outside of loops");
        return [[overrideOf(binding), at / text.elementBytes] as const];
      });
      const pipeline: Pipeline = { shader: text.shader, constants: Object.fromEntries(open) };
      const key = JSON.stringify(pipeline);
      const index = known.get(key) ?? pipelines.push(pipeline) - 1;
      known.set(key, index);
      return [index];
    });
    return [symbol, list] as const;
  });
  return { kind: "wgsl", shaders, pipelines, routines: Object.fromEntries(runs), program, initial: emitModule(initial) };
}
