import { describe, expect, test } from "vitest";
import { Builder } from "../../compiler/ir/builder.ts";
import { printRegion } from "../../compiler/ir/print.ts";
import { definitionOf, opNames } from "../../compiler/ops/index.ts";
import { evaluate } from "../../compiler/reference/index.ts";
import { js } from "../../targets/js/index.ts";
import { casesOf, drawArgs } from "../ops/cases.ts";
import { Random } from "../ops/random.ts";
import { difference, runRegion } from "./run.ts";

const core = opNames.filter((op) => op !== "stop");

describe.each(core)("%s alone", (op) => {
  test("agrees with the reference", async () => {
    const r = new Random(1);
    const { samples, tolerance } = definitionOf(op);
    for (const one of casesOf(op, r)) {
      const args = drawArgs(one, samples, r);
      const b = new Builder();
      const params = one.args.map((type) => b.parameter(type));
      const results = b.ops(op, params, one.attributes);
      const region = b.region(results);
      try {
        const actual = await runRegion(region, args, js);
        expect(difference(evaluate(region, args, { round: "f32" }), actual, tolerance)).toBe(undefined);
      } catch (error) {
        throw new Error(`${printRegion(region)}: ${error instanceof Error ? error.stack : String(error)}`, { cause: error });
      }
    }
  });
});
