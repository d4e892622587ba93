/** What the tests of passes share: small regions, and how they are shown. */
import { expect } from "vitest";
import { Builder } from "../../compiler/ir/builder.ts";
import type { Element, Region, TensorType, ValueId } from "../../compiler/ir/graph.ts";
import { printRegion } from "../../compiler/ir/print.ts";
import { verify } from "../../compiler/ir/verify.ts";
import type { Pass } from "../../compiler/optimize/index.ts";

export const type = (element: Element, ...shape: number[]): TensorType => ({ element, shape });
export const f32 = (...shape: number[]): TensorType => type("f32", ...shape);

/** A region with params of the given types. */
export function regionOf(params: readonly TensorType[], build: (b: Builder, ...params: ValueId[]) => ValueId | readonly ValueId[]): Region {
  const b = new Builder();
  const results = build(b, ...params.map((param) => b.parameter(param)));
  const region = b.region(typeof results === "number" ? [results] : results);
  verify(region);
  return region;
}

/** A pass on a region; checks that the result is sound and that a second run changes nothing. */
export function runPass(pass: Pass, region: Region, fastMath = false): Region {
  const once = pass.run(region, { fastMath });
  verify(once);
  expect(printRegion(pass.run(once, { fastMath }))).toBe(printRegion(once));
  return once;
}

/** The nodes of a region and its results: a golden text. */
export const text = (region: Region): string => [
  ...printRegion(region).trimEnd().split("\n").slice(1).map((line) => line.trim()),
  `return ${region.results.map((result) => `%${result}`).join(" ")}`,
].join("\n");

/** What a pass makes of a region. */
export const after = (pass: Pass, params: readonly TensorType[], build: (b: Builder, ...params: ValueId[]) => ValueId | readonly ValueId[]): string =>
  text(runPass(pass, regionOf(params, build)));

/** The first result as one expression: `sub(x, neg(y))`; params are x, y, z, u. Attributes follow in braces. */
export function expression(region: Region): string {
  const text: string[] = [];
  region.params.forEach((param, i) => { text[param] = "xyzu"[i]; });
  for (const node of region.nodes) {
    if (node.kind !== "op") throw new Error(`no expression for ${node.kind}`);
    if (node.op === "constant") {
      text[node.results[0]] = node.attributes.data.map((number) => (Object.is(number, -0) ? "-0" : String(number))).join(" ");
      continue;
    }
    const attributes = Object.values(node.attributes).map((item) => JSON.stringify(item)).join(" ");
    const [result] = node.results;
    text[result] = `${node.op}${attributes === "" ? "" : `{${attributes}}`}(${node.args.map((arg) => text[arg]).join(", ")})`;
  }
  return text[region.results[0]];
}
