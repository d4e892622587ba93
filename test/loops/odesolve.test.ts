import { describe, expect, test } from "vitest";
import { moduleOf } from "./support.ts";

const scalar = (value: number) => ({ type: { element: "f32" as const, shape: [] }, data: Float64Array.of(value) });
const orders = { euler: 1, midpoint: 2, heun: 2, rk4: 4, bosh3: 3, dopri5: 5, tsit5: 5, implicit_midpoint: 2 };

/** y' = cos(t) y with y(0) = 1: y = exp(sin t). */
function errorOf(method: string, steps: number): number {
  const module = moduleOf(`export fn f(y0: f32) = odesolve(${method}, steps = ${steps}) y = y0 for t in [0, 2] => cos(t) * y`);
  return Math.abs(module.call("f", {}, [scalar(1)])[0].data[0] - Math.exp(Math.sin(2)));
}

describe("odesolve with fixed steps", () => {
  test.each(Object.entries(orders))("%s converges with order %i", (method, order) => {
    const measured = Math.log2(errorOf(method, 16) / errorOf(method, 32));
    expect(measured).toBeGreaterThan(order - 0.35);
    expect(measured).toBeLessThan(order + 0.7);
  });

  test.each([16, 17])("gradients by %i steps equal those of checkpoints and of the exact solution", (steps) => {
    const program = (adjoint: string) => `export fn f(y0: f32, a: f32, t: f32) {
      let y = odesolve(rk4, steps = ${steps}, adjoint = ${adjoint}) y = y0 for s in [0, t] => a * y
      return grad(y, (y0, a, t))
    }`;
    const run = (adjoint: string) => moduleOf(program(adjoint)).call("f", {}, [scalar(0.7), scalar(0.5), scalar(2)]).map(({ data }) => data[0]);
    const exact = [Math.E, 0.7 * 2 * Math.E, 0.7 * 0.5 * Math.E];
    run("discrete").forEach((value, i) => expect(value / exact[i]).toBeCloseTo(1, 5));
    run("checkpointed").forEach((value, i) => expect(value).toBeCloseTo(run("discrete")[i], 12));
  });

  test("several carries, backwards in time, and states at given times", () => {
    const module = moduleOf(`export fn f(q: f32, p: f32) {
      let (a, b) = odesolve(rk4, step = 0.05) x = q, v = p for t in [0, 1] => (v, -x)
      let (c, d) = odesolve(rk4, step = 0.05) x = a, v = b for t in [1, 0] => (v, -x)
      return { a, c, d, at: odesolve(rk4, steps = 10, at = [0.5, 1.0, 2.0]) x = q for t in [0, 2] => x }
    }`);
    const [a, c, d, at] = module.call("f", {}, [scalar(1), scalar(0)]).map(({ data }) => [...data]);
    expect(a[0]).toBeCloseTo(Math.cos(1), 6);
    expect(c[0]).toBeCloseTo(1, 6);
    expect(d[0]).toBeCloseTo(0, 6);
    at.forEach((value, i) => expect(value).toBeCloseTo(Math.exp([0.5, 1, 2][i]), 4));
  });
});
