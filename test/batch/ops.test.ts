import { describe, expect, test } from "vitest";
import { Builder } from "../../compiler/ir/builder.ts";
import type { Region } from "../../compiler/ir/graph.ts";
import { definitionOf, opNames } from "../../compiler/ops/index.ts";
import type { OpName } from "../../compiler/ops/index.ts";
import { tensor } from "../../compiler/reference/index.ts";
import { casesOf, drawArgs, type } from "../ops/cases.ts";
import type { Case } from "../ops/cases.ts";
import { Random } from "../ops/random.ts";
import { batchedRegion, checkBatch, patterns } from "./check.ts";

function regionOf(op: OpName, { args, attributes }: Case): Region {
  const b = new Builder();
  return b.region(b.ops(op, args.map((arg) => b.parameter(arg)), attributes));
}

const size = 3;

/** Every case of an op, every choice of batched args: a few draws of the case are the elements. */
describe("each op on a batch is the op on each element", () => {
  test.each(opNames.filter((op) => definitionOf(op).arity !== 0))("%s", (op) => {
    const { samples } = definitionOf(op);
    const r = new Random(11);
    const draws = Array.from({ length: size }, () => casesOf(op, r));
    draws[0].forEach((first, at) => {
      const elements = draws.map((cases) => drawArgs(cases[at], samples, r));
      for (const pattern of patterns(first.args.length)) {
        const args = first.args.map((_, i) => (pattern[i] ? elements.map((element) => element[i]) : elements[0][i]));
        checkBatch(regionOf(op, first), args, size, 1e-12, `${op} ${JSON.stringify(first)} ${JSON.stringify(pattern)}`);
      }
    });
  });
});

test("an op on nothing batched stays one op", () => {
  const b = new Builder();
  const [x, w] = [b.parameter(type("f32", 3)), b.parameter(type("f32", 3))];
  const { region, batched } = batchedRegion(b.region([b.mul(x, b.op("exp", [w], {})), b.op("exp", [w], {})]), [true, false], 4);
  expect(batched).toEqual([true, false]);
  expect(region.nodes.map((node) => (node.kind === "op" ? [node.op, region.types[node.results[0]].shape] : node.kind)))
    .toEqual([["exp", [3]], ["broadcast", [4, 3]], ["mul", [4, 3]], ["exp", [3]]]);
});

test("a product with a batch of vectors is one product, with no movement", () => {
  const b = new Builder();
  const [w, x] = [b.parameter(type("f32", 5, 3)), b.parameter(type("f32", 3))];
  const product = b.op("dot", [w, x], { leftBatch: [], rightBatch: [], leftContract: [1], rightContract: [0] });
  const { region } = batchedRegion(b.region([product]), [false, true], 4);
  expect(region.nodes.map((node) => node.kind === "op" && node.op)).toEqual(["dot"]);
});

test("batches of no element", () => {
  const b = new Builder();
  const x = b.parameter(type("f32", 3));
  const { region } = batchedRegion(b.region([b.sum(x, [0])]), [true], 0);
  expect(region.types[region.results[0]]).toEqual(type("f32", 0));
});

test("each key of a batch draws what it draws alone", () => {
  const b = new Builder();
  const [key, data] = [b.parameter(type("u32", 2)), b.parameter(type("u32"))];
  const region = b.region([b.op("random_bits", [b.op("random_fold", [key, data], {})], { shape: [2, 5] })]);
  const keys = [[1, 2], [3, 4], [5, 6]].map((words) => tensor(type("u32", 2), words));
  const places = [7, 8, 9].map((place) => tensor(type("u32"), [place]));
  for (const [k, d] of patterns(2)) checkBatch(region, [k ? keys : keys[0], d ? places : places[0]], 3, 0, "bits");
});
