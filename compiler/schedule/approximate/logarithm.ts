/**
 * log and log1p.
 *
 * Range reduction: x = m 2^e, m in [2/3, 4/3], f = m - 1; log(x) = e ln2 + log(1 + f). f32: log(1 + f) = f - f^2/2 + f^3 P(f),
 * P a fit; the rounding error of e ln2 + f is carried along. f64: 2 atanh(f / (2 + f)) by a fit.
 * Worst errors in ulp, f32 / f64: log 0.9 / 2, log1p 1.6 / 4. log(+-0) = -Infinity, log(x < 0) = NaN.
 */
import type { Expression } from "../kernel.ts";
import type { Arithmetic } from "./arithmetic.ts";
import { coefficients } from "./coefficients.ts";
import { splitExponent, splitShifted } from "./powers-of-two.ts";

/** ln2: a high part with 15 and 32 bits, whose products with exponents are exact, and the rest. */
export const LN2 = {
  f32: { high: 0.693145751953125, low: 1.428606765330187e-6 },
  f64: { high: 0.6931471803691238, low: 1.9082149292705877e-10 },
};

/** e ln2 + log(1 + f); both locals. */
function combine(a: Arithmetic, e: Expression, f: Expression): Expression {
  const { high, low } = LN2[a.type];
  const whole = a.hold(a.mul(e, high));
  const sum = a.hold(a.add(whole, f));
  const lost = a.sub(f, a.sub(sum, whole)); // exact: |e ln2| > |f| or e = 0
  return a.add(sum, a.add(a.add(beyondFirst(a, f), a.mul(e, low)), lost));
}

/** log(1 + f) - f. */
function beyondFirst(a: Arithmetic, f: Expression): Expression {
  if (a.type === "f32") {
    const square = a.hold(a.mul(f, f));
    return a.sub(a.mul(a.mul(f, square), a.polynomial(coefficients.log.f32, f)), a.mul(0.5, square));
  }
  // s = f / (2 + f): 2 s - f = -s f, and 2 atanh(s) - 2 s = 2 s z (1/3 + z W(z))
  const s = a.hold(a.div(f, a.add(2, f)));
  const z = a.hold(a.mul(s, s));
  const series = a.mul(a.mul(2, z), a.add(1 / 3, a.mul(z, a.polynomial(coefficients.atanh.f64, z))));
  return a.mul(s, a.sub(series, f));
}

export function log(a: Arithmetic, x: Expression): Expression {
  const { mantissa, exponent } = splitExponent(a, x);
  const inside = combine(a, exponent, a.hold(a.sub(mantissa, 1)));
  const outside = a.choose(a.op("eq", x, 0), -Infinity, a.choose(a.op("lt", x, 0), NaN, x));
  return a.choose(positiveFinite(a, x), inside, outside);
}

/** f32: the exponent of 1 + x, then f = x 2^-e + (2^-e - 1). f64: log(u) + (1 + x - u) / u with u = 1 + x rounded. */
export function log1p(a: Arithmetic, x: Expression): Expression {
  const u = a.hold(a.add(1, x));
  if (a.type === "f32") {
    const { fraction, exponent } = splitShifted(a, x, u);
    const outside = a.choose(a.op("eq", u, 0), -Infinity, a.choose(a.op("lt", u, 0), NaN, x));
    return a.withSign(a.abs(a.choose(positiveFinite(a, u), combine(a, exponent, fraction), outside)), x);
  }
  const rest = a.choose(a.op("ge", x, 1), a.sub(1, a.sub(u, x)), a.sub(x, a.sub(u, 1)));
  const correction = a.choose(positiveFinite(a, u), a.div(rest, u), 0);
  return a.withSign(a.abs(a.add(log(a, u), correction)), x);
}

const positiveFinite = (a: Arithmetic, x: Expression): Expression => a.both(a.op("gt", x, 0), a.op("lt", x, Infinity));
