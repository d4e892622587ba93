/**
 * pow(x, y) = e^(y log|x|), the logarithm and its product with y as double words.
 *
 * log|x| = e ln2 + 2 atanh(s), s = (m - 1) / (m + 1) as a double word; atanh(s) = s (1 + z/3 + z^2 W(z)), z = s^2, with a
 * fit W (coefficients.ts), z/3 as a double word. Worst error: f32 1.2 ulp, f64 2 ulp. Special cases as
 * JavaScript's Math.pow: pow(x, 0) = 1 for every x, a negative base takes an integer exponent (else NaN),
 * pow(+-1, +-Infinity) = NaN.
 *
 * Where sums are reordered double words fall together; there both are single, and the error is 2^-24 (2 + |y log|x||).
 */
import type { Expression } from "../kernel.ts";
import type { Arithmetic } from "./arithmetic.ts";
import { coefficients } from "./coefficients.ts";
import type { DoubleWord } from "./double-word.ts";
import { constant, exactProduct, fastSum, product, sum } from "./double-word.ts";
import { EXP_RANGE, expInside, reducedExpm1, reduceExponent } from "./exponential.ts";
import { LN2, log } from "./logarithm.ts";
import { scaleByPower, splitExponent } from "./powers-of-two.ts";

export function pow(a: Arithmetic, x: Expression, y: Expression): Expression {
  const base = a.hold(a.abs(x));
  const steep = a.type === "f32" ? 2 ** 100 : 2 ** 900; // beyond it the result is 0, 1 or Infinity as it is there
  const exponent = a.hold(a.clamp(y, -steep, steep));
  const magnitude = a.hold(a.reorders ? singlePower(a, base, exponent) : exponential(a, product(a, { high: exponent, low: a.number(0) }, naturalLogarithm(a, base))));

  const down = a.hold(a.op("lt", y, 0), "bool");
  const fromZero = a.choose(down, Infinity, 0);
  const fromInfinity = a.choose(down, 0, Infinity);
  const finite = a.choose(a.op("eq", base, 0), fromZero, a.choose(a.op("eq", base, Infinity), fromInfinity, magnitude));
  const undecided = a.both(a.op("eq", base, 1), a.op("eq", a.abs(y), Infinity));
  const positive = a.hold(a.choose(undecided, NaN, a.choose(a.either(a.op("ne", x, x), a.op("ne", y, y)), NaN, finite)));

  const half = a.hold(a.mul(y, 0.5));
  const whole = a.hold(a.op("eq", a.op("floor", y), y), "bool");
  const odd = a.both(whole, a.op("ne", a.op("floor", half), half));
  const signed = a.choose(a.both(a.negative(x), odd), a.op("neg", positive), positive);
  const real = a.choose(whole, signed, a.choose(a.both(a.op("lt", x, 0), a.op("lt", base, Infinity)), NaN, positive));
  return a.choose(a.op("eq", y, 0), 1, real);
}

function singlePower(a: Arithmetic, base: Expression, exponent: Expression): Expression {
  const { low, high } = EXP_RANGE[a.type];
  return expInside(a, a.hold(a.clamp(a.mul(exponent, log(a, base)), low, high)));
}

/** log(x) for a positive finite x, a local. */
function naturalLogarithm(a: Arithmetic, x: Expression): DoubleWord {
  const { mantissa, exponent } = splitExponent(a, x);
  const f = a.hold(a.sub(mantissa, 1));
  const divisor = fastSum(a, a.number(2), f);
  const quotient = a.hold(a.div(f, divisor.high));
  const back = exactProduct(a, quotient, divisor.high);
  const remainder = a.sub(a.sub(a.sub(f, back.high), back.low), a.mul(quotient, divisor.low));
  const s = { high: quotient, low: a.hold(a.div(remainder, divisor.high)) };

  const z = product(a, s, s);
  const tail = a.mul(a.mul(z.high, z.high), a.polynomial(coefficients.atanh[a.type], z.high));
  const third = a.type === "f32" ? constant(a, 1 / 3, 1 / 3 - Math.fround(1 / 3)) : constant(a, 1 / 3, 1.850371707708594e-17);
  const beyond = sum(a, product(a, z, third), { high: a.hold(tail), low: a.number(0) });
  const factor = sum(a, { high: a.number(1), low: a.number(0) }, beyond);
  const doubled = { high: a.hold(a.mul(2, s.high)), low: a.hold(a.mul(2, s.low)) };
  const fraction = product(a, doubled, factor);

  const { high, low } = LN2[a.type];
  const whole = fastSum(a, a.hold(a.mul(exponent, high)), a.hold(a.mul(exponent, low)));
  return sum(a, whole, fraction);
}

/** e^(high + low). */
function exponential(a: Arithmetic, { high, low }: DoubleWord): Expression {
  const range = EXP_RANGE[a.type];
  const inside = a.hold(a.clamp(high, range.low, range.high));
  const { n, r } = reduceExponent(a, inside);
  // beyond the range high is cut, and low means nothing
  const corrected = a.hold(a.add(r, a.choose(a.op("eq", inside, high), low, 0)));
  return scaleByPower(a, a.add(1, reducedExpm1(a, corrected)), n.plus(0));
}
