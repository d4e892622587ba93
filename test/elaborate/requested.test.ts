/** Derivatives by names that stand for numbers known at build. */
import { describe, expect, it } from "vitest";
import { program, results } from "./program.ts";

describe("a number by which a derivative is asked", () => {
  it("is a tensor from the start: alone, in a list, in a tree", () => {
    expect(results("let x = 2.0\nreturn grad(x * x * x, x)")).toEqual([[12]]);
    expect(results("let x = [1, 2]\nreturn grad(sum(x * x * 2.5), x)")).toEqual([[5, 10]]);
    expect(results("let x = [[1.0, 2.0], [3.0, 4.0]]\nreturn grad(sum(x[0] * x[1]), (x, x[1]))")).toEqual([[3, 4, 1, 2], [1, 2]]);
    expect(results("let x = { a: [1.0, 2.0], b: 3 }\nreturn grad(x.b * sum(x.a ^ 2), x)")).toEqual([[6, 12], [5]]);
    expect(results("let (x, n) = ([1.0, 2.0], 3)\nreturn grad(sum(x ^ n), x)")).toEqual([[3, 12]]);
  });
  it("is one for every request", () => {
    expect(results("let x = [1.0, 2.0]\nlet y = x * x\nreturn (pull(y, x, x), push(y, x, [1, 0]), jacobian(y, x = x))"))
      .toEqual([[2, 8], [2, 0], [2, 0, 0, 4]]);
  });
  it("may be an argument, or be used in a loop", () => {
    expect(program("fn cube(x: f32) -> f32 = grad(x * x * x, x)\nexport fn f() -> f32 = cube(2)").call("f")).toEqual([[12]]);
    expect(results("let slope = fn(x) => grad(x ^ 2, x)\nreturn slope(3.0)")).toEqual([[6]]);
    expect(results("let x = [3.0, 4.0]\nlet a = scan s = 0.0 for i in 0..2 { s <- s + x[0] * x[1] }\nreturn grad(a, x)")).toEqual([[8, 6]]);
  });
  it("stays known at build where none is asked", () => {
    expect(results("let n = [2, 3]\nlet x = ones(n)\nreturn grad(sum(x ^ 2), x)")).toEqual([[2, 2, 2, 2, 2, 2]]);
  });
});
