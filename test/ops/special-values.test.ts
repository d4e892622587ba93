import { describe, expect, test } from "vitest";
import type { Element } from "../../compiler/ir/graph.ts";
import { inferTypes, opNames } from "../../compiler/ops/index.ts";
import type { OpName } from "../../compiler/ops/index.ts";
import { applyOp, tensor } from "../../compiler/reference/index.ts";
import { casesOf } from "./cases.ts";
import { Random } from "./random.ts";

const inf = Infinity;
const nan = NaN;

const apply = (op: OpName, element: Element, args: readonly (readonly number[])[], attributes = {}): number[] => {
  const given = args.map((data) => tensor({ element, shape: [data.length] }, data));
  // The attributes belong to the op; the tables below pair them.
  const types = inferTypes(op, given.map(({ type }) => type), attributes as never);
  return [...applyOp(op, given, attributes as never, types)[0].data];
};

const points = [nan, inf, -inf, 0, -0];
const unary: Partial<Record<OpName, readonly number[]>> = {
  neg: [nan, -inf, inf, -0, 0],
  abs: [nan, inf, inf, 0, 0],
  sign: [nan, 1, -1, 0, -0],
  floor: [nan, inf, -inf, 0, -0],
  ceil: [nan, inf, -inf, 0, -0],
  round: [nan, inf, -inf, 0, -0],
  trunc: [nan, inf, -inf, 0, -0],
  sqrt: [nan, inf, nan, 0, -0],
  exp: [nan, inf, 0, 1, 1],
  expm1: [nan, inf, -1, 0, -0],
  log: [nan, inf, nan, -inf, -inf],
  log1p: [nan, inf, nan, 0, -0],
  sin: [nan, nan, nan, 0, -0],
  cos: [nan, nan, nan, 1, 1],
  tanh: [nan, 1, -1, 0, -0],
  erf: [nan, 1, -1, 0, -0],
  logistic: [nan, 1, 0, 0.5, 0.5],
  stop: points,
};

describe("NaN, infinities and zeros of", () => {
  test.each(Object.entries(unary))("%s", (op, expected) => {
    expect(apply(op as OpName, "f64", [points])).toEqual(expected); // Object.entries forgets the key type
  });

  test("every unary float op is in the table", () => {
    const found = opNames.filter((op) => {
      const [first] = casesOf(op, new Random(0));
      return first.args.length === 1 && first.args[0].element === "f32" && Object.keys(first.attributes).length === 0;
    });
    expect(found.filter((op) => !(op in unary))).toEqual([]);
  });

  const pairs: [number, number][] = [[nan, 1], [1, nan], [inf, inf], [inf, -inf], [0, 0], [0, -0], [-0, 0], [1, 0], [1, -0]];
  test.each<[OpName, readonly number[]]>([
    ["add", [nan, nan, inf, nan, 0, 0, 0, 1, 1]],
    ["sub", [nan, nan, nan, inf, 0, 0, -0, 1, 1]],
    ["mul", [nan, nan, inf, -inf, 0, -0, -0, 0, -0]],
    ["div", [nan, nan, nan, nan, nan, nan, nan, inf, -inf]],
    ["min", [nan, nan, inf, -inf, 0, -0, -0, 0, -0]],
    ["max", [nan, nan, inf, inf, 0, 0, 0, 1, 1]],
    ["eq", [0, 0, 1, 0, 1, 1, 1, 0, 0]],
    ["ne", [1, 1, 0, 1, 0, 0, 0, 1, 1]],
    ["lt", [0, 0, 0, 0, 0, 0, 0, 0, 0]],
    ["le", [0, 0, 1, 0, 1, 1, 1, 0, 0]],
    ["gt", [0, 0, 0, 1, 0, 0, 0, 1, 1]],
    ["ge", [0, 0, 1, 1, 1, 1, 1, 1, 1]],
    ["pow", [nan, nan, inf, 0, 1, 1, 1, 1, 1]],
    ["atan2", [nan, nan, Math.PI / 4, 3 * Math.PI / 4, 0, Math.PI, -0, Math.PI / 2, Math.PI / 2]],
  ])("%s", (op, expected) => {
    expect(apply(op, "f64", [pairs.map(([a]) => a), pairs.map(([, b]) => b)])).toEqual(expected);
  });

  test("pow beyond", () => {
    expect(apply("pow", "f64", [[nan, -8, -8, 1, 0, -0], [0, 1 / 3, 3, inf, -1, -3]])).toEqual([1, nan, -512, nan, inf, -inf]);
    expect(apply("integer_pow", "f64", [[nan, 0, -0, -2]], { exponent: 0 })).toEqual([1, 1, 1, 1]);
    expect(apply("integer_pow", "f64", [[nan, 0, -0, -2]], { exponent: -1 })).toEqual([nan, inf, -inf, -0.5]);
  });

  test("round halves to even", () => {
    expect(apply("round", "f64", [[0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49, -0.2, 2 ** 52 + 1]]))
      .toEqual([0, 2, 2, -0, -2, -2, 0, -0, 2 ** 52 + 1]);
  });

  test("reductions and running values", () => {
    const x = [1, nan, 3];
    for (const op of ["reduce_sum", "reduce_prod", "reduce_max", "reduce_min"] as const) expect(apply(op, "f64", [x], { axes: [0] })).toEqual([nan]);
    expect(apply("argmax", "f64", [[1, nan, 3, nan]], { axis: 0 })).toEqual([1]);
    expect(apply("argmin", "f64", [[1, nan, -3]], { axis: 0 })).toEqual([1]);
    expect(apply("cummax", "f64", [x], { axis: 0, reversed: false })).toEqual([1, nan, nan]);
    expect(apply("cummax", "f64", [x], { axis: 0, reversed: true })).toEqual([nan, nan, 3]);
    expect(apply("argmax", "f64", [[2, 5, 5]], { axis: 0 })).toEqual([1]);
  });

  test("empty reductions", () => {
    for (const [op, float, integer, bool] of [
      ["reduce_sum", 0, 0, 0], ["reduce_prod", 1, 1, 1], ["reduce_max", -inf, -0x80000000, 0], ["reduce_min", inf, 0x7fffffff, 1],
    ] as const) {
      expect(apply(op, "f32", [[]], { axes: [0] })).toEqual([float]);
      expect(apply(op, "i32", [[]], { axes: [0] })).toEqual([integer]);
      expect(apply(op, "bool", [[]], { axes: [0] })).toEqual([bool]);
    }
  });

  test("sort puts NaN last in both directions and is stable", () => {
    expect(apply("sort", "f64", [[nan, 1, -inf, 0, -0]], { descending: false })).toEqual([-inf, 0, -0, 1, nan]);
    expect(apply("sort", "f64", [[nan, 1, -inf, 0, -0]], { descending: true })).toEqual([1, 0, -0, -inf, nan]);
  });
});

describe("integers", () => {
  test("wrap", () => {
    expect(apply("add", "i32", [[0x7fffffff], [1]])).toEqual([-0x80000000]);
    expect(apply("sub", "u32", [[0], [1]])).toEqual([0xffffffff]);
    expect(apply("mul", "i32", [[0x7fffffff], [0x7fffffff]])).toEqual([1]);
    expect(apply("mul", "u32", [[0xffffffff], [0xfffffffe]])).toEqual([2]);
    expect(apply("neg", "u32", [[1]])).toEqual([0xffffffff]);
    expect(apply("abs", "i32", [[-0x80000000]])).toEqual([-0x80000000]);
    expect(apply("reduce_sum", "u32", [[0xffffffff, 3]], { axes: [0] })).toEqual([2]);
  });

  test("divide with the quotient rounded down, by zero to zero", () => {
    expect(apply("idiv", "i32", [[7, -7, 7, -7, 5, -0x80000000], [2, 2, -2, -2, 0, -1]])).toEqual([3, -4, -4, 3, 0, -0x80000000]);
    expect(apply("imod", "i32", [[7, -7, 7, -7, 5], [2, 2, -2, -2, 0]]).map((x) => x + 0)).toEqual([1, 1, -1, -1, 0]);
    expect(apply("idiv", "u32", [[0xffffffff], [2]])).toEqual([0x7fffffff]);
  });

  test("shift by the count modulo 32", () => {
    expect(apply("shift_left", "u32", [[1, 1, 3], [31, 33, 0]])).toEqual([0x80000000, 2, 3]);
    expect(apply("shift_right", "i32", [[-8], [1]])).toEqual([-4]);
    expect(apply("shift_right", "u32", [[0xfffffff8], [1]])).toEqual([0x7ffffffc]);
  });

  test("mul_high against exact products", () => {
    const words = [0, 1, 2, 0xffff, 0x10000, 0xffffffff, 0xd2511f53, 0x80000000, 0x12345678];
    for (const a of words) {
      for (const b of words) {
        expect(apply("mul_high", "u32", [[a], [b]])).toEqual([Number((BigInt(a) * BigInt(b)) >> 32n)]);
      }
    }
  });

  test("cast truncates, saturates and takes NaN to 0", () => {
    const x = [nan, inf, -inf, 2.9, -2.9, 3e9, -0];
    expect(apply("cast", "f64", [x], { to: "i32" }).map((y) => y + 0)).toEqual([0, 0x7fffffff, -0x80000000, 2, -2, 0x7fffffff, 0]);
    expect(apply("cast", "f64", [x], { to: "u32" }).map((y) => y + 0)).toEqual([0, 0xffffffff, 0, 2, 0, 3e9, 0]);
    expect(apply("cast", "f64", [x], { to: "bool" })).toEqual([1, 1, 1, 1, 1, 1, 0]);
    expect(apply("cast", "i32", [[-1]], { to: "u32" })).toEqual([0xffffffff]);
    expect(apply("bitcast", "f32", [[1, -2]], { to: "u32" })).toEqual([0x3f800000, 0xc0000000]);
    expect(apply("bitcast", "i32", [[0x3f800000]], { to: "f32" })).toEqual([1]);
  });
});

test("erf agrees with a table to f64 precision", () => {
  // Abramowitz and Stegun 7.1, digits from the NIST DLMF
  const table: [number, number][] = [[0.1, 0.1124629160182849], [0.5, 0.5204998778130465], [1, 0.8427007929497149], [2, 0.9953222650189527], [3, 0.9999779095030014]];
  for (const [x, y] of table) expect(Math.abs(apply("erf", "f64", [[x]])[0] - y)).toBeLessThan(4e-16);
});
