import { describe, expect, test } from "vitest";
import { creditPath, pull, push, reaches } from "../../compiler/differentiate/index.ts";
import { Builder } from "../../compiler/ir/builder.ts";
import { given, numbers, scalar } from "./calls.ts";

const sin = (b: Builder, x: Parameters<Builder["neg"]>[0]) => b.op("sin", [x], {});

describe("pull", () => {
  test("is total: credit passes on through a requested intermediate", () => {
    const b = new Builder();
    const x = b.parameter(scalar);
    const h = b.mul(x, x);
    const y = b.mul(h, h);
    const [dh, dx] = pull(b, [y], [h, x], [b.like(y, 1)]);
    expect(numbers(b, [given(dh), given(dx)], [3])).toEqual([18, 108]);
  });

  test("gives the seed to what is asked of itself, and sums the seeds of one value", () => {
    const b = new Builder();
    const x = b.parameter(scalar);
    const [dx] = pull(b, [x, x], [x], [b.like(x, 2), b.like(x, 5)]);
    expect(numbers(b, [given(dx)], [3])).toEqual([7]);
  });

  test("says null where no credit comes, and builds nothing for it", () => {
    const b = new Builder();
    const [x, z] = [b.parameter(scalar), b.parameter(scalar)];
    const y = b.op("stop", [b.mul(x, x)], {});
    const seed = b.like(y, 1);
    const before = b.nodes.length;
    expect(pull(b, [y], [x, z], [seed])).toEqual([null, null]);
    expect(b.nodes.length).toBe(before);
  });

  test("drops the cotangents of integers", () => {
    const b = new Builder();
    const [n, x] = [b.parameter({ element: "i32", shape: [] }), b.parameter(scalar)];
    const y = b.mul(b.cast(n, "f32"), x);
    const [dn, dx] = pull(b, [y], [n, x], [b.like(y, 1)]);
    expect(dn).toBeNull();
    expect(numbers(b, [given(dx)], [4, 3])).toEqual([4]);
  });

  test("leaves alone what does not depend on wrt", () => {
    const b = new Builder();
    const [x, w] = [b.parameter(scalar), b.parameter(scalar)];
    const y = b.mul(sin(b, w), x);
    const before = b.nodes.length;
    pull(b, [y], [x], [b.like(y, 1)]);
    expect(b.nodes.slice(before).map((node) => node.kind === "op" && node.op)).toEqual(["constant", "mul"]);
  });

  test("over bool adds by exclusive or", () => {
    const b = new Builder();
    const bool = { element: "bool", shape: [] } as const;
    const [x, w] = [b.parameter(bool), b.parameter(bool)];
    const y = b.add(b.mul(x, w), b.add(x, w));
    const [dx, dw] = pull(b, [y], [x, w], [b.like(y, 1)]);
    for (const [p, q] of [[0, 0], [0, 1], [1, 0], [1, 1]]) {
      expect(numbers(b, [given(dx), given(dw)], [p, q])).toEqual([q ^ 1, p ^ 1]);
    }
  });

  test("leaves the builder's site as it was", () => {
    const b = new Builder();
    const x = b.parameter(scalar);
    b.site = 3 as typeof b.site; // an id of a site table that this test does not have
    const y = b.mul(x, x);
    b.site = 7 as typeof b.site; // likewise
    pull(b, [y], [x], [b.like(y, 1)]);
    expect(b.site).toBe(7);
    expect(b.nodes.at(-1)?.site).toBe(3);
  });
});

describe("push", () => {
  test("moves a requested intermediate by its own tangent and by what reaches it", () => {
    const b = new Builder();
    const [x, dx, dh] = [b.parameter(scalar), b.parameter(scalar), b.parameter(scalar)];
    const h = b.mul(x, x);
    const y = b.mul(h, h);
    const [dy] = push(b, [y], [x, h], [dx, dh]);
    expect(numbers(b, [given(dy)], [3, 1, 10])).toEqual([2 * 9 * (2 * 3 * 1 + 10)]);
  });

  test("says null where nothing moves", () => {
    const b = new Builder();
    const [x, z] = [b.parameter(scalar), b.parameter(scalar)];
    const y = b.op("floor", [x], {});
    expect(push(b, [y, b.mul(z, z)], [x], [b.like(x, 1)])).toEqual([null, null]);
  });

  test("leaves alone what does not lead to the values asked for", () => {
    const b = new Builder();
    const x = b.parameter(scalar);
    const y = b.add(x, x);
    sin(b, x);
    const before = b.nodes.length;
    push(b, [y], [x], [b.like(x, 1)]);
    expect(b.nodes.slice(before).map((node) => node.kind === "op" && node.op)).toEqual(["constant", "add"]);
  });
});

describe("nesting", () => {
  // f = sin(x) x w: df/dx = w (sin x + x cos x), d2f/dx2 = w (2 cos x - x sin x)
  const [at, weight] = [0.7, 1.3];
  const second = weight * (2 * Math.cos(at) - at * Math.sin(at));
  const build = (b: Builder) => {
    const [x, w] = [b.parameter(scalar), b.parameter(scalar)];
    return { x, w, y: b.mul(b.mul(sin(b, x), x), w) };
  };

  test("pull of pull", () => {
    const b = new Builder();
    const { x, y } = build(b);
    const g = given(pull(b, [y], [x], [b.like(y, 1)])[0]);
    expect(numbers(b, [given(pull(b, [g], [x], [b.like(g, 1)])[0])], [at, weight])[0]).toBeCloseTo(second, 12);
  });

  test("push of pull: a Hessian-vector product", () => {
    const b = new Builder();
    const { x, w, y } = build(b);
    const [gx, gw] = pull(b, [y], [x, w], [b.like(y, 1)]).map(given);
    const [hx, hw] = push(b, [gx, gw], [x, w], [b.like(x, 2), b.like(w, 3)]).map(given);
    const mixed = Math.sin(at) + at * Math.cos(at);
    const [first, other] = numbers(b, [hx, hw], [at, weight]);
    expect(first).toBeCloseTo(2 * second + 3 * mixed, 12);
    expect(other).toBeCloseTo(2 * mixed, 12);
  });

  test("pull of push", () => {
    const b = new Builder();
    const { x, y } = build(b);
    const dy = given(push(b, [y], [x], [b.like(x, 1)])[0]);
    expect(numbers(b, [given(pull(b, [dy], [x], [b.like(dy, 1)])[0])], [at, weight])[0]).toBeCloseTo(second, 12);
  });

  test("five times: the fifth derivative of sin x is cos x", () => {
    const b = new Builder();
    const x = b.parameter(scalar);
    let y = sin(b, x);
    for (let order = 0; order < 5; order++) y = given(pull(b, [y], [x], [b.like(y, 1)])[0]);
    expect(numbers(b, [y], [at])[0]).toBeCloseTo(Math.cos(at), 12);
  });
});

describe("reaches", () => {
  test("shows the nodes of a way, from the value asked to the one that gets credit", () => {
    const b = new Builder();
    const [x, z] = [b.parameter(scalar), b.parameter(scalar)];
    const y = b.add(sin(b, x), b.op("stop", [z], {}));
    expect(reaches(b, [y], [{ id: x }])).toBe(true);
    expect(creditPath(b, [y], [{ id: x }])?.map((node) => node.kind === "op" && node.op)).toEqual(["add", "sin"]);
    expect(reaches(b, [y], [{ id: z }])).toBe(false);
    expect(creditPath(b, [y], [{ id: z }])).toBeNull();
    expect(creditPath(b, [x], [{ id: x }])).toEqual([]);
  });

  test("does not go through a condition, nor from bool to float", () => {
    const b = new Builder();
    const [c, x] = [b.parameter({ element: "bool", shape: [] }), b.parameter(scalar)];
    const y = b.add(b.select(c, x, b.neg(x)), b.cast(c, "f32"));
    expect(reaches(b, [y], [{ id: c }])).toBe(false);
    expect(reaches(b, [y], [{ id: x }])).toBe(true);
  });
});
