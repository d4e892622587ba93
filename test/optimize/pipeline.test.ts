/** The whole list, on programs. */
import { expect, test } from "vitest";
import { pull } from "../../compiler/differentiate/index.ts";
import { Builder } from "../../compiler/ir/builder.ts";
import type { Region, ValueId } from "../../compiler/ir/graph.ts";
import { printGraph } from "../../compiler/ir/print.ts";
import { verify } from "../../compiler/ir/verify.ts";
import { optimize, passes, runPasses, simplifyingPrefix } from "../../compiler/optimize/index.ts";
import { counter } from "../ir/counter.ts";
import { f32, regionOf, text } from "./regions.ts";

const run = (region: Region): Region => runPasses(region, passes, { fastMath: false }, (pass, changed) => {
  try {
    verify(changed);
  } catch (error) {
    throw new Error(`${pass.name}: ${String(error)}`, { cause: error });
  }
});

test("a step of gradient descent over two axes of examples, products transposed by hand", () => {
  const region = regionOf([f32(16, 8), f32(8), f32(4, 5, 16), f32()], (b, w, bias, x, lr) => {
    const product = b.op("dot", [x, w], { leftBatch: [], rightBatch: [], leftContract: [2], rightContract: [0] });
    const y = b.op("tanh", [b.add(product, b.broadcast(bias, [4, 5, 8], [2]))], {});
    const loss = b.sum(b.mul(y, y), [0, 1, 2]);
    const wants = [w, bias];
    return pull(b, [loss], wants, [b.like(loss, 1)]).map((credit, i) => {
      const step = b.broadcast(lr, b.typeOf(wants[i]).shape, []);
      return b.sub(wants[i], b.mul(step, credit ?? b.like(wants[i], 0)));
    });
  });
  expect(text(run(region))).toMatchInlineSnapshot(`
    "%4: f32[20,16] = reshape %2
    %5: f32[20,8] = dot %4 %0 {leftContract=[1] rightContract=[0]}
    %6: f32[20,8] = broadcast %1 {axes=[1]}
    %7: f32[20,8] = add %5 %6
    %8: f32[20,8] = tanh %7
    %9: f32[20,8] = add %8 %8
    %10: f32[20,8] = mul %8 %8
    %11: f32[20,8] = constant {data=[1]}
    %12: f32[20,8] = sub %11 %10
    %13: f32[20,8] = mul %9 %12
    %14: f32[8] = reduce_sum %13 {axes=[0]}
    %15: f32[16,8] = dot %4 %13 {leftContract=[0] rightContract=[0]}
    %16: f32[16,8] = broadcast %3
    %17: f32[16,8] = mul %16 %15
    %18: f32[16,8] = sub %0 %17
    %19: f32[8] = broadcast %3
    %20: f32[8] = mul %19 %14
    %21: f32[8] = sub %1 %20
    return %18 %21"
  `);
});

test("index notation becomes a product of matrices", () => {
  // for [b, i] => sum[k](x[b, k] * w[i, k])
  const region = regionOf([f32(32, 64), f32(10, 64)], (b, x, w) => {
    const shape = [32, 10, 64];
    return b.sum(b.mul(b.broadcast(x, shape, [0, 2]), b.broadcast(w, shape, [1, 2])), [2]);
  });
  expect(text(run(region))).toMatchInlineSnapshot(`
    "%2: f32[32,10] = dot %0 %1 {leftContract=[1] rightContract=[1]}
    return %2"
  `);
});

test("a graph: entries and init, told pass by pass", () => {
  const graph = counter();
  const before = printGraph(graph);
  const told: string[] = [];
  const optimized = optimize(graph, { trace: (pass, changed) => { verify(changed); told.push(pass); } });
  verify(optimized);
  expect(printGraph(graph)).toBe(before);
  expect(printGraph(optimize(optimized))).toBe(printGraph(optimized));
  expect(new Set(told)).toMatchInlineSnapshot(`
    Set {
      "simplify-movement",
      "merge-reductions",
    }
  `);
  expect(printGraph(optimized)).toMatchInlineSnapshot(`
    "state w: f32[] trained
    state calls: i32[] state

    init (%0: u32[]) -> (%3, %4)
      %1: u32[] = constant {data=[1]}
      %2: u32[] = shift_right %0 %1
      %3: f32[] = cast %2
      %4: i32[] = constant {data=[0]}

    train entry step[N=1](x: f32[N=1], lr: f32[]) -> {loss: f32[]}
      reads w calls
      writes w calls
    region (%0: f32[], %1: i32[], %2: f32[1], %3: f32[]) -> (%13, %15, %7)
      %4: f32[1] = reshape %0
      %5: f32[1] = mul %4 %2
      %6: f32[1] = mul %5 %5
      %7: f32[] = reshape %6
      %8: f32[1] = constant {data=[2]}
      %9: f32[1] = mul %5 %2
      %10: f32[1] = mul %8 %9
      %11: f32[] = reshape %10
      %12: f32[] = mul %3 %11
      %13: f32[] = sub %0 %12
      %14: i32[] = constant {data=[1]}
      %15: i32[] = add %1 %14

    train entry step[N=2](x: f32[N=2], lr: f32[]) -> {loss: f32[]}
      reads w calls
      writes w calls
    region (%0: f32[], %1: i32[], %2: f32[2], %3: f32[]) -> (%13, %15, %7)
      %4: f32[2] = broadcast %0
      %5: f32[2] = mul %4 %2
      %6: f32[2] = mul %5 %5
      %7: f32[] = reduce_sum %6 {axes=[0]}
      %8: f32[2] = constant {data=[2]}
      %9: f32[2] = mul %5 %2
      %10: f32[2] = mul %8 %9
      %11: f32[] = reduce_sum %10 {axes=[0]}
      %12: f32[] = mul %3 %11
      %13: f32[] = sub %0 %12
      %14: i32[] = constant {data=[1]}
      %15: i32[] = add %1 %14
    "
  `);
});

test("every pass has a name of its own and says what it does; the prefix comes first", () => {
  expect(new Set(passes.map((pass) => pass.name)).size).toBe(passes.length);
  for (const pass of passes) expect(pass.doc).toMatch(/^[A-Z].*\.$/);
  expect(passes.slice(0, simplifyingPrefix.length)).toEqual(simplifyingPrefix);
});

test("a region of 5,000 nodes takes no long time", () => {
  const b = new Builder();
  const w = b.parameter(f32(8, 8));
  let x: ValueId = b.parameter(f32(4, 8));
  for (let i = 0; b.nodes.length < 5000; i++) {
    const product = b.op("dot", [x, b.transpose(w, [1, 0])], { leftBatch: [], rightBatch: [], leftContract: [1], rightContract: [0] });
    const scaled = b.div(b.add(product, b.broadcast(b.constant(f32(8), i), [4, 8], [1])), b.like(product, 3));
    x = b.add(x, b.mul(b.op("tanh", [scaled], {}), b.like(x, 1)));
  }
  const region = b.region([x]);
  const start = process.cpuUsage();
  const optimized = runPasses(region, passes, { fastMath: false });
  const { user, system } = process.cpuUsage(start);
  // Some 100 ms when nothing else runs; what is quadratic takes seconds.
  expect((user + system) / 1000).toBeLessThan(2000);
  expect(optimized.nodes.length).toBeLessThan(region.nodes.length * 0.7);
});
