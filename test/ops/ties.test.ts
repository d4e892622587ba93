/** Where a derivative is a choice: ties, kinks, zeros. */
import { describe, expect, test } from "vitest";
import { pull, push } from "../../compiler/differentiate/index.ts";
import { Builder } from "../../compiler/ir/builder.ts";
import type { ValueId } from "../../compiler/ir/graph.ts";
import { evaluate, tensor } from "../../compiler/reference/index.ts";
import { checkSecond } from "./check.ts";
import { Random } from "./random.ts";

type Build = (b: Builder, x: readonly ValueId[]) => ValueId;

/** The cotangents of vectors for a cotangent of ones. */
function credits(build: Build, ...args: number[][]): number[][] {
  const b = new Builder();
  const x = args.map((data) => b.parameter({ element: "f64", shape: [data.length] }));
  const y = build(b, x);
  const ct = pull(b, [y], x, [b.like(y, 1)]).map((value, i) => value ?? b.like(x[i], 0));
  return evaluate(b.region(ct), args.map((data, i) => tensor(b.typeOf(x[i]), data))).map(({ data }) => [...data].map((n) => n + 0));
}

describe("ties", () => {
  test("of min and max are shared by halves; NaN passes none", () => {
    const max: Build = (b, x) => b.op("max", x, {});
    expect(credits(max, [1, 2, 3, NaN], [2, 2, 1, 0])).toEqual([[0, 0.5, 1, 0], [1, 0.5, 0, 0]]);
    const min: Build = (b, x) => b.op("min", x, {});
    expect(credits(min, [1, 2, 3], [2, 2, 1])).toEqual([[1, 0.5, 0], [0, 0.5, 1]]);
  });

  test("of reductions are shared equally; a slice with NaN passes none", () => {
    expect(credits((b, [x]) => b.op("reduce_max", [x], { axes: [0] }), [3, 1, 3, 3, 2])).toEqual([[1 / 3, 0, 1 / 3, 1 / 3, 0]]);
    expect(credits((b, [x]) => b.op("reduce_min", [x], { axes: [0] }), [3, NaN])).toEqual([[0, 0]]);
  });

  test("of running maxima go to the first", () => {
    const running = (reversed: boolean): Build => (b, [x]) => b.op("cummax", [x], { axis: 0, reversed });
    expect(credits(running(false), [1, 3, 3, 2])).toEqual([[1, 3, 0, 0]]);
    expect(credits(running(true), [1, 3, 3, 2])).toEqual([[0, 0, 3, 1]]);
  });

  test("of scatter max are shared equally", () => {
    const build: Build = (b, [x, u]) => {
      const indices = b.constant({ element: "i32", shape: [4, 1] }, 0, 0, 1, 5);
      return b.op("scatter", [x, indices, u], { batch: 0, mode: "max" });
    };
    expect(credits(build, [2, 1], [2, 2, 7, 9])).toEqual([[1 / 3, 0], [1 / 3, 1 / 3, 1, 0]]);
  });

  test("of scatter set: the last takes the credit, dropped ones none", () => {
    const build: Build = (b, [x, u]) => {
      const indices = b.constant({ element: "i32", shape: [4, 1] }, 0, 0, 5, -1);
      return b.op("scatter", [x, indices, u], { batch: 0, mode: "set" });
    };
    expect(credits(build, [2, 1], [2, 2, 7, 9])).toEqual([[0, 1], [0, 1, 0, 0]]);
  });

  test("abs has slope 0 at 0", () => {
    expect(credits((b, [x]) => b.op("abs", [x], {}), [-2, 0, 3])).toEqual([[-1, 0, 1]]);
  });
});

describe("zeros", () => {
  test.each([[[2, 0, 3, 4]], [[0, 2, 0, 4]], [[0, 0, 0, 4]]])("of products are exact to second order: %j", (data) => {
    const type = { element: "f64", shape: [data.length] } as const;
    const x = tensor(type, data);
    const prod: Build = (b, [v]) => b.op("reduce_prod", [v], { axes: [0] });
    const running = (reversed: boolean): Build => (b, [v]) => b.op("cumprod", [v], { axis: 0, reversed });
    for (const build of [prod, running(false), running(true)]) {
      checkSecond({ types: [type], build: (b, v) => [build(b, v)] }, [x], new Random(3));
    }
  });

  test("pow at the origin and at zero bases", () => {
    const pow: Build = (b, x) => b.op("pow", x, {});
    expect(credits(pow, [0, 0, 0, 0, 2], [0, 1, 2, 3, 0])).toEqual([[0, 1, 0, 0, 0], [0, 0, 0, 0, Math.log(2)]]);
    // d/dx of y x^(y-1) at (0, 2) is 2
    const b = new Builder();
    const [x, y] = [b.parameter({ element: "f64", shape: [] }), b.parameter({ element: "f64", shape: [] })];
    const [g] = pull(b, [b.op("pow", [x, y], {})], [x], [b.like(x, 1)]);
    const [h] = push(b, [g ?? x], [x], [b.like(x, 1)]);
    expect(evaluate(b.region([h ?? x]), [tensor(b.typeOf(x), [0]), tensor(b.typeOf(y), [2])])[0].data[0]).toBe(2);
  });
});
