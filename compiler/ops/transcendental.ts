/** Elementwise roots, powers, exponentials, logarithms and angles of floats. */
import { elementwise, times } from "./families.ts";
import type { OpTable } from "./define.ts";
import { compare } from "./rules.ts";
import { floats } from "./shapes.ts";

type Names =
  | "sqrt" | "exp" | "expm1" | "log" | "log1p" | "sin" | "cos" | "tanh" | "erf" | "logistic" | "pow" | "atan2"
  | "integer_pow";

const unary = { arity: 1, elements: floats, flops: 10 } as const;

/**
 * erf(x) = 2 / sqrt(pi) * exp(-x^2) * sum over n of 2^n x^(2n+1) / (2n+1)!!, where all terms have one sign, so
 * that nothing cancels. Error below 1e-15; past 6 the value is 1 to the last bit. Abramowitz and Stegun 7.1.6.
 */
export function erf(x: number): number {
  if (Number.isNaN(x)) return x;
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

export const transcendental: OpTable<Names> = {
  sqrt: elementwise({
    ...unary,
    doc: "Square root; NaN below 0. The derivative at 0 is Infinity.",
    value: () => Math.sqrt,
    partials: [({ b, y }, d) => b.div(d, b.add(y[0], y[0]))], // 1 / (2 sqrt x)
    samples: { low: 0.5, high: 3 }, flops: 1,
  }),
  exp: elementwise({
    ...unary,
    doc: "e to the x. NaN in, NaN out.",
    value: () => Math.exp,
    partials: [times(({ y }) => y[0])],
    tolerance: 4e-6,
  }),
  expm1: elementwise({
    ...unary,
    doc: "exp(x) - 1, exact near 0. NaN in, NaN out; keeps -0.",
    value: () => Math.expm1,
    partials: [times(({ b, y }) => b.add(y[0], b.like(y[0], 1)))],
    tolerance: 4e-6,
  }),
  log: elementwise({
    ...unary,
    doc: "Natural logarithm; -Infinity at 0, NaN below.",
    value: () => Math.log,
    partials: [({ b, x }, d) => b.div(d, x[0])],
    samples: { low: 0.3, high: 3 },
  }),
  log1p: elementwise({
    ...unary,
    doc: "log(1 + x), exact near 0; -Infinity at -1, NaN below; keeps -0.",
    value: () => Math.log1p,
    partials: [({ b, x }, d) => b.div(d, b.add(x[0], b.like(x[0], 1)))],
    samples: { low: -0.6, high: 2 },
  }),
  sin: elementwise({
    ...unary,
    doc: "Sine of radians; NaN at the infinities; keeps -0.",
    value: () => Math.sin,
    partials: [times(({ b, x }) => b.op("cos", [x[0]], {}))],
  }),
  cos: elementwise({
    ...unary,
    doc: "Cosine of radians; NaN at the infinities.",
    value: () => Math.cos,
    partials: [times(({ b, x }) => b.neg(b.op("sin", [x[0]], {})))],
  }),
  tanh: elementwise({
    ...unary,
    doc: "Hyperbolic tangent. NaN in, NaN out; keeps -0.",
    value: () => Math.tanh,
    partials: [times(({ b, y }) => b.sub(b.like(y[0], 1), b.mul(y[0], y[0])))], // 1 - tanh(x)^2
  }),
  erf: elementwise({
    ...unary,
    doc: "The error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x. NaN in, NaN out.",
    value: () => erf,
    partials: [
      times(({ b, x }) => {
        const bell = b.op("exp", [b.neg(b.mul(x[0], x[0]))], {});
        return b.mul(bell, b.like(bell, 2 / Math.sqrt(Math.PI)));
      }),
    ],
    flops: 15,
  }),
  logistic: elementwise({
    ...unary,
    doc: "1 / (1 + exp(-x)). NaN in, NaN out.",
    // Each half is written so that its exponential cannot overflow.
    value: () => (x) => { const e = Math.exp(-Math.abs(x)); return x >= 0 ? 1 / (1 + e) : e / (1 + e); },
    partials: [times(({ b, y }) => b.mul(y[0], b.sub(b.like(y[0], 1), y[0])))], // s (1 - s)
  }),
  pow: elementwise({
    doc:
      "x to the y. x ^ 0 is 1, else NaN in, NaN out; NaN for x < 0 and y no integer; (+-1) ^ (+-Infinity) is NaN. " +
      "The derivative to x at x = y = 0 is 0; the derivative to y is 0 at x = 0 and NaN for x < 0.",
    arity: 2, elements: floats, flops: 20,
    value: () => Math.pow,
    partials: [
      // y x^(y-1); the base is replaced where 0 * 0^-1 would be NaN, before the power, so that higher derivatives
      // are free of it too.
      times(({ b, x: [base, exponent] }) => {
        const zero = b.like(base, 0);
        const origin = b.op("bit_and", [compare(b, "eq", base, zero), compare(b, "eq", exponent, zero)], {});
        const guarded = b.select(origin, b.like(base, 1), base);
        return b.mul(exponent, b.op("pow", [guarded, b.sub(exponent, b.like(exponent, 1))], {}));
      }),
      // x^y log x, with log 1 in place of log 0
      times(({ b, x: [base], y }) => {
        const guarded = b.select(compare(b, "eq", base, b.like(base, 0)), b.like(base, 1), base);
        return b.mul(y[0], b.op("log", [guarded], {}));
      }),
    ],
    samples: { low: 0.4, high: 2.5 }, tolerance: 1e-5,
  }),
  atan2: elementwise({
    doc: "The angle of the point (x = second arg, y = first arg), in (-pi, pi]. NaN in, NaN out; atan2(0, 0) is 0.",
    arity: 2, elements: floats, flops: 20,
    value: () => Math.atan2,
    partials: [
      ({ b, x: [y, x] }, d) => b.div(b.mul(d, x), b.add(b.mul(x, x), b.mul(y, y))), // x / (x^2 + y^2)
      ({ b, x: [y, x] }, d) => b.neg(b.div(b.mul(d, y), b.add(b.mul(x, x), b.mul(y, y)))), // -y / (x^2 + y^2)
    ],
    samples: { low: 0.4, high: 2.5 },
  }),
  integer_pow: elementwise({
    doc: "x to a compile-time integer n, by repeated multiplication. x ^ 0 is 1; 0 ^ n is an infinity for n < 0.",
    arity: 1, elements: floats, flops: 3,
    value: (_, { exponent }) => (x) => Math.pow(x, exponent),
    partials: [
      ({ b, x: [x], attributes: { exponent } }, d) => {
        if (exponent === 0) return null;
        if (exponent === 1) return d;
        const power = exponent === 2 ? x : b.op("integer_pow", [x], { exponent: exponent - 1 });
        return b.mul(d, b.mul(b.like(x, exponent), power)); // n x^(n-1)
      },
    ],
    samples: { low: 0.5, high: 2 }, tolerance: 1e-5,
  }),
};
