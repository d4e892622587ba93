import { describe, expect, test } from "vitest";
import type { Element, TensorType } from "../../compiler/ir/graph.ts";
import { inferTypes, philox } from "../../compiler/ops/index.ts";
import type { AttributesOf, OpName, Tensor } from "../../compiler/ops/index.ts";
import { applyOp, tensor } from "../../compiler/reference/index.ts";

const of = (element: Element, shape: readonly number[], ...data: number[]): Tensor => tensor({ element, shape }, data);
const counting = (...shape: number[]): Tensor =>
  of("f32", shape, ...Array.from({ length: shape.reduce((p, n) => p * n, 1) }, (_, i) => i));

function apply<K extends OpName>(op: K, args: readonly Tensor[], attributes: AttributesOf<K>): { shape: readonly number[]; data: number[] }[] {
  const types: readonly TensorType[] = inferTypes(op, args.map(({ type }) => type), attributes);
  return applyOp(op, args, attributes, types).map(({ type, data }) => ({ shape: type.shape, data: [...data] }));
}

describe("movement", () => {
  test("broadcast", () => {
    expect(apply("broadcast", [of("f32", [2, 1], 1, 2)], { shape: [2, 2, 2], axes: [0, 2] }))
      .toEqual([{ shape: [2, 2, 2], data: [1, 1, 1, 1, 2, 2, 2, 2] }]);
  });
  test("transpose", () => {
    expect(apply("transpose", [counting(1, 2, 3)], { permutation: [2, 0, 1] })).toEqual([{ shape: [3, 1, 2], data: [0, 3, 1, 4, 2, 5] }]);
  });
  test("slice", () => {
    expect(apply("slice", [counting(3, 5)], { start: [1, 0], limit: [3, 5], step: [1, 2] }))
      .toEqual([{ shape: [2, 3], data: [5, 7, 9, 10, 12, 14] }]);
  });
  test("pad", () => {
    expect(apply("pad", [counting(3), of("f32", [], 9)], { low: [1], high: [2], interior: [1] }))
      .toEqual([{ shape: [8], data: [9, 0, 9, 1, 9, 2, 9, 9] }]);
  });
  test("concat", () => {
    expect(apply("concat", [counting(2, 1), counting(2, 2)], { axis: 1 })).toEqual([{ shape: [2, 3], data: [0, 0, 1, 1, 2, 3] }]);
  });
  test("reverse", () => {
    expect(apply("reverse", [counting(2, 3)], { axes: [1] })).toEqual([{ shape: [2, 3], data: [2, 1, 0, 5, 4, 3] }]);
  });
});

describe("windows", () => {
  test("behind the last of their axes, with stride and dilation", () => {
    expect(apply("window", [counting(6)], { axes: [0], size: [2], stride: [2], dilation: [3] })).toEqual([{ shape: [2, 2], data: [0, 3, 2, 5] }]);
    expect(apply("window", [counting(2, 3, 1)], { axes: [0, 1], size: [2, 2], stride: [1, 1], dilation: [1, 1] }))
      .toEqual([{ shape: [1, 2, 2, 2, 1], data: [0, 1, 3, 4, 1, 2, 4, 5] }]);
  });
  test("add up where they overlap", () => {
    expect(apply("overlap_add", [counting(4, 2)], { axes: [0], size: [2], stride: [1], dilation: [1], extent: [5] }))
      .toEqual([{ shape: [5], data: [0, 3, 7, 11, 7] }]);
  });
});

describe("reduction", () => {
  test("over some axes", () => {
    expect(apply("reduce_sum", [counting(2, 3, 2)], { axes: [2, 0] })).toEqual([{ shape: [3], data: [14, 22, 30] }]);
    expect(apply("reduce_max", [counting(2, 3)], { axes: [0] })).toEqual([{ shape: [3], data: [3, 4, 5] }]);
    expect(apply("argmin", [of("f32", [2, 3], 3, 1, 2, 0, 5, 0)], { axis: 1 })).toEqual([{ shape: [2], data: [1, 0] }]);
  });
  test("over bool: parity, all, any", () => {
    const x = of("bool", [4], 1, 1, 0, 1);
    expect(apply("reduce_sum", [x], { axes: [0] })[0].data).toEqual([1]);
    expect(apply("reduce_min", [x], { axes: [0] })[0].data).toEqual([0]);
    expect(apply("reduce_max", [x], { axes: [0] })[0].data).toEqual([1]);
    expect(apply("cumsum", [x], { axis: 0, reversed: false })[0].data).toEqual([1, 0, 0, 1]);
  });
  test("running, from both ends", () => {
    expect(apply("cumsum", [counting(2, 3)], { axis: 1, reversed: false })[0].data).toEqual([0, 1, 3, 3, 7, 12]);
    expect(apply("cumsum", [counting(2, 3)], { axis: 1, reversed: true })[0].data).toEqual([3, 3, 2, 12, 9, 5]);
    expect(apply("cumprod", [of("f32", [3], 2, 3, 4)], { axis: 0, reversed: true })[0].data).toEqual([24, 12, 4]);
  });
});

test("dot: batch axes, then the left's, then the right's", () => {
  const left = counting(2, 2, 3); // [row, batch, k]
  const right = counting(3, 2); // [k, batch]
  expect(apply("dot", [left, right], { leftBatch: [1], rightBatch: [1], leftContract: [2], rightContract: [0] }))
    .toEqual([{ shape: [2, 2], data: [10, 0 * 0 + 6 * 0 + 7 * 2 + 8 * 4, 3 + 12 + 25, 9 + 30 + 55] }]);
});

describe("indexing", () => {
  test("gather clamps", () => {
    expect(apply("gather", [counting(3, 2), of("i32", [3, 1], 2, -5, 7)], { batch: 0 })).toEqual([{ shape: [3, 2], data: [4, 5, 0, 1, 4, 5] }]);
    expect(apply("gather", [counting(2, 3), of("i32", [2, 1, 1], 2, 0)], { batch: 1 })).toEqual([{ shape: [2, 1], data: [2, 3] }]);
    expect(apply("gather", [counting(2, 3), of("i32", [2, 2], 1, 2, 0, 1)], { batch: 0 })).toEqual([{ shape: [2], data: [5, 1] }]);
  });
  test("scatter adds, sets with the last winning, keeps the greatest, and drops what lies outside", () => {
    const [x, at, updates] = [of("f32", [3], 10, 20, 30), of("i32", [4, 1], 0, 2, 0, 3), of("f32", [4], 1, 50, 5, 7)];
    expect(apply("scatter", [x, at, updates], { batch: 0, mode: "add" })[0].data).toEqual([16, 20, 80]);
    expect(apply("scatter", [x, at, updates], { batch: 0, mode: "set" })[0].data).toEqual([5, 20, 50]);
    expect(apply("scatter", [x, at, updates], { batch: 0, mode: "max" })[0].data).toEqual([10, 20, 50]);
  });
  test("sort gives values and positions", () => {
    expect(apply("sort", [of("i32", [2, 3], 3, 1, 3, 2, 2, 1)], { descending: true }).map(({ data }) => data))
      .toEqual([[3, 3, 1, 2, 2, 1], [0, 2, 1, 0, 1, 2]]);
  });
});

describe("random", () => {
  // Known answers of the Random123 library's own tests
  test.each([
    [[0, 0, 0, 0], [0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
    [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]],
  ])("philox of %j", (counter, key, words) => {
    expect(philox(counter, key)).toEqual(words);
  });
  test("bits are the words in order", () => {
    const key = of("u32", [2], 7, 9);
    expect(apply("random_bits", [key], { shape: [2, 3] })[0].data)
      .toEqual([...philox([0, 0, 0, 0], [7, 9]), ...philox([1, 0, 0, 0], [7, 9])].slice(0, 6));
    expect(apply("random_fold", [key, of("u32", [], 5)], {})[0].data).toEqual(philox([5, 0, 0, 1], [7, 9]).slice(0, 2));
  });
});

test("iota and constant", () => {
  expect(apply("iota", [], { shape: [2, 3], axis: 1, element: "i32" })[0].data).toEqual([0, 1, 2, 0, 1, 2]);
  expect(apply("constant", [], { shape: [2, 2], element: "f32", data: [1.5] })[0].data).toEqual([1.5, 1.5, 1.5, 1.5]);
  expect(apply("constant", [], { shape: [1], element: "f32", data: [1.5] })[0].data).toEqual([1.5]);
});
