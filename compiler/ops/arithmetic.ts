/** Elementwise arithmetic: field operations, division, extremes, rounding. */
import type { OpTable } from "./define.ts";
import { elementwise, times } from "./families.ts";
import type { Scale } from "./families.ts";
import { compare } from "./rules.ts";
import { field, floats, integers, numbers } from "./shapes.ts";
import { products } from "./tensors.ts";

type None = Readonly<Record<string, never>>;

/**
 * The scale of arg `index` of min (`closer` = lt) or max (gt): d where that arg is the extreme, half of d where both
 * are equal, else 0. A NaN is unordered, so it passes no credit.
 */
const extreme = (index: 0 | 1, closer: "lt" | "gt"): Scale<None> => ({ b, x }, d) => {
  const mine = x[index];
  const other = x[1 - index];
  const half = b.mul(d, b.like(d, 0.5));
  const tied = b.select(compare(b, "eq", mine, other), half, b.like(d, 0));
  return b.select(compare(b, closer, mine, other), d, tied);
};

function floorDivide(a: number, b: number): number {
  // The f64 quotient of two 32-bit integers is never rounded up to an integer: it is at least 1/|b| away from it.
  return b === 0 ? 0 : Math.floor(a / b);
}

function roundToEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest < 0.5) return below === 0 ? x * 0 : below; // -0 and NaN stay
  if (rest > 0.5) return below + 1 === 0 ? -0 : below + 1;
  if (Number.isNaN(rest)) return x; // infinities too
  return below % 2 === 0 ? below : below + 1 === 0 ? -0 : below + 1;
}

type Names =
  | "add" | "sub" | "mul" | "neg" | "div" | "idiv" | "imod" | "min" | "max" | "abs" | "sign"
  | "floor" | "ceil" | "round" | "trunc";

export const arithmetic: OpTable<Names> = {
  add: elementwise({
    doc: "Sum; over bool exclusive or. Integers wrap.",
    arity: 2, elements: field,
    value: () => (a, b) => a + b,
    partials: [(_, d) => d, (_, d) => d],
  }),
  sub: elementwise({
    doc: "Difference; over bool exclusive or. Integers wrap.",
    arity: 2, elements: field,
    value: () => (a, b) => a - b,
    partials: [(_, d) => d, ({ b }, d) => b.neg(d)],
  }),
  mul: elementwise({
    doc: "Product; over bool and. Integers wrap. 0 * Infinity is NaN.",
    arity: 2, elements: field,
    value: (element) => products[element],
    partials: [times(({ x }) => x[1]), times(({ x }) => x[0])],
  }),
  neg: elementwise({
    doc: "Negative; over bool the value itself. Integers wrap.",
    arity: 1, elements: field,
    value: () => (a) => -a,
    partials: [({ b }, d) => b.neg(d)],
  }),
  div: elementwise({
    doc: "Quotient of floats. x / 0 is an infinity with the signs' product, 0 / 0 is NaN.",
    arity: 2, elements: floats,
    value: () => (a, b) => a / b,
    partials: [
      ({ b, x }, d) => b.div(d, x[1]),
      ({ b, x, y }, d) => b.neg(b.mul(d, b.div(y[0], x[1]))), // -x0 / x1^2
    ],
    samples: { low: 0.5, high: 2 },
  }),
  idiv: elementwise({
    doc: "Quotient of integers, rounded down; x / 0 is 0.",
    arity: 2, elements: integers, flops: 0,
    value: () => floorDivide,
  }),
  imod: elementwise({
    doc: "x - y * floor(x / y) of integers: it has the sign of y; mod(x, 0) is 0.",
    arity: 2, elements: integers, flops: 0,
    value: () => (a, b) => (b === 0 ? 0 : a - b * floorDivide(a, b)),
  }),
  min: elementwise({
    doc: "The smaller. NaN in, NaN out; -0 is below 0. Ties: half of the credit to each; NaN passes none.",
    arity: 2, elements: numbers,
    value: () => Math.min,
    partials: [extreme(0, "lt"), extreme(1, "lt")],
    samples: { low: -2, high: 2, distinct: true },
  }),
  max: elementwise({
    doc: "The greater. NaN in, NaN out; -0 is below 0. Ties: half of the credit to each; NaN passes none.",
    arity: 2, elements: numbers,
    value: () => Math.max,
    partials: [extreme(0, "gt"), extreme(1, "gt")],
    samples: { low: -2, high: 2, distinct: true },
  }),
  abs: elementwise({
    doc: "Magnitude; |-2^31| wraps to itself. The derivative is the sign, 0 at 0.",
    arity: 1, elements: numbers,
    value: () => Math.abs,
    partials: [times(({ b, x }) => b.op("sign", [x[0]], {}))],
    samples: { low: -2, high: 2, distinct: true },
  }),
  sign: elementwise({
    doc: "-1, 0 or 1; NaN in, NaN out; keeps -0. The derivative is 0.",
    arity: 1, elements: [...floats, "i32"],
    value: () => Math.sign,
  }),
  floor: elementwise({
    doc: "The greatest integer not above. NaN and infinities stay. The derivative is 0.",
    arity: 1, elements: floats,
    value: () => Math.floor,
  }),
  ceil: elementwise({
    doc: "The smallest integer not below. NaN and infinities stay. The derivative is 0.",
    arity: 1, elements: floats,
    value: () => Math.ceil,
  }),
  round: elementwise({
    doc: "The nearest integer, halves to the even one; keeps the sign of 0. NaN and infinities stay. The derivative is 0.",
    arity: 1, elements: floats,
    value: () => roundToEven,
  }),
  trunc: elementwise({
    doc: "The integer part, toward 0. NaN and infinities stay. The derivative is 0.",
    arity: 1, elements: floats,
    value: () => Math.trunc,
  }),
};
