import { describe, expect, test } from "vitest";
import type { Builder } from "../../compiler/ir/builder.ts";
import type { ValueId } from "../../compiler/ir/graph.ts";
import { definitionOf, opNames } from "../../compiler/ops/index.ts";
import type { OpName } from "../../compiler/ops/index.ts";
import { casesOf, drawArgs } from "./cases.ts";
import type { Case } from "./cases.ts";
import { checkSecond, run } from "./check.ts";
import type { Fn } from "./check.ts";
import { Random } from "./random.ts";

const fnOf = (op: OpName, { args, attributes }: Case): Fn => ({
  types: args,
  build: (b: Builder, x: readonly ValueId[]) => b.ops(op, x, attributes),
});

const isFloat = (element: string): boolean => element.startsWith("f");

describe.each(opNames)("%s", (op) => {
  const { samples, jvp, vjp } = definitionOf(op);
  test("has both modes or none", () => {
    expect(jvp === undefined).toBe(vjp === undefined);
  });

  test("every case infers, evaluates and verifies", () => {
    const r = new Random(1);
    for (const one of casesOf(op, r)) {
      for (const { type, data } of run(fnOf(op, one), drawArgs(one, samples, r))) {
        for (const x of data) {
          if (type.element === "i32") expect(x).toBe(x | 0);
          if (type.element === "u32") expect(x).toBe(x >>> 0);
          if (type.element === "bool") expect([0, 1]).toContain(x);
        }
      }
    }
  });

  if (definitionOf(op).jvp === undefined) return;
  test("derivatives to second order", () => {
    const r = new Random(2);
    for (const one of casesOf(op, r)) {
      if (!one.args.some(({ element }) => isFloat(element))) continue;
      checkSecond(fnOf(op, one), drawArgs(one, samples, r), r, { tolerance: 2e-6 }, `${op} ${JSON.stringify(one)}`);
    }
  });
});
