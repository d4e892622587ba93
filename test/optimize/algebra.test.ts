import { describe, expect, test } from "vitest";
import type { Builder } from "../../compiler/ir/builder.ts";
import type { TensorType, ValueId } from "../../compiler/ir/graph.ts";
import { algebraRules } from "../../compiler/optimize/algebra-rules.ts";
import { simplifyAlgebra } from "../../compiler/optimize/simplify-algebra.ts";
import { expression, f32, regionOf, runPass, type } from "./regions.ts";

interface Case {
  /** The rule's text. */
  readonly rule: string;
  readonly build: (b: Builder, x: ValueId, y: ValueId, z: ValueId) => ValueId;
  readonly becomes: string;
  /** Params; absent: three f32[4]. */
  readonly params?: readonly TensorType[];
  readonly fastMath?: boolean;
}

const bools = [type("bool", 4), type("bool", 4), type("bool", 4)];
const ints = [type("i32", 4), type("i32", 4), type("i32", 4)];
const unsigned = [type("u32", 4), type("u32", 4), type("u32", 4)];
const choice = [f32(4), f32(4), type("bool", 4)];

function outcome({ build, params = [f32(4), f32(4), f32(4)], fastMath = false }: Omit<Case, "rule" | "becomes">): string {
  const region = regionOf(params, (b, x, y, z) => build(b, x, y, z));
  return expression(runPass(simplifyAlgebra, region, fastMath));
}

const op1 = (op: "abs" | "exp" | "log" | "sqrt" | "floor" | "ceil" | "round" | "trunc" | "bit_not") =>
  (b: Builder, a: ValueId): ValueId => b.op(op, [a], {});
const op2 = (op: "min" | "max" | "pow" | "idiv" | "imod" | "shift_left" | "shift_right" | "bit_and" | "bit_or" | "bit_xor" | "eq" | "ne" | "lt" | "le" | "gt" | "ge") =>
  (b: Builder, a: ValueId, c: ValueId): ValueId => b.op(op, [a, c], {});
const [abs, exp, log, sqrt, not] = [op1("abs"), op1("exp"), op1("log"), op1("sqrt"), op1("bit_not")];
const [min, max, pow, and, or, xor] = [op2("min"), op2("max"), op2("pow"), op2("bit_and"), op2("bit_or"), op2("bit_xor")];
const [eq, ne, lt, le, gt, ge] = [op2("eq"), op2("ne"), op2("lt"), op2("le"), op2("gt"), op2("ge")];
const power = (exponent: number) => (b: Builder, a: ValueId): ValueId => b.op("integer_pow", [a], { exponent });

const firing: readonly Case[] = [
  { rule: "x + -0 -> x", build: (b, x) => b.add(x, b.like(x, -0)), becomes: "x" },
  { rule: "x + 0 -> x", build: (b, x) => b.add(b.like(x, 0), x), becomes: "x", params: ints },
  { rule: "x + 0 -> x, x never -0", build: (b, x) => b.add(b.mul(x, x), b.like(x, 0)), becomes: "mul(x, x)" },
  { rule: "x + 0 -> x, fast", build: (b, x) => b.add(x, b.like(x, 0)), becomes: "x", fastMath: true },
  { rule: "x - 0 -> x", build: (b, x) => b.sub(x, b.like(x, 0)), becomes: "x" },
  { rule: "x - -0 -> x, fast", build: (b, x) => b.sub(x, b.like(x, -0)), becomes: "x", fastMath: true },
  { rule: "-0 - x -> -x", build: (b, x) => b.sub(b.like(x, -0), x), becomes: "neg(x)" },
  { rule: "0 - x -> -x", build: (b, x) => b.sub(b.like(x, 0), x), becomes: "neg(x)", params: ints },
  { rule: "x - x -> 0", build: (b, x) => b.sub(x, x), becomes: "0", params: ints },
  { rule: "x + x -> 0", build: (b, x) => b.add(x, x), becomes: "0", params: bools },
  { rule: "x + -y -> x - y", build: (b, x, y) => b.add(b.neg(y), x), becomes: "sub(x, y)" },
  { rule: "x - -y -> x + y", build: (b, x, y) => b.sub(x, b.neg(y)), becomes: "add(x, y)" },
  { rule: "(x + c) + d -> x + (c + d)", build: (b, x) => b.add(b.add(x, b.like(x, 2)), b.like(x, 3)), becomes: "add(x, add(2, 3))", params: ints },
  { rule: "-(-x) -> x", build: (b, x) => b.neg(b.neg(x)), becomes: "x" },
  { rule: "-x -> x", build: (b, x) => b.neg(x), becomes: "x", params: bools },
  { rule: "-(x - y) -> y - x", build: (b, x, y) => b.neg(b.sub(x, y)), becomes: "sub(y, x)", params: ints },
  { rule: "-(x * c) -> x * -c", build: (b, x) => b.neg(b.mul(x, b.like(x, 3))), becomes: "mul(x, -3)" },
  { rule: "-x * c -> x * -c", build: (b, x) => b.mul(b.neg(x), b.like(x, 3)), becomes: "mul(x, 4294967293)", params: unsigned },
  { rule: "-x * -y -> x * y", build: (b, x, y) => b.mul(b.neg(x), b.neg(y)), becomes: "mul(x, y)" },
  { rule: "-x * y -> -(x * y)", build: (b, x, y) => b.mul(y, b.neg(x)), becomes: "neg(mul(x, y))" },
  { rule: "-x / -y -> x / y", build: (b, x, y) => b.div(b.neg(x), b.neg(y)), becomes: "div(x, y)" },
  { rule: "-x / y -> -(x / y)", build: (b, x, y) => b.div(b.neg(x), y), becomes: "neg(div(x, y))" },
  { rule: "x / -y -> -(x / y)", build: (b, x, y) => b.div(x, b.neg(y)), becomes: "neg(div(x, y))" },
  { rule: "|-x| -> |x|", build: (b, x) => abs(b, b.neg(x)), becomes: "abs(x)" },
  { rule: "||x|| -> |x|", build: (b, x) => abs(b, abs(b, x)), becomes: "abs(x)" },
  { rule: "|x| * |x| -> x * x", build: (b, x) => { const a = abs(b, x); return b.mul(a, a); }, becomes: "mul(x, x)" },
  { rule: "x * 1 -> x", build: (b, x) => b.mul(b.like(x, 1), x), becomes: "x" },
  { rule: "x * -1 -> -x", build: (b, x) => b.mul(x, b.like(x, -1)), becomes: "neg(x)" },
  { rule: "x * 0 -> 0", build: (b, x) => b.mul(x, b.like(x, 0)), becomes: "0", params: ints },
  { rule: "x * x -> x", build: (b, x) => b.mul(x, x), becomes: "x", params: bools },
  { rule: "(x * c) * d -> x * (c * d)", build: (b, x) => b.mul(b.mul(x, b.like(x, 2)), b.like(x, 3)), becomes: "mul(x, mul(2, 3))", fastMath: true },
  { rule: "x / 1 -> x", build: (b, x) => b.div(x, b.like(x, 1)), becomes: "x" },
  { rule: "x / -1 -> -x", build: (b, x) => b.div(x, b.like(x, -1)), becomes: "neg(x)" },
  { rule: "x / 2^k -> x * 2^-k", build: (b, x) => b.div(x, b.like(x, -32)), becomes: "mul(x, -0.03125)" },
  { rule: "x / c -> x * (1 / c)", build: (b, x) => b.div(x, b.like(x, 5)), becomes: "mul(x, 0.2)", fastMath: true },
  { rule: "x * (1 / y) -> x / y", build: (b, x, y) => b.mul(x, b.div(b.like(y, 1), y)), becomes: "div(x, y)", fastMath: true },
  { rule: "x / x -> 1", build: (b, x) => b.div(x, x), becomes: "1", fastMath: true },
  { rule: "x^0 -> 1", build: power(0), becomes: "1" },
  { rule: "x^1 -> x", build: power(1), becomes: "x" },
  { rule: "x^2 -> x * x", build: power(2), becomes: "mul(x, x)" },
  { rule: "x^-1 -> 1 / x", build: power(-1), becomes: "div(1, x)" },
  { rule: "pow(x, 1) -> x", build: (b, x) => pow(b, x, b.like(x, 1)), becomes: "x" },
  { rule: "pow(x, 2) -> x * x", build: (b, x) => pow(b, x, b.like(x, 2)), becomes: "mul(x, x)" },
  { rule: "pow(x, -1) -> 1 / x", build: (b, x) => pow(b, x, b.like(x, -1)), becomes: "div(1, x)" },
  { rule: "pow(x, 1/2) -> sqrt x", build: (b, x) => pow(b, x, b.like(x, 0.5)), becomes: "sqrt(x)", fastMath: true },
  { rule: "sqrt x * sqrt x -> x", build: (b, x) => { const root = sqrt(b, x); return b.mul(root, root); }, becomes: "x", fastMath: true },
  { rule: "exp log x -> x", build: (b, x) => exp(b, log(b, x)), becomes: "x", fastMath: true },
  { rule: "log exp x -> x", build: (b, x) => log(b, exp(b, x)), becomes: "x", fastMath: true },
  { rule: "min(x, x) -> x", build: (b, x) => min(b, x, x), becomes: "x" },
  { rule: "max(x, x) -> x", build: (b, x) => max(b, x, x), becomes: "x" },
  { rule: "min(x, inf) -> x", build: (b, x) => min(b, x, b.like(x, Infinity)), becomes: "x" },
  { rule: "max(x, -inf) -> x", build: (b, x) => max(b, b.like(x, -Infinity), x), becomes: "x" },
  { rule: "min(min(x, c), d) -> min(x, min(c, d))", build: (b, x) => min(b, min(b, x, b.like(x, 2)), b.like(x, 1)), becomes: "min(x, min(2, 1))" },
  { rule: "max(max(x, c), d) -> max(x, max(c, d))", build: (b, x) => max(b, max(b, x, b.like(x, 2)), b.like(x, 1)), becomes: "max(x, max(2, 1))" },
  ...(["floor", "ceil", "round", "trunc"] as const).map((name): Case => ({
    rule: `${name} ${name} x -> ${name} x`, build: (b, x) => op1(name)(b, op1(name)(b, x)), becomes: `${name}(x)`,
  })),
  { rule: "x idiv 1 -> x", build: (b, x) => op2("idiv")(b, x, b.like(x, 1)), becomes: "x", params: ints },
  { rule: "x imod 1 -> 0", build: (b, x) => op2("imod")(b, x, b.like(x, 1)), becomes: "0", params: ints },
  { rule: "x << 0 -> x", build: (b, x) => op2("shift_left")(b, x, b.like(x, 0)), becomes: "x", params: ints },
  { rule: "x >> 0 -> x", build: (b, x) => op2("shift_right")(b, x, b.like(x, 0)), becomes: "x", params: unsigned },
  { rule: "x & x -> x", build: (b, x) => and(b, x, x), becomes: "x", params: ints },
  { rule: "x | x -> x", build: (b, x) => or(b, x, x), becomes: "x", params: ints },
  { rule: "x xor x -> 0", build: (b, x) => xor(b, x, x), becomes: "0", params: ints },
  { rule: "x & 0 -> 0", build: (b, x) => and(b, b.like(x, 0), x), becomes: "0", params: bools },
  { rule: "x | 0 -> x", build: (b, x) => or(b, x, b.like(x, 0)), becomes: "x", params: bools },
  { rule: "x xor 0 -> x", build: (b, x) => xor(b, x, b.like(x, 0)), becomes: "x", params: bools },
  { rule: "x & true -> x", build: (b, x) => and(b, x, b.like(x, 1)), becomes: "x", params: bools },
  { rule: "x | true -> true", build: (b, x) => or(b, x, b.like(x, 1)), becomes: "1", params: bools },
  { rule: "x xor true -> !x", build: (b, x) => xor(b, x, b.like(x, 1)), becomes: "bit_not(x)", params: bools },
  { rule: "x & -1 -> x", build: (b, x) => and(b, x, b.like(x, 2 ** 32 - 1)), becomes: "x", params: unsigned },
  { rule: "x | -1 -> -1", build: (b, x) => or(b, x, b.like(x, -1)), becomes: "-1", params: ints },
  { rule: "!!x -> x", build: (b, x) => not(b, not(b, x)), becomes: "x", params: bools },
  { rule: "!(x == y) -> x != y", build: (b, x, y) => not(b, eq(b, x, y)), becomes: "ne(x, y)" },
  { rule: "!(x != y) -> x == y", build: (b, x, y) => not(b, ne(b, x, y)), becomes: "eq(x, y)" },
  { rule: "!(x < y) -> x >= y", build: (b, x, y) => not(b, lt(b, x, y)), becomes: "ge(x, y)", params: ints },
  { rule: "!(x <= y) -> x > y", build: (b, x, y) => not(b, le(b, x, y)), becomes: "gt(x, y)", params: ints },
  { rule: "!(x > y) -> x <= y", build: (b, x, y) => not(b, gt(b, x, y)), becomes: "le(x, y)", params: ints },
  { rule: "!(x >= y) -> x < y", build: (b, x, y) => not(b, ge(b, x, y)), becomes: "lt(x, y)", params: ints },
  { rule: "x == x -> true", build: (b, x) => eq(b, x, x), becomes: "1", params: ints },
  { rule: "x <= x -> true", build: (b, x) => le(b, x, x), becomes: "1", params: ints },
  { rule: "x >= x -> true", build: (b, x) => ge(b, x, x), becomes: "1", params: ints },
  { rule: "x != x -> false", build: (b, x) => ne(b, x, x), becomes: "0", params: ints },
  { rule: "x < x -> false", build: (b, x) => lt(b, x, x), becomes: "0" },
  { rule: "x > x -> false", build: (b, x) => gt(b, x, x), becomes: "0" },
  { rule: "x == true -> x", build: (b, x) => eq(b, x, b.like(x, 1)), becomes: "x", params: bools },
  { rule: "x != false -> x", build: (b, x) => ne(b, x, b.like(x, 0)), becomes: "x", params: bools },
  { rule: "x == false -> !x", build: (b, x) => eq(b, x, b.like(x, 0)), becomes: "bit_not(x)", params: bools },
  { rule: "x != true -> !x", build: (b, x) => ne(b, x, b.like(x, 1)), becomes: "bit_not(x)", params: bools },
  { rule: "select(true, x, y) -> x", build: (b, x, y, z) => b.select(b.like(z, 1), x, y), becomes: "x", params: choice },
  { rule: "select(false, x, y) -> y", build: (b, x, y, z) => b.select(b.like(z, 0), x, y), becomes: "y", params: choice },
  { rule: "select(c, x, x) -> x", build: (b, x, _, z) => b.select(z, x, x), becomes: "x", params: choice },
  { rule: "select(c, true, false) -> c", build: (b, x) => b.select(x, b.like(x, 1), b.like(x, 0)), becomes: "x", params: bools },
  { rule: "select(c, false, true) -> !c", build: (b, x) => b.select(x, b.like(x, 0), b.like(x, 1)), becomes: "bit_not(x)", params: bools },
  { rule: "select(c, true, z) -> c | z", build: (b, x, y) => b.select(x, b.like(x, 1), y), becomes: "bit_or(x, y)", params: bools },
  { rule: "select(c, z, false) -> c & z", build: (b, x, y) => b.select(x, y, b.like(x, 0)), becomes: "bit_and(x, y)", params: bools },
  { rule: "select(!c, x, y) -> select(c, y, x)", build: (b, x, y, z) => b.select(not(b, z), x, y), becomes: "select(z, y, x)", params: choice },
  { rule: "select(c, select(c, x, y), z) -> select(c, x, z)", build: (b, x, y, z) => b.select(z, b.select(z, x, y), b.neg(y)), becomes: "select(z, x, neg(y))", params: choice },
  { rule: "select(c, x, select(c, y, z)) -> select(c, x, z)", build: (b, x, y, z) => b.select(z, x, b.select(z, x, y)), becomes: "select(z, x, y)", params: choice },
];

/** What looks like a rule and is none, or not for these elements. */
const silent: readonly Case[] = [
  { rule: "x + 0 -> x", build: (b, x) => b.add(x, b.like(x, 0)), becomes: "add(x, 0)" },
  { rule: "x + 0 -> x, x never -0", build: (b, x, y) => b.add(b.mul(x, y), b.like(x, 0)), becomes: "add(mul(x, y), 0)" },
  { rule: "x - -0 -> x, fast", build: (b, x) => b.sub(x, b.like(x, -0)), becomes: "sub(x, -0)" },
  { rule: "0 - x -> -x", build: (b, x) => b.sub(b.like(x, 0), x), becomes: "sub(0, x)" },
  { rule: "x - x -> 0", build: (b, x) => b.sub(x, x), becomes: "sub(x, x)" },
  { rule: "x + x -> 0", build: (b, x) => b.add(x, x), becomes: "add(x, x)" },
  { rule: "(x + c) + d -> x + (c + d)", build: (b, x) => b.add(b.add(x, b.like(x, 2)), b.like(x, 3)), becomes: "add(add(x, 2), 3)" },
  { rule: "-(x - y) -> y - x", build: (b, x, y) => b.neg(b.sub(x, y)), becomes: "neg(sub(x, y))" },
  { rule: "x * 1 -> x", build: (b, x) => b.mul(x, b.like(x, 2)), becomes: "mul(x, 2)" },
  { rule: "x * 0 -> 0", build: (b, x) => b.mul(x, b.like(x, 0)), becomes: "mul(x, 0)" },
  { rule: "x * x -> x", build: (b, x) => b.mul(x, x), becomes: "mul(x, x)" },
  { rule: "(x * c) * d -> x * (c * d)", build: (b, x) => b.mul(b.mul(x, b.like(x, 2)), b.like(x, 3)), becomes: "mul(mul(x, 2), 3)" },
  { rule: "x / 2^k -> x * 2^-k", build: (b, x) => b.div(x, b.like(x, 3)), becomes: "div(x, 3)" },
  { rule: "x / 2^k -> x * 2^-k", build: (b, x) => b.div(x, b.like(x, 0)), becomes: "div(x, 0)" },
  { rule: "x / 2^k -> x * 2^-k", build: (b, x) => b.div(x, b.like(x, 2 ** -140)), becomes: `div(x, ${2 ** -140})` },
  { rule: "x / c -> x * (1 / c)", build: (b, x) => b.div(x, b.like(x, 0)), becomes: "div(x, 0)", fastMath: true },
  { rule: "x * (1 / y) -> x / y", build: (b, x, y) => b.mul(x, b.div(b.like(y, 1), y)), becomes: "mul(x, div(1, y))" },
  { rule: "x / x -> 1", build: (b, x) => b.div(x, x), becomes: "div(x, x)" },
  { rule: "x^2 -> x * x", build: power(3), becomes: "integer_pow{3}(x)" },
  { rule: "pow(x, 1/2) -> sqrt x", build: (b, x) => pow(b, x, b.like(x, 0.5)), becomes: "pow(x, 0.5)" },
  { rule: "exp log x -> x", build: (b, x) => exp(b, log(b, x)), becomes: "exp(log(x))" },
  { rule: "min(x, x) -> x", build: (b, x, y) => min(b, x, y), becomes: "min(x, y)" },
  { rule: "min(min(x, c), d) -> min(x, min(c, d))", build: (b, x) => min(b, max(b, x, b.like(x, 2)), b.like(x, 1)), becomes: "min(max(x, 2), 1)" },
  { rule: "x | true -> true", build: (b, x) => or(b, x, b.like(x, 1)), becomes: "bit_or(x, 1)", params: ints },
  { rule: "!(x < y) -> x >= y", build: (b, x, y) => not(b, lt(b, x, y)), becomes: "bit_not(lt(x, y))" },
  { rule: "x == x -> true", build: (b, x) => eq(b, x, x), becomes: "eq(x, x)" },
  { rule: "select(c, true, false) -> c", build: (b, x, _, z) => b.select(z, b.like(x, 1), b.like(x, 0)), becomes: "select(z, 1, 0)", params: choice },
  // 0 * NaN is NaN, so a choice between a value and zero may not become a product, nor the reverse.
  { rule: "none", build: (b, x, y, z) => b.mul(b.select(z, x, b.like(x, 0)), y), becomes: "mul(select(z, x, 0), y)", params: choice },
];

describe("rules of algebra", () => {
  test.each(firing)("$rule", (example) => expect(outcome(example)).toBe(example.becomes));
  test.each(silent)("$rule does not fire: $becomes", (example) => expect(outcome(example)).toBe(example.becomes));

  test("every rule has a case", () => {
    const covered = new Set(firing.map((example) => example.rule));
    expect(algebraRules.map((entry) => entry.text).filter((text) => !covered.has(text))).toEqual([]);
  });

  test("every rule that needs fast math is left alone without it", () => {
    const loose = new Set(algebraRules.filter((entry) => entry.fastMathOnly !== undefined).map((entry) => entry.text));
    for (const example of firing.filter((item) => loose.has(item.rule) && item.fastMath)) {
      expect(outcome({ ...example, fastMath: false })).not.toBe(example.becomes);
    }
  });
});

describe("casts", () => {
  const cast = (from: TensorType, ...to: ("f32" | "f64" | "i32" | "u32" | "bool")[]): string =>
    expression(runPass(simplifyAlgebra, regionOf([from], (b, x) => to.reduce((value, element) => b.op("cast", [value], { to: element }), x))));

  test.each([
    [type("f32", 2), ["f32"], "x"],
    [type("bool", 2), ["i32", "f32"], 'cast{"f32"}(x)'],
    [type("f32", 2), ["f64", "f32"], "x"],
    [type("i32", 2), ["f64", "f32"], 'cast{"f32"}(x)'],
    [type("f32", 2), ["f64", "i32"], 'cast{"i32"}(x)'],
    [type("i32", 2), ["f64", "i32"], "x"],
    [type("i32", 2), ["f32", "i32"], 'cast{"i32"}(cast{"f32"}(x))'], // f32 has 24 bits
    [type("i32", 2), ["f64", "u32"], 'cast{"u32"}(cast{"f64"}(x))'], // saturates; the direct cast wraps
    [type("f32", 2), ["i32", "f32"], 'cast{"f32"}(cast{"i32"}(x))'],
  ] as const)("%j over %j", (from, to, becomes) => expect(cast(from, ...to)).toBe(becomes));

  test("bits there and back", () => {
    const region = regionOf([f32(2)], (b, x) => b.op("bitcast", [b.op("bitcast", [x], { to: "i32" })], { to: "f32" }));
    expect(expression(runPass(simplifyAlgebra, region))).toBe("x");
  });
});
