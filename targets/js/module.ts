/** A program as the text of a function from its memory to its routines. */
import type { Constant, Program } from "../../compiler/program.ts";
import type { Scalar } from "../../compiler/schedule/kernel.ts";
import { bindingsOf, lowerKernel, routinesOf } from "../lower/index.ts";
import { emitKernel, views } from "./kernel.ts";
import { helpers } from "./operations.ts";
import { PlanWriter } from "./plan.ts";

export function emitModule(program: Program): string {
  const uses = { helpers: new Set<keyof typeof helpers>(), views: new Set<Scalar>() };
  const routines = routinesOf(program);
  const bindings = bindingsOf(program, routines);
  const kernels = [...bindings].map(([kernel, places]) => emitKernel(lowerKernel(program.kernels[kernel], "registers"), places, `k${kernel}`, uses));
  const plans = new PlanWriter(program, bindings, uses.views);
  const methods = routines.map(({ symbol, depth, steps }) => {
    const turns = Array.from({ length: depth }, (_, loop) => `t${loop}`);
    return `${symbol}(${turns.join(", ")}) {\n${plans.lines(steps, depth).join("\n")}\n}`;
  });
  const head = [
    ...[...uses.views].map((type) => `const ${views[type].name} = new ${views[type].array}(memory);`),
    ...(plans.copies || program.constants.length > 0 ? ["const bytes = new Uint8Array(memory);"] : []),
    // In the table's order, so that equal programs give equal text.
    ...Object.entries(helpers).flatMap(([name, text]) => ([...uses.helpers].some((used) => used === name) ? [text] : [])),
    ...program.constants.map(constantText),
  ];
  // Methods: a symbol of the user's is no name in this scope.
  return `(memory) => {\n${[...head, ...kernels].join("\n")}\nreturn {\n${methods.join(",\n")}\n};\n}`;
}

/** Writes a constant into memory: short ones as numbers, others in base 64. */
function constantText({ at, bytes }: Constant): string {
  if (bytes.length <= 16) return `bytes.set([${bytes.join(", ")}], ${at});`;
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return `bytes.set(Uint8Array.from(atob("${btoa(binary)}"), (c) => c.charCodeAt(0)), ${at});`;
}
