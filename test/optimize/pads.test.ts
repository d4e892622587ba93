import { describe, expect, test } from "vitest";
import type { Builder } from "../../compiler/ir/builder.ts";
import type { ValueId } from "../../compiler/ir/graph.ts";
import { passes, runPasses } from "../../compiler/optimize/index.ts";
import { joinPads } from "../../compiler/optimize/join-pads.ts";
import { after, expression, f32, regionOf, runPass } from "./regions.ts";

const pad = (b: Builder, x: ValueId, low: number[], high: number[], value = 0, interior = low.map(() => 0)): ValueId =>
  b.op("pad", [x, b.constant(f32(), value)], { low, high, interior });

describe("join-pads", () => {
  test("neighbours in either order, to the whole and to a part", () => {
    expect(after(joinPads, [f32(6), f32(4)], (b, x, y) => b.add(pad(b, y, [6], [0]), pad(b, x, [0], [4])))).toMatchInlineSnapshot(`
      "%2: f32[10] = concat %0 %1 {axis=0}
      return %2"
    `);
    expect(after(joinPads, [f32(6), f32(4)], (b, x, y) => b.add(pad(b, x, [1], [6]), pad(b, y, [7], [2])))).toMatchInlineSnapshot(`
      "%2: f32[10] = concat %0 %1 {axis=0}
      %3: f32[] = constant {data=[0]}
      %4: f32[13] = pad %2 %3 {low=[1] high=[2] interior=[0]}
      return %4"
    `);
  });

  test("a neighbour inside a sum", () => {
    expect(after(joinPads, [f32(6), f32(4), f32(10)], (b, x, y, rest) => b.add(b.add(pad(b, x, [0], [4]), rest), pad(b, y, [6], [0])))).toMatchInlineSnapshot(`
      "%3: f32[10] = concat %0 %1 {axis=0}
      %4: f32[10] = add %2 %3
      return %4"
    `);
  });

  test.each<[string, (b: Builder, x: ValueId) => ValueId]>([
    ["what overlaps", (b, x) => b.add(pad(b, x, [0], [4]), pad(b, x, [4], [0]))],
    ["what lies apart", (b, x) => b.add(pad(b, x, [0], [8]), pad(b, x, [8], [0]))],
    ["padding with another number", (b, x) => b.add(pad(b, x, [0], [6], 1), pad(b, x, [6], [0], 1))],
    ["padding between elements", (b, x) => b.add(pad(b, x, [0], [6], 0, [1]), pad(b, x, [6], [0], 0, [1]))],
    ["a product", (b, x) => b.mul(pad(b, x, [0], [6]), pad(b, x, [6], [0]))],
  ])("leaves %s", (_, build) => {
    const region = regionOf([f32(6)], build);
    expect(runPass(joinPads, region)).toBe(region);
  });

  test("the credit of a stack of layers is the stack of credits", () => {
    const region = regionOf([f32(2, 3), f32(2, 3), f32(2, 3)], (b, ...credits) => credits
      .map((credit, i) => pad(b, b.reshape(credit, [1, 2, 3]), [i, 0, 0], [2 - i, 0, 0]))
      .reduceRight((sum, part) => b.add(sum, part)));
    expect(expression(runPasses(region, passes, { fastMath: false })))
      .toBe("concat{0}(reshape{[1,2,3]}(x), reshape{[1,2,3]}(y), reshape{[1,2,3]}(z))");
  });
});
