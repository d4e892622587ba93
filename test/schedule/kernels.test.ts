import { expect, test } from "vitest";
import { at, KernelScope, literal, store } from "../../compiler/schedule/expression.ts";
import type { Kernel } from "../../compiler/schedule/kernel.ts";
import { KernelTable } from "../../compiler/schedule/kernels.ts";
import { site } from "../targets/programs.ts";

const filling = (value: number): Kernel => {
  const scope = new KernelScope();
  const to = scope.buffer("to", "f32", 1);
  return { name: "fill", buffers: scope.buffers, locals: scope.locals, variables: scope.variables, body: [store(to, at(0), literal(value))], site };
};

test("kernels are one only if their constants are the same bits", () => {
  const table = new KernelTable();
  const values = [0, -0, 1, Infinity, -Infinity, NaN];
  expect(new Set(values.map((value) => table.add(filling(value)))).size).toBe(values.length);
  expect(values.map((value) => table.add(filling(value)))).toEqual([0, 1, 2, 3, 4, 5]);
});
