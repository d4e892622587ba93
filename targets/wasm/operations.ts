/** Machine ops as instructions: one entry each, for every type and width that the op is for. */
import type { Lanes, MachineOp, Scalar } from "../../compiler/schedule/kernel.ts";
import { invariant } from "../../compiler/diagnostics/diagnostic.ts";
import type { Value } from "../lower/index.ts";
import type { Ref, ValueType } from "./assembler.ts";
import type { FunctionBuilder } from "./function.ts";
import { floorDivide, floorModulo } from "./division.ts";

export type Apply = Extract<Value, { kind: "apply" }>;

/** What an op needs to be emitted. `value` emits an operand, anew each time it is called. */
export interface Emission {
  readonly builder: FunctionBuilder;
  readonly value: (of: Value) => Ref;
  /** A 4-lane load of one repeated element, if the value is a plain load. */
  readonly splatLoad: (of: Value) => Ref | null;
}

type Emit = (to: Emission, of: Apply) => Ref;

export const valueType = (type: Scalar, lanes: Lanes): ValueType => (lanes === 4 ? "v128" : type === "f32" || type === "f64" ? type : "i32");

type Code = FunctionBuilder["assembler"]["code"];
const code = (to: Emission): Code => to.builder.assembler.code;
const isFloat = (type: Scalar): type is "f32" | "f64" => type === "f32" || type === "f64";

/** The instructions of a float type. */
const float = (to: Emission, { operand, lanes }: Apply): Code["f32"] | Code["f64"] | Code["f32x4"] =>
  lanes === 4 ? code(to).f32x4 : operand === "f64" ? code(to).f64 : code(to).f32;
const integer = (to: Emission, { lanes }: Apply): Code["i32"] | Code["i32x4"] => (lanes === 4 ? code(to).i32x4 : code(to).i32);

const word = (to: Emission, value: number, lanes: Lanes): Ref => (lanes === 4 ? code(to).v128.const(bytesOf(new Int32Array(4).fill(value))) : code(to).i32.const(value));
export const bytesOf = (array: ArrayBufferView<ArrayBuffer>): number[] => [...new Uint8Array(array.buffer)];

const first = (to: Emission, of: Apply): Ref => to.value(of.args[0]);
const both = (to: Emission, of: Apply): [Ref, Ref] => [to.value(of.args[0]), to.value(of.args[1])];
/** An operand that is used more than once: a local is read again, all else goes through a temporary. */
const again = (to: Emission, of: Value): readonly [Ref, Ref] =>
  of.kind === "local" || of.kind === "literal" ? [to.value(of), to.value(of)] : to.builder.twice(valueType(of.type, of.lanes), to.value(of));

const floatUnary = (name: "sqrt" | "floor" | "ceil" | "trunc" | "nearest"): Emit => (to, of) => float(to, of)[name](first(to, of));

const arithmetic = (name: "add" | "sub" | "mul", ofBools?: "xor" | "and"): Emit => (to, of) => {
  if (of.operand === "bool" && ofBools !== undefined) return (of.lanes === 4 ? code(to).v128 : code(to).i32)[ofBools](...both(to, of));
  return (isFloat(of.operand) ? float(to, of) : integer(to, of))[name](...both(to, of));
};

const logic = (name: "and" | "or" | "xor"): Emit => (to, of) => (of.lanes === 4 ? code(to).v128 : code(to).i32)[name](...both(to, of));

const equality = (name: "eq" | "ne"): Emit => (to, of) => (isFloat(of.operand) ? float(to, of) : integer(to, of))[name](...both(to, of));

const order = (name: "lt" | "le" | "gt" | "ge"): Emit => (to, of) => {
  if (isFloat(of.operand)) return float(to, of)[name](...both(to, of));
  // A mask is 0 or all ones: as u32 it is ordered as its bools are.
  return integer(to, of)[of.operand === "i32" ? (`${name}_s` as const) : (`${name}_u` as const)](...both(to, of));
};

const extreme = (name: "min" | "max"): Emit => (to, of) => {
  if (isFloat(of.operand)) return float(to, of)[name](...both(to, of));
  const sign = of.operand === "i32" ? "s" : "u";
  if (of.lanes === 4) return code(to).i32x4[`${name}_${sign}` as const](...both(to, of));
  const [a, aAgain] = again(to, of.args[0]);
  const [b, bAgain] = again(to, of.args[1]);
  // The operands stand first, so that both are computed before the comparison reads them again.
  return code(to).select(code(to).i32[`${name === "min" ? "lt" : "gt"}_${sign}` as const](aAgain, bAgain), a, b);
};

const pseudoExtreme = (name: "pmin" | "pmax"): Emit => (to, of) => {
  if (of.lanes === 4) return code(to).f32x4[name](...both(to, of));
  const [a, aAgain] = again(to, of.args[0]);
  const [b, bAgain] = again(to, of.args[1]);
  const instructions = of.operand === "f64" ? code(to).f64 : code(to).f32;
  // b first: select evaluates it before a, and both before the comparison.
  return code(to).select(name === "pmin" ? instructions.lt(bAgain, aAgain) : instructions.lt(aAgain, bAgain), b, a);
};

const zip = (indices: readonly number[]): Emit => (to, of) => code(to).i8x16.shuffle(...both(to, of), wordShuffle(indices));
/** Byte indices of a shuffle of 32-bit lanes. */
const wordShuffle = (lanes: readonly number[]): number[] => lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => lane * 4 + byte));

const shift = (left: boolean): Emit => (to, of) => integer(to, of)[left ? "shl" : of.operand === "i32" ? "shr_s" : "shr_u"](...both(to, of));

const toInteger = (sign: "s" | "u"): Emit => (to, of) => {
  const { i32, i32x4 } = code(to);
  switch (of.operand) {
    case "f32":
      return of.lanes === 4 ? i32x4[`trunc_sat_f32x4_${sign}` as const](first(to, of)) : i32[`trunc_${sign}_sat` as const].f32(first(to, of));
    case "f64":
      return i32[`trunc_${sign}_sat` as const].f64(first(to, of));
    case "bool":
      return of.lanes === 4 ? i32x4.neg(first(to, of)) : first(to, of);
    default:
      return first(to, of);
  }
};

export const operations: Record<MachineOp, Emit> = {
  add: arithmetic("add", "xor"),
  sub: arithmetic("sub"),
  mul: arithmetic("mul", "and"),
  div: (to, of) => float(to, of).div(...both(to, of)),
  sqrt: floatUnary("sqrt"),
  floor: floatUnary("floor"),
  ceil: floatUnary("ceil"),
  trunc: floatUnary("trunc"),
  nearest: floatUnary("nearest"),
  neg: (to, of) => {
    if (isFloat(of.operand)) return float(to, of).neg(first(to, of));
    return of.lanes === 4 ? code(to).i32x4.neg(first(to, of)) : code(to).i32.sub(code(to).i32.const(0), first(to, of));
  },
  abs: (to, of) => {
    if (isFloat(of.operand)) return float(to, of).abs(first(to, of));
    if (of.lanes === 4) return code(to).i32x4.abs(first(to, of));
    const { i32 } = code(to);
    const x = to.builder.temporary("i32");
    const negated = i32.sub(i32.const(0), code(to).local.tee(x, first(to, of), to.builder.assembler.type("i32")));
    return code(to).select(i32.lt_s(to.builder.get(x), i32.const(0)), negated, to.builder.get(x));
  },
  min: extreme("min"),
  max: extreme("max"),
  pmin: pseudoExtreme("pmin"),
  pmax: pseudoExtreme("pmax"),
  idiv: (to, of) => floorDivide(to, of),
  imod: (to, of) => floorModulo(to, of),
  and: logic("and"),
  or: logic("or"),
  xor: logic("xor"),
  not: (to, of) => {
    if (of.lanes === 4) return code(to).v128.not(first(to, of));
    return of.operand === "bool" ? code(to).i32.eqz(first(to, of)) : code(to).i32.xor(first(to, of), code(to).i32.const(-1));
  },
  shl: shift(true),
  shr: shift(false),
  mulHigh: (to, of) => {
    const { i32, i64, i64x2, i8x16 } = code(to);
    if (of.lanes === 1) {
      const [a, b] = both(to, of);
      return i32.wrap(i64.shr_u(i64.mul(i64.extend_u(a), i64.extend_u(b)), i64.const(32n)));
    }
    const [a, aAgain] = again(to, of.args[0]);
    const [b, bAgain] = again(to, of.args[1]);
    return i8x16.shuffle(i64x2.extmul_low_i32x4_u(a, b), i64x2.extmul_high_i32x4_u(aAgain, bAgain), wordShuffle([1, 3, 5, 7]));
  },
  eq: equality("eq"),
  ne: equality("ne"),
  lt: order("lt"),
  le: order("le"),
  gt: order("gt"),
  ge: order("ge"),
  select: (to, of) => {
    const [test, yes, no] = of.args.map((arg) => to.value(arg));
    return of.lanes === 4 ? code(to).v128.bitselect(yes, no, test) : code(to).select(test, yes, no);
  },
  splat: (to, of) => {
    const loaded = to.splatLoad(of.args[0]);
    if (loaded !== null) return loaded;
    if (of.operand === "f32") return code(to).f32x4.splat(first(to, of));
    const lane = first(to, of);
    return code(to).i32x4.splat(of.operand === "bool" ? code(to).i32.sub(code(to).i32.const(0), lane) : lane);
  },
  zipLow: zip([0, 4, 1, 5]),
  zipHigh: zip([2, 6, 3, 7]),
  toF32: (to, of) => {
    const { f32, f32x4, v128 } = code(to);
    switch (of.operand) {
      case "f32":
        return first(to, of);
      case "f64":
        return f32.demote(first(to, of));
      case "bool":
        if (of.lanes === 4) return v128.and(first(to, of), v128.const(bytesOf(new Float32Array(4).fill(1))));
        return f32.convert_u.i32(first(to, of));
      default: {
        const sign = of.operand === "i32" ? "s" : "u";
        return of.lanes === 4 ? f32x4[`convert_i32x4_${sign}` as const](first(to, of)) : f32[`convert_${sign}` as const].i32(first(to, of));
      }
    }
  },
  toF64: (to, of) => {
    const { f64 } = code(to);
    switch (of.operand) {
      case "f64":
        return first(to, of);
      case "f32":
        return f64.promote(first(to, of));
      case "i32":
        return f64.convert_s.i32(first(to, of));
      default:
        return f64.convert_u.i32(first(to, of));
    }
  },
  toI32: toInteger("s"),
  toU32: toInteger("u"),
  toBool: (to, of) => {
    const { f32, f64 } = code(to);
    if (of.operand === "bool") return first(to, of);
    if (of.operand === "f32") return of.lanes === 4 ? code(to).f32x4.ne(first(to, of), word(to, 0, 4)) : f32.ne(first(to, of), f32.const(0));
    if (of.operand === "f64") return f64.ne(first(to, of), f64.const(0));
    return integer(to, of).ne(first(to, of), word(to, 0, of.lanes));
  },
  bitsF32: (to, of) => (of.lanes === 4 || of.operand === "f32" ? first(to, of) : code(to).f32.reinterpret(first(to, of))),
  bitsI32: bitsOfInteger,
  bitsU32: bitsOfInteger,
};

function bitsOfInteger(to: Emission, of: Apply): Ref {
  return of.lanes === 4 || of.operand !== "f32" ? first(to, of) : code(to).i32.reinterpret(first(to, of));
}

/** One lane of a vector, or a vector of 4 scalars. */
export function emitLane(to: Emission, of: Extract<Value, { kind: "lane" }>): Ref {
  if (of.type === "f32") return code(to).f32x4.extract_lane(to.value(of.of), of.lane);
  const lane = code(to).i32x4.extract_lane(to.value(of.of), of.lane);
  return of.type === "bool" ? code(to).i32.and(lane, code(to).i32.const(1)) : lane;
}

export function emitPack(to: Emission, of: Extract<Value, { kind: "pack" }>): Ref {
  const { f32x4, i32x4 } = code(to);
  invariant(of.type !== "f64", () => "f64 has one lane");
  const [head, ...tail] = of.parts.map((part) => to.value(part));
  if (of.type === "f32") return tail.reduce((vector, part, index) => f32x4.replace_lane(vector, index + 1, part), f32x4.splat(head));
  const vector = tail.reduce((partial, part, index) => i32x4.replace_lane(partial, index + 1, part), i32x4.splat(head));
  return of.type === "bool" ? i32x4.neg(vector) : vector;
}

/** A constant. */
export function emitLiteral(to: Emission, { type, lanes, value }: Extract<Value, { kind: "literal" }>): Ref {
  switch (type) {
    case "f32":
      return lanes === 4 ? code(to).v128.const(bytesOf(new Float32Array(4).fill(value))) : code(to).f32.const(value);
    case "f64":
      return code(to).f64.const(value);
    case "bool":
      return word(to, value === 0 ? 0 : lanes === 4 ? -1 : 1, lanes);
    default:
      return word(to, value | 0, lanes);
  }
}
