/** A program as one module: its memory, a function per kernel, a function per stretch of a plan. */
import type { Program } from "../../compiler/program.ts";
import { bindingsOf, lowerKernel, routinesOf } from "../lower/index.ts";
import { assemble, type Assembler } from "./assembler.ts";
import { emitKernel } from "./kernel.ts";
import { emitPlan } from "./plan.ts";

export const emitModule = (program: Program): Promise<Uint8Array> => assemble((assembler) => define(program, assembler).binary());

/** The module in the text format, for people. */
export const emitText = (program: Program): Promise<string> => assemble((assembler) => define(program, assembler).text());

function define(program: Program, assembler: Assembler): Assembler {
  assembler.memory(program.peakBytes, program.constants);
  const routines = routinesOf(program);
  const bindings = bindingsOf(program, routines);
  for (const [kernel, places] of bindings) emitKernel(assembler, lowerKernel(program.kernels[kernel], "always"), places, `k${kernel}`);
  for (const routine of routines) {
    const { symbol, steps } = routine;
    const [only] = steps;
    // A plan of one run is that kernel, unless it hands over places.
    if (routine.depth === 0 && steps.length === 1 && only.kind === "run" && !bindings.get(only.kernel)?.includes(null)) assembler.export(`k${only.kernel}`, symbol);
    else {
      emitPlan(assembler, `p_${symbol}`, routine, bindings);
      assembler.export(`p_${symbol}`, symbol);
    }
  }
  return assembler;
}
