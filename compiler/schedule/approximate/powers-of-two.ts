/** Splitting off and applying powers of two. f32 does it on its bits; f64, whose bits no op reaches, by way of f32. */
import { apply } from "../expression.ts";
import type { Expression } from "../kernel.ts";
import type { Arithmetic } from "./arithmetic.ts";

/** 1.5 * 2^23: adding it rounds |x| < 2^22 to an integer, which then stands in the low bits of the sum. */
const MAGIC = 12582912;
const MAGIC_BITS = 0x4b400000;

/** An integer n as a float (a local), and n + offset as an i32. */
export interface Rounded {
  readonly value: Expression;
  plus(offset: number): Expression;
}

/** x to the nearest integer; f32: |x| < 2^22, f64: |x| < 2^31. */
export function nearestInteger(a: Arithmetic, x: Expression): Rounded {
  if (a.type === "f32" && !a.reorders) {
    const shifted = a.hold(a.add(x, MAGIC));
    return { value: a.hold(a.sub(shifted, MAGIC)), plus: (offset) => a.int("add", a.bits(shifted), offset - MAGIC_BITS) };
  }
  const value = a.hold(a.op("nearest", x));
  const whole = a.hold(apply("toI32", a.type, a.lanes, value), "i32");
  return { value, plus: (offset) => a.int("add", whole, offset) };
}

/** 2^n for an i32 n, -126 <= n <= 127 (f64: -1008 .. 1023). */
export function powerOfTwo(a: Arithmetic, n: Expression): Expression {
  const small = (exponent: Expression): Expression => a.fromBits(a.int("shl", a.int("add", exponent, 127), 23));
  if (a.type === "f32") return small(n);
  const held = a.hold(n, "i32");
  const wide = (exponent: Expression): Expression => apply("toF64", "f32", a.lanes, small(exponent));
  const squared = (x: Expression): Expression => {
    const root = a.hold(x);
    return a.mul(root, root);
  };
  // n = 8 * (n >> 3) + (n & 7)
  return a.mul(squared(squared(squared(wide(a.int("shr", held, 3))))), wide(a.int("and", held, 7)));
}

/** x * 2^n by two factors, rounding once, for n from twice below to twice beyond what one factor reaches. */
export function scaleByPower(a: Arithmetic, x: Expression, n: Expression): Expression {
  const whole = a.hold(n, "i32");
  const half = a.hold(a.int("shr", whole, 1), "i32");
  return a.mul(a.mul(x, powerOfTwo(a, half)), powerOfTwo(a, a.int("sub", whole, half)));
}

/** m * 2^e with m in [2/3, 4/3], for a positive finite x. */
export interface Split {
  /** m in a local. */
  readonly mantissa: Expression;
  /** e as a float, in a local. */
  readonly exponent: Expression;
}

/** The bits of 2/3 as f32. */
const TWO_THIRDS_BITS = 0x3f2aaaab;
const EXPONENT_MASK = -0x800000;

/** Splits x, a local; subnormals too. */
export function splitExponent(a: Arithmetic, x: Expression): Split {
  const { normal, exponent } = normalise(a, x);
  const power = nearbyPower(a, a.type === "f32" ? normal : apply("toF32", "f64", a.lanes, normal));
  const whole = a.int("shr", power, 23);
  if (a.type === "f32") {
    return { mantissa: a.hold(a.fromBits(a.int("sub", a.bits(normal), power))), exponent: a.hold(a.add(apply("toF32", "i32", a.lanes, whole), exponent)) };
  }
  const held = a.hold(whole, "i32");
  return {
    mantissa: a.hold(a.mul(normal, powerOfTwo(a, a.int("sub", a.integer(0), held)))),
    exponent: a.hold(a.add(apply("toF64", "i32", a.lanes, held), exponent)),
  };
}

/** f32: 1 + x = (1 + fraction) 2^exponent, both in locals, without the rounding of u = 1 + x; x > -1 finite. */
export function splitShifted(a: Arithmetic, x: Expression, u: Expression): { readonly fraction: Expression; readonly exponent: Expression } {
  const power = nearbyPower(a, u);
  // where power is not 0, x is normal and its exponent can be moved; 4 * 2^-128 is normal
  const inverse = a.mul(0.25, a.fromBits(a.int("sub", a.integer(FOUR_BITS), power)));
  return {
    fraction: a.hold(a.add(a.fromBits(a.int("sub", a.bits(x), power)), a.sub(inverse, 1))),
    exponent: a.hold(apply("toF32", "i32", a.lanes, a.int("shr", power, 23))),
  };
}

const FOUR_BITS = 0x40800000;

/** e << 23 in a local, where x / 2^e is in [2/3, 4/3]; x is a normal f32. */
const nearbyPower = (a: Arithmetic, x: Expression): Expression => a.hold(a.int("and", a.int("sub", a.bits(x), TWO_THIRDS_BITS), EXPONENT_MASK), "i32");

/** x = normal * 2^exponent, so that `normal` is a normal f32 (for f64, by steps of 2^512 .. 2^64, in about 2^-114 .. 2^64). */
function normalise(a: Arithmetic, x: Expression): { readonly normal: Expression; readonly exponent: Expression } {
  if (a.type === "f32") {
    const tiny = a.hold(a.op("lt", x, 2 ** -126), "bool");
    return { normal: a.hold(a.choose(tiny, a.mul(x, 2 ** 23), x)), exponent: a.choose(tiny, -23, 0) };
  }
  let normal = x;
  let exponent = a.number(0);
  for (const step of [512, 256, 128, 64]) {
    const value = normal;
    const large = a.hold(a.op("ge", value, 2 ** step), "bool");
    const small = a.hold(a.op("lt", value, 2 ** -step), "bool");
    normal = a.hold(a.choose(large, a.mul(value, 2 ** -step), a.choose(small, a.mul(value, 2 ** step), value)));
    exponent = a.hold(a.add(exponent, a.choose(large, step, a.choose(small, -step, 0))));
  }
  return { normal, exponent };
}
