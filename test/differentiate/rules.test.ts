import { describe, expect, test } from "vitest";
import { creditPath, pull, push, reaches } from "../../compiler/differentiate/index.ts";
import type { Mode } from "../../compiler/differentiate/index.ts";
import { Builder } from "../../compiler/ir/builder.ts";
import { given, leave, numbers, rule, scalar } from "./calls.ts";

const one = (b: Builder, y: Parameters<Builder["neg"]>[0]) => b.like(y, 1);

describe("backward rules", () => {
  test("stand for the body: the straight-through sign", () => {
    const b = new Builder();
    const x = b.parameter(scalar);
    const [y] = leave(b, [b.op("sign", [x], {})], [x], { backward: rule(([dy]) => [dy], { surrogate: true }) });
    const z = b.mul(y, y);
    expect(numbers(b, [given(pull(b, [z], [x], [one(b, z)])[0])], [-3])).toEqual([-2]);
  });

  test("without one credit goes through the body", () => {
    const b = new Builder();
    const x = b.parameter(scalar);
    const [y] = leave(b, [b.mul(x, x)], [x], {});
    expect(numbers(b, [given(pull(b, [y], [x], [one(b, y)])[0])], [3])).toEqual([6]);
    expect(numbers(b, [given(push(b, [y], [x], [one(b, x)])[0])], [3])).toEqual([6]);
  });

  test("credit only what they return, and the body's nodes see nothing", () => {
    const b = new Builder();
    const [x, w] = [b.parameter(scalar), b.parameter(scalar)];
    const [y] = leave(b, [b.mul(x, w)], [x, w], { backward: rule(([dy]) => [null, dy]) });
    const [dx, dw] = pull(b, [y], [x, w], [one(b, y)]);
    expect(dx).toBeNull();
    expect(numbers(b, [given(dw)], [3, 4])).toEqual([1]);
  });

  test("add to other credit of the same input", () => {
    const b = new Builder();
    const x = b.parameter(scalar);
    const [y] = leave(b, [b.mul(x, x)], [x], { backward: rule(([dy]) => [dy]) });
    const z = b.add(y, b.mul(x, x));
    expect(numbers(b, [given(pull(b, [z], [x], [one(b, z)])[0])], [3])).toEqual([7]);
  });

  test("get null for results without credit", () => {
    const b = new Builder();
    const x = b.parameter(scalar);
    const seen: (readonly unknown[])[] = [];
    const [p] = leave(b, [b.mul(x, x), b.neg(x)], [x], { backward: rule((ct) => { seen.push(ct.map((c) => c === null)); return [ct[0]]; }) });
    pull(b, [p], [x], [one(b, p)]);
    expect(seen).toEqual([[false, true]]);
  });

  test("are not asked where no input is", () => {
    const b = new Builder();
    const [x, w] = [b.parameter(scalar), b.parameter(scalar)];
    const [y] = leave(b, [b.mul(x, x)], [x], { backward: rule(() => { throw new Error("asked"); }) });
    const z = b.mul(y, w);
    expect(numbers(b, [given(pull(b, [z], [w], [one(b, z)])[0])], [3, 4])).toEqual([9]);
  });

  test("may pull through their own body", () => {
    const b = new Builder();
    const [x, w] = [b.parameter(scalar), b.parameter(scalar)];
    const inside = b.mul(x, w);
    const [y] = leave(b, [inside], [x, w], {
      backward: rule(([dy]) => [null, dy === null ? null : pull(b, [inside], [w], [dy])[0]]),
    });
    expect(numbers(b, [given(pull(b, [y], [w], [one(b, y)])[0])], [3, 4])).toEqual([3]);
  });

  test("of an inner call hold in the outer call's body", () => {
    const b = new Builder();
    const x = b.parameter(scalar);
    const [h] = leave(b, [b.mul(x, x)], [x], { backward: rule(([dy]) => [dy]) });
    const [y] = leave(b, [b.mul(h, h)], [x], {});
    expect(numbers(b, [given(pull(b, [y], [x], [one(b, y)])[0])], [3])).toEqual([18]);
  });
});

describe("second order through own rules", () => {
  test("of an exact rule is the exact second derivative", () => {
    const b = new Builder();
    const x = b.parameter(scalar);
    const [y] = leave(b, [b.op("integer_pow", [x], { exponent: 3 })], [x], {
      backward: rule(([dy]) => [dy === null ? null : b.mul(dy, b.mul(b.like(x, 3), b.mul(x, x)))]),
    });
    const g = given(pull(b, [y], [x], [one(b, y)])[0]);
    expect(numbers(b, [g, given(pull(b, [g], [x], [one(b, g)])[0])], [2])).toEqual([12, 12]);
  });

  test("differentiates what the rule says, not the body", () => {
    const b = new Builder();
    const x = b.parameter(scalar);
    const [y] = leave(b, [b.mul(x, x)], [x], { backward: rule(([dy]) => [dy === null ? null : b.mul(dy, b.op("sin", [x], {}))]) });
    const z = b.mul(y, y); // dz/dx by the rule: 2 y sin x
    const g = given(pull(b, [z], [x], [one(b, z)])[0]);
    const h = given(pull(b, [g], [x], [one(b, g)])[0]); // 2 sin x sin x (y by the rule) + 2 y cos x
    expect(numbers(b, [h], [0.5])[0]).toBeCloseTo(2 * Math.sin(0.5) ** 2 + 2 * 0.25 * Math.cos(0.5), 12);
  });

  test("goes exactly through locals that the rule read", () => {
    const b = new Builder();
    const x = b.parameter(scalar);
    const local = b.op("sin", [x], {});
    const [y] = leave(b, [b.mul(local, local)], [x], { backward: rule(([dy]) => [dy === null ? null : b.mul(dy, local)]) });
    const g = given(pull(b, [y], [x], [one(b, y)])[0]); // sin x
    const h = given(pull(b, [g], [x], [one(b, g)])[0]); // cos x
    expect(numbers(b, [g, h], [0.5])).toEqual([Math.sin(0.5), Math.cos(0.5)]);
  });

  test("push of a rule's pull goes through the locals too", () => {
    const b = new Builder();
    const x = b.parameter(scalar);
    const local = b.op("sin", [x], {});
    const [y] = leave(b, [b.mul(local, local)], [x], { backward: rule(([dy]) => [dy === null ? null : b.mul(dy, local)]) });
    const g = given(pull(b, [y], [x], [one(b, y)])[0]);
    expect(numbers(b, [given(push(b, [g], [x], [one(b, x)])[0])], [0.5])).toEqual([Math.cos(0.5)]);
  });
});

describe("tangent rules", () => {
  test("stand for the body in push", () => {
    const b = new Builder();
    const [x, w] = [b.parameter(scalar), b.parameter(scalar)];
    const [y] = leave(b, [b.mul(x, w)], [x, w], { tangent: rule(([dx, dw]) => [dx === null ? dw : b.mul(dx, b.like(dx, 5))]) });
    const z = b.neg(y);
    expect(numbers(b, [given(push(b, [z], [x], [one(b, x)])[0])], [3, 4])).toEqual([-5]);
    expect(numbers(b, [given(push(b, [z], [w], [one(b, w)])[0])], [3, 4])).toEqual([-1]);
  });

  test("with only the other mode's rule, the request is told and no credit passes", () => {
    const b = new Builder();
    const x = b.parameter(scalar);
    const told: [string, Mode][] = [];
    const missing = (call: { readonly callee: string }, mode: Mode): void => { told.push([call.callee, mode]); };
    const [forward] = leave(b, [b.mul(x, x)], [x], { tangent: rule(([dx]) => [dx]) }, "forward");
    const [backward] = leave(b, [b.mul(x, x)], [x], { backward: rule(([dy]) => [dy]) }, "backward");
    expect(pull(b, [forward], [x], [one(b, forward)], { missing })).toEqual([null]);
    expect(push(b, [backward], [x], [one(b, x)], { missing })).toEqual([null]);
    expect(told).toEqual([["forward", "backward"], ["backward", "tangent"]]);
  });

  test("no one is told of calls that the request does not pass", () => {
    const b = new Builder();
    const [x, w] = [b.parameter(scalar), b.parameter(scalar)];
    const [y] = leave(b, [b.mul(x, x)], [x], { tangent: rule(([dx]) => [dx]) });
    const z = b.mul(y, w);
    const missing = (): void => { throw new Error("told"); };
    expect(numbers(b, [given(pull(b, [z], [w], [one(b, z)], { missing })[0])], [3, 2])).toEqual([9]);
  });
});

describe("rule sets", () => {
  test("go before the callee's own rule and before the body, and are asked once for a call", () => {
    const b = new Builder();
    const x = b.parameter(scalar);
    const [h] = leave(b, [b.mul(x, x)], [x], { backward: rule(([dy]) => [dy]) }, "own");
    const [y] = leave(b, [b.mul(h, h)], [h], {}, "plain");
    const asked: string[] = [];
    const rules = (call: { readonly callee: string }) => {
      asked.push(call.callee);
      return call.callee === "own" ? rule(([dy]) => [dy === null ? null : b.mul(dy, b.like(dy, 10))]) : undefined;
    };
    expect(numbers(b, [given(pull(b, [y], [x], [one(b, y)], { rules })[0])], [3])).toEqual([180]);
    expect(asked.sort()).toEqual(["own", "plain"]);
  });
});

describe("reaches", () => {
  test("goes by what a rule credits", () => {
    const b = new Builder();
    const [x, w] = [b.parameter(scalar), b.parameter(scalar)];
    const [y] = leave(b, [b.mul(x, w)], [x, w], { backward: rule(([dy]) => [null, dy], { credits: [false, true] }) });
    expect(reaches(b, [y], [{ id: x }])).toBe(false);
    expect(creditPath(b, [y], [{ id: w }])?.map((node) => node.kind)).toEqual(["leave"]);
  });
});
