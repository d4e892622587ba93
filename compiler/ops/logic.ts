/** Elementwise comparison, bits, selection and change of element. */
import { sameShape } from "../ir/graph.ts";
import type { Element } from "../ir/graph.ts";
import type { OpTable } from "./define.ts";
import { elementwise } from "./families.ts";
import type { ScalarFunction } from "./families.ts";
import { describe, field, integers, isFloat, need } from "./shapes.ts";
import { wraps } from "./tensors.ts";

type Names =
  | "eq" | "ne" | "lt" | "le" | "gt" | "ge" | "bit_and" | "bit_or" | "bit_xor" | "bit_not"
  | "shift_left" | "shift_right" | "mul_high" | "select" | "cast" | "bitcast" | "stop";

const comparison = (doc: string, holds: (a: number, b: number) => boolean) =>
  elementwise<Readonly<Record<string, never>>>({
    doc, arity: 2, elements: field, result: "bool", flops: 0,
    value: () => (a, b) => Number(holds(a, b)),
  });

const bits = (
  doc: string, arity: 1 | 2, elements: readonly Element[], value: (element: Element) => ScalarFunction,
) => elementwise<Readonly<Record<string, never>>>({ doc, arity, elements, value, flops: 0 });

const bitElements: readonly Element[] = [...integers, "bool"];

/** The high word of the product of two 32-bit unsigned integers, from 16-bit halves: no partial sum passes 2^53. */
export function mulHigh(a: number, b: number): number {
  const [ah, al, bh, bl] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff];
  const middle = ah * bl + Math.floor((al * bl) / 0x10000);
  const carried = (middle % 0x10000) + al * bh;
  return (ah * bh + Math.floor(middle / 0x10000) + Math.floor(carried / 0x10000)) >>> 0;
}

/** Floats to integers truncate and saturate, NaN gives 0. */
const saturate = (low: number, high: number): ScalarFunction => (x) =>
  Number.isNaN(x) ? 0 : Math.min(high, Math.max(low, Math.trunc(x)));

function conversion(from: Element, to: Element): ScalarFunction {
  if (to === "bool") return (x) => Number(x !== 0);
  if (to === "f32" || to === "f64") return (x) => x;
  if (!isFloat(from)) return wraps[to];
  return to === "i32" ? saturate(-0x80000000, 0x7fffffff) : saturate(0, 0xffffffff);
}

const word = new DataView(new ArrayBuffer(4));
const readBits: Readonly<Record<string, () => number>> = {
  f32: () => word.getFloat32(0), i32: () => word.getInt32(0), u32: () => word.getUint32(0),
};
const writeBits: Readonly<Record<string, (x: number) => void>> = {
  f32: (x) => word.setFloat32(0, x), i32: (x) => word.setInt32(0, x), u32: (x) => word.setUint32(0, x),
};

export const logic: OpTable<Names> = {
  eq: comparison("Equal, as bool; NaN equals nothing, -0 equals 0.", (a, b) => a === b),
  ne: comparison("Unequal, as bool; NaN is unequal to everything.", (a, b) => a !== b),
  lt: comparison("Less, as bool; false at NaN.", (a, b) => a < b),
  le: comparison("Less or equal, as bool; false at NaN.", (a, b) => a <= b),
  gt: comparison("Greater, as bool; false at NaN.", (a, b) => a > b),
  ge: comparison("Greater or equal, as bool; false at NaN.", (a, b) => a >= b),

  bit_and: bits("Bitwise and; conjunction of bools.", 2, bitElements, () => (a, b) => a & b),
  bit_or: bits("Bitwise or; disjunction of bools.", 2, bitElements, () => (a, b) => a | b),
  bit_xor: bits("Bitwise exclusive or.", 2, bitElements, () => (a, b) => a ^ b),
  bit_not: bits("Bitwise complement; negation of bools.", 1, bitElements, () => (a) => ~a),
  shift_left: bits("Shift left by the count modulo 32.", 2, integers, () => (a, b) => a << b),
  shift_right: bits("Shift right by the count modulo 32; i32 keeps the sign.", 2, integers,
    (element) => (element === "u32" ? (a, b) => a >>> b : (a, b) => a >> b)),
  mul_high: bits("The high 32 bits of the product of two u32.", 2, ["u32"], () => mulHigh),

  select: elementwise({
    doc: "(condition, a, b): a where the condition is true, else b. Credit goes to the one taken, not to the condition.",
    arity: 3, elements: field, flops: 0,
    infer: ([condition, a, b]) => {
      need(condition.element === "bool", () => `the condition is ${describe(condition)}`);
      need(a.element === b.element && sameShape(a.shape, b.shape) && sameShape(a.shape, condition.shape),
        () => `${[condition, a, b].map(describe).join(" and ")} differ`);
      return [a];
    },
    value: () => (condition, a, b) => (condition !== 0 ? a : b),
    partials: [
      null,
      ({ b, x }, d) => b.select(x[0], d, b.like(d, 0)),
      ({ b, x }, d) => b.select(x[0], b.like(d, 0), d),
    ],
  }),
  cast: elementwise({
    doc:
      "To another element. Floats to integers truncate and saturate, NaN gives 0; integers wrap; to bool is x != 0; " +
      "from bool is 0 or 1. Differentiable between floats.",
    arity: 1, elements: field, flops: 0,
    infer: ([x], { to }) => [{ element: to, shape: x.shape }],
    value: (from, { to }) => conversion(from, to),
    partials: [
      ({ b, x, attributes: { to } }, d) => {
        const from = b.typeOf(x[0]).element;
        if (!isFloat(from) || !isFloat(to)) return null;
        return b.cast(d, b.typeOf(d).element === from ? to : from); // a tangent goes there, a cotangent back
      },
    ],
  }),
  bitcast: elementwise({
    doc: "Between f32, i32 and u32: the same 32 bits. No derivative.",
    arity: 1, elements: ["f32", ...integers], flops: 0,
    infer: ([x], { to }) => {
      need(x.element in writeBits && to in readBits, () => `from ${x.element} to ${to}`);
      return [{ element: to, shape: x.shape }];
    },
    value: (from, { to }) => (x) => { writeBits[from](x); return readBits[to](); },
  }),
  stop: elementwise({
    doc: "The value; no credit passes.",
    arity: 1, elements: field, flops: 0,
    value: () => (x) => x,
  }),
};
