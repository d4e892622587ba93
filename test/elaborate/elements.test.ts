/** Elements and numbers: what converts, integers, bool as a field, broadcasting. */
import { describe, expect, it } from "vitest";
import { messages, program, results } from "./program.ts";

describe("numbers known at build", () => {
  it("are exact and take the element of what they meet", () => {
    const { module, call } = program(`
      export fn f(x: f32, d: f64, i: i32) -> (f32, f64, i32) = (x * (1 / 3), d * (1 / 3), i * 2)
      export fn alone() = (1, 1.0, 1 / 3, 2 ^ 10, 6 / 3, true, [1, 2], [1, 2.5], 0..3)`);
    expect(call("f", 3, 3, 3)).toEqual([[1], [1], [6]]);
    expect(call("alone")).toEqual([[1], [1], [1 / 3], [1024], [2], [1], [1, 2], [1, 2.5], [0, 1, 2]]);
    const { result } = module.entry("alone");
    expect(result?.kind === "tuple" && result.items.map((item) => item.kind === "tensor" && item.type.element))
      .toEqual(["i32", "f32", "f32", "i32", "f32", "bool", "i32", "f32", "i32"]);
  });
  it("of a list have one element, in any nesting", () => {
    const { call, module } = program("var w = [[1, 2], [3, 4.5]]\nexport fn f(x: f32) -> (f32[2, 2], f32[2, 2], f32[2]) = (w, x * [[1, 0], [0, 1]], 2 * [1.5, 2])");
    expect(call("f", 3)).toEqual([[1, 2, 3, 4.5], [3, 0, 0, 3], [3, 4]]);
    expect(module.state("w").type).toEqual({ element: "f32", shape: [2, 2] });
  });
  it("fill what a type declares", () => {
    expect(results("let x: f32[2, 2] = 3\nlet y: { a: f32, b: i32[2] } = { a: 1, b: 2 }\nreturn (x, y)")).toEqual([[3, 3, 3, 3], [1], [2, 2]]);
  });
  it("are refused where the element lacks them", () => {
    expect(messages("export fn f(i: i32) -> i32 = i * 0.5")).toEqual(["0.5 is no i32"]);
    expect(messages("export fn f(i: u32) -> u32 = i + -1")).toEqual(["-1 is no u32"]);
    expect(messages("export fn f(i: i32) -> i32 = i + 2147483648")).toEqual(["2147483648 is no i32"]);
  });
});

describe("elements", () => {
  it("do not convert by themselves", () => {
    expect(messages("export fn f(x: f32, i: i32) -> f32 = x + i")).toEqual(["the operands have different elements"]);
    expect(messages("export fn f(x: f32, d: f64) -> f64 = x + d")).toEqual(["the operands have different elements"]);
    expect(messages("export fn f(x: f32) -> f64 = x")).toEqual(["the result of f must be f64"]);
  });
  it("convert by name", () => {
    const { call } = program(`
      export fn f(x: f32[4], b: bool, u: u32) -> (i32[4], bool[4], f32, i32, f64) = (i32(x), bool(x), f32(b), i32(u), f64(x[0]))`);
    expect(call("f", [2.7, -2.7, 0, 1e10], 1, 4294967295)).toEqual([[2, -2, 0, 2147483647], [1, 1, 0, 1], [1], [-1], [2.7]]);
  });
  it("of integers have floored div and mod, and wrap", () => {
    const { call } = program("export fn f(a: i32[4], b: i32[4]) -> (i32[4], i32[4], i32[4]) = (div(a, b), mod(a, b), a ^ 2)");
    expect(call("f", [7, -7, 7, -7], [2, 2, -2, -2])).toEqual([[3, -4, -4, 3], [1, 1, -1, -1], [49, 49, 49, 49]]);
    expect(program("export fn f(a: i32) -> i32 = a + 1").call("f", 2147483647)).toEqual([[-2147483648]]);
    expect(results("return (div(-7, 2), mod(-7, 2), 7 / 2)")).toEqual([[-4], [1], [3.5]]);
    expect(messages("export fn f(a: i32) -> i32 = a / 2")).toEqual(["integers have no `/`"]);
  });
  it("of bool are the field of two: + is xor, * is and", () => {
    const { call } = program(`
      export fn f(a: bool[4], b: bool[4]) -> (bool[4], bool[4], bool[4], bool[4], bool[4], bool[4], bool, i32) =
        (a + b, a * b, a || b, a && b, !a, a - b, sum(a), count(a))
      export fn g(w: bool[2, 2], x: bool[2]) -> bool[2] = w @ x`);
    expect(call("f", [0, 0, 1, 1], [0, 1, 0, 1])).toEqual([[0, 1, 1, 0], [0, 0, 0, 1], [0, 1, 1, 1], [0, 0, 0, 1], [1, 1, 0, 0], [0, 1, 1, 0], [0], [2]]);
    expect(call("g", [1, 1, 1, 0], [1, 1])).toEqual([[0, 1]]);
  });
});

describe("broadcasting", () => {
  it("is NumPy's", () => {
    const { call } = program(`
      export fn f(a: f32[2, 1, 3], b: f32[2, 1], v: f32[3], s: f32) -> (f32[2, 2, 3], f32[2, 3], f32[3]) = (a + b, b * v, v + s)`);
    expect(call("f", [1, 2, 3, 4, 5, 6], [10, 20], [1, 2, 3], 1)).toEqual([
      [11, 12, 13, 21, 22, 23, 14, 15, 16, 24, 25, 26], [10, 20, 30, 20, 40, 60], [2, 3, 4],
    ]);
  });
  it("leads with batch axes in a product; a vector is a row left and a column right", () => {
    const { call } = program(`
      export fn f(a: f32[2, 2, 2], m: f32[2, 2], v: f32[2]) -> (f32[2, 2, 2], f32[2], f32[2], f32, f32[2, 2], f32[2, 2]) =
        (a @ m, v @ m, m @ v, v @ v, a @ v, m.T)`);
    expect(call("f", [1, 0, 0, 1, 2, 0, 0, 2], [1, 2, 3, 4], [1, 10])).toEqual([
      [1, 2, 3, 4, 2, 4, 6, 8], [31, 42], [21, 43], [101], [1, 10, 2, 20], [1, 3, 2, 4],
    ]);
  });
  it("of comparisons gives bool, and of logic too", () => {
    const { call } = program("export fn f(x: f32[3]) -> (bool[3], bool[3]) = (x >= 2, x == 2 || !(x < 3) && x != 1)");
    expect(call("f", [1, 2, 3])).toEqual([[0, 1, 1], [0, 1, 1]]);
  });
});

describe("operators", () => {
  it("bind as the table says", () => {
    expect(results("return (-2 ^ 2, 2 ^ 3 ^ 2, 2 ^ -1, 1 - 2 - 3, 2 * 3 + 4 / 2, 1 < 2 && 3 < 2 || true, 2 |> double |> double)", "fn double(x: f32) -> f32 = 2 * x"))
      .toEqual([[-4], [512], [0.5], [-4], [8], [1], [8]]);
  });
  it("of powers are exact for whole exponents", () => {
    const { call } = program("export fn f(x: f32) -> (f32, f32, f32, f32) = (x ^ 3, x ^ -2, x ^ 0.5, x ^ 0)");
    expect(call("f", 4)).toEqual([[64], [1 / 16], [2], [1]]);
    expect(program("export fn f(x: f32) -> f32 = x ^ 3").call("f", -2)).toEqual([[-8]]);
  });
});
