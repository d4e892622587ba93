/** The elementwise ops in machine ops. */
import type { Element } from "../../ir/graph.ts";
import type { OpNode } from "../../ir/graph.ts";
import { approximate } from "../approximate/index.ts";
import type { MachineOp } from "../kernel.ts";
import { isSettled } from "./registers.ts";
import type { Operand, Registers } from "./registers.ts";

const comparisons: Readonly<Record<string, MachineOp>> = { eq: "eq", ne: "ne", lt: "lt", le: "le", gt: "gt", ge: "ge" };
const direct: Readonly<Record<string, MachineOp>> = {
  add: "add", sub: "sub", mul: "mul", div: "div", idiv: "idiv", imod: "imod",
  floor: "floor", ceil: "ceil", round: "nearest", trunc: "trunc", sqrt: "sqrt",
  bit_and: "and", bit_or: "or", bit_xor: "xor", bit_not: "not", mul_high: "mulHigh",
};
const conversions = { f32: "toF32", f64: "toF64", i32: "toI32", u32: "toU32", bool: "toBool" } as const satisfies Record<Element, MachineOp>;
const bitCasts: Readonly<Record<string, MachineOp>> = { f32: "bitsF32", i32: "bitsI32", u32: "bitsU32" };

/** What an elementwise node makes of its args. `element`: of the result. */
export function lowerElementwise(r: Registers, node: OpNode, args: readonly Operand[], element: Element): Operand {
  const [a, b, c] = args;
  const type = a.element;
  switch (node.op) {
    case "exp": case "expm1": case "log": case "log1p": case "sin": case "cos": case "tanh": case "erf":
    case "logistic": case "pow": case "atan2":
      return lowerApproximation(r, node.op, args);
    case "neg":
      if (type === "bool") return a;
      return type === "u32" ? r.op("sub", r.literal(0, "u32"), a) : r.op("neg", a);
    case "abs":
      return type === "u32" ? a : r.op("abs", a);
    case "sign": {
      const x = r.settle(a);
      const zero = r.literal(0, type);
      const negative = r.op("select", r.apply("lt", type, "bool", x, zero), r.literal(-1, type), x);
      return r.op("select", r.apply("gt", type, "bool", x, zero), r.literal(1, type), negative);
    }
    case "min": case "max":
      return lowerExtreme(r, node.op, a, b);
    case "integer_pow":
      return lowerIntegerPower(r, a, node.attributes.exponent);
    case "select":
      return r.op("select", a, b, c);
    case "shift_left": case "shift_right":
      return lowerShift(r, node.op === "shift_left" ? "shl" : "shr", a, b);
    case "cast":
      return type === element ? a : r.apply(conversions[element], type, element, a);
    case "bitcast":
      return type === element ? a : r.apply(bitCasts[element], type, element, a);
  }
  if (type === "bool") return lowerTruth(r, node.op, args);
  if (node.op in comparisons) return r.apply(comparisons[node.op], type, "bool", a, b);
  if (node.op in direct) return r.op(direct[node.op], ...args);
  throw new Error(`internal: ${node.op} is not elementwise`);
}

type Approximated = Parameters<typeof approximate>[0];

function lowerApproximation(r: Registers, op: Approximated, args: readonly Operand[]): Operand {
  const lanes = args.some((arg) => arg.lanes === 4) ? 4 : 1;
  const level = Math.max(...args.map((arg) => arg.level));
  const [{ element }] = args;
  if (element !== "f32" && element !== "f64") throw new Error(`internal: ${op} of ${element}`);
  const ready = args.map((arg) => r.settle(r.widen(r.settle(arg), lanes)).expression);
  const expression = approximate(op, ready, element, lanes, r.scope, r.statementsAt(level));
  return r.settle({ expression, element, lanes, level, varies: args.some((arg) => arg.varies) });
}

/**
 * Engines take several instructions to let any NaN through and to order zeros. Against a number one does: the other arg
 * goes first, so that its NaN stays; -0 and 0 may stand for each other.
 */
function lowerExtreme(r: Registers, op: "min" | "max", a: Operand, b: Operand): Operand {
  const isFloat = a.element === "f32" || a.element === "f64";
  if (a.element === "bool") return r.op(op === "min" ? "and" : "or", a, b);
  if (!isFloat || (!isNumber(a) && !isNumber(b))) return r.op(op, a, b);
  const [x, limit] = isNumber(b) ? [a, b] : [b, a];
  return r.op(op === "min" ? "pmin" : "pmax", x, limit);
}

const isNumber = ({ expression }: Operand): boolean => expression.kind === "literal" && !Number.isNaN(expression.value);

/** x^n by squaring, highest bit first; a negative n is the reciprocal of x^-n. */
function lowerIntegerPower(r: Registers, base: Operand, exponent: number): Operand {
  if (exponent === 0) return r.literal(1, base.element);
  const x = r.settle(base);
  let power = x;
  for (const bit of Math.abs(exponent).toString(2).slice(1)) {
    const held = r.settle(power);
    power = r.op("mul", held, held);
    if (bit === "1") power = r.op("mul", power, x);
  }
  return exponent < 0 ? r.op("div", r.literal(1, base.element), power) : power;
}

/** The count is one number for all lanes; a shift by counts that vary is scheduled with one lane. */
function lowerShift(r: Registers, op: "shl" | "shr", x: Operand, count: Operand): Operand {
  const level = Math.max(x.level, count.level);
  const bits = count.element === "u32" ? r.apply("bitsI32", "u32", "i32", count) : count;
  const ready = isSettled(bits) ? bits : r.settle(bits);
  const shifted = x.level < level ? r.settle(x) : x;
  return {
    expression: { kind: "apply", op, type: x.element, lanes: x.lanes, args: [shifted.expression, ready.expression] },
    element: x.element, lanes: x.lanes, level, varies: x.varies || count.varies,
  };
}

/** Arithmetic and order of the field of two elements. */
function lowerTruth(r: Registers, op: string, [a, b]: readonly Operand[]): Operand {
  switch (op) {
    case "add": case "sub": case "ne": case "bit_xor": return r.op("xor", a, b);
    case "mul": case "bit_and": return r.op("and", a, b);
    case "bit_or": return r.op("or", a, b);
    case "bit_not": return r.op("not", a);
    case "eq": return r.op("not", r.op("xor", a, b));
    case "lt": return r.op("and", r.op("not", a), b);
    case "le": return r.op("or", r.op("not", a), b);
    case "gt": return r.op("and", a, r.op("not", b));
    case "ge": return r.op("or", a, r.op("not", b));
    default: throw new Error(`internal: ${op} of bool`);
  }
}
