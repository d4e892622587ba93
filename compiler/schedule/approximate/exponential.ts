/**
 * exp and what is made of it: expm1, logistic, tanh, erf.
 *
 * Range reduction: x = n ln2 + r, |r| <= ln2 / 2, n the nearest integer; ln2 is a short high part, whose
 * product with n is exact, and a low part, both positive so that -0 survives. e^r = 1 + r + r^2 q(r), q a fit (coefficients.ts). Worst errors, in ulp of the result, f32 / f64:
 * exp 1 / 2, expm1 1.6 / 4, logistic 2.5 / 4, tanh 1.5 / 8, erf 1.2 / 16. Infinities, NaN, -0 and subnormal results are right.
 */
import type { Expression } from "../kernel.ts";
import type { Arithmetic } from "./arithmetic.ts";
import { coefficients } from "./coefficients.ts";
import { LN2 } from "./logarithm.ts";
import type { Rounded } from "./powers-of-two.ts";
import { nearestInteger, powerOfTwo, scaleByPower } from "./powers-of-two.ts";

/** x = n ln2 + r. `x` is a local, in the range where the powers of two below exist. */
export function reduceExponent(a: Arithmetic, x: Expression): { readonly n: Rounded; readonly r: Expression } {
  const n = nearestInteger(a, a.mul(x, Math.LOG2E));
  const { high, low } = LN2[a.type];
  return { n, r: a.hold(a.sub(a.sub(x, a.mul(n.value, high)), a.mul(n.value, low))) };
}

/** r + r^2 q(r) = e^r - 1 for a reduced r. */
export function reducedExpm1(a: Arithmetic, r: Expression): Expression {
  const square = a.hold(a.mul(r, r));
  return a.add(r, a.mul(square, a.polynomial(coefficients.exp[a.type], r)));
}

/** Arguments beyond these give infinity and 0. */
export const EXP_RANGE = { f32: { low: -104, high: 88.8 }, f64: { low: -746, high: 710 } };

export function exp(a: Arithmetic, x: Expression): Expression {
  const { low, high } = EXP_RANGE[a.type];
  return expInside(a, a.hold(a.clamp(x, low, high)));
}

/** e^x for x within EXP_RANGE or NaN; two factors 2^n reach overflow and the subnormals with one rounding. */
export function expInside(a: Arithmetic, x: Expression): Expression {
  const { n, r } = reduceExponent(a, x);
  return scaleByPower(a, a.add(1, reducedExpm1(a, r)), n.plus(0));
}

/** e^x where 2^n and the result are normal. */
function expNormal(a: Arithmetic, x: Expression): Expression {
  const { n, r } = reduceExponent(a, x);
  return a.mul(a.add(1, reducedExpm1(a, r)), powerOfTwo(a, n.plus(0)));
}

/** e^x - 1 = 2 (2^(n-1) p + (2^(n-1) - 1/2)) with p = e^r - 1; the half keeps 2^128 and 2^1024 away. */
export function expm1(a: Arithmetic, x: Expression): Expression {
  const c = a.hold(a.clamp(x, a.type === "f32" ? -20 : -40, EXP_RANGE[a.type].high));
  const { n, r } = reduceExponent(a, c);
  const p = a.hold(reducedExpm1(a, r));
  const half = a.hold(powerOfTwo(a, n.plus(-1)));
  const far = a.mul(2, a.add(a.mul(half, p), a.sub(half, 0.5)));
  const magnitude = a.abs(a.choose(a.op("eq", n.value, 0), p, far));
  return a.withSign(magnitude, x);
}

/** 1 / (1 + e^-|x|), times e^-|x| for x < 0, so that small results keep their digits down to the subnormals. */
export function logistic(a: Arithmetic, x: Expression): Expression {
  const e = a.hold(expInside(a, a.hold(a.op("pmax", a.op("neg", a.abs(x)), EXP_RANGE[a.type].low))));
  return a.div(a.choose(a.op("lt", x, 0), e, 1), a.add(1, e));
}

/** f32: x + x^3 P(x^2) below 0.625, else 1 - 2 / (e^(2|x|) + 1). f64: t / (t + 2), t = e^(2|x|) - 1. */
export function tanh(a: Arithmetic, x: Expression): Expression {
  const size = a.hold(a.abs(x));
  if (a.type === "f64") {
    const t = a.hold(expm1(a, a.hold(a.mul(2, a.op("pmin", size, 20)))));
    return a.withSign(a.div(t, a.add(t, 2)), x);
  }
  const z = a.hold(a.mul(size, size));
  const near = a.add(size, a.mul(size, a.mul(z, a.polynomial(coefficients.tanh.f32, z))));
  const doubled = a.hold(a.mul(2, a.op("pmin", size, 10)));
  const far = a.sub(1, a.div(2, a.add(expNormal(a, doubled), 1)));
  return a.withSign(a.choose(a.op("lt", size, 0.625), near, far), x);
}

/**
 * x + x P(x^2) below 0.925 (f64: 1); beyond, 1 - erfc: f32 by a fit of log(erfc(x)) / x to 4, from where on the result
 * is 1; f64 by e^(-x^2) E(1 / (x + 2)), E a fit of e^(x^2) erfc(x), to 6.
 */
export function erf(a: Arithmetic, x: Expression): Expression {
  const size = a.hold(a.abs(x));
  const z = a.hold(a.mul(size, size));
  const near = a.hold(a.add(size, a.mul(size, a.polynomial(coefficients.erf[a.type], z))));
  const c = a.hold(a.op("pmin", size, a.type === "f32" ? 4 : 6));
  const complement =
    a.type === "f32"
      ? expNormal(a, a.hold(a.mul(c, a.polynomial(coefficients.erfcLog.f32, c))))
      : a.mul(expNormal(a, a.hold(a.op("neg", a.mul(c, c)))), a.polynomial(coefficients.erfcx.f64, a.hold(a.div(1, a.add(c, 2)))));
  return a.withSign(a.choose(a.op("lt", size, a.type === "f32" ? 0.925 : 1), near, a.sub(1, complement)), x);
}
