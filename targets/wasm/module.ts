/** A program as one module: its memory, a function per kernel, a function per stretch of a plan. */
import type { Program } from "../../compiler/program.ts";
import { argumentsOf, bindingsOf, lowerKernel, routinesOf } from "../lower/index.ts";
import { assemble, type Assembler, type Ref } from "./assembler.ts";
import { FunctionBuilder } from "./function.ts";
import { emitKernel } from "./kernel.ts";

export function emitModule(program: Program): Promise<Uint8Array> {
  return assemble((assembler) => {
    assembler.memory(program.peakBytes, program.constants);
    const routines = routinesOf(program);
    const bindings = bindingsOf(program, routines);
    for (const [kernel, places] of bindings) emitKernel(assembler, lowerKernel(program.kernels[kernel], "always"), places, `k${kernel}`);
    for (const { symbol, steps } of routines) {
      const builder = new FunctionBuilder(assembler, []);
      const { code } = assembler;
      const { i32 } = code;
      const body = steps.map((step): Ref => {
        if (step.kind === "copy") return code.memory.copy(i32.const(step.to), i32.const(step.from), i32.const(step.bytes));
        const open = argumentsOf(bindings.get(step.kernel) ?? [], step.bindings);
        return code.call(`k${step.kernel}`, open.map((at) => i32.const(at | 0)), assembler.none);
      });
      const name = `p_${symbol}`;
      builder.finish(name, [], body);
      assembler.export(name, symbol);
    }
    return assembler.binary();
  });
}
