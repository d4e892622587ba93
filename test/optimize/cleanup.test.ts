/** erase-markers, eliminate-dead-code, common-subexpressions, fold-constants. */
import { describe, expect, test } from "vitest";
import type { SiteId } from "../../compiler/ir/graph.ts";
import { commonSubexpressions } from "../../compiler/optimize/common-subexpressions.ts";
import { eliminateDeadCode } from "../../compiler/optimize/eliminate-dead-code.ts";
import { eraseMarkers } from "../../compiler/optimize/erase-markers.ts";
import { foldConstants } from "../../compiler/optimize/fold-constants.ts";
import { simplifyAlgebra } from "../../compiler/optimize/simplify-algebra.ts";
import { after, f32, regionOf, runPass, type } from "./regions.ts";

describe("erase-markers", () => {
  test("stop and ends of calls are aliases", () => {
    expect(after(eraseMarkers, [f32(3)], (b, x) => {
      const stopped = b.op("stop", [b.op("exp", [x], {})], {});
      const [left] = b.leave([stopped], { callee: "f", path: [], inputs: [x], frame: null });
      return b.add(left, x);
    })).toMatchInlineSnapshot(`
      "%1: f32[3] = exp %0
      %2: f32[3] = add %1 %0
      return %2"
    `);
  });

  test("a region without markers is the same object", () => {
    const region = regionOf([f32(3)], (b, x) => b.op("exp", [x], {}));
    expect(runPass(eraseMarkers, region)).toBe(region);
  });
});

describe("eliminate-dead-code", () => {
  test("what no result needs goes, ids are dense", () => {
    expect(after(eliminateDeadCode, [f32(3), f32(3)], (b, x) => {
      b.op("sin", [b.op("cos", [x], {})], {});
      return b.op("exp", [x], {});
    })).toMatchInlineSnapshot(`
      "%2: f32[3] = exp %0
      return %2"
    `);
  });

  test("a call of the host stays, and what it reads", () => {
    expect(after(eliminateDeadCode, [f32(3)], (b, x) => {
      b.host("show", [b.op("cos", [x], {})], [f32()]);
      return x;
    })).toMatchInlineSnapshot(`
      "%1: f32[3] = cos %0
      %2: f32[] = host %1 {show}
      return %0"
    `);
  });

  test("one result of two is enough", () => {
    expect(after(eliminateDeadCode, [f32(3)], (b, x) => b.ops("sort", [x], { descending: false })[1])).toMatchInlineSnapshot(`
      "%1: f32[3], %2: i32[3] = sort %0 {descending=false}
      return %2"
    `);
  });
});

describe("common-subexpressions", () => {
  test("equal nodes are one, constants and draws too, in either order of args", () => {
    expect(after(commonSubexpressions, [f32(3), f32(3), type("u32", 2)], (b, x, y, key) => {
      const draw = () => b.cast(b.op("random_bits", [key], { shape: [3] }), "f32");
      return b.mul(b.add(b.mul(b.add(x, y), b.like(x, 2)), draw()), b.add(b.mul(b.add(y, x), b.like(x, 2)), draw()));
    })).toMatchInlineSnapshot(`
      "%3: f32[3] = add %0 %1
      %4: f32[3] = constant {data=[2]}
      %5: f32[3] = mul %3 %4
      %6: u32[3] = random_bits %2
      %7: f32[3] = cast %6
      %8: f32[3] = add %5 %7
      %9: f32[3] = mul %8 %8
      return %9"
    `);
  });

  test("other attributes, orders that count, and zeros of another sign differ", () => {
    const region = regionOf([f32(3), f32(3)], (b, x, y) => [
      b.sub(x, y), b.sub(y, x), b.like(x, 0), b.like(x, -0), b.op("reduce_sum", [x], { axes: [0] }), b.op("reduce_sum", [y], { axes: [0] }),
      b.op("cumsum", [x], { axis: 0, reversed: false }), b.op("cumsum", [x], { axis: 0, reversed: true }),
    ]);
    expect(runPass(commonSubexpressions, region)).toBe(region);
  });

  test("numbers that f32 stores alike are equal", () => {
    expect(after(commonSubexpressions, [f32(3)], (b, x) => b.add(b.mul(x, b.like(x, 0.1)), b.mul(x, b.like(x, Math.fround(0.1))))))
      .toMatchInlineSnapshot(`
        "%1: f32[3] = constant {data=[0.1]}
        %2: f32[3] = mul %0 %1
        %3: f32[3] = add %2 %2
        return %3"
      `);
  });

  test("calls of the host are never shared", () => {
    const region = regionOf([f32()], (b, x) => [...b.host("ask", [x], [f32()]), ...b.host("ask", [x], [f32()])]);
    expect(runPass(commonSubexpressions, region)).toBe(region);
  });
});

describe("fold-constants", () => {
  test("arithmetic of f32, rounded after each op", () => {
    expect(after(foldConstants, [], (b) => {
      const third = b.div(b.constant(f32(1000), 1), b.constant(f32(1000), 3));
      return b.add(b.mul(third, third), b.op("sqrt", [b.constant(f32(1000), 2)], {}));
    })).toMatchInlineSnapshot(`
      "%0: f32[1000] = constant {data=[1.5253247022628784]}
      return %0"
    `);
  });

  test("integers wrap", () => {
    expect(after(foldConstants, [], (b) => b.mul(b.constant(type("i32", 2), 65536, 65537), b.constant(type("i32", 2), 65536)))).toMatchInlineSnapshot(`
      "%0: i32[2] = constant {data=[0,65536]}
      return %0"
    `);
  });

  test("movement, comparisons, choices, keys of draws", () => {
    expect(after(foldConstants, [], (b) => {
      const x = b.constant(f32(2, 2), 1, 2, 3, 4);
      const turned = b.transpose(x, [1, 0]);
      const key = b.op("random_fold", [b.constant(type("u32", 2), 1, 2), b.constant(type("u32"), 3)], {});
      return [b.select(b.op("lt", [x, turned], {}), x, b.neg(turned)), key, b.op("argmax", [x], { axis: 1 })];
    })).toMatchInlineSnapshot(`
      "%0: u32[2] = constant {data=[2321477077,3724274056]}
      %1: f32[2,2] = constant {data=[-1,2,-2,-4]}
      %2: i32[2] = constant {data=[1]}
      return %1 %0 %2"
    `);
  });

  test("sums whose every partial sum is exact", () => {
    expect(after(foldConstants, [], (b) => b.sum(b.constant(f32(100, 3), 0.25), [0]))).toMatchInlineSnapshot(`
      "%0: f32[3] = constant {data=[25]}
      return %0"
    `);
  });

  test("equal numbers become one, an iota of one index 0", () => {
    expect(after(foldConstants, [], (b) => [b.constant(f32(3), 2, 2, 2), b.op("iota", [], { shape: [1, 3], axis: 0, element: "i32" })]))
      .toMatchInlineSnapshot(`
        "%0: f32[3] = constant {data=[2]}
        %1: i32[1,3] = constant {data=[0]}
        return %0 %1"
      `);
  });

  test("leaves sums that round, transcendentals and large results", () => {
    const region = regionOf([], (b) => {
      const numbers = Array.from({ length: 65 }, (_, i) => i);
      const large = b.constant(f32(65), ...numbers);
      return [
        b.sum(b.constant(f32(100), 0.1), [0]), b.sum(b.constant(f32(2), 1, 2), [0]), b.op("exp", [b.constant(f32(), 1)], {}),
        b.add(large, large), b.op("iota", [], { shape: [3], axis: 0, element: "i32" }),
      ];
    });
    expect(runPass(foldConstants, region)).toBe(region);
  });
});

test("what a rewrite makes comes from where the node came from", () => {
  const region = regionOf([f32(3)], (b, x) => {
    b.site = 4 as SiteId; // no graph, so no site to be found
    return b.neg(b.mul(x, b.like(x, 3)));
  });
  expect(runPass(simplifyAlgebra, region).nodes.map((node) => node.site)).toEqual([4, 4]);
});
