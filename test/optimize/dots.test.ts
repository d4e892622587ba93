/** merge-reductions, form-dots, absorb-transposes, flatten-dots. */
import { describe, expect, test } from "vitest";
import type { Builder } from "../../compiler/ir/builder.ts";
import type { TensorType, ValueId } from "../../compiler/ir/graph.ts";
import { absorbTransposes } from "../../compiler/optimize/absorb-transposes.ts";
import { flattenDots } from "../../compiler/optimize/flatten-dots.ts";
import { formDots } from "../../compiler/optimize/form-dots.ts";
import type { Pass } from "../../compiler/optimize/index.ts";
import { mergeReductions } from "../../compiler/optimize/merge-reductions.ts";
import { shrinkDots } from "../../compiler/optimize/shrink-dots.ts";
import { after, expression, f32, regionOf, runPass, type } from "./regions.ts";

type Build = (b: Builder, x: ValueId, y: ValueId) => ValueId;
type Case = readonly [name: string, params: readonly TensorType[], build: Build, becomes: string, fastMath?: boolean];

interface Contraction {
  readonly batch?: readonly (readonly [number, number])[];
  readonly contract: readonly (readonly [number, number])[];
}

const dot = (b: Builder, x: ValueId, y: ValueId, { batch = [], contract }: Contraction): ValueId => b.op("dot", [x, y], {
  leftBatch: batch.map(([i]) => i), rightBatch: batch.map(([, j]) => j),
  leftContract: contract.map(([i]) => i), rightContract: contract.map(([, j]) => j),
});
const sum = (b: Builder, x: ValueId, axes: number[]): ValueId => b.op("reduce_sum", [x], { axes });
const max = (b: Builder, x: ValueId, axes: number[]): ValueId => b.op("reduce_max", [x], { axes });
const broadcast = (b: Builder, x: ValueId, shape: number[], axes: number[]): ValueId => b.op("broadcast", [x], { shape, axes });
const transpose = (b: Builder, x: ValueId, permutation: number[]): ValueId => b.op("transpose", [x], { permutation });

const reductions: readonly Case[] = [
  ["sum over no axis", [f32(2, 3)], (b, x) => sum(b, x, []), "x"],
  ["sum over an axis of size 1", [f32(2, 1)], (b, x) => sum(b, x, [1]), "reshape{[2]}(x)"],
  ["sum over an axis of size 1 and another", [f32(2, 1, 3)], (b, x) => sum(b, x, [1, 2]), "reshape{[2]}(reduce_sum{[2]}(x))"],
  ["axes out of order", [f32(2, 3)], (b, x) => sum(b, x, [1, 0]), "reduce_sum{[0,1]}(x)"],
  ["sum of sum", [f32(2, 3, 4)], (b, x) => sum(b, sum(b, x, [1]), [1]), "reduce_sum{[1,2]}(x)"],
  ["maximum of sum", [f32(2, 3)], (b, x) => max(b, sum(b, x, [1]), [0]), "reduce_max{[0]}(reduce_sum{[1]}(x))"],
  ["sum of a transpose", [f32(2, 3, 4)], (b, x) => sum(b, transpose(b, x, [2, 0, 1]), [1]), "transpose{[1,0]}(reduce_sum{[0]}(x))"],
  ["sum of a reshape that keeps apart what is summed", [f32(6, 4)], (b, x) => sum(b, b.reshape(x, [2, 3, 4]), [0, 1]), "reduce_sum{[0]}(x)"],
  ["sum of a reshape that splits what is summed", [f32(6, 4)], (b, x) => sum(b, b.reshape(x, [2, 3, 4]), [1]), "reduce_sum{[1]}(reshape{[2,3,4]}(x))"],
  ["maximum of repetitions", [f32(3)], (b, x) => max(b, broadcast(b, x, [5, 3], [1]), [0]), "x"],
  ["maximum over repeated and other axes", [f32(3, 4)], (b, x) => max(b, broadcast(b, x, [3, 5, 4], [0, 2]), [1, 2]), "reduce_max{[1]}(x)"],
  ["sum of 8 repetitions", [f32(3)], (b, x) => sum(b, broadcast(b, x, [8, 3], [1]), [0]), "mul(x, 8)"],
  ["sum of 5 repetitions rounds", [f32(3)], (b, x) => sum(b, broadcast(b, x, [5, 3], [1]), [0]), "reduce_sum{[0]}(broadcast{[5,3] [1]}(x))"],
  ["sum of 5 repetitions, fast", [f32(3)], (b, x) => sum(b, broadcast(b, x, [5, 3], [1]), [0]), "mul(x, 5)", true],
  ["sum of 5 repetitions of integers", [type("i32", 3)], (b, x) => sum(b, broadcast(b, x, [5, 3], [1]), [0]), "mul(x, 5)"],
  ["parity of 5 repetitions", [type("bool", 3)], (b, x) => sum(b, broadcast(b, x, [5, 3], [1]), [0]), "mul(x, 1)"],
  ["product of repetitions", [f32(3)], (b, x) => b.op("reduce_prod", [broadcast(b, x, [4, 3], [1])], { axes: [0] }), "reduce_prod{[0]}(broadcast{[4,3] [1]}(x))"],
  ["sum of what is repeated", [f32(3)], (b, x) => sum(b, broadcast(b, x, [5, 3], [1]), [1]), "broadcast{[5] []}(reduce_sum{[0]}(x))"],
  ["sum of negatives", [f32(3)], (b, x) => sum(b, b.neg(x), [0]), "neg(reduce_sum{[0]}(x))"],
  ["maximum of negatives", [f32(3)], (b, x) => max(b, b.neg(x), [0]), "reduce_max{[0]}(neg(x))"],
  ["sum of multiples", [f32(3)], (b, x) => sum(b, b.mul(x, b.like(x, 3)), [0]), "reduce_sum{[0]}(mul(x, 3))"],
  ["sum of multiples, fast", [f32(3)], (b, x) => sum(b, b.mul(b.like(x, 3), x), [0]), "mul(reduce_sum{[0]}(x), 3)", true],
];

function check(pass: Pass, cases: readonly Case[]): void {
  for (const [name, params, build, becomes, fastMath] of cases) {
    test(name, () => expect(expression(runPass(pass, regionOf(params, build), fastMath))).toBe(becomes));
  }
}

describe("merge-reductions", () => {
  check(mergeReductions, reductions);

  test("a sum that is needed itself is not computed twice", () => {
    const region = regionOf([f32(2, 3)], (b, x) => {
      const rows = sum(b, x, [1]);
      return [rows, sum(b, rows, [0])];
    });
    expect(runPass(mergeReductions, region)).toBe(region);
  });
});

describe("form-dots", () => {
  const product = (b: Builder, x: ValueId, xAxes: number[], y: ValueId, yAxes: number[], shape: number[]): ValueId =>
    b.mul(broadcast(b, x, shape, xAxes), broadcast(b, y, shape, yAxes));

  test("index notation of a matrix product", () => {
    expect(after(formDots, [f32(8, 16), f32(16, 4)], (b, x, y) =>
      sum(b, product(b, x, [0, 2], b.transpose(y, [1, 0]), [1, 2], [8, 4, 16]), [2]))).toMatchInlineSnapshot(`
        "%2: f32[4,16] = transpose %1 {permutation=[1,0]}
        %3: f32[8,4] = dot %0 %2 {leftContract=[1] rightContract=[1]}
        return %3"
      `);
  });

  test("a batch axis, and a result in another order than the dot's", () => {
    expect(after(formDots, [f32(2, 5, 3), f32(2, 7, 3)], (b, x, y) =>
      sum(b, product(b, y, [0, 1, 3], x, [0, 2, 3], [2, 7, 5, 3]), [3]))).toMatchInlineSnapshot(`
        "%2: f32[2,7,5] = dot %1 %0 {leftBatch=[0] rightBatch=[0] leftContract=[2] rightContract=[2]}
        return %2"
      `);
    expect(after(formDots, [f32(3, 5), f32(5, 7)], (b, x, y) =>
      sum(b, product(b, y, [1, 2], x, [0, 1], [3, 5, 7]), [1]))).toMatchInlineSnapshot(`
        "%2: f32[7,3] = dot %1 %0 {leftContract=[0] rightContract=[1]}
        %3: f32[3,7] = transpose %2 {permutation=[1,0]}
        return %3"
      `);
  });

  check(formDots, [
    ["a row times a matrix stays a reduction", [f32(8, 16), f32(16)], (b, x, y) => sum(b, b.mul(x, broadcast(b, y, [8, 16], [1])), [1]),
      "reduce_sum{[1]}(mul(x, broadcast{[8,16] [1]}(y)))"],
    ["a square stays a reduction", [f32(8, 16)], (b, x) => sum(b, b.mul(x, x), [1]), "reduce_sum{[1]}(mul(x, x))"],
    ["an axis of one factor alone", [f32(8, 16), f32(4, 16)], (b, x, y) => sum(b, product(b, x, [0, 2], y, [1, 2], [8, 4, 16]), [0, 2]),
      "reduce_sum{[0,2]}(mul(broadcast{[8,4,16] [0,2]}(x), broadcast{[8,4,16] [1,2]}(y)))"],
    ["an inner product", [f32(16), f32(16)], (b, x, y) => dot(b, x, y, { contract: [[0, 0]] }), "reduce_sum{[0]}(mul(x, y))"],
    ["inner products of rows", [f32(4, 16), f32(16, 4)], (b, x, y) => dot(b, x, y, { batch: [[0, 1]], contract: [[1, 0]] }),
      "reduce_sum{[1]}(mul(x, transpose{[1,0]}(y)))"],
    ["an outer product", [f32(4), f32(3)], (b, x, y) => dot(b, x, y, { contract: [] }),
      "mul(broadcast{[4,3] [0]}(x), broadcast{[4,3] [1]}(y))"],
    ["a contraction of size 1", [f32(4, 1), f32(1, 3)], (b, x, y) => dot(b, x, y, { contract: [[1, 0]] }),
      "reshape{[4,3]}(mul(broadcast{[4,3,1] [0,2]}(x), broadcast{[4,3,1] [1,2]}(transpose{[1,0]}(y))))"],
    ["a row times a matrix", [f32(16), f32(16, 3)], (b, x, y) => dot(b, x, y, { contract: [[0, 0]] }), "dot{[] [] [0] [0]}(x, y)"],
  ]);
});

describe("shrink-dots", () => {
  const splat = (b: Builder, ...shape: number[]): ValueId => b.constant(f32(...shape), 3);
  check(shrinkDots, [
    ["a left that repeats rows", [f32(16), f32(16, 4)], (b, x, y) => dot(b, broadcast(b, x, [8, 16], [1]), y, { contract: [[1, 0]] }),
      "broadcast{[8,4] [1]}(dot{[] [] [0] [0]}(x, y))"],
    ["a right that is one number", [f32(8, 16)], (b, x) => dot(b, x, splat(b, 16, 4), { contract: [[1, 0]] }),
      "broadcast{[8,4] [0]}(dot{[] [] [1] [0]}(x, 3))"],
    ["a right that is the same for every batch", [f32(5, 8, 16), f32(16, 4)], (b, x, y) =>
      dot(b, x, broadcast(b, y, [5, 16, 4], [1, 2]), { batch: [[0, 0]], contract: [[2, 1]] }), "dot{[] [] [2] [0]}(x, y)"],
    ["a left that is the same for every batch", [f32(8, 16), f32(5, 16, 4)], (b, x, y) =>
      dot(b, broadcast(b, x, [5, 8, 16], [1, 2]), y, { batch: [[0, 0]], contract: [[2, 1]] }), "transpose{[1,0,2]}(dot{[] [] [1] [1]}(x, y))"],
    ["repetition along what is contracted", [f32(8), f32(16, 4)], (b, x, y) => dot(b, broadcast(b, x, [8, 16], [0]), y, { contract: [[1, 0]] }),
      "dot{[] [] [1] [0]}(broadcast{[8,16] [0]}(x), y)"],
    ["nothing repeated", [f32(8, 16), f32(16, 4)], (b, x, y) => dot(b, x, y, { contract: [[1, 0]] }), "dot{[] [] [1] [0]}(x, y)"],
  ]);
});

describe("absorb-transposes", () => {
  const matrices = { contract: [[1, 0]] } as const;

  check(absorbTransposes, [
    ["a transposed left", [f32(16, 8), f32(16, 4)], (b, x, y) => dot(b, transpose(b, x, [1, 0]), y, matrices), "dot{[] [] [0] [0]}(x, y)"],
    ["a transposed right", [f32(8, 16), f32(4, 16)], (b, x, y) => dot(b, x, transpose(b, y, [1, 0]), matrices), "dot{[] [] [1] [1]}(x, y)"],
    ["batch axes moved", [f32(5, 2, 3), f32(2, 3, 4)], (b, x, y) => dot(b, transpose(b, x, [1, 0, 2]), y, { batch: [[0, 0]], contract: [[2, 1]] }),
      "dot{[1] [0] [2] [1]}(x, y)"],
    ["free axes in another order", [f32(5, 6, 3), f32(3, 4)], (b, x, y) => dot(b, transpose(b, x, [1, 0, 2]), y, { contract: [[2, 0]] }),
      "dot{[] [] [2] [0]}(transpose{[1,0,2]}(x), y)"],
    ["a transposed result", [f32(8, 16), f32(16, 4)], (b, x, y) => transpose(b, dot(b, x, y, matrices), [1, 0]), "dot{[] [] [0] [1]}(y, x)"],
    ["a result with batch axes exchanged", [f32(2, 3, 4, 5), f32(2, 3, 5)], (b, x, y) =>
      transpose(b, dot(b, x, y, { batch: [[0, 0], [1, 1]], contract: [[3, 2]] }), [1, 0, 2]), "dot{[1,0] [1,0] [3] [2]}(x, y)"],
    ["a result with free axes of one side exchanged", [f32(8, 2, 16), f32(16, 4)], (b, x, y) =>
      transpose(b, dot(b, x, y, { contract: [[2, 0]] }), [1, 0, 2]), "transpose{[1,0,2]}(dot{[] [] [2] [0]}(x, y))"],
  ]);

  test("a dot that is needed itself is not computed twice", () => {
    const region = regionOf([f32(8, 16), f32(16, 4)], (b, x, y) => {
      const made = dot(b, x, y, matrices);
      return [made, transpose(b, made, [1, 0])];
    });
    expect(runPass(absorbTransposes, region)).toBe(region);
  });
});

describe("flatten-dots", () => {
  check(flattenDots, [
    ["a tensor times a matrix", [f32(5, 8, 16), f32(16, 4)], (b, x, y) => dot(b, x, y, { contract: [[2, 0]] }),
      "reshape{[5,8,4]}(dot{[] [] [1] [0]}(reshape{[40,16]}(x), y))"],
    ["two contracted axes side by side", [f32(5, 8, 16), f32(5, 8, 4)], (b, x, y) => dot(b, x, y, { contract: [[1, 1], [0, 0]] }),
      "dot{[] [] [0] [0]}(reshape{[40,16]}(x), reshape{[40,4]}(y))"],
    ["two contracted axes in another order", [f32(5, 8, 16), f32(8, 5, 4)], (b, x, y) => dot(b, x, y, { contract: [[1, 0], [0, 1]] }),
      "dot{[] [] [0,1] [1,0]}(x, y)"],
    ["batch axes side by side", [f32(2, 3, 4, 5), f32(2, 3, 5, 6)], (b, x, y) => dot(b, x, y, { batch: [[0, 0], [1, 1]], contract: [[3, 2]] }),
      "reshape{[2,3,4,6]}(dot{[0] [0] [2] [1]}(reshape{[6,4,5]}(x), reshape{[6,5,6]}(y)))"],
    ["axes of size 1", [f32(1, 8, 1, 16), f32(16, 1, 4)], (b, x, y) => dot(b, x, y, { batch: [[0, 1]], contract: [[3, 0]] }),
      "reshape{[1,8,1,4]}(dot{[] [] [1] [0]}(reshape{[8,16]}(x), reshape{[16,4]}(y)))"],
    ["a row stays a matrix", [f32(1, 16), f32(16, 4)], (b, x, y) => dot(b, x, y, { contract: [[1, 0]] }), "dot{[] [] [1] [0]}(x, y)"],
    ["attention", [f32(2, 7, 4, 8), f32(2, 9, 4, 8)], (b, x, y) => dot(b, x, y, { batch: [[0, 0], [2, 2]], contract: [[3, 3]] }),
      "dot{[0,2] [0,2] [3] [3]}(x, y)"],
  ]);
});
