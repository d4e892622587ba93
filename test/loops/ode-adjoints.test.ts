/** The adjoints of `odesolve` against each other and against exact solutions. */
import { describe, expect, test } from "vitest";
import { compile } from "../../compiler/index.ts";
import { wasm } from "../../targets/wasm/index.ts";
import { moduleOf } from "./support.ts";

const tensor = (shape: readonly number[], ...values: number[]) => ({ type: { element: "f32" as const, shape }, data: Float64Array.from(values) });
const given = [tensor([3], 0.3, -0.2, 0.5), tensor([3, 3], 0.2, 0.9, -0.3, -0.8, 0.25, 0.2, 0.1, 0.15, -0.6), tensor([], 0.1), tensor([], 1.3)];

const run = (options: string, body = "tanh(y @ w) + 0.2 * t", rest = "return { y, g: grad(sum(sin(y)), (x, w, t0, t1)) }"): number[] =>
  moduleOf(`export fn f(x: f32[3], w: f32[3, 3], t0: f32, t1: f32) {
    let y = odesolve(${options}) y = x for t in [t0, t1] => ${body}
    ${rest}
  }`).call("f", {}, given).flatMap(({ data }) => [...data]);

const distance = (a: readonly number[], b: readonly number[]): number => Math.max(...a.map((value, i) => Math.abs(value - b[i])));

describe("the gradients of the state, the parameters and both times", () => {
  const exact = run("dopri5, steps = 60");
  test.each([
    "rk4, steps = 40, adjoint = checkpointed", "rk4, steps = 40, adjoint = continuous", "tsit5, steps = 20, adjoint = continuous",
    "dopri5, rtol = 1e-9, atol = 1e-10, max = 500", "dopri5, rtol = 1e-9, atol = 1e-10, max = 500, adjoint = continuous",
    "tsit5, rtol = 1e-9, atol = 1e-10, max = 500", "tsit5, rtol = 1e-8, atol = 1e-9, adjoint = continuous", "bosh3, rtol = 1e-8, atol = 1e-9, max = 2000, adjoint = continuous",
  ])("%s", (options) => {
    const found = run(options);
    expect(distance(found, exact)).toBeLessThan(3e-7);
    expect(found.length).toBe(3 + 3 + 9 + 2);
  });

  test("reversible steps have the derivative of the steps", () => {
    expect(distance(run("implicit_midpoint, steps = 12, adjoint = reversible"), run("implicit_midpoint, steps = 12"))).toBeLessThan(1e-5);
  });

  test("the continuous adjoint converges to the derivative of the steps with the method's order", () => {
    const error = (steps: number): number => distance(run(`midpoint, steps = ${steps}, adjoint = continuous`), run(`midpoint, steps = ${steps}`));
    const order = Math.log2(error(16) / error(32));
    expect(order).toBeGreaterThan(1.7);
    expect(error(16)).toBeGreaterThan(1e-6); // they are not the same
  });

  test("several output times", () => {
    const times = (adjoint: string): number[] => run(`rk4, steps = 30, at = [0.4, 0.9, 1.3]${adjoint}`, undefined, "return { y, g: grad(sum(sin(y) * [[1], [2], [3]]), (x, w, t0)) }");
    expect(distance(times(", adjoint = continuous"), times(""))).toBeLessThan(1e-6);
  });

  test("output times that are arguments get credit: the slope there", () => {
    const module = (adjoint: string) => moduleOf(`export fn f(x: f32, ts: f32[2]) {
      let y = odesolve(rk4, steps = 30, at = ts${adjoint}) y = x for t in [0, 2] => -y
      return { y, g: jacobian(y, ts) }
    }`).call("f", {}, [tensor([], 1), tensor([2], 0.5, 1.5)]).flatMap(({ data }) => [...data]);
    const [a, b] = [Math.exp(-0.5), Math.exp(-1.5)];
    for (const adjoint of ["", ", adjoint = continuous"]) expect(distance(module(adjoint), [a, b, -a, 0, 0, -b])).toBeLessThan(1e-6);
  });

  test("forward mode, and forward over reverse", () => {
    const pushed = (options: string): number[] =>
      run(options, undefined, "let g = grad(sum(sin(y)), w)  return { y: push(y, (x, w, t0, t1), (cos(x), sin(w), 0.7, -0.4)), g: push(g, w, cos(w)) }");
    const exact = pushed("rk4, steps = 30");
    for (const options of ["rk4, steps = 30, adjoint = continuous", "dopri5, rtol = 1e-9, atol = 1e-10, adjoint = continuous"]) {
      expect(distance(pushed(options), exact)).toBeLessThan(1e-5);
    }
  });

  test("second order", () => {
    const second = (adjoint: string): number[] => run(`rk4, steps = 30${adjoint}`, undefined, "let g = grad(sum(sin(y)), w)  return grad(sum(g * g), (x, w))");
    expect(distance(second(", adjoint = continuous"), second(""))).toBeLessThan(1e-5);
  });
});

describe("what the field reads", () => {
  const both = (source: (adjoint: string) => string, args: readonly ReturnType<typeof tensor>[], limit = 1e-6): void => {
    const [a, b] = ["discrete", "continuous"].map((adjoint) => moduleOf(source(adjoint)).call("f", {}, args).flatMap(({ data }) => [...data]));
    expect(distance(a, b)).toBeLessThan(limit);
    expect(Math.max(...a.map(Math.abs))).toBeGreaterThan(0.01);
  };
  test("a model of the module, as it was when it was read", () => both((adjoint) => `
    var net = Linear[3, 3]
    export train fn f(x: f32[3]) {
      let y = odesolve(rk4, steps = 20, adjoint = ${adjoint}) y = x for t in [0, 1] => tanh(net(y))
      let before = net.weight
      net.weight <- 2 * net.weight
      return { y, g: grad(sum(y * y), (x, before)), later: net.weight }
    }`, [given[0]]));
  test("one value and another that is made of it", () => both((adjoint) => `export fn f(x: f32[3], w: f32[3, 3]) {
      let v = sin(w)
      let y = odesolve(rk4, steps = 40, adjoint = ${adjoint}) y = x for t in [0, 1] => tanh(y @ v) + y * w[0]
      return { y, g: grad(sum(y * y), (x, w)), p: push(y, w, cos(w)) }
    }`, given.slice(0, 2)));
  test("a carry of a loop around, which moves on", () => both((adjoint) => `export fn f(x: f32[3], w: f32[3, 3]) {
      let (z, v, total) = scan z = x, v = w, total = 0.0 for i in 0..3 {
        let y = odesolve(rk4, steps = 10, adjoint = ${adjoint}) y = z for t in [0, 1] => tanh(y @ v)
        let u = v
        v <- 0.5 * v
        total <- total + sum(grad(sum(y * y), u) ^ 2)
        z <- y
      }
      return { z, total, g: grad(sum(z * z), (x, w)) }
    }`, given.slice(0, 2)));
  test("in a map, where each element takes its own steps", () => both((adjoint) => `export fn f(x: f32[3], w: f32[3, 3]) {
      let y = map a in [1.0, 4.0, 0.2] => odesolve(dopri5, rtol = 1e-8, atol = 1e-9, adjoint = ${adjoint}) y = a * x for t in [0, 1] => tanh(y @ w) * a
      return { y, g: grad(sum(sin(y)), (x, w)), each: map a in [1.0, 4.0] {
        let z = odesolve(tsit5, rtol = 1e-8, atol = 1e-9, adjoint = ${adjoint}) y = a * x for t in [0, 1] => tanh(y @ w) * a
        return grad(sum(z * z), (a, w))
      } }
    }`, given.slice(0, 2)));
});

test("a solver whose steps do not suffice says so by NaN", () => {
  expect(run("dopri5, rtol = 1e-9, max = 3", undefined, "return y").every(Number.isNaN)).toBe(true);
});

test("back in time, with a first step given, and over no time at all", () => {
  const solve = (options: string, from: number, to: number): number =>
    moduleOf(`export fn f(y0: f32, t0: f32, t1: f32) = odesolve(${options}) y = y0 for t in [t0, t1] => cos(t) * y`)
      .call("f", {}, [tensor([], 1), tensor([], from), tensor([], to)])[0].data[0];
  for (const options of ["dopri5, rtol = 1e-8, atol = 1e-9", "tsit5, rtol = 1e-8, atol = 1e-9, first = 0.01", "bosh3, rtol = 1e-8, atol = 1e-9, max = 2000"]) {
    expect(solve(options, 0, 2)).toBeCloseTo(Math.exp(Math.sin(2)), 6);
    expect(solve(options, 2, 0)).toBeCloseTo(Math.exp(-Math.sin(2)), 6);
    expect(solve(options, 1, 1)).toBe(1);
  }
});

test("memory: of all steps, of some, of none", async () => {
  const bytes = async (options: string, steps: number): Promise<number> => {
    const { program, diagnostics } = await compile(`export fn f(x: f32[64], w: f32[64, 64]) {
      let y = odesolve(${options}, steps = ${steps}) y = x for t in [0, 1] => tanh(y @ w)
      return grad(sum(y * y), w)
    }`, { file: "ode.pull", targets: [wasm] });
    if (!program) throw new Error(diagnostics.map(({ message }) => message).join());
    return program.memory.arenaBytes;
  };
  const grows = async (options: string): Promise<number> => (await bytes(options, 400)) / (await bytes(options, 100));
  expect(await grows("rk4")).toBeGreaterThan(3);
  const checkpointed = await grows("rk4, adjoint = checkpointed");
  expect(checkpointed).toBeGreaterThan(1.2);
  expect(checkpointed).toBeLessThan(2.1);
  expect(await grows("rk4, adjoint = continuous")).toBe(1);
  expect(await grows("implicit_midpoint, adjoint = reversible")).toBe(1);
});
