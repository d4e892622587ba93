/**
 * sin, cos and atan2.
 *
 * sin, cos: |x| = n pi/2 + r, |r| <= pi/4, by Cody and Waite: pi/2 in parts of 8 bits (f64: 33), whose products with n are
 * exact for n < 2^16 (f64: 2^20). Worst errors up to |x| = 1e5: f32 1.6 ulp where the result is over 2^-12, absolute 2^-36
 * nearer to its zeros; f64 4e-16 absolute. Beyond 1e5 the error grows with |x|; results stay within [-1, 1], and where
 * neighbouring floats are further apart than the period they have no meaning. Infinities give NaN.
 *
 * atan2: t = min / max of |x|, |y|; atan(t) is a fit in t^2 on [0, 1], for f64 on [0, tan(pi/8)] after
 * atan(t) = pi/4 + atan((t - 1) / (t + 1)); then by quadrant. Worst errors in ulp: f32 1.5, f64 4.
 */
import { apply, literal } from "../expression.ts";
import type { Expression } from "../kernel.ts";
import type { Arithmetic } from "./arithmetic.ts";
import { coefficients } from "./coefficients.ts";
import { nearestInteger } from "./powers-of-two.ts";

/** pi/2 in parts: those that leave an exact rest, the one whose rounding error is carried along, and the tail. */
const HALF_PI = {
  f32: { exact: [1.5703125, 0.0004825592041015625], carried: 1.2665987014770508e-6, tail: [9.89530235528946e-10, 2.563344151594519e-12] },
  f64: { exact: [1.5707963267341256], carried: 6.077100506303966e-11, tail: [2.0222662487959506e-21] },
};

export const sin = (a: Arithmetic, x: Expression): Expression => wave(a, x, 0);
export const cos = (a: Arithmetic, x: Expression): Expression => wave(a, x, 1);

/** The sine, `quarters` quarter turns ahead (0 or 1). */
function wave(a: Arithmetic, x: Expression, quarters: 0 | 1): Expression {
  const size = a.hold(a.abs(x));
  const n = nearestInteger(a, a.mul(size, 2 / Math.PI));
  const quadrant = a.hold(n.plus(quarters), "i32");
  const r = a.hold(a.clamp(reduceAngle(a, size, n.value), -0.8, 0.8));
  const z = a.hold(a.mul(r, r));
  const sine = a.add(r, a.mul(r, a.mul(z, a.polynomial(coefficients.sin[a.type], z))));
  const cosine = a.sub(1, a.mul(z, a.sub(0.5, a.mul(z, a.polynomial(coefficients.cos[a.type], z)))));
  const value = a.hold(a.choose(a.int("ne", a.int("and", quadrant, 1), 0), cosine, sine));
  const opposite = a.int("and", quadrant, 2);
  if (a.type === "f32") {
    const turned = a.fromBits(a.int("xor", a.bits(value), a.int("shl", opposite, 30)));
    return quarters === 1 ? turned : a.fromBits(a.int("xor", a.bits(turned), a.int("and", a.bits(x), -0x80000000)));
  }
  const turned = a.hold(a.choose(a.int("ne", opposite, 0), a.op("neg", value), value));
  return quarters === 1 ? turned : a.choose(a.negative(x), a.op("neg", turned), turned);
}

/** x - n pi/2. */
function reduceAngle(a: Arithmetic, x: Expression, n: Expression): Expression {
  const { exact, carried, tail } = HALF_PI[a.type];
  const rest = a.hold(exact.reduce((value, part) => a.sub(value, a.mul(n, part)), x));
  const part = a.hold(a.mul(n, carried));
  const high = a.hold(a.sub(rest, part));
  const lost = a.sub(part, a.sub(rest, high)); // exact: |rest| > |part|, or the subtraction was
  return a.sub(high, tail.reduce((value, next) => a.add(value, a.mul(n, next)), lost));
}

const PI = Math.PI;

/** A constant and what its f32 or f64 lacks. */
const parts = (a: Arithmetic, value: number, rest: number): readonly [number, number] => (a.type === "f32" ? [Math.fround(value), value - Math.fround(value)] : [value, rest]);

/** The angle of (x, y) in [-pi, pi], as C and JavaScript define it for zeros and infinities. */
export function atan2(a: Arithmetic, y: Expression, x: Expression): Expression {
  const [height, width] = [a.hold(a.abs(y)), a.hold(a.abs(x))];
  const small = a.hold(a.op("min", height, width));
  const large = a.hold(a.op("max", height, width));
  const ratio = a.choose(a.op("eq", large, 0), 0, a.choose(a.op("eq", small, large), 1, a.div(small, large)));
  const first = a.hold(arctangent(a, a.hold(ratio)));
  // (high - first) + low, the constant's low part not lost
  const from = ([high, low]: readonly [number, number], angle: Expression): Expression => a.sub(high, a.sub(angle, low));
  const upright = a.hold(a.choose(a.op("gt", height, width), from(parts(a, PI / 2, 6.123233995736766e-17), first), first));
  const magnitude = a.choose(a.negative(x), from(parts(a, PI, 1.2246467991473532e-16), upright), upright);
  return a.withSign(magnitude, y);
}

/** atan(t) for 0 <= t <= 1, t a local. */
function arctangent(a: Arithmetic, t: Expression): Expression {
  const series = (x: Expression, polynomial: readonly number[]): Expression => {
    const z = a.hold(a.mul(x, x));
    return a.add(x, a.mul(x, a.mul(z, a.polynomial(polynomial, z))));
  };
  if (a.type === "f32") return series(t, coefficients.atan.f32);
  const far = a.hold(a.op("gt", t, Math.tan(PI / 8)), "bool");
  const reduced = a.hold(a.choose(far, a.div(a.sub(t, 1), a.add(t, 1)), t));
  return a.add(a.choose(far, PI / 4, 0), series(reduced, coefficients.atanReduced.f64));
}
