/** simplify-windows. */
import { describe, expect, test } from "vitest";
import type { Builder } from "../../compiler/ir/builder.ts";
import type { TensorType, ValueId } from "../../compiler/ir/graph.ts";
import { simplifyWindows } from "../../compiler/optimize/simplify-windows.ts";
import { expression, f32, regionOf, runPass } from "./regions.ts";

type Build = (b: Builder, x: ValueId, y: ValueId) => ValueId;

const windows = (axes: number[], size: number[], stride = size.map(() => 1), dilation = size.map(() => 1)) => ({ axes, size, stride, dilation });
const window = (b: Builder, x: ValueId, attributes: ReturnType<typeof windows>): ValueId => b.op("window", [x], attributes);
const sums = (b: Builder, x: ValueId, attributes: ReturnType<typeof windows>, ...extent: number[]): ValueId => b.op("overlap_add", [x], { ...attributes, extent });
const taps = (b: Builder, ct: ValueId, w: ValueId): ValueId => b.op("dot", [ct, w], { leftBatch: [], rightBatch: [], leftContract: [2], rightContract: [2] });

const cases: readonly (readonly [string, readonly [TensorType, TensorType], Build, string])[] = [
  ["windows side by side", [f32(8, 6), f32()], (b, x) => window(b, x, windows([1], [2], [2])), "reshape{[8,3,2]}(x)"],
  ["windows side by side along two axes, and a rest", [f32(4, 7, 3), f32()], (b, x) => window(b, x, windows([0, 1], [2, 2], [2, 2])),
    "transpose{[0,2,1,3,4]}(reshape{[2,2,3,2,3]}(slice{[0,0,0] [4,6,3] [1,1,1]}(x)))"],
  ["windows of one element", [f32(2, 7), f32()], (b, x) => window(b, x, windows([1], [1], [3])), "reshape{[2,3,1]}(slice{[0,0] [2,7] [1,3]}(x))"],
  ["one window", [f32(7), f32()], (b, x) => window(b, x, windows([0], [3], [2], [3])), "reshape{[1,3]}(slice{[0] [7] [3]}(x))"],
  ["windows that overlap", [f32(7), f32()], (b, x) => window(b, x, windows([0], [3], [2])), "window{[0] [3] [2] [1]}(x)"],
  ["sums of windows side by side", [f32(3, 2), f32()], (b, x) => sums(b, x, windows([0], [2], [2]), 7), "pad{[0] [1] [0]}(reshape{[6]}(x), 0)"],
  ["sums of windows of one element", [f32(3, 1), f32()], (b, x) => sums(b, x, windows([0], [1], [2]), 6), "pad{[0] [1] [1]}(reshape{[3]}(x), 0)"],
  ["sums of windows that overlap", [f32(3, 3), f32()], (b, x) => sums(b, x, windows([0], [3], [2]), 7), "overlap_add{[0] [3] [2] [1] [7]}(x)"],
  ["credit through filters", [f32(2, 5, 6), f32(3, 4, 6)], (b, x, y) => sums(b, taps(b, x, y), windows([1], [3]), 7),
    "dot{[] [] [2,3] [0,2]}(window{[1] [3] [1] [1]}(pad{[0,2,0] [0,2,0] [0,0,0]}(x, 0)), reverse{[0]}(y))"],
  ["credit through filters of few columns", [f32(2, 5, 6), f32(3, 2, 6)], (b, x, y) => sums(b, taps(b, x, y), windows([1], [3]), 7),
    "overlap_add{[1] [3] [1] [1] [7]}(dot{[] [] [2] [2]}(x, y))"],
  ["credit through steps of two", [f32(2, 5, 6), f32(3, 4, 6)], (b, x, y) => sums(b, taps(b, x, y), windows([1], [3], [2]), 11),
    "overlap_add{[1] [3] [2] [1] [11]}(dot{[] [] [2] [2]}(x, y))"],
  ["credit through a filter for each channel", [f32(2, 5, 6), f32(3, 6)], (b, x, y) => {
    const shape = [2, 5, 3, 6];
    const product = b.mul(b.broadcast(x, shape, [0, 1, 3]), b.broadcast(y, shape, [2, 3]));
    return sums(b, product, windows([1], [3]), 7);
  }, "reduce_sum{[2]}(mul(window{[1] [3] [1] [1]}(pad{[0,2,0] [0,2,0] [0,0,0]}(x, 0)), broadcast{[2,7,3,6] [2,3]}(reverse{[0]}(y))))"],
  ["places of a convolution that are read", [f32(2, 9, 4), f32(3, 4, 5)], (b, x, y) => {
    const product = b.op("dot", [window(b, x, windows([1], [3])), y], { leftBatch: [], rightBatch: [], leftContract: [2, 3], rightContract: [0, 1] });
    return b.op("slice", [product], { start: [0, 2, 0], limit: [2, 6, 5], step: [1, 1, 1] });
  }, "dot{[] [] [2,3] [0,1]}(window{[1] [3] [1] [1]}(slice{[0,2,0] [2,8,4] [1,1,1]}(x)), y)"],
];

describe("simplify-windows", () => {
  test.each(cases)("%s", (_, params, build, becomes) => {
    expect(expression(runPass(simplifyWindows, regionOf(params, build)))).toBe(becomes);
  });
});
