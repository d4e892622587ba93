/** Reductions over every number of rows and elements that has a form of its own: by an invocation, a workgroup, several of either. */
import { describe, expect, test } from "vitest";
import { Builder } from "../../../compiler/ir/builder.ts";
import type { Region, ValueId } from "../../../compiler/ir/graph.ts";
import { evaluate, type Tensor, tensor } from "../../../compiler/reference/index.ts";
import { Random } from "../../ops/random.ts";
import { difference } from "../../schedule/run.ts";
import { adapter } from "./watched.ts";
import { runRegion } from "./run.ts";

async function agreement(region: Region, args: readonly Tensor[], tolerance: number): Promise<void> {
  const [expected, actual] = [evaluate(region, args), await runRegion(region, args)];
  const isFloat = ({ type }: Tensor): boolean => type.element === "f32";
  expect(difference(expected.filter(isFloat), actual.filter(isFloat), tolerance)).toBeUndefined();
  expect(difference(expected.filter((x) => !isFloat(x)), actual.filter((x) => !isFloat(x)), 0)).toBeUndefined();
}

/** Sum, extremes, product, parity and positions along an axis of floats, integers and truth values. */
function everyReduction(shape: readonly number[], axis: number): Region {
  const b = new Builder();
  const [x, n, t] = (["f32", "i32", "bool"] as const).map((element) => b.parameter({ element, shape }));
  const odd = b.add(b.add(n, n), b.broadcast(b.constant({ element: "i32", shape: [] }, 1), shape, []));
  return b.region([
    ...(["reduce_sum", "reduce_max", "reduce_min"] as const).flatMap((op) => [x, n, t].map((of) => b.op(op, [of], { axes: [axis] }))),
    b.op("reduce_prod", [odd], { axes: [axis] }), b.op("reduce_prod", [t], { axes: [axis] }),
    ...(["argmax", "argmin"] as const).flatMap((op) => [x, n].map((of) => b.op(op, [of], { axis }))),
  ]);
}

function drawn(shape: readonly number[], seed: number): readonly Tensor[] {
  return new Random(seed).tensors((["f32", "i32", "bool"] as const).map((element) => ({ element, shape })), { low: -1, high: 1 });
}

describe.skipIf(adapter === null)("reductions on WGSL", () => {
  test.each([
    [[3, 1], 1], [[1, 63], 1], [[3, 65], 1], [[2, 1025], 1], // an invocation for each row, a workgroup
    [[1, 32_768], 1], [[3, 40_001], 1], // many invocations for each row
    [[64, 5], 0], [[200, 300], 0], [[70_001, 2], 0], [[1500, 257], 0], // the same, elements apart
  ] as const)("of %j along axis %i", async (shape, axis) => {
    await agreement(everyReduction(shape, axis), drawn(shape, shape[0] * shape[1]), 1e-4);
  });

  test.each([[1, 70_000], [2, 33_000]])("softmax and norm of %i rows of %i, in several kernels", async (rows, length) => {
    const b = new Builder();
    const type = { element: "f32", shape: [rows, length] } as const;
    const x = b.parameter(type);
    const along = (row: ValueId) => b.broadcast(row, type.shape, [0]);
    const exponent = b.op("exp", [b.sub(x, along(b.op("reduce_max", [x], { axes: [1] })))], {});
    const total = b.sum(exponent, [1]);
    const centred = b.sub(x, along(b.div(b.sum(x, [1]), b.constant({ element: "f32", shape: [rows] }, length))));
    const variance = b.sum(b.mul(centred, centred), [1]);
    await agreement(b.region([b.div(exponent, along(total)), b.op("log", [total], {}), b.div(centred, along(b.op("sqrt", [variance], {}))), variance]), new Random(rows).tensors([type], { low: -2, high: 2 }), 1e-4);
  });

  test("a norm over the first axis of a tall matrix, and the column's own new value", async () => {
    const b = new Builder();
    const type = { element: "f32", shape: [3001, 50] } as const;
    const [x, old] = [b.parameter(type), b.parameter({ element: "f32", shape: [50] })];
    const along = (row: ValueId) => b.broadcast(row, type.shape, [1]);
    const centred = b.sub(x, along(b.div(b.sum(x, [0]), b.constant({ element: "f32", shape: [50] }, 3001))));
    const variance = b.div(b.sum(b.mul(centred, centred), [0]), b.constant({ element: "f32", shape: [50] }, 3001));
    await agreement(b.region([b.div(centred, along(b.op("sqrt", [variance], {}))), b.add(old, variance)]), new Random(3).tensors([type, { element: "f32", shape: [50] }], { low: -2, high: 2 }), 1e-4);
  });

  test.each([[1, 70], [1, 2000], [2, 40_000], [2, 40]])("of %i rows of %i, the first of equal extremes is found, a NaN before all", async (rows, length) => {
    const type = { element: "f32", shape: [rows, length] } as const;
    const b = new Builder();
    const x = b.parameter(type);
    const region = b.region([b.op("argmax", [x], { axis: 1 }), b.op("argmin", [x], { axis: 1 })]);
    const last = length - 1;
    const cases: readonly ((at: number) => number)[] = [
      () => 0, () => -Infinity, () => Infinity, () => NaN,
      (at) => (at % 7 === 3 ? 5 : at % 11 === 6 ? -5 : 1),
      (at) => (at === last ? NaN : at),
      (at) => (at === last || at === last - 1 || at === 38 ? NaN : -at),
      (at) => (at === last ? Infinity : -Infinity),
      (at) => (at % 2 === 0 ? -0 : 0),
    ];
    for (const value of cases) await agreement(region, [tensor(type, Array.from({ length: rows * length }, (_, i) => value(i % length)))], 0);
  });
});
