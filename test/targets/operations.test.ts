/** Every machine op, for every type and width it is for: wasm and js give the same bits, and those that the op promises. */
import { describe, expect, test } from "vitest";
import { apply, at, load, loop, store } from "../../compiler/schedule/expression.ts";
import type { Expression, Kernel, Lanes, MachineOp, Scalar, Step } from "../../compiler/schedule/kernel.ts";
import { kernel, program, random, run, runBoth } from "./programs.ts";

const count = 1024;
const bytes: Record<Scalar, number> = { f32: 4, f64: 8, i32: 4, u32: 4, bool: 1 };
const arrays = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u32: Uint32Array, bool: Uint8Array };

const special: Record<Scalar, readonly number[]> = {
  f32: [0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, NaN, Infinity, -Infinity, 3e9, -3e9, 5e9, 1e-45, -1e-45, 1.17549435e-38, 3.4028235e38, 8388607.5, 8388609, 2147483647, -2147483648, 0.3, 16777217],
  f64: [0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, NaN, Infinity, -Infinity, 3e9, -3e9, 4294967295.5, 5e-324, 1e300, 4503599627370495.5, 4503599627370497, 0.1, 1e-46, 2147483647.5, -2147483648.9],
  i32: [0, 1, -1, 2, -2, 7, -7, 2147483647, -2147483648, 65535, 65536, -65536, 31, 32, 33, 1000003],
  u32: [0, 1, 2, 7, 4294967295, 2147483647, 2147483648, 65535, 65536, 31, 32, 33, 4000000007],
  bool: [0, 1],
};

/** Every pair of special values first, then random bit patterns and small numbers. */
function operandValues(type: Scalar, position: number, next: () => number): number[] {
  const values = special[type];
  return Array.from({ length: count }, (_, index) => {
    if (index < values.length ** 2) return values[position === 0 ? index % values.length : Math.floor(index / values.length) % values.length];
    if (type === "bool") return next() & 1;
    if (index % 2 === 0) return type === "u32" ? next() % 100 : (next() % 2001) / (type === "i32" ? 1 : 16) - 1000;
    const bits = new DataView(new ArrayBuffer(8));
    bits.setUint32(0, next());
    bits.setUint32(4, next());
    return type === "f32" ? bits.getFloat32(0) : type === "f64" ? bits.getFloat64(0) : type === "i32" ? bits.getInt32(0) : bits.getUint32(0);
  });
}

const view = new DataView(new ArrayBuffer(4));
const nearest = (x: number): number => {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.sign(x) === 0 || !Number.isFinite(x) ? x : x < 0 ? -Math.round(-x) : Math.round(x);
  return below % 2 === 0 ? (below === 0 && x < 0 ? -0 : below) : below + 1 === 0 ? -0 : below + 1;
};
const floorDivision = (a: bigint, b: bigint): bigint => (b === 0n ? 0n : a / b - (a % b !== 0n && a < 0n !== b < 0n ? 1n : 0n));
const saturated = (x: number, least: number, most: number): number => (Number.isNaN(x) ? 0 : Math.min(most, Math.max(least, Math.trunc(x))));
const isFloat = (type: Scalar): boolean => type === "f32" || type === "f64";

/** What an op means, by other means than the targets: exact in doubles or big integers, then brought into the type. */
const meaning: Partial<Record<MachineOp, (type: Scalar, a: number, b: number, c: number) => number>> = {
  add: (type, a, b) => (type === "bool" ? a ^ b : a + b),
  sub: (_, a, b) => a - b,
  mul: (type, a, b) => (type === "i32" || type === "u32" ? Number(BigInt.asUintN(32, BigInt(a) * BigInt(b))) : a * b),
  div: (_, a, b) => a / b,
  sqrt: (_, a) => Math.sqrt(a),
  floor: (_, a) => Math.floor(a),
  ceil: (_, a) => Math.ceil(a),
  trunc: (_, a) => Math.trunc(a),
  nearest: (_, a) => nearest(a),
  neg: (_, a) => -a,
  abs: (_, a) => Math.abs(a),
  min: (_, a, b) => Math.min(a, b),
  max: (_, a, b) => Math.max(a, b),
  pmin: (_, a, b) => (b < a ? b : a),
  pmax: (_, a, b) => (a < b ? b : a),
  idiv: (_, a, b) => Number(floorDivision(BigInt(a), BigInt(b))),
  imod: (_, a, b) => (b === 0 ? 0 : Number(BigInt(a) - BigInt(b) * floorDivision(BigInt(a), BigInt(b)))),
  and: (_, a, b) => Number(BigInt(a) & BigInt(b)),
  or: (_, a, b) => Number(BigInt(a) | BigInt(b)),
  xor: (_, a, b) => Number(BigInt(a) ^ BigInt(b)),
  not: (type, a) => (type === "bool" ? 1 - a : Number(-BigInt(a) - 1n)),
  mulHigh: (_, a, b) => Number((BigInt(a) * BigInt(b)) >> 32n),
  eq: (_, a, b) => +(a === b),
  ne: (_, a, b) => +(a !== b),
  lt: (_, a, b) => +(a < b),
  le: (_, a, b) => +(a <= b),
  gt: (_, a, b) => +(a > b),
  ge: (_, a, b) => +(a >= b),
  toF32: (_, a) => a,
  toF64: (_, a) => a,
  toI32: (type, a) => (isFloat(type) ? saturated(a, -2147483648, 2147483647) : a),
  toU32: (type, a) => (isFloat(type) ? saturated(a, 0, 4294967295) : a),
  toBool: (_, a) => +(a !== 0),
  select: (_, test, a, b) => (test !== 0 ? a : b),
  shl: (_, a, b) => Number(BigInt(a) << BigInt(b & 31)),
  shr: (_, a, b) => Number(BigInt(a) >> BigInt(b & 31)),
  bitsF32: (type, a) => (type === "f32" ? a : (type === "i32" ? view.setInt32(0, a) : view.setUint32(0, a), view.getFloat32(0))),
  bitsI32: (type, a) => (type === "f32" ? (view.setFloat32(0, a), view.getInt32(0)) : a),
  bitsU32: (type, a) => (type === "f32" ? (view.setFloat32(0, a), view.getUint32(0)) : a),
};

interface Case {
  readonly op: MachineOp;
  readonly type: Scalar;
  readonly lanes: Lanes;
  readonly args: readonly Scalar[];
  readonly result: Scalar;
  /** Counts of shifts are one scalar for all lanes. */
  readonly shift?: boolean;
}

const numbers: readonly Scalar[] = ["f32", "f64", "i32", "u32"];
const all: readonly Scalar[] = [...numbers, "bool"];

function cases(): Case[] {
  const list: Case[] = [];
  const add = (ops: readonly MachineOp[], types: readonly Scalar[], arity: number, result?: Scalar, widths: readonly Lanes[] = [1, 4]): void => {
    for (const op of ops)
      for (const type of types)
        for (const lanes of widths)
          if (lanes === 1 || (type !== "f64" && result !== "f64")) list.push({ op, type, lanes, args: new Array<Scalar>(arity).fill(type), result: result ?? type });
  };
  add(["add", "mul"], all, 2);
  add(["sub", "min", "max"], numbers, 2);
  add(["div", "pmin", "pmax"], ["f32", "f64"], 2);
  add(["sqrt", "floor", "ceil", "trunc", "nearest"], ["f32", "f64"], 1);
  add(["neg", "abs"], ["f32", "f64", "i32"], 1);
  add(["idiv", "imod"], ["i32", "u32"], 2, undefined, [1]);
  add(["and", "or", "xor"], ["i32", "u32", "bool"], 2);
  add(["not"], ["i32", "u32", "bool"], 1);
  add(["mulHigh"], ["u32"], 2);
  add(["eq", "ne", "lt", "le", "gt", "ge"], all, 2, "bool");
  for (const [op, result] of [["toF32", "f32"], ["toF64", "f64"], ["toI32", "i32"], ["toU32", "u32"], ["toBool", "bool"]] as const) add([op], all, 1, result);
  for (const [op, result] of [["bitsF32", "f32"], ["bitsI32", "i32"], ["bitsU32", "u32"]] as const) add([op], ["f32", "i32", "u32"], 1, result);
  for (const type of all) for (const lanes of [1, 4] as const) if (lanes === 1 || type !== "f64") list.push({ op: "select", type, lanes, args: ["bool", type, type], result: type });
  for (const op of ["shl", "shr"] as const) for (const type of ["i32", "u32"] as const) for (const lanes of [1, 4] as const) list.push({ op, type, lanes, args: [type, "i32"], result: type, shift: lanes === 4 });
  return list;
}

/** A kernel that applies the op to whole arrays. */
function opKernel({ op, type, lanes, args, result, shift }: Case): Kernel {
  return kernel(op, (scope) => {
    const inputs = args.map((arg, index) => scope.buffer(`x${index}`, arg, count));
    const output = scope.buffer("y", result, count);
    const i = scope.variable();
    const operands = inputs.map((input, index): Expression => load(input, at(0, [i, 1]), shift && index === 1 ? 1 : lanes));
    return [loop(i, 0, count, lanes, [store(output, at(0, [i, 1]), apply(op, type, lanes, ...operands), lanes)])];
  });
}

/** Floats as bits with one NaN, so that Object.is tells all else apart. */
const same = (a: number, b: number): boolean => Object.is(a, b);

describe("every op in wasm, in js and by its meaning", async () => {
  const list = cases();
  const align = (offset: number): number => Math.ceil(offset / 16) * 16;
  const next = random(12345);
  let end = 0;
  const place = (type: Scalar): number => {
    const start = end;
    end = align(end + count * bytes[type]);
    return start;
  };
  const layouts = list.map(({ args, result }) => ({ inputs: args.map((type) => ({ type, at: place(type) })), output: place(result) }));
  const input = new Uint8Array(end);
  const operands = layouts.map(({ inputs }) =>
    inputs.map(({ type, at: offset }, position) => {
      const array = new arrays[type](input.buffer, offset, count);
      array.set(operandValues(type, position, next));
      return array;
    }),
  );
  const plan: Step[] = layouts.map(({ inputs, output }, index) => run(index, ...inputs.map(({ at: offset }) => offset), output));
  const memories = await runBoth(program(list.map(opKernel), { all: plan }, end), "all", input);

  test.each(list.map((one, index) => ({ ...one, index })))("$op of $type x $lanes", ({ op, type, lanes, result, shift, index }) => {
    const { output } = layouts[index];
    const [fromWasm, fromJs] = [memories.wasm, memories.js].map((memory) => new arrays[result](memory, output, count));
    const mean = meaning[op];
    expect(mean).toBeDefined();
    const expected = new arrays[result](count);
    for (let i = 0; i < count; i++) {
      const [a, b, c] = operands[index].map((array, position) => array[shift && position === 1 ? i - (i % lanes) : i]);
      const exact = mean?.(type, a, b, c) ?? NaN;
      expected[i] = result === "i32" || result === "u32" ? Number(BigInt.asUintN(32, BigInt(exact))) : exact;
      if (same(fromWasm[i], expected[i]) && same(fromJs[i], expected[i])) continue;
      expect({ i, a, b, c, wasm: fromWasm[i], js: fromJs[i] }).toEqual({ i, a, b, c, wasm: expected[i], js: expected[i] });
    }
  });
});
