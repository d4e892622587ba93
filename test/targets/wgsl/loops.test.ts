/** Loops on WGSL: those that go on for a fixed number of turns, those that end early, past what is submitted at once, one in another. */
import { beforeAll, describe, expect, test } from "vitest";
import { elaborate } from "../../../compiler/elaborate/index.ts";
import type { Region, TensorType } from "../../../compiler/ir/graph.ts";
import { optimize } from "../../../compiler/optimize/index.ts";
import { evaluate, ReferenceModule, tensor } from "../../../compiler/reference/index.ts";
import { schedule } from "../../../compiler/schedule/index.ts";
import { turnsAtOnce } from "../../../runtime/gpu-routine.ts";
import { build } from "../../../targets/compile.ts";
import { instantiate } from "../../../targets/index.ts";
import { emitShaders, wgsl } from "../../../targets/wgsl/index.ts";
import { region, scan, scans, whileLoop, whiles } from "../../ops/loop-cases.ts";
import { randomLoop } from "../../ops/random-loop.ts";
import { Random } from "../../ops/random.ts";
import { difference, graphOf } from "../../schedule/run.ts";
import { adapter, openDevice } from "./watched.ts";
import { openModule } from "./modules.ts";
import { compileForDevice, runRegion } from "./run.ts";

/** Every turn of a loop is dispatched, however small. */
const turnByTurn = { ...wgsl.machine, mergesLoops: false };

async function agreement(written: Region): Promise<void> {
  const args = new Random(5).tensors(written.params.map((param) => written.types[param]), { low: -1, high: 1 })
    .map(({ type, data }) => ({ type, data: type.element === "i32" ? data.map((x) => Math.abs(x % 5)) : data }));
  const expected = evaluate(written, args, { round: "f32" });
  for (const machine of [wgsl.machine, turnByTurn]) expect(difference(expected, await runRegion(written, args, false, machine), 1e-5), `as ${machine === turnByTurn ? "dispatches" : "kernels"}`).toBeUndefined();
}

const i32: TensorType = { element: "i32", shape: [] };
/** Adds the index to a carry until it is `limit` or more; 1000 turns at most. */
const climb = (b: Parameters<typeof whileLoop>[0], start: Parameters<typeof whileLoop>[2][number], limit: number) =>
  whileLoop(b, 1000, [start], [], (c, _, n) => [c.op("ge", [n, c.constant(i32, limit)], {})], (c, index, n) => [c.add(c.add(n, index), c.constant(i32, 1))]);
/** Loops whose turns the host counts. */
const long: Readonly<Record<string, () => Region>> = {
  "ends within the first turns": () => region([i32], (b, n) => climb(b, n, 30)),
  "ends far behind them": () => region([i32], (b, n) => climb(b, n, 20_000)),
  "takes exactly as many turns as are submitted": () => region([i32], (b, n) => climb(b, n, (turnsAtOnce * (turnsAtOnce + 1)) / 2)),
  "stands in a scan": () => region([i32, { element: "i32", shape: [3] }], (b, n, limits) =>
    scan(b, { length: 3, carries: [n], inputs: [limits] }, (c, index, m, x) => { const [last, turns] = climb(c, c.add(m, x), 5000); return [c.sub(last, c.add(turns, index)), turns]; })),
  "stands in a loop that ends early": () => region([i32], (b, n) =>
    whileLoop(b, 9, [n], [], (c, _, m) => [c.op("gt", [m, c.constant(i32, 2100)], {})], (c, index, m) => [c.add(climb(c, m, 2000)[0], index)])),
};
const short: Readonly<Record<string, () => Region>> = {
  "one in another, both ending early": () => region([i32], (b, n) =>
    whileLoop(b, 8, [n], [], (c, _, m) => [c.op("gt", [m, c.constant(i32, 40)], {})], (c, index, m) => {
      const [last, turns] = whileLoop(c, 9, [m], [index], (d, at, k, outer) => [d.op("gt", [d.mul(k, at), d.add(outer, d.constant(i32, 20))], {})], (d, at, k) => [d.add(k, at)]);
      return [c.add(last, turns)];
    })),
  "of so many kernels in a turn that numbers of variables are those of types": () => region([{ element: "f32", shape: [6, 5, 4] }], (b, h) =>
    scan(b, { length: 3, carries: [h] }, (c, _, start) => {
      let next = start;
      for (let i = 0; i < 14; i++) next = c.op("sin", [c.op("reverse", [next], { axes: [0, 2] })], {});
      return [next];
    })),
  "of more turns than fit into a uniform buffer's binding": () => region([{ element: "f32", shape: [3] }, { element: "f32", shape: [700, 3] }], (b, h, xs) =>
    scan(b, { length: 700, carries: [h], inputs: [xs] }, (c, _, h0, x) => { const next = c.op("sin", [c.add(h0, x)], {}); return [next, next]; })),
};

describe.skipIf(adapter === null)("loops on WGSL", () => {
  beforeAll(async () => { await openDevice(); });

  test.each(Object.entries({ ...scans, ...whiles, ...short, ...long }))("%s", (_, make) => agreement(make()));

  test.each([[64, true], [2 ** 16, false]])("of a turn over %i elements is one kernel: %s", (length, isKernel) => {
    const written = region([{ element: "f32", shape: [length] }], (b, h) => scan(b, { length: 9, carries: [h] }, (c, _, x) => [c.op("sin", [x], {})]));
    const { shaders, routines } = emitShaders(schedule(optimize(graphOf(written)), wgsl.machine));
    expect(shaders.some(({ name }) => name === "loop_9")).toBe(isKernel);
    expect(Object.values(routines).flat().some((step) => typeof step !== "number")).toBe(!isKernel);
  });

  test("random ones", async () => {
    for (let seed = 0; seed < 40; seed++) {
      const { region: written, args } = randomLoop(seed);
      const expected = evaluate(written, args, { round: "f32" });
      expect.soft(difference(expected, await runRegion(written, args), 1e-4), `seed ${seed}`).toBeUndefined();
      expect.soft(difference(expected, await runRegion(written, args, false, turnByTurn), 1e-4), `seed ${seed}, as dispatches`).toBeUndefined();
    }
  });

  const programs: Readonly<Record<string, string>> = {
    "a fixed point and its derivative": `export fn f(a: f32[4], b: f32[4]) {
      let z = fixpoint(tol = 1e-6, max = 200) z = zeros([4]) => tanh(0.4 * z * a + b)
      return { z, a: grad(sum(z * z), a) }
    }`,
    "an ODE and its derivative": `export fn f(a: f32[4], b: f32[4]) {
      let y = odesolve(rk4, steps = 8) y = a for t in [0, 1] => sin(y) * b
      return { y, b: grad(sum(y * y), b) }
    }`,
    "a fixed point for each row of a map": `export fn f(a: f32[4], b: f32[4]) = map (x, y) in (a, b) => fixpoint(tol = 1e-6, max = 40) z = 0.0 => sin(x * z + y)`,
    "gradients of each row through a loop": `export fn f(a: f32[4], b: f32[4]) = map x in a { let s = scan s = x for y in b { s <- tanh(s + x * y) }  return grad(s, x) }`,
  };
  test.each(Object.entries(programs))("%s", async (_, source) => {
    const { graph } = elaborate(source, { file: "loop.pull" });
    if (!graph) throw new Error("no graph");
    const args = [[0.5, -0.7, 0.2, 0.9], [0.3, 0.1, -0.6, 0.8]];
    const expected = new ReferenceModule(graph).call("f", {}, args.map((values) => tensor({ element: "f32", shape: [4] }, values)));
    const found = [...(await (await compileForDevice(source)).call("f", args)).values()];
    expect(found.length).toBe(expected.length);
    expected.forEach(({ data }, i) => data.forEach((value, at) => expect(Math.abs(value - found[i][at]), `result ${i}[${at}]`).toBeLessThan(1e-5)));
  });

  test("draws in loops and maps have the bits of wasm", async () => {
    const source = `
      var seen: i32 = 0
      export train fn f() {
        seen <- seen + 1
        let rows = map i in 0..5 => uniform([3])
        let turns = scan for i in 0..5 { emit uniform([3]) }
        let both = map i in 0..4 => scan for j in 0..3 { emit bernoulli(0.5, [7]) }
        return { rows, turns, both, order: scan for i in 0..3 { emit permutation(9) } }
      }`;
    const onWasm = await build(source, { file: "draws.pull", targets: ["wasm"] });
    expect(onWasm.diagnostics).toEqual([]);
    const [wasm, gpu] = [await instantiate(onWasm, { seed: 9 }), await openModule(await build(source, { file: "draws.pull", targets: ["wgsl"] }), { seed: 9 })];
    for (let call = 0; call < 3; call++) expect(await gpu.f()).toEqual(wasm.f());
  });

  test("calls of long loops wait for each other, and see the arguments that they were given", async () => {
    const source = `
      var total: i32 = 0
      export train fn f(limit: i32) -> { n: i32, total: i32 } {
        let n = scan n = 0 for i in 0..5000 until n >= limit { n <- n + i }
        total <- total + n
        return { n, total }
      }`;
    const built = await build(source, { file: "queue.pull", targets: ["wgsl"] });
    expect(built.diagnostics).toEqual([]);
    const gpu = await openModule(built);
    const calls = [10_000, 3, 50_000].map((limit) => gpu.f(limit));
    const saved = gpu.parameters.total.read();
    const reached = (limit: number): number => { let n = 0; for (let i = 0; n < limit; i++) n += i; return n; };
    const [a, b, c] = [10_000, 3, 50_000].map(reached);
    expect(await Promise.all(calls)).toEqual([{ n: a, total: a }, { n: b, total: a + b }, { n: c, total: a + b + c }]);
    expect([...await saved]).toEqual([a + b + c]);
  });
});
