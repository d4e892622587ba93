/** Integer arithmetic and tests on constants, which unrolling leaves behind. Floats are left to the optimizer before. */
import type { MachineOp } from "../../compiler/schedule/kernel.ts";
import type { Value } from "./lowered.ts";

const integer: Partial<Record<MachineOp, (a: number, b: number) => number>> = {
  add: (a, b) => (a + b) | 0,
  sub: (a, b) => (a - b) | 0,
  mul: Math.imul,
  min: Math.min,
  max: Math.max,
  eq: (a, b) => +(a === b),
  ne: (a, b) => +(a !== b),
  lt: (a, b) => +(a < b),
  le: (a, b) => +(a <= b),
  gt: (a, b) => +(a > b),
  ge: (a, b) => +(a >= b),
};

const logic: Partial<Record<MachineOp, (a: number, b: number) => number>> = {
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
};

export function foldApply(value: Value): Value {
  if (value.kind !== "apply" || value.lanes !== 1) return value;
  const [a, b, c] = value.args;
  if (value.op === "select" && a.kind === "literal") return a.value !== 0 ? b : c;
  const fold = value.operand === "i32" ? integer[value.op] : value.operand === "bool" ? logic[value.op] : undefined;
  if (fold === undefined || a.kind !== "literal" || b?.kind !== "literal") return value;
  return { kind: "literal", type: value.type, lanes: 1, value: fold(a.value, b.value) };
}
