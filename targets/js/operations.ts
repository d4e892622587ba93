/**
 * Machine ops as JavaScript, one lane at a time. An f32 is a number rounded after every op, an i32 a number in its range,
 * a u32 one in 0 .. 2^32 - 1, a bool a boolean. Results are the bits that wasm computes, but for the payload of a NaN.
 */
import type { MachineOp, Scalar } from "../../compiler/schedule/kernel.ts";

/** Ops that only move lanes; the kernel emitter does them. */
export type LaneOp = "splat" | "zipLow" | "zipHigh";

export interface Emission {
  /** A name for the value of `text`: itself, if it is one. */
  readonly name: (text: string, type: Scalar) => string;
  /** The name of a function of `helpers`, which the module then has. */
  readonly helper: (name: keyof typeof helpers) => string;
}

type Emit = (to: Emission, operand: Scalar, args: readonly string[]) => string;

/** Functions that stand in the module where an op needs one. */
export const helpers = {
  f: "const f = Math.fround;",
  /** Ties to even, by a sum that has no room for a fraction. */
  near: "const near = (x) => !(Math.abs(x) < 4503599627370496) ? x : x < 0 || Object.is(x, -0) ? -(-x + 4503599627370496 - 4503599627370496) : x + 4503599627370496 - 4503599627370496;",
  toInt: "const toInt = (x) => x >= 2147483647 ? 2147483647 : x <= -2147483648 ? -2147483648 : x | 0;",
  toUint: "const toUint = (x) => x >= 4294967295 ? 4294967295 : x <= 0 ? 0 : x >>> 0;",
  div: "const div = (a, b) => b === 0 ? 0 : Math.floor(a / b);",
  mod: "const mod = (a, b) => b === 0 ? 0 : a - b * Math.floor(a / b);",
  high: "const high = (a, b) => { const t = (a >>> 16) * (b & 65535) + ((a & 65535) * (b & 65535) >>> 16), u = (a & 65535) * (b >>> 16) + (t & 65535); return (a >>> 16) * (b >>> 16) + (t >>> 16) + (u >>> 16) >>> 0; };",
  word: "const word = new DataView(new ArrayBuffer(4));",
} as const;

const isFloat = (type: Scalar): boolean => type === "f32" || type === "f64";

/** `text` brought back into the type after one operation. */
function rounded(to: Emission, type: Scalar, text: string): string {
  if (type === "f32") return `${to.helper("f")}(${text})`;
  return type === "f64" ? `(${text})` : type === "u32" ? `(${text} >>> 0)` : `(${text} | 0)`;
}

const infix = (operator: string, ofBools?: string): Emit => (to, type, [a, b]) => (type === "bool" && ofBools !== undefined ? `(${a} ${ofBools} ${b})` : rounded(to, type, `${a} ${operator} ${b}`));
const bits = (operator: string, ofBools: string): Emit => (_, type, [a, b]) => (type === "bool" ? `(${a} ${ofBools} ${b})` : type === "u32" ? `((${a} ${operator} ${b}) >>> 0)` : `(${a} ${operator} ${b})`);
const compare = (operator: string): Emit => (_, __, [a, b]) => `(${a} ${operator} ${b})`;
const call = (name: string): Emit => (_, __, args) => `${name}(${args.join(", ")})`;
const bitCast = (read: string): Emit => (to, type, [x]) => {
  const set = type === "f32" ? "setFloat32" : type === "i32" ? "setInt32" : "setUint32";
  return read.slice(3) === set.slice(3) ? x : `(${to.helper("word")}.${set}(0, ${x}), word.${read}(0))`;
};

export const operations: Record<Exclude<MachineOp, LaneOp>, Emit> = {
  add: infix("+", "!=="),
  sub: infix("-"),
  mul: (to, type, [a, b]) => (type === "bool" ? `(${a} && ${b})` : isFloat(type) ? rounded(to, type, `${a} * ${b}`) : rounded(to, type, `Math.imul(${a}, ${b})`)),
  div: infix("/"),
  sqrt: (to, type, [x]) => rounded(to, type, `Math.sqrt(${x})`),
  floor: call("Math.floor"),
  ceil: call("Math.ceil"),
  trunc: call("Math.trunc"),
  nearest: (to, _, [x]) => `${to.helper("near")}(${x})`,
  neg: (_, type, [x]) => (isFloat(type) ? `(-${x})` : `(-${x} | 0)`),
  abs: (_, type, [x]) => (isFloat(type) ? `Math.abs(${x})` : `(Math.abs(${x}) | 0)`),
  min: call("Math.min"),
  max: call("Math.max"),
  pmin: (to, type, [a, b]) => {
    const [x, y] = [to.name(a, type), to.name(b, type)];
    return `(${y} < ${x} ? ${y} : ${x})`;
  },
  pmax: (to, type, [a, b]) => {
    const [x, y] = [to.name(a, type), to.name(b, type)];
    return `(${x} < ${y} ? ${y} : ${x})`;
  },
  idiv: (to, type, [a, b]) => rounded(to, type, `${to.helper("div")}(${a}, ${b})`),
  imod: (to, type, [a, b]) => rounded(to, type, `${to.helper("mod")}(${a}, ${b})`),
  and: bits("&", "&&"),
  or: bits("|", "||"),
  xor: bits("^", "!=="),
  not: (_, type, [x]) => (type === "bool" ? `!${x}` : type === "u32" ? `(~${x} >>> 0)` : `(~${x})`),
  shl: (to, type, [x, count]) => rounded(to, type, `(${x} << ${count})`),
  shr: (_, type, [x, count]) => `(${x} ${type === "i32" ? ">>" : ">>>"} ${count})`,
  mulHigh: (to, _, [a, b]) => `${to.helper("high")}(${a}, ${b})`,
  eq: compare("==="),
  ne: compare("!=="),
  lt: compare("<"),
  le: compare("<="),
  gt: compare(">"),
  ge: compare(">="),
  select: (_, __, [test, yes, no]) => `(${test} ? ${yes} : ${no})`,
  toF32: (to, type, [x]) => (type === "f32" ? x : type === "bool" ? `(${x} ? 1 : 0)` : `${to.helper("f")}(${x})`),
  toF64: (_, type, [x]) => (type === "bool" ? `(${x} ? 1 : 0)` : x),
  toI32: (to, type, [x]) => (type === "i32" ? x : type === "u32" ? `(${x} | 0)` : type === "bool" ? `(${x} ? 1 : 0)` : `${to.helper("toInt")}(${x})`),
  toU32: (to, type, [x]) => (type === "u32" ? x : type === "i32" ? `(${x} >>> 0)` : type === "bool" ? `(${x} ? 1 : 0)` : `${to.helper("toUint")}(${x})`),
  toBool: (_, type, [x]) => (type === "bool" ? x : `(${x} !== 0)`),
  bitsF32: bitCast("getFloat32"),
  bitsI32: bitCast("getInt32"),
  bitsU32: bitCast("getUint32"),
};

/** A constant. Negative ones stand in parentheses, so that any operator may precede them. */
export function literalText(type: Scalar, value: number): string {
  if (type === "bool") return value === 0 ? "false" : "true";
  const exact = type === "f32" ? Math.fround(value) : type === "f64" ? value : type === "u32" ? value >>> 0 : value | 0;
  return exact < 0 || Object.is(exact, -0) ? `(-${-exact})` : String(exact);
}
