import { describe, expect, test } from "vitest";
import type { TensorType } from "../../compiler/ir/graph.ts";
import { inferTypes, opNames, ShapeError } from "../../compiler/ops/index.ts";
import type { AttributesOf, OpName } from "../../compiler/ops/index.ts";
import { casesOf, type } from "./cases.ts";
import { Random } from "./random.ts";

function refuses<K extends OpName>(op: K, args: readonly TensorType[], attributes: AttributesOf<K>, message: string): void {
  let thrown: unknown;
  try { inferTypes(op, args, attributes); } catch (error) { thrown = error; }
  expect(thrown).toBeInstanceOf(ShapeError);
  expect((thrown as ShapeError).message).toBe(`${op}: ${message}`); // just checked
}

describe("infer refuses", () => {
  test.each(opNames.filter((op) => op !== "concat"))("a wrong number of args of %s", (op) => {
    const { args, attributes } = casesOf(op, new Random(0))[0];
    refuses(op, [...args, type("f32")], attributes, `${args.length + 1} args, expected ${args.length}`);
  });

  test("elementwise args that differ, or have no such op", () => {
    refuses("add", [type("f32", 2), type("f32", 3)], {}, "f32[2] and f32[3] differ");
    refuses("mul", [type("f32", 2), type("i32", 2)], {}, "f32[2] and i32[2] differ");
    refuses("div", [type("i32"), type("i32")], {}, "i32[] is not of f32, f64");
    refuses("sign", [type("u32")], {}, "u32[] is not of f32, f64, i32");
    refuses("min", [type("bool"), type("bool")], {}, "bool[] is not of f32, f64, i32, u32");
    refuses("select", [type("f32"), type("f32"), type("f32")], {}, "the condition is f32[]");
    refuses("select", [type("bool"), type("f32"), type("f32", 1)], {}, "bool[] and f32[] and f32[1] differ");
    refuses("bitcast", [type("f64")], { to: "u32" }, "from f64 to u32");
  });

  test("movement that does not fit", () => {
    refuses("reshape", [type("f32", 2, 3)], { shape: [5] }, "f32[2, 3] to [5]");
    refuses("reshape", [type("f32", 2)], { shape: [-2] }, "size -2");
    refuses("broadcast", [type("f32", 2)], { shape: [3, 2], axes: [0] }, "f32[2] to [3, 2]");
    refuses("broadcast", [type("f32", 2, 3)], { shape: [3, 2], axes: [1, 0] }, "axes 1, 0 do not ascend");
    refuses("broadcast", [type("f32", 2)], { shape: [2], axes: [] }, "0 axes for f32[2]");
    refuses("transpose", [type("f32", 2, 3)], { permutation: [0, 0] }, "axes 0, 0 repeat");
    refuses("transpose", [type("f32", 2, 3)], { permutation: [0] }, "1 axes for f32[2, 3]");
    refuses("slice", [type("f32", 4)], { start: [2], limit: [5], step: [1] }, "2:5:1 along axis 0 of f32[4]");
    refuses("slice", [type("f32", 4)], { start: [2], limit: [1], step: [1] }, "2:1:1 along axis 0 of f32[4]");
    refuses("slice", [type("f32", 4)], { start: [], limit: [], step: [] }, "[] [] [] for 1 axes");
    refuses("pad", [type("f32", 4), type("i32")], { low: [0], high: [0], interior: [0] }, "f32[4] with i32[]");
    refuses("pad", [type("f32", 4), type("f32")], { low: [-1], high: [0], interior: [0] }, "negative padding");
    refuses("concat", [type("f32", 2, 3), type("f32", 2, 4)], { axis: 0 }, "f32[2, 3] and f32[2, 4] along axis 0");
    refuses("concat", [], { axis: 0 }, "no args");
    refuses("reverse", [type("f32", 2)], { axes: [1] }, "axis 1 of 1");
    refuses("window", [type("f32", 4, 4)], { axes: [1, 0], size: [2, 2], stride: [1, 1], dilation: [1, 1] }, "axes 1, 0 do not ascend");
    refuses("window", [type("f32", 4)], { axes: [0], size: [2], stride: [0], dilation: [1] }, "[2] [0] [1] for 1 axes");
    refuses("overlap_add", [type("f32", 3, 2)], { axes: [0], size: [2], stride: [1], dilation: [1], extent: [5] }, "f32[3, 2] are no windows of [5]");
  });

  test("axes out of range", () => {
    refuses("reduce_sum", [type("f32", 2)], { axes: [1] }, "axis 1 of 1");
    refuses("reduce_max", [type("f32", 2)], { axes: [0, 0] }, "axes 0, 0 repeat");
    refuses("argmax", [type("f32", 2, 0)], { axis: 1 }, "no elements along axis 1 of f32[2, 0]");
    refuses("cumsum", [type("f32")], { axis: 0, reversed: false }, "axis 0 of 0");
    refuses("cummax", [type("bool", 2)], { axis: 0, reversed: false }, "bool[2] is not of f32, f64, i32, u32");
    refuses("sort", [type("f32")], { descending: false }, "a scalar has no axis");
  });

  test("contractions of unequal axes", () => {
    const dot = { leftBatch: [], rightBatch: [], leftContract: [1], rightContract: [0] };
    refuses("dot", [type("f32", 2, 3), type("f32", 4, 5)], dot, "axis 1 of f32[2, 3] meets axis 0 of f32[4, 5]");
    refuses("dot", [type("f32", 2, 3), type("f64", 3, 5)], dot, "f32[2, 3] and f64[3, 5] differ in element");
    refuses("dot", [type("f32", 2, 3), type("f32", 3)], { ...dot, rightContract: [] }, "the sides pair different numbers of axes");
    refuses("dot", [type("f32", 2, 3), type("f32", 3)], { ...dot, leftBatch: [1], rightBatch: [0] }, "axes 1, 1 repeat");
  });

  test("indices that do not fit", () => {
    refuses("gather", [type("f32", 4), type("f32", 2, 1)], { batch: 0 }, "indices are f32[2, 1], expected i32");
    refuses("gather", [type("f32", 4), type("i32")], { batch: 0 }, "0 batch axes of indices i32[]");
    refuses("gather", [type("f32", 4), type("i32", 2, 2)], { batch: 0 }, "indices i32[2, 2] index more axes than f32[4] has");
    refuses("gather", [type("f32", 4, 3), type("i32", 2, 1)], { batch: 1 }, "batch axes of f32[4, 3] and i32[2, 1] differ");
    refuses("gather", [type("f32", 0), type("i32", 2, 1)], { batch: 0 }, "nothing to read in f32[0]");
    refuses("scatter", [type("f32", 4), type("i32", 2, 1), type("f32", 3)], { batch: 0, mode: "add" },
      "updates f32[3] for f32[4] at i32[2, 1]");
    refuses("scatter", [type("bool", 4), type("i32", 2, 1), type("bool", 2)], { batch: 0, mode: "max" },
      "bool[4] is not of f32, f64, i32, u32");
  });

  test("keys and sources", () => {
    refuses("random_bits", [type("u32", 3)], { shape: [2] }, "the key is u32[3], expected u32[..., 2]");
    refuses("random_fold", [type("u32", 2), type("i32")], {}, "the data is i32[], expected u32[]");
    refuses("iota", [], { shape: [2], axis: 1, element: "f32" }, "axis 1 of 1");
    refuses("iota", [], { shape: [2], axis: 0, element: "bool" }, "bool[2] is not of f32, f64, i32, u32");
    refuses("constant", [], { element: "f32", shape: [3], data: [1, 2] }, "2 numbers for [3]");
    refuses("constant", [], { element: "i32", shape: [1], data: [0.5] }, "0.5 is no i32");
    refuses("constant", [], { element: "bool", shape: [1], data: [2] }, "2 is no bool");
    refuses("constant", [], { element: "u32", shape: [1], data: [-1] }, "-1 is no u32");
  });
});
