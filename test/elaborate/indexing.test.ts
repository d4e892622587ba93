/** Index notation, slices and gathers. */
import { describe, expect, it } from "vitest";
import { program, results } from "./program.ts";

const a = "const a = reshape(f32(0..6), [2, 3])\nconst b = reshape(f32(0..12), [3, 4])\nconst v = [10.0, 20.0, 30.0]";
const matrix = (rows: number, columns: number, f: (i: number, j: number) => number): number[] =>
  Array.from({ length: rows * columns }, (_, at) => f(Math.floor(at / columns), at % columns));

describe("index notation", () => {
  const value = (expression: string): number[] => results(`return ${expression}`, a)[0];
  it("takes ranges from the operands or as given", () => {
    expect(value("for [i, j] => a[i, j] + v[j]")).toEqual(matrix(2, 3, (i, j) => i * 3 + j + 10 * (j + 1)));
    expect(value("for [j, i] => a[i, j]")).toEqual(matrix(3, 2, (j, i) => i * 3 + j));
    expect(value("for [i in 1..3] => v[i]")).toEqual([20, 30]);
    expect(value("for [i in 0..2, j in 2..4] => 10 * i + j")).toEqual([2, 3, 12, 13]);
  });
  it("reduces over variables, nested and inside of a comprehension", () => {
    expect(value("sum[i, j](a[i, j])")).toEqual([15]);
    expect(value("for [i, k] => sum[j](a[i, j] * b[j, k])")).toEqual(matrix(2, 4, (i, k) => [0, 1, 2].reduce((sum, j) => sum + (i * 3 + j) * (j * 4 + k), 0)));
    expect(value("max[i](sum[j](a[i, j]))")).toEqual([12]);
    expect(value("for [i] => sum[j](a[i, j]) / sum[k, j](a[k, j])")).toEqual([3 / 15, 12 / 15]);
    expect(value("for [i] => mean[j](a[i, j] * (for [k] => a[k, j])[0])")).toEqual([(0 + 1 + 4) * (1 / 3), (0 + 4 + 10) * (1 / 3)]);
  });
  it("takes diagonals, shifted and strided windows", () => {
    expect(value("for [i in 0..2] => a[i, i]")).toEqual([0, 4]);
    expect(value("for [i in 0..2] => v[i + 1] - v[i]")).toEqual([10, 10]);
    expect(value("for [i in 0..2, k in 0..2] => f32(0..6)[2 * i + k]")).toEqual([0, 1, 2, 3]);
    expect(value("for [i in 0..3] => v[2 - i]")).toEqual([30, 20, 10]);
  });
  it("has packs", () => {
    expect(value("for [c] => sum[...n](a[...n, c])")).toEqual([3, 5, 7]);
    expect(value("for [...n] => 2 * a[...n, 1]")).toEqual([2, 8]);
    expect(value("sum[...n](a[...n])")).toEqual([15]);
  });
  it("gathers by what is computed, and keeps other axes", () => {
    expect(value("for [i in 0..3] => v[i * i]")).toEqual([10, 20, 30]); // clamped
    expect(value("for [i] => a[i]")).toEqual([0, 1, 2, 3, 4, 5]);
    expect(value("for [i] => sum(a[i] * v)")).toEqual([20 + 60, 30 + 80 + 150]);
  });
  it("uses the variables as numbers", () => {
    expect(value("for [i in 0..3, j in 0..3] => where(j <= i, f32(i + j), -1)")).toEqual(matrix(3, 3, (i, j) => (j <= i ? i + j : -1)));
  });
  it("is differentiated", () => {
    const { call } = program("export fn f(x: f32[2, 3], w: f32[3]) -> (f32[2, 3], f32[3]) { let l = sum[i, j](x[i, j] * w[j] ^ 2)  return grad(l, (x, w)) }");
    expect(call("f", [1, 2, 3, 4, 5, 6], [1, 2, 3])).toEqual([[1, 4, 9, 1, 4, 9], [2 * 5, 4 * 7, 6 * 9]]);
  });
});

describe("slices and gathers", () => {
  const { call } = program(`
    dim N = 3
    export fn slices(x: f32[2, N, 4]) -> (f32[4], f32[2, 4], f32[2, 2], f32[N], f32[2, N, 2], f32[N, 4]) =
      (x[0, -1], x[:, 1], x[1, 0:2, 1:4:2], x[-1, :, 0], x[..., 2:], x[0, ...])
    export fn gathers(x: f32[2, N, 4], i: i32[2], j: i32[2]) -> (f32[2, N, 4], f32[2, 2, 4], f32[2, N], f32[2, 4]) =
      (x[i], x[:, j], x[i, :, j], x[i, j])`);
  const x = Array.from({ length: 24 }, (_, at) => at);
  const at = (i: number, j: number, k: number): number => i * 12 + j * 4 + k;
  const row = (i: number, j: number): number[] => [0, 1, 2, 3].map((k) => at(i, j, k));
  it("are NumPy's slices", () => {
    expect(call("slices", x)).toEqual([
      row(0, 2), [...row(0, 1), ...row(1, 1)], [at(1, 0, 1), at(1, 0, 3), at(1, 1, 1), at(1, 1, 3)],
      [at(1, 0, 0), at(1, 1, 0), at(1, 2, 0)], matrix(6, 2, (r, k) => r * 4 + 2 + k), x.slice(0, 12),
    ]);
  });
  it("are NumPy's advanced indexing: together in place, apart in front", () => {
    expect(call("gathers", x, [1, 0], [2, 0])).toEqual([
      [...x.slice(12), ...x.slice(0, 12)],
      [...row(0, 2), ...row(0, 0), ...row(1, 2), ...row(1, 0)],
      [at(1, 0, 2), at(1, 1, 2), at(1, 2, 2), at(0, 0, 0), at(0, 1, 0), at(0, 2, 0)],
      [...row(1, 2), ...row(0, 0)],
    ]);
  });
  it("clamp run-time positions and check those known at build", () => {
    const clamped = program("export fn f(x: f32[3], i: i32) -> f32 = x[i]\nexport fn g(x: f32[3], i: i32[2]) -> f32[2] = x[i + 1]");
    expect([call("gathers", x, [9, -9], [0, 0])[3], clamped.call("f", [1, 2, 3], 7), clamped.call("f", [1, 2, 3], -7)]).toEqual([[...row(1, 0), ...row(0, 0)], [[3]], [[1]]]);
    expect(clamped.call("g", [1, 2, 3], [1, 5])).toEqual([[3, 3]]);
  });
  it("clip bounds as Python does", () => {
    expect(results("let w = 1 * v  return (w[5:], w[-2:], w[:-1], w[0:100:2], w[2:1])", a)).toEqual([[], [20, 30], [10, 20], [10, 30], []]);
  });
  it("mix with slices and single positions", () => {
    const mixed = program(`
      export fn f(x: f32[2, 3, 4], i: i32[2]) -> (f32[2, 2], f32[2, 3], f32[2, 2, 2], f32[2, 3]) =
        (x[0, i, 1:3], x[i, :, -1], x[:, i, 0:4:2], x[1, :, i])`);
    expect(mixed.call("f", x, [0, 2])).toEqual([
      [at(0, 0, 1), at(0, 0, 2), at(0, 2, 1), at(0, 2, 2)],
      [at(0, 0, 3), at(0, 1, 3), at(0, 2, 3), at(1, 0, 3), at(1, 1, 3), at(1, 2, 3)],
      [at(0, 0, 0), at(0, 0, 2), at(0, 2, 0), at(0, 2, 2), at(1, 0, 0), at(1, 0, 2), at(1, 2, 0), at(1, 2, 2)],
      [at(1, 0, 0), at(1, 1, 0), at(1, 2, 0), at(1, 0, 2), at(1, 1, 2), at(1, 2, 2)], // a number apart from i counts too
    ]);
  });
  it("scatter credit back", () => {
    const { call: derive } = program("export fn f(x: f32[3], i: i32[4]) -> f32[3] = grad(sum(x[i] * [1, 2, 3, 4]), x)");
    expect(derive("f", [0, 0, 0], [0, 2, 2, 9])).toEqual([[1, 0, 9]]);
  });
});
