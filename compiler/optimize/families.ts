/** Groups of ops that passes treat alike. */
import type { Element } from "../ir/graph.ts";
import type { OpName } from "../ops/index.ts";

export const isFloat = (element: Element): boolean => element === "f32" || element === "f64";

/** Elementwise ops whose f32 result is the f64 result, rounded: each target gives these bits. */
export const exactElementwise = [
  "add", "sub", "mul", "neg", "div", "idiv", "imod", "min", "max", "abs", "sign", "floor", "ceil", "round", "trunc", "sqrt",
  "eq", "ne", "lt", "le", "gt", "ge", "bit_and", "bit_or", "bit_xor", "bit_not", "shift_left", "shift_right", "mul_high",
  "select", "cast", "bitcast",
] as const satisfies readonly OpName[];

/** Element i of the result depends on element i of the args alone. */
export const elementwise = [
  ...exactElementwise,
  "exp", "expm1", "log", "log1p", "sin", "cos", "tanh", "erf", "logistic", "pow", "atan2", "integer_pow",
] as const satisfies readonly OpName[];

/** f(x, y) and f(y, x) are the same bits. */
export const commutative: ReadonlySet<OpName> = new Set<OpName>(["add", "mul", "min", "max", "eq", "ne", "bit_and", "bit_or", "bit_xor", "mul_high"]);
