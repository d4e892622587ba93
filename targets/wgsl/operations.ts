/**
 * Machine ops as WGSL, on scalars and vec4 alike. Where WGSL leaves room (NaN in comparisons, conversions out of range, shifts
 * by 32 and more, division by 0) a helper narrows it to what the other targets compute.
 *
 * Transcendental ops come as formulas of these (compiler/schedule/approximate). A driver may fuse and regroup their sums, and take
 * subnormal numbers for 0, so they are less exact here. Worst errors in ulp, for results that are not near to subnormal:
 *
 *     exp, erf 1.5    expm1, log, log1p, tanh, atan2 2    div, sqrt 2.5    logistic 3    pow 2 + 2 |y log2 x|
 *     sin, cos 2, up to |x| = 1e5 and where the result is over 2^-12, nearer to their zeros 2^-35 absolute
 */
import type { Lanes, MachineOp, Scalar } from "../../compiler/schedule/kernel.ts";

export interface Emission {
  /** A name for the value of `text`: itself, if it is one. */
  readonly name: (text: string) => string;
  /** The name of a function of `helpers`, in the form for so many lanes, which the module then has. */
  readonly helper: (name: HelperName, lanes: Lanes) => string;
}

export type HelperName = keyof typeof helpers;

export function typeText(type: Scalar, lanes: Lanes): string {
  if (type === "f64") throw new Error("internal: WGSL has no f64");
  return lanes === 1 ? type : `vec4<${type}>`;
}

/** The text of a function by the type makers of its lane count: f, i, u, b name the types; `name` is its own. */
interface Types {
  readonly name: string;
  readonly f: string;
  readonly i: string;
  readonly u: string;
  readonly b: string;
  readonly nan: string;
}

export const helpers = {
  /** A test of bits: compilers may take comparisons with NaN for granted. */
  nan: ({ name, f, u, b }: Types) => `fn ${name}(x: ${f}) -> ${b} { return (bitcast<${u}>(x) & ${u}(0x7fffffffu)) > ${u}(0x7f800000u); }`,
  minimum: ({ name, f, nan }: Types) => `fn ${name}(x: ${f}, y: ${f}) -> ${f} { return select(select(min(x, y), y, ${nan}(y)), x, ${nan}(x)); }`,
  maximum: ({ name, f, nan }: Types) => `fn ${name}(x: ${f}, y: ${f}) -> ${f} { return select(select(max(x, y), y, ${nan}(y)), x, ${nan}(x)); }`,
  toInt: ({ name, f, i, nan }: Types) => `fn ${name}(x: ${f}) -> ${i} { return select(select(${i}(clamp(x, ${f}(-2147483648.0), ${f}(2147483520.0))), ${i}(2147483647), x >= ${f}(2147483648.0)), ${i}(0), ${nan}(x)); }`,
  toUint: ({ name, f, u, nan }: Types) => `fn ${name}(x: ${f}) -> ${u} { return select(select(${u}(clamp(x, ${f}(0.0), ${f}(4294967040.0))), ${u}(4294967295u), x >= ${f}(4294967296.0)), ${u}(0u), ${nan}(x)); }`,
  /** The high half of a product, from 16-bit halves. */
  high: ({ name, u }: Types) =>
    `fn ${name}(x: ${u}, y: ${u}) -> ${u} { let s = ${u}(16u); let m = ${u}(65535u); let t = (x >> s) * (y & m) + (((x & m) * (y & m)) >> s); let v = (x & m) * (y >> s) + (t & m); return (x >> s) * (y >> s) + (t >> s) + (v >> s); }`,
  quotient: ({ name, i, b }: Types) =>
    `fn ${name}(x: ${i}, y: ${i}) -> ${i} { let d = select(y, ${i}(1), y == ${i}(0)); let q = x / d; let r = x - q * d; let down = ${b}((r != ${i}(0)) & ((r < ${i}(0)) != (d < ${i}(0)))); return select(q - ${i}(down), ${i}(0), y == ${i}(0)); }`,
  remainder: ({ name, i, b }: Types) =>
    `fn ${name}(x: ${i}, y: ${i}) -> ${i} { let d = select(y, ${i}(1), y == ${i}(0)); let r = x - (x / d) * d; let down = ${b}((r != ${i}(0)) & ((r < ${i}(0)) != (d < ${i}(0)))); return select(r + d * ${i}(down), ${i}(0), y == ${i}(0)); }`,
  quotientU: ({ name, u }: Types) => `fn ${name}(x: ${u}, y: ${u}) -> ${u} { return select(x / max(y, ${u}(1u)), ${u}(0u), y == ${u}(0u)); }`,
  remainderU: ({ name, u }: Types) => `fn ${name}(x: ${u}, y: ${u}) -> ${u} { return select(x % max(y, ${u}(1u)), ${u}(0u), y == ${u}(0u)); }`,
  // What goes through a function is no constant expression, whose overflow would be an error.
  holdF: ({ name, f }: Types) => `fn ${name}(x: ${f}) -> ${f} { return x; }`,
  holdI: ({ name, i }: Types) => `fn ${name}(x: ${i}) -> ${i} { return x; }`,
  holdU: ({ name, u }: Types) => `fn ${name}(x: ${u}) -> ${u} { return x; }`,
  holdB: ({ name, b }: Types) => `fn ${name}(x: ${b}) -> ${b} { return x; }`,
} satisfies Record<string, (types: Types) => string>;

/** Helpers that another one calls come before it. */
export const needsNaN: ReadonlySet<HelperName> = new Set(["minimum", "maximum", "toInt", "toUint"]);

export const helperName = (name: HelperName, lanes: Lanes): string => (lanes === 1 ? name : `${name}4`);

export function helperText(name: HelperName, lanes: Lanes): string {
  const [f, i, u, b] = (["f32", "i32", "u32", "bool"] as const).map((type) => typeText(type, lanes));
  return helpers[name]({ name: helperName(name, lanes), f, i, u, b, nan: helperName("nan", lanes) });
}

type Emit = (to: Emission, operand: Scalar, lanes: Lanes, args: readonly string[]) => string;

const infix = (operator: string, ofBools = operator): Emit => (_, type, __, [a, b]) => `(${a} ${type === "bool" ? ofBools : operator} ${b})`;
const call = (name: string): Emit => (_, __, ___, args) => `${name}(${args.join(", ")})`;
const help = (name: HelperName): Emit => (to, _, lanes, args) => `${to.helper(name, lanes)}(${args.join(", ")})`;
const equality = (operator: "==" | "!="): Emit => (to, type, lanes, [a, b]) => {
  if (type !== "f32" || a !== b) return `(${a} ${operator} ${b})`;
  return `${operator === "==" ? "!" : ""}${to.helper("nan", lanes)}(${a})`;
};
const bitCast = (result: Scalar): Emit => (_, type, lanes, [x]) => (type === result ? x : `bitcast<${typeText(result, lanes)}>(${x})`);
const convert = (result: Scalar): Emit => (_, type, lanes, [x]) => (type === result ? x : `${typeText(result, lanes)}(${x})`);
const shift = (operator: string): Emit => (_, __, lanes, [x, count]) => `(${x} ${operator} ${lanes === 1 ? "" : "vec4<u32>"}(u32(${count}) & 31u))`;
/** A divisor that is a literal needs no test. */
const division = (operator: string, signed: HelperName, unsigned: HelperName): Emit => (to, type, lanes, [a, b]) => {
  if (type === "u32" && /^[1-9]\d*u$/.test(b)) return `(${a} ${operator} ${b})`;
  return `${to.helper(type === "u32" ? unsigned : signed, lanes)}(${a}, ${b})`;
};

export const operations: Record<MachineOp, Emit> = {
  add: infix("+", "!="),
  sub: infix("-"),
  mul: infix("*", "&"),
  div: infix("/"),
  sqrt: call("sqrt"),
  floor: call("floor"),
  ceil: call("ceil"),
  trunc: call("trunc"),
  nearest: call("round"),
  neg: (_, __, ___, [x]) => `(-${x})`,
  abs: call("abs"),
  min: (to, type, lanes, args) => (type === "f32" ? help("minimum") : call("min"))(to, type, lanes, args),
  max: (to, type, lanes, args) => (type === "f32" ? help("maximum") : call("max"))(to, type, lanes, args),
  pmin: (to, _, __, [a, b]) => {
    const [x, y] = [to.name(a), to.name(b)];
    return `select(${x}, ${y}, ${y} < ${x})`;
  },
  pmax: (to, _, __, [a, b]) => {
    const [x, y] = [to.name(a), to.name(b)];
    return `select(${x}, ${y}, ${x} < ${y})`;
  },
  idiv: division("/", "quotient", "quotientU"),
  imod: division("%", "remainder", "remainderU"),
  and: infix("&"),
  or: infix("|"),
  xor: infix("^", "!="),
  not: (_, type, __, [x]) => (type === "bool" ? `!${x}` : `~${x}`),
  shl: shift("<<"),
  shr: shift(">>"),
  mulHigh: help("high"),
  eq: equality("=="),
  ne: equality("!="),
  lt: infix("<"),
  le: infix("<="),
  gt: infix(">"),
  ge: infix(">="),
  select: (_, __, ___, [test, yes, no]) => `select(${no}, ${yes}, ${test})`,
  splat: (_, type, lanes, [x]) => `${typeText(type, lanes)}(${x})`,
  zipLow: (to, type, lanes, [a, b]) => {
    const [x, y] = [to.name(a), to.name(b)];
    return `${typeText(type, lanes)}(${x}.x, ${y}.x, ${x}.y, ${y}.y)`;
  },
  zipHigh: (to, type, lanes, [a, b]) => {
    const [x, y] = [to.name(a), to.name(b)];
    return `${typeText(type, lanes)}(${x}.z, ${y}.z, ${x}.w, ${y}.w)`;
  },
  toF32: convert("f32"),
  toF64: () => {
    throw new Error("internal: WGSL has no f64");
  },
  toI32: (to, type, lanes, args) => (type === "f32" ? help("toInt") : convert("i32"))(to, type, lanes, args),
  toU32: (to, type, lanes, args) => (type === "f32" ? help("toUint") : convert("u32"))(to, type, lanes, args),
  toBool: (_, type, lanes, [x]) => (type === "bool" ? x : `(${x} != ${typeText(type, lanes)}(0))`),
  bitsF32: bitCast("f32"),
  bitsI32: bitCast("i32"),
  bitsU32: bitCast("u32"),
};

/** The shortest decimal that rounds to the f32. */
function shortest(value: number): string {
  for (let digits = 1; digits <= 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return String(Number(text));
  }
  return String(value);
}

/** A constant; infinities, NaN and -0 are made from bits at run time, as WGSL has no spelling for them. */
export function literalText(type: Scalar, value: number): string {
  switch (type) {
    case "bool":
      return value === 0 ? "false" : "true";
    case "u32":
      return `${value >>> 0}u`;
    case "i32":
      return (value | 0) === -2147483648 ? "i32(-2147483648)" : (value | 0) < 0 ? `(${value | 0}i)` : `${value | 0}i`;
    case "f32": {
      const rounded = Math.fround(value);
      if (Number.isNaN(rounded)) return "bitcast<f32>(special.x)";
      if (!Number.isFinite(rounded)) return rounded > 0 ? "bitcast<f32>(special.y)" : "bitcast<f32>(special.z)";
      if (Object.is(rounded, -0)) return "bitcast<f32>(special.w)";
      return rounded < 0 ? `(-${shortest(-rounded)}f)` : `${shortest(rounded)}f`;
    }
    case "f64":
      throw new Error("internal: WGSL has no f64");
  }
}

/** Bits of NaN, the infinities and -0. */
export const specials = "var<private> special = vec4<u32>(0x7fc00000u, 0x7f800000u, 0xff800000u, 0x80000000u);";
