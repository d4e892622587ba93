/**
 * Unevaluated sums high + low of two floats, |low| <= ulp(high) / 2: twice the digits without a fused multiply-add.
 * T. J. Dekker, "A floating-point technique for extending the available precision", Numer. Math. 18 (1971).
 */
import type { Expression } from "../kernel.ts";
import type { Arithmetic } from "./arithmetic.ts";

/** Both parts are locals or constants. */
export interface DoubleWord {
  readonly high: Expression;
  readonly low: Expression;
}

/** a + b exactly; |a| >= |b| or a = 0. */
export function fastSum(a: Arithmetic, x: Expression, y: Expression): DoubleWord {
  const high = a.hold(a.add(x, y));
  return { high, low: a.hold(a.sub(y, a.sub(high, x))) };
}

/** x * y exactly, while neither overflows times 2^12 (f64: 2^27) and the product's low part is not subnormal. */
export function exactProduct(a: Arithmetic, x: Expression, y: Expression): DoubleWord {
  const high = a.hold(a.mul(x, y));
  const [xs, ys] = [halves(a, x), halves(a, y)];
  const cross = a.add(a.sub(a.mul(xs.high, ys.high), high), a.mul(xs.high, ys.low));
  return { high, low: a.hold(a.add(a.add(cross, a.mul(xs.low, ys.high)), a.mul(xs.low, ys.low))) };
}

/** x * y to about twice the digits of the type. */
export function product(a: Arithmetic, x: DoubleWord, y: DoubleWord): DoubleWord {
  const main = exactProduct(a, x.high, y.high);
  return fastSum(a, main.high, a.hold(a.add(main.low, a.add(a.mul(x.high, y.low), a.mul(x.low, y.high)))));
}

/** x + y for |x| >= |y| or x = 0, to about twice the digits. */
export function sum(a: Arithmetic, x: DoubleWord, y: DoubleWord): DoubleWord {
  const main = fastSum(a, x.high, y.high);
  return fastSum(a, main.high, a.hold(a.add(main.low, a.add(x.low, y.low))));
}

/** A constant; `rest` is value - fround(value) of a longer constant. */
export const constant = (a: Arithmetic, value: number, rest: number): DoubleWord => ({ high: a.number(value), low: a.number(rest) });

/** Veltkamp's split into halves whose products are exact. */
function halves(a: Arithmetic, x: Expression): DoubleWord {
  const shifted = a.hold(a.mul(x, a.type === "f32" ? 4097 : 134217729));
  const high = a.hold(a.sub(shifted, a.sub(shifted, x)));
  return { high, low: a.hold(a.sub(x, high)) };
}
