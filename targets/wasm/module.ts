/** A program as one module: its memory, a function per kernel, a function per stretch of a plan. */
import type { Program } from "../../compiler/program.ts";
import type { KernelId } from "../../compiler/schedule/kernel.ts";
import { argumentsOf, bindingsOf, lowerKernel, routinesOf, type Bindings, type Routine } from "../lower/index.ts";
import { assemble, type Assembler, type Ref } from "./assembler.ts";
import { FunctionBuilder } from "./function.ts";
import { emitKernel } from "./kernel.ts";

export const emitModule = (program: Program): Promise<Uint8Array> => assemble((assembler) => define(program, assembler).binary());

/** The module in the text format, for people. */
export const emitText = (program: Program): Promise<string> => assemble((assembler) => define(program, assembler).text());

function define(program: Program, assembler: Assembler): Assembler {
  assembler.memory(program.peakBytes, program.constants);
  const routines = routinesOf(program);
  const bindings = bindingsOf(program, routines);
  for (const [kernel, places] of bindings) emitKernel(assembler, lowerKernel(program.kernels[kernel], "always"), places, `k${kernel}`);
  for (const { symbol, steps } of routines) {
    const [only] = steps;
    // A plan of one run is that kernel, unless it hands over places.
    if (steps.length === 1 && only.kind === "run" && !bindings.get(only.kernel)?.includes(null)) assembler.export(`k${only.kernel}`, symbol);
    else {
      emitPlan(assembler, `p_${symbol}`, steps, bindings);
      assembler.export(`p_${symbol}`, symbol);
    }
  }
  return assembler;
}

function emitPlan(assembler: Assembler, name: string, steps: Routine["steps"], bindings: ReadonlyMap<KernelId, Bindings>): void {
  const { code } = assembler;
  const { i32 } = code;
  const body = steps.map((step): Ref => {
    if (step.kind === "copy") return code.memory.copy(i32.const(step.to | 0), i32.const(step.from | 0), i32.const(step.bytes));
    const open = argumentsOf(bindings.get(step.kernel) ?? [], step.bindings);
    return code.call(`k${step.kernel}`, open.map((at) => i32.const(at | 0)), assembler.none);
  });
  new FunctionBuilder(assembler, []).finish(name, [], body);
}
