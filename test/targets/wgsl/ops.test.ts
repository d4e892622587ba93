/** Every op of the table by itself: WGSL against the reference, integers and truth values exactly. */
import { describe, expect, test } from "vitest";
import { Builder } from "../../../compiler/ir/builder.ts";
import type { Region } from "../../../compiler/ir/graph.ts";
import { definitionOf, type OpName, opNames } from "../../../compiler/ops/index.ts";
import { evaluate, type Tensor } from "../../../compiler/reference/index.ts";
import { type Case, casesOf, drawArgs } from "../../ops/cases.ts";
import { Random } from "../../ops/random.ts";
import { difference } from "../../schedule/run.ts";
import { adapter } from "./watched.ts";
import { runRegion } from "./run.ts";

function regionOf(op: OpName, { args, attributes }: Case): Region {
  const b = new Builder();
  const params = args.map((type) => b.parameter(type));
  const results = b.ops(op, params, attributes as never); // the attributes belong to the op
  return b.region(results);
}

const isFloat = ({ type }: Tensor): boolean => type.element === "f32";
const usesF64 = (region: Region): boolean => region.types.some(({ element }) => element === "f64");

describe.skipIf(adapter === null)("ops on WGSL", () => {
  test.each(opNames)("%s", async (op) => {
    const r = new Random(1);
    const { samples, tolerance } = definitionOf(op);
    for (const one of casesOf(op, r)) {
      const region = regionOf(op, one);
      if (usesF64(region)) continue;
      const args: Tensor[] = drawArgs(one, samples, r);
      const expected = evaluate(region, args, { round: "f32" });
      const actual = await runRegion(region, args);
      const which = `${op} ${JSON.stringify(one)}`;
      expect(difference(expected.filter(isFloat), actual.filter(isFloat), tolerance), which).toBeUndefined();
      expect(difference(expected.filter((result) => !isFloat(result)), actual.filter((result) => !isFloat(result)), 0), which).toBeUndefined();
    }
  });
});
