/** The type of a kernel expression, checked: what a schedule gets wrong is found here and not in an emitted module. */
import { invariant } from "../../compiler/diagnostics/diagnostic.ts";
import type { Lanes, MachineOp, Scalar } from "../../compiler/schedule/kernel.ts";
import type { Value } from "./lowered.ts";

type Result = Scalar | "operand";
interface Signature {
  /** Types of the operands that the op is for. */
  readonly on: readonly Scalar[];
  readonly result: Result;
  readonly arity: 1 | 2;
}

const floats: readonly Scalar[] = ["f32", "f64"];
const integers: readonly Scalar[] = ["i32", "u32"];
const signed: readonly Scalar[] = ["f32", "f64", "i32"];
const numbers: readonly Scalar[] = [...floats, ...integers];
const all: readonly Scalar[] = [...numbers, "bool"];
const words: readonly Scalar[] = ["f32", "i32", "u32"];

const unary = (on: readonly Scalar[], result: Result = "operand"): Signature => ({ on, result, arity: 1 });
const binary = (on: readonly Scalar[], result: Result = "operand"): Signature => ({ on, result, arity: 2 });

const signatures: Record<Exclude<MachineOp, "select" | "splat" | "shl" | "shr">, Signature> = {
  add: binary(all), sub: binary(numbers), mul: binary(all), div: binary(floats),
  sqrt: unary(floats), floor: unary(floats), ceil: unary(floats), trunc: unary(floats), nearest: unary(floats),
  neg: unary(signed), abs: unary(signed),
  min: binary(numbers), max: binary(numbers), pmin: binary(floats), pmax: binary(floats),
  idiv: binary(integers), imod: binary(integers),
  and: binary([...integers, "bool"]), or: binary([...integers, "bool"]), xor: binary([...integers, "bool"]), not: unary([...integers, "bool"]),
  mulHigh: binary(["u32"]),
  eq: binary(all, "bool"), ne: binary(all, "bool"), lt: binary(all, "bool"), le: binary(all, "bool"), gt: binary(all, "bool"), ge: binary(all, "bool"),
  zipLow: binary(words), zipHigh: binary(words),
  toF32: unary(all, "f32"), toF64: unary(all, "f64"), toI32: unary(all, "i32"), toU32: unary(all, "u32"), toBool: unary(all, "bool"),
  bitsF32: unary(words, "f32"), bitsI32: unary(words, "i32"), bitsU32: unary(words, "u32"),
};

/** Types an application, or says how its operands do not fit. */
export function typedApply(op: MachineOp, operand: Scalar, lanes: Lanes, args: readonly Value[]): Value {
  const has = (index: number, type: Scalar, width: Lanes): void =>
    invariant(args[index]?.type === type && args[index].lanes === width, () =>
      `operand ${index} of ${op}<${operand} x ${lanes}> is ${args[index]?.type} x ${args[index]?.lanes}, not ${type} x ${width}`);
  const result = (type: Scalar, arity: number): Value => {
    invariant(args.length === arity, () => `${op} has ${args.length} operands, not ${arity}`);
    invariant(lanes === 1 || (type !== "f64" && operand !== "f64"), () => `${op}: f64 has one lane`);
    return { kind: "apply", op, operand, type, lanes, args };
  };
  switch (op) {
    case "select":
      has(0, "bool", lanes);
      has(1, operand, lanes);
      has(2, operand, lanes);
      return result(operand, 3);
    case "splat":
      has(0, operand, 1);
      invariant(lanes === 4, () => "splat makes 4 lanes");
      return result(operand, 1);
    case "shl":
    case "shr":
      invariant(integers.includes(operand), () => `${op} is not for ${operand}`);
      has(0, operand, lanes);
      has(1, "i32", 1);
      return result(operand, 2);
    default: {
      const signature = signatures[op];
      invariant(signature.on.includes(operand), () => `${op} is not for ${operand}`);
      invariant(lanes === 4 || !op.startsWith("zip"), () => `${op} has 4 lanes`);
      invariant(lanes === 1 || (op !== "idiv" && op !== "imod"), () => `${op} has one lane`);
      for (let index = 0; index < signature.arity; index++) has(index, operand, lanes);
      return result(signature.result === "operand" ? operand : signature.result, signature.arity);
    }
  }
}
