/** Derivatives over the field of two elements: the difference f(x + e) + f(x), + being exclusive or. */
import { describe, expect, test } from "vitest";
import { pull, push } from "../../compiler/differentiate/index.ts";
import { Builder } from "../../compiler/ir/builder.ts";
import type { ValueId } from "../../compiler/ir/graph.ts";
import { definitionOf, passesCredit } from "../../compiler/ops/index.ts";
import type { OpName } from "../../compiler/ops/index.ts";
import { evaluate } from "../../compiler/reference/index.ts";
import type { Tensor } from "../../compiler/reference/index.ts";
import { casesOf, drawArgs } from "./cases.ts";
import type { Case } from "./cases.ts";
import { Random } from "./random.ts";

/** What bool cases are differentiable; each is linear in every single element of its args. */
const differentiable: readonly OpName[] = [
  "add", "sub", "mul", "neg", "select", "reshape", "broadcast", "transpose", "slice", "pad", "concat", "reverse", "window", "overlap_add",
  "reduce_sum", "reduce_prod", "cumsum", "cumprod", "dot", "gather", "scatter",
];

/** The result with one element of one arg flipped, and both derivatives to that element. */
function check(op: OpName, one: Case, args: readonly Tensor[]): void {
  const b = new Builder();
  const x = one.args.map((type) => b.parameter(type));
  const [y] = b.ops(op, x, one.attributes);
  const { length } = evaluate(b.region([y]), args)[0].data;
  one.args.forEach((type, k) => {
    if (!passesCredit(op, k, type, b.typeOf(y))) return;
    const difference = args[k].data.length === 0 ? [] : [...args[k].data.keys()].map((i) => {
      const flipped = args.map((arg, j) => (j === k ? { type, data: arg.data.map((bit, n) => (n === i ? 1 - bit : bit)) } : arg));
      const [before, after] = [args, flipped].map((given) => evaluate(b.region([y]), given)[0].data);
      return [...after.map((bit, n) => bit ^ before[n])];
    });
    const derive = (build: (inner: Builder, x: readonly ValueId[], y: ValueId, unit: ValueId) => ValueId | null, unitType = type) => (unit: number): number[] => {
      const inner = new Builder();
      const params = one.args.map((arg) => inner.parameter(arg));
      const result = inner.ops(op, params, one.attributes)[0];
      const count = unitType.shape.reduce((p, n) => p * n, 1);
      const data = Array.from({ length: count }, (_, n) => Number(n === unit));
      const answer = build(inner, params, result, inner.constant({ element: "bool", shape: unitType.shape }, ...data));
      if (answer === null) throw new Error(`${op} passes no credit`);
      return [...evaluate(inner.region([answer]), args)[0].data];
    };
    const tangent = derive((inner, p, result, unit) => push(inner, [result], [p[k]], [unit])[0]);
    const cotangent = derive((inner, p, result, unit) => pull(inner, [result], [p[k]], [unit])[0], b.typeOf(y));
    difference.forEach((column, i) => expect(tangent(i), `${op} ${JSON.stringify(one)} tangent`).toEqual(column));
    for (let n = 0; n < length; n++) {
      expect(cotangent(n), `${op} ${JSON.stringify(one)} cotangent`).toEqual(difference.map((column) => column[n]));
    }
  });
}

describe("over bool", () => {
  test.each(differentiable)("%s", (op) => {
    const r = new Random(5);
    let checked = 0;
    for (const one of casesOf(op, r)) {
      if (one.args.some(({ element }, i) => element !== "bool" && !(i === 1 && (op === "gather" || op === "scatter")))) continue;
      if (one.args.some(({ shape }) => shape.includes(0))) continue;
      check(op, one, drawArgs(one, definitionOf(op).samples, r));
      checked++;
    }
    expect(checked).toBeGreaterThan(0);
  });

  test("comparisons, casts, extremes and logic pass no credit", () => {
    const b = new Builder();
    const [p, q] = [b.parameter({ element: "bool", shape: [3] }), b.parameter({ element: "bool", shape: [3] })];
    const made = [
      b.op("lt", [p, q], {}), b.op("bit_and", [p, q], {}), b.op("bit_not", [p], {}),
      b.cast(b.cast(p, "f32"), "bool"), b.op("broadcast", [b.op("reduce_max", [p], { axes: [0] })], { shape: [3], axes: [] }),
    ];
    for (const y of made) {
      expect(pull(b, [y], [p, q], [b.like(y, 1)])).toEqual([null, null]);
      expect(push(b, [y], [p], [b.like(p, 1)])).toEqual([null]);
    }
  });
});
