/** simplify-movement and sink-movement. */
import { describe, expect, test } from "vitest";
import type { Builder } from "../../compiler/ir/builder.ts";
import type { TensorType, ValueId } from "../../compiler/ir/graph.ts";
import { simplifyMovement } from "../../compiler/optimize/simplify-movement.ts";
import { sinkMovement } from "../../compiler/optimize/sink-movement.ts";
import { after, expression, f32, regionOf, runPass, type } from "./regions.ts";

type Build = (b: Builder, x: ValueId, y: ValueId) => ValueId;

const slice = (b: Builder, x: ValueId, start: number[], limit: number[], step = start.map(() => 1)): ValueId =>
  b.op("slice", [x], { start, limit, step });
const pad = (b: Builder, x: ValueId, low: number[], high: number[], interior = low.map(() => 0), value = 0): ValueId =>
  b.op("pad", [x, b.constant(f32(), value)], { low, high, interior });
const reverse = (b: Builder, x: ValueId, axes: number[]): ValueId => b.op("reverse", [x], { axes });
const broadcast = (b: Builder, x: ValueId, shape: number[], axes: number[]): ValueId => b.op("broadcast", [x], { shape, axes });
const reshape = (b: Builder, x: ValueId, shape: number[]): ValueId => b.op("reshape", [x], { shape });
const transpose = (b: Builder, x: ValueId, permutation: number[]): ValueId => b.op("transpose", [x], { permutation });
const concat = (b: Builder, axis: number, ...args: ValueId[]): ValueId => b.op("concat", args, { axis });

const movement: readonly (readonly [string, TensorType, Build, string])[] = [
  ["reshape to its own shape", f32(2, 3), (b, x) => reshape(b, x, [2, 3]), "x"],
  ["reshape of reshape", f32(2, 3), (b, x) => reshape(b, reshape(b, x, [6]), [3, 2]), "reshape{[3,2]}(x)"],
  ["reshape of a broadcast that keeps repeated axes apart", f32(6), (b, x) => reshape(b, broadcast(b, x, [4, 6], [1]), [2, 2, 6, 1]), "broadcast{[2,2,6,1] [2]}(x)"],
  ["reshape of a broadcast that splits what is repeated", f32(6), (b, x) => reshape(b, broadcast(b, x, [4, 6], [1]), [4, 2, 3]), "broadcast{[4,2,3] [1,2]}(reshape{[2,3]}(x))"],
  ["reshape of a broadcast that merges both", f32(6), (b, x) => reshape(b, broadcast(b, x, [4, 6], [1]), [24]), "reshape{[24]}(broadcast{[4,6] [1]}(x))"],
  ["broadcast of broadcast", f32(3), (b, x) => broadcast(b, broadcast(b, x, [2, 3], [1]), [2, 3, 4], [0, 1]), "broadcast{[2,3,4] [1]}(x)"],
  ["broadcast of axes of size 1", f32(2, 1), (b, x) => broadcast(b, x, [2, 4], [0, 1]), "broadcast{[2,4] [0]}(reshape{[2]}(x))"],
  ["broadcast that repeats nothing", f32(3), (b, x) => broadcast(b, x, [1, 3], [1]), "reshape{[1,3]}(x)"],
  ["broadcast that repeats", f32(3), (b, x) => broadcast(b, x, [2, 3], [1]), "broadcast{[2,3] [1]}(x)"],
  ["transpose of transpose", f32(2, 3, 4), (b, x) => transpose(b, transpose(b, x, [1, 2, 0]), [2, 0, 1]), "x"],
  ["transposes that do not cancel", f32(2, 3, 4), (b, x) => transpose(b, transpose(b, x, [1, 2, 0]), [1, 2, 0]), "transpose{[2,0,1]}(x)"],
  ["transpose of axes of size 1", f32(2, 1, 3), (b, x) => transpose(b, x, [1, 0, 2]), "reshape{[1,2,3]}(x)"],
  ["transpose of more", f32(2, 1, 3), (b, x) => transpose(b, x, [2, 1, 0]), "transpose{[2,1,0]}(x)"],
  ["transpose of a broadcast", f32(2, 3), (b, x) => transpose(b, broadcast(b, x, [2, 4, 3], [0, 2]), [2, 1, 0]), "broadcast{[3,4,2] [0,2]}(transpose{[1,0]}(x))"],
  ["reverse twice", f32(2, 3), (b, x) => reverse(b, reverse(b, x, [0, 1]), [1]), "reverse{[0]}(x)"],
  ["reverse of nothing", f32(1, 3), (b, x) => reverse(b, x, [0]), "x"],
  ["reverse of what is repeated", f32(3), (b, x) => reverse(b, broadcast(b, x, [2, 3], [1]), [0]), "broadcast{[2,3] [1]}(x)"],
  ["reverse of what repeats", f32(3), (b, x) => reverse(b, broadcast(b, x, [2, 3], [1]), [0, 1]), "broadcast{[2,3] [1]}(reverse{[0]}(x))"],
  ["iota of more axes than one", f32(), (b) => b.op("iota", [], { shape: [2, 3], axis: 1, element: "i32" }), 'broadcast{[2,3] [1]}(iota{[3] 0 "i32"}())'],
  ["slice of all", f32(4), (b, x) => slice(b, x, [0], [4]), "x"],
  ["slice of slice", f32(9), (b, x) => slice(b, slice(b, x, [1], [9], [2]), [1], [4], [2]), "slice{[3] [8] [4]}(x)"],
  ["slice of a broadcast", f32(5), (b, x) => slice(b, broadcast(b, x, [4, 5], [1]), [0, 1], [2, 3]), "broadcast{[2,2] [1]}(slice{[1] [3] [1]}(x))"],
  ["slice of one part of a concat", f32(4), (b, x) => slice(b, concat(b, 0, b.neg(x), x), [5], [7]), "slice{[1] [3] [1]}(x)"],
  ["slice over two parts of three", f32(4), (b, x) => slice(b, concat(b, 0, b.neg(x), x, x), [5], [9]), "slice{[1] [5] [1]}(concat{0}(x, x))"],
  ["slice over all parts", f32(4), (b, x) => slice(b, concat(b, 0, b.neg(x), x), [3], [5]), "slice{[3] [5] [1]}(concat{0}(neg(x), x))"],
  ["slice of the inside of a pad", f32(4), (b, x) => slice(b, pad(b, x, [2], [1]), [3], [5]), "slice{[1] [3] [1]}(x)"],
  ["slice between what a pad put in", f32(4), (b, x) => slice(b, pad(b, x, [1], [0], [1]), [1], [8], [2]), "x"],
  ["slice of padding", f32(4), (b, x) => slice(b, pad(b, x, [2], [1]), [1], [3]), "pad{[1] [0] [0]}(slice{[0] [1] [1]}(x), 0)"],
  ["pad of nothing", f32(4), (b, x) => pad(b, x, [0], [0]), "x"],
  ["pad of pad", f32(4), (b, x) => pad(b, pad(b, x, [1], [2], [1]), [3], [0]), "pad{[4] [2] [1]}(x, 0)"],
  ["pad of pad with another value", f32(4), (b, x) => pad(b, pad(b, x, [1], [0]), [1], [0], [0], 1), "pad{[1] [0] [0]}(pad{[1] [0] [0]}(x, 0), 1)"],
  ["concat of one", f32(4), (b, x) => concat(b, 0, x), "x"],
  ["concat of concats", f32(4), (b, x) => concat(b, 0, concat(b, 0, x, x), x), "concat{0}(x, x, x)"],
  ["concat of neighbours", f32(4), (b, x) => concat(b, 0, slice(b, x, [0], [1]), slice(b, x, [1], [3]), slice(b, x, [3], [4])), "x"],
  ["concat of others", f32(4), (b, x) => concat(b, 0, slice(b, x, [1], [2]), slice(b, x, [0], [1])), "concat{0}(slice{[1] [2] [1]}(x), slice{[0] [1] [1]}(x))"],
  ["concat along another axis", f32(2, 2), (b, x) => concat(b, 1, concat(b, 0, x, x), concat(b, 0, x, x)), "concat{1}(concat{0}(x, x), concat{0}(x, x))"],
];

describe("simplify-movement", () => {
  test.each(movement)("%s", (_, param, build, becomes) => {
    expect(expression(runPass(simplifyMovement, regionOf([param, param], build)))).toBe(becomes);
  });
});

describe("sink-movement", () => {
  test("what does not vary is computed once", () => {
    expect(after(sinkMovement, [f32(4), f32()], (b, x, lr) => {
      const wide = (value: ValueId, axes: number[]): ValueId => broadcast(b, value, [8, 4], axes);
      return b.mul(b.op("exp", [wide(x, [1])], {}), b.add(wide(lr, []), b.constant(f32(8, 4), 1)));
    })).toMatchInlineSnapshot(`
      "%2: f32[4] = exp %0
      %3: f32[] = constant {data=[1]}
      %4: f32[] = add %1 %3
      %5: f32[4] = broadcast %4
      %6: f32[4] = mul %2 %5
      %7: f32[8,4] = broadcast %6 {axes=[1]}
      return %7"
    `);
  });

  test("args that vary along different axes", () => {
    expect(after(sinkMovement, [f32(4), f32(8)], (b, x, y) =>
      b.mul(broadcast(b, x, [8, 3, 4], [2]), broadcast(b, y, [8, 3, 4], [0])))).toMatchInlineSnapshot(`
        "%2: f32[8,4] = broadcast %0 {axes=[1]}
        %3: f32[8,4] = broadcast %1 {axes=[0]}
        %4: f32[8,4] = mul %2 %3
        %5: f32[8,3,4] = broadcast %4 {axes=[0,2]}
        return %5"
      `);
  });

  test("a transcendental of a constant", () => {
    expect(after(sinkMovement, [], (b) => b.op("exp", [b.constant(f32(8, 4), 0.5)], {}))).toMatchInlineSnapshot(`
      "%0: f32[] = constant {data=[0.5]}
      %1: f32[] = exp %0
      %2: f32[8,4] = broadcast %1
      return %2"
    `);
  });

  test("transposes alike, beside a broadcast", () => {
    expect(after(sinkMovement, [f32(4, 8), f32(4, 8), f32(4)], (b, x, y, z) =>
      b.add(b.mul(transpose(b, x, [1, 0]), transpose(b, y, [1, 0])), broadcast(b, z, [8, 4], [1])))).toMatchInlineSnapshot(`
        "%3: f32[4,8] = mul %0 %1
        %4: f32[4,8] = broadcast %2 {axes=[0]}
        %5: f32[4,8] = add %3 %4
        %6: f32[8,4] = transpose %5 {permutation=[1,0]}
        return %6"
      `);
  });

  test("reshapes from one shape, beside a broadcast along an axis that they keep", () => {
    expect(after(sinkMovement, [f32(6, 4), f32(4)], (b, x, z) =>
      b.op("max", [b.add(reshape(b, x, [2, 3, 4]), broadcast(b, z, [2, 3, 4], [2])), b.constant(f32(2, 3, 4), 0)], {}))).toMatchInlineSnapshot(`
        "%2: f32[6,4] = broadcast %1 {axes=[1]}
        %3: f32[6,4] = add %0 %2
        %4: f32[6,4] = constant {data=[0]}
        %5: f32[6,4] = max %3 %4
        %6: f32[2,3,4] = reshape %5
        return %6"
      `);
  });

  test("two reshapes that cut axes anew alike", () => {
    expect(after(sinkMovement, [f32(32, 32), f32(32, 32)], (b, x, y) => b.add(reshape(b, x, [64, 16]), reshape(b, y, [64, 16])))).toMatchInlineSnapshot(`
      "%2: f32[32,32] = add %0 %1
      %3: f32[64,16] = reshape %2
      return %3"
    `);
  });

  test.each<[string, TensorType[], Build]>([
    ["an arg that varies along every axis", [f32(8, 4), f32(4)], (b, x, y) => b.add(x, broadcast(b, y, [8, 4], [1]))],
    ["args that together vary along every axis", [f32(8), f32(4)], (b, x, y) => b.add(broadcast(b, x, [8, 4], [0]), broadcast(b, y, [8, 4], [1]))],
    ["one transposed arg of two", [f32(4, 8), f32(8, 4)], (b, x, y) => b.add(transpose(b, x, [1, 0]), y)],
    ["other permutations", [f32(2, 2, 2), f32(2, 2, 2)], (b, x, y) => b.add(transpose(b, x, [1, 0, 2]), transpose(b, y, [2, 1, 0]))],
    ["reshapes from other shapes", [f32(8), f32(2, 4)], (b, x, y) => b.add(reshape(b, x, [4, 2]), reshape(b, y, [4, 2]))],
    ["a reshape that cuts axes anew", [f32(32, 32), f32(64, 16)], (b, x, y) => b.add(b.mul(reshape(b, x, [64, 16]), b.constant(f32(64, 16), 0.5)), y)],
    ["a broadcast along part of what a reshape splits", [f32(24), f32(4)], (b, x, y) => b.add(reshape(b, x, [6, 4]), broadcast(b, y, [6, 4], [1]))],
    ["what is no elementwise op", [f32(4), f32(4)], (b, x) => b.op("cumsum", [broadcast(b, x, [8, 4], [1])], { axis: 1, reversed: false })],
  ])("leaves %s", (_, params, build) => {
    const region = regionOf(params, build);
    expect(runPass(sinkMovement, region)).toBe(region);
  });

  test("a comparison of integers with an index", () => {
    expect(after(sinkMovement, [type("i32", 3)], (b, y) => {
      const index = b.op("iota", [], { shape: [5], axis: 0, element: "i32" });
      return b.op("eq", [broadcast(b, index, [3, 5], [1]), broadcast(b, y, [3, 5], [0])], {});
    })).toMatchInlineSnapshot(`
      "%1: i32[5] = iota {axis=0}
      %2: i32[3,5] = broadcast %1 {axes=[1]}
      %3: i32[3,5] = broadcast %0 {axes=[0]}
      %4: bool[3,5] = eq %2 %3
      return %4"
    `);
  });
});
