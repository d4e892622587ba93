import { describe, expect, test } from "vitest";
import { moduleOf } from "./support.ts";

const vector = (...values: number[]) => ({ type: { element: "f32" as const, shape: [values.length] }, data: Float64Array.from(values) });
const matrix = (rows: number[][]) => ({ type: { element: "f32" as const, shape: [rows.length, rows[0].length] }, data: Float64Array.from(rows.flat()) });
const given = [vector(0.3, -0.2, 0.5), matrix([[0.2, 0.1, -0.3], [0.1, 0.25, 0.2], [-0.1, 0.15, 0.3]])];

describe("fixpoint", () => {
  const implicit = `export fn f(x: f32[3], w: f32[3, 3]) {
    let z = fixpoint(tol = 1e-10, max = 200) z = zeros([3]) => tanh(z @ w + x)
    return { z, g: grad(sum(z * z), (x, w)) }
  }`;
  const unrolled = `export fn f(x: f32[3], w: f32[3, 3]) {
    let z = scan z = zeros([3]) for i in 0..200 { z <- tanh(z @ w + x) }
    return { z, g: grad(sum(z * z), (x, w)) }
  }`;
  test("value and implicit gradients are those of the unrolled iteration", () => {
    const [a, b] = [moduleOf(implicit), moduleOf(unrolled)].map((module) => module.call("f", {}, given));
    a.forEach(({ data }, i) => data.forEach((value, at) => expect(Math.abs(value - b[i].data[at])).toBeLessThan(1e-8)));
  });

  test("several values at once, and nothing for what f does not read", () => {
    const module = moduleOf(`export fn f(x: f32[3], w: f32[3, 3]) {
      let (a, b) = fixpoint(tol = 1e-12, max = 300) a = zeros([3]), b = zeros([3]) => (0.5 * b + x, 0.25 * a)
      return { a, b, g: grad(sum(a) + sum(b), x) }
    }`);
    const [a, b, g] = module.call("f", {}, given).map(({ data }) => [...data]);
    a.forEach((value, i) => expect(value).toBeCloseTo(given[0].data[i] / 0.875, 9));
    b.forEach((value, i) => expect(value).toBeCloseTo(given[0].data[i] / 3.5, 9));
    g.forEach((value) => expect(value).toBeCloseTo(1.25 / 0.875, 9));
  });

  test("forward mode, and forward over reverse, are those of the unrolled iteration", () => {
    const body = "return { p: push(z, (x, w), (cos(x), sin(w))), h: push(grad(sum(z * z), w), x, sin(x)) }";
    const [a, b] = [implicit, unrolled].map((source) => moduleOf(source.replace(/return \{ z, g[^}]*\}/, body)).call("f", {}, given));
    a.forEach(({ data }, i) => data.forEach((value, at) => expect(Math.abs(value - b[i].data[at])).toBeLessThan(1e-8)));
  });

  test("second derivatives where the credit of the first stays after one turn: as at the minimum of a fit", () => {
    const scalar = (value: number) => ({ type: { element: "f32" as const, shape: [] }, data: Float64Array.of(value) });
    // a = p^2, b = p
    const found = moduleOf(`export fn f(p: f32) {
      let (a, b) = fixpoint(tol = 1e-9, max = 100) a = 0.0, b = 0.0 => (b * b, 0.5 * b + 0.5 * p)
      return { rr: grad(grad(a, p), p), fr: push(grad(a, p), p, 1.0), rf: grad(push(a, p, 1.0), p), ff: push(push(a, p, 1.0), p, 1.0), fit: grad(grad(b * b, p), p) }
    }`);
    for (const p of [0, 1e-5, 0.3]) for (const { data } of found.call("f", {}, [scalar(p)])) expect(data[0]).toBeCloseTo(2, 7);
  });

  test("of f64, with its derivatives", () => {
    const found = moduleOf(`export fn f(x: f64) {
      let z = fixpoint(tol = 1e-14, max = 100) z = x => 0.5 * z + x * x
      return { z, g: grad(z, x), h: grad(grad(z, x), x), p: push(z, x, f64(1)) }
    }`).call("f", {}, [{ type: { element: "f64", shape: [] }, data: Float64Array.of(0.7) }]);
    expect(found.map(({ type }) => type.element)).toEqual(["f64", "f64", "f64", "f64"]);
    [2 * 0.7 ** 2, 4 * 0.7, 4, 4 * 0.7].forEach((wanted, i) => expect(found[i].data[0]).toBeCloseTo(wanted, 12));
  });
});
