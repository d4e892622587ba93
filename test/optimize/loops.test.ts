/** What the passes do to loops. */
import { describe, expect, test } from "vitest";
import type { Region } from "../../compiler/ir/graph.ts";
import { commonSubexpressions } from "../../compiler/optimize/common-subexpressions.ts";
import { eliminateDeadCode } from "../../compiler/optimize/eliminate-dead-code.ts";
import { hoistInvariants } from "../../compiler/optimize/hoist-invariants.ts";
import { passes, runPasses } from "../../compiler/optimize/index.ts";
import { inlineLoops } from "../../compiler/optimize/inline-loops.ts";
import { simplifyLoops } from "../../compiler/optimize/simplify-loops.ts";
import { unrollLoops } from "../../compiler/optimize/unroll-loops.ts";
import { scan, whileLoop } from "../ops/loop-cases.ts";
import { after, f32, regionOf, text } from "./regions.ts";

const whole = (region: Region): string => text(runPasses(region, passes, { fastMath: false }));

describe("eliminate-dead-code", () => {
  test("emits, carries, inputs and captures that serve nobody go", () => {
    expect(after(eliminateDeadCode, [f32(3), f32(3), f32(4, 3), f32(4, 3), f32(3)], (b, x, y, xs, ys, k) =>
      // y only feeds itself, by way of k and ys.
      scan(b, { length: 4, carries: [x, y], inputs: [xs, ys], captures: [k] }, (c, _, p, q, s, t, m) => [c.add(p, s), c.add(c.mul(q, m), t), c.neg(q)])[0],
    )).toMatchInlineSnapshot(`
      "%5: f32[3] = scan %0 %2 {length=4 carries=1 inputs=1}
      body (%0: i32[], %1: f32[3], %2: f32[3]) -> (%3)
      %3: f32[3] = add %1 %2
      return %5"
    `);
  });

  test("what a while tests stays", () => {
    expect(after(eliminateDeadCode, [f32(3), f32(), f32()], (b, x, y, z) =>
      whileLoop(b, 9, [x, y, z], [], (c, _, __, q) => [c.op("lt", [q, c.constant(f32(), 1)], {})], (c, _, p, q, r) => [c.neg(p), c.neg(q), c.neg(r)]).at(-1) ?? x,
    )).toMatchInlineSnapshot(`
      "%3: f32[], %4: i32[] = while %1 {max=9 carries=1}
      until (%0: i32[], %1: f32[]) -> (%3)
      %2: f32[] = constant {data=[1]}
      %3: bool[] = lt %1 %2
      body (%0: i32[], %1: f32[]) -> (%2)
      %2: f32[] = neg %1
      return %4"
    `);
  });
});

describe("simplify-loops", () => {
  test("a carry that never changes is captured, constants are made in the body, args are given once", () => {
    expect(after(simplifyLoops, [f32(3), f32(3)], (b, x, y) =>
      scan(b, { length: 4, carries: [x, y], captures: [b.constant(f32(3), 2), y, b.broadcast(b.reshape(b.sum(x, [0]), [1]), [3], [0])] },
        (c, _, p, q, two, again, wide) => [c.add(c.mul(p, two), c.add(wide, c.mul(q, again))), q]),
    )).toMatchInlineSnapshot(`
      "%2: f32[] = reduce_sum %0 {axes=[0]}
      %3: f32[1] = reshape %2
      %4: f32[3] = scan %0 %1 %3 {length=4 carries=1 inputs=0}
      body (%0: i32[], %1: f32[3], %2: f32[3], %3: f32[1]) -> (%9)
      %4: f32[3] = constant {data=[2]}
      %5: f32[3] = broadcast %3 {axes=[0]}
      %6: f32[3] = mul %1 %4
      %7: f32[3] = mul %2 %2
      %8: f32[3] = add %5 %7
      %9: f32[3] = add %6 %8
      return %4 %1"
    `);
  });

  test("inputs that are one number, a row over and over, or a count", () => {
    expect(after(simplifyLoops, [f32(3)], (b, x) =>
      scan(b, { length: 4, carries: [x], inputs: [b.constant(f32(4, 3), 2), b.broadcast(x, [4, 3], [1]), b.op("iota", [], { shape: [4, 3], axis: 0, element: "f32" })] },
        (c, _, p, two, row, count) => [c.add(c.mul(p, two), c.mul(row, count))]),
    )).toMatchInlineSnapshot(`
      "%1: f32[3] = scan %0 %0 {length=4 carries=1 inputs=0}
      body (%0: i32[], %1: f32[3], %2: f32[3]) -> (%8)
      %3: f32[3] = constant {data=[2]}
      %4: f32[] = cast %0
      %5: f32[3] = broadcast %4
      %6: f32[3] = mul %1 %3
      %7: f32[3] = mul %2 %5
      %8: f32[3] = add %6 %7
      return %1"
    `);
  });

  test("emits of what is known outside", () => {
    expect(after(simplifyLoops, [f32(3), f32(4, 3), f32(3)], (b, x, xs, k) =>
      scan(b, { length: 4, carries: [x], inputs: [xs], captures: [k] }, (c, index, p, s, m) => {
        const next = c.add(p, s);
        return [next, s, m, c.constant(f32(), 7), index, next, next];
      }),
    )).toMatchInlineSnapshot(`
      "%3: f32[4,3] = broadcast %2 {axes=[1]}
      %4: f32[4] = constant {data=[7]}
      %5: i32[4] = iota {axis=0}
      %6: f32[3], %7: f32[4,3] = scan %0 %1 {length=4 carries=1 inputs=1}
      body (%0: i32[], %1: f32[3], %2: f32[3]) -> (%3, %3)
      %3: f32[3] = add %1 %2
      return %6 %1 %3 %4 %5 %7 %7"
    `);
  });
});

describe("inline-loops", () => {
  test("one turn is written out, none are dropped", () => {
    expect(after(inlineLoops, [f32(3), f32(1, 3), f32(0, 3)], (b, x, xs, none) => [
      ...scan(b, { length: 1, carries: [x], inputs: [xs] }, (c, _, p, s) => [c.mul(p, s), p]),
      ...scan(b, { length: 0, carries: [x], inputs: [none] }, (c, _, p, s) => [c.mul(p, s), p]),
    ])).toMatchInlineSnapshot(`
      "%3: f32[3] = reshape %1
      %4: f32[3] = mul %0 %3
      %5: f32[1,3] = reshape %0
      %6: f32[0,3] = constant {data=[0]}
      return %4 %5 %0 %6"
    `);
  });
});

describe("hoist-invariants", () => {
  test("what depends on captures alone is made before the loop, but not what costs nothing", () => {
    expect(after(hoistInvariants, [f32(3), f32(3)], (b, x, k) =>
      scan(b, { length: 4, carries: [x], captures: [k] }, (c, index, p, m) => {
        const scaled = c.op("exp", [c.mul(m, c.constant(f32(3), 2))], {});
        const wide = c.sum(c.broadcast(c.op("reverse", [m], { axes: [0] }), [3, 3], [1]), [1]);
        return [c.add(c.mul(p, scaled), c.mul(wide, c.broadcast(c.cast(index, "f32"), [3], [])))];
      }),
    )).toMatchInlineSnapshot(`
      "%2: f32[3] = constant {data=[2]}
      %3: f32[3] = mul %1 %2
      %4: f32[3] = exp %3
      %5: f32[3] = reverse %1 {axes=[0]}
      %6: f32[3,3] = broadcast %5 {axes=[1]}
      %7: f32[3] = reduce_sum %6 {axes=[1]}
      %8: f32[3] = scan %0 %4 %7 {length=4 carries=1 inputs=0}
      body (%0: i32[], %1: f32[3], %2: f32[3], %3: f32[3]) -> (%8)
      %4: f32[3] = mul %1 %2
      %5: f32[] = cast %0
      %6: f32[3] = broadcast %5
      %7: f32[3] = mul %3 %6
      %8: f32[3] = add %4 %7
      return %8"
    `);
  });

  test("also out of a test, and out of two loops", () => {
    expect(whole(regionOf([f32(3), f32()], (b, x, k) =>
      scan(b, { length: 4, carries: [x], captures: [k] }, (c, _, p, m) => [
        whileLoop(c, 5, [p], [m], (d, __, q, limit) => [d.op("lt", [d.sum(q, [0]), d.op("exp", [limit], {})], {})], (d, __, q) => [d.op("sin", [q], {})])[0],
      ]),
    ))).toMatchInlineSnapshot(`
      "%2: f32[] = exp %1
      %3: f32[3] = scan %0 %2 {length=4 carries=1 inputs=0}
      body (%0: i32[], %1: f32[3], %2: f32[]) -> (%3)
      %3: f32[3], %4: i32[] = while %1 %2 {max=5 carries=1}
      until (%0: i32[], %1: f32[3], %2: f32[]) -> (%4)
      %3: f32[] = reduce_sum %1 {axes=[0]}
      %4: bool[] = lt %3 %2
      body (%0: i32[], %1: f32[3], %2: f32[]) -> (%3)
      %3: f32[3] = sin %1
      return %3"
    `);
  });
});

describe("common-subexpressions", () => {
  test("equal loops are one, others are not", () => {
    expect(after(commonSubexpressions, [f32(3), f32(4, 3)], (b, x, xs) => {
      const sine = (factor: number) => scan(b, { length: 4, carries: [x], inputs: [xs] }, (c, _, p, s) => [c.op("sin", [c.mul(c.add(p, s), c.constant(f32(3), factor))], {})])[0];
      return [sine(2), sine(2), sine(3)];
    })).toMatchInlineSnapshot(`
      "%2: f32[3] = scan %0 %1 {length=4 carries=1 inputs=1}
      body (%0: i32[], %1: f32[3], %2: f32[3]) -> (%6)
      %3: f32[3] = add %1 %2
      %4: f32[3] = constant {data=[2]}
      %5: f32[3] = mul %3 %4
      %6: f32[3] = sin %5
      %3: f32[3] = scan %0 %1 {length=4 carries=1 inputs=1}
      body (%0: i32[], %1: f32[3], %2: f32[3]) -> (%6)
      %3: f32[3] = add %1 %2
      %4: f32[3] = constant {data=[3]}
      %5: f32[3] = mul %3 %4
      %6: f32[3] = sin %5
      return %2 %2 %3"
    `);
  });
});

test("bodies are simplified first: a carry whose change is none is no carry", () => {
  expect(whole(regionOf([f32(3), f32(3)], (b, x, y) =>
    scan(b, { length: 4, carries: [x, y] }, (c, _, p, q) => [c.add(p, q), c.mul(q, c.constant(f32(3), 1))]),
  ))).toMatchInlineSnapshot(`
    "%2: f32[3] = scan %0 %1 {length=4 carries=1 inputs=0}
    body (%0: i32[], %1: f32[3], %2: f32[3]) -> (%3)
    %3: f32[3] = add %1 %2
    return %2 %1"
  `);
});

describe("unroll-loops", () => {
  test("turns in pairs, and the one that is left", () => {
    expect(after(unrollLoops, [f32(3), f32(5, 3)], (b, x, xs) =>
      scan(b, { length: 5, carries: [x], inputs: [xs], unroll: 2 }, (c, _, p, s) => [c.mul(p, s)])[0],
    )).toMatchInlineSnapshot(`
      "%2: f32[4,3] = slice %1 {start=[0,0] limit=[4,3] step=[1,1]}
      %3: f32[2,2,3] = reshape %2
      %4: f32[3] = scan %0 %3 {length=2 carries=1 inputs=1}
      body (%0: i32[], %1: f32[3], %2: f32[2,3]) -> (%16)
      %3: f32[1,3] = slice %2 {start=[0,0] limit=[1,3] step=[1,1]}
      %4: f32[3] = reshape %3
      %5: i32[] = constant {data=[2]}
      %6: i32[] = mul %0 %5
      %7: i32[] = constant {data=[0]}
      %8: i32[] = add %6 %7
      %9: f32[3] = mul %1 %4
      %10: f32[1,3] = slice %2 {start=[1,0] limit=[2,3] step=[1,1]}
      %11: f32[3] = reshape %10
      %12: i32[] = constant {data=[2]}
      %13: i32[] = mul %0 %12
      %14: i32[] = constant {data=[1]}
      %15: i32[] = add %13 %14
      %16: f32[3] = mul %9 %11
      %5: f32[1,3] = slice %1 {start=[4,0] limit=[5,3] step=[1,1]}
      %6: f32[3] = scan %4 %5 {length=1 carries=1 inputs=1}
      body (%0: i32[], %1: f32[3], %2: f32[3]) -> (%7)
      %3: i32[] = constant {data=[1]}
      %4: i32[] = mul %0 %3
      %5: i32[] = constant {data=[4]}
      %6: i32[] = add %4 %5
      %7: f32[3] = mul %1 %2
      return %6"
    `);
  });
  test("leaves a loop alone that nobody asked for", () => {
    const region = regionOf([f32(3), f32(5, 3)], (b, x, xs) => scan(b, { length: 5, carries: [x], inputs: [xs] }, (c, _, p, s) => [c.mul(p, s)])[0]);
    expect(unrollLoops.run(region, { fastMath: false })).toBe(region);
  });
});
