import { describe, expect, test } from "vitest";
import { apply, literal, load, local, store } from "../../compiler/schedule/expression.ts";
import type { Epilogue } from "../../compiler/schedule/contraction/index.ts";
import { elementCount } from "../../compiler/ir/graph.ts";
import type { Case } from "./run-dot.ts";
import { filled, reference, requestOf, runDot } from "./run-dot.ts";

const product = (m: number, k: number, n: number): Case => ({ left: [m, k], right: [k, n], leftContract: [1], rightContract: [0] });
const leftTransposed = (m: number, k: number, n: number): Case => ({ left: [k, m], right: [k, n], leftContract: [0], rightContract: [0] });
const rightTransposed = (m: number, k: number, n: number): Case => ({ left: [m, k], right: [n, k], leftContract: [1], rightContract: [1] });

function check(sample: Case): void {
  const request = requestOf(sample);
  const element = request.left.element;
  const left = filled(element, elementCount(sample.left), 1);
  const right = filled(element, elementCount(sample.right), 2);
  const expected = reference(request, left, right);
  const columns = sample.right.filter((_, axis) => !sample.rightContract.includes(axis) && !(sample.rightBatch ?? []).includes(axis)).reduce((total, size) => total * size, 1);
  const initial = sample.initial && filled(element, sample.initial === "row" ? columns : expected.length, 3);
  const result = filled(element, expected.length, 4);
  runDot(request, left, right, initial, result);
  expect(result).toEqual(reference(request, left, right, initial));
}

describe("products of every size", () => {
  const sizes = [[1, 1, 1], [4, 2, 16], [1, 16, 64], [64, 16, 1], [1, 9, 10], [2, 300, 37], [3, 7, 5], [5, 100, 100], [32, 784, 12], [32, 33, 10], [7, 129, 130], [13, 130, 67], [8, 600, 16], [31, 21, 48]] as const;
  test.each(sizes)("A B: %i x %i x %i", (m, k, n) => check(product(m, k, n)));
  test.each(sizes)("A' B: %i x %i x %i", (m, k, n) => check(leftTransposed(m, k, n)));
  test.each(sizes)("A B': %i x %i x %i", (m, k, n) => check(rightTransposed(m, k, n)));
  test.each(sizes)("with a row to start from: %i x %i x %i", (m, k, n) => check({ ...product(m, k, n), initial: "row" }));
  test.each(sizes)("added to a matrix: %i x %i x %i", (m, k, n) => check({ ...leftTransposed(m, k, n), initial: "full" }));
});

test("long contractions, cut in slices", () => {
  check(product(20, 2560, 30));
  check({ ...leftTransposed(13, 1999, 40), initial: "row" });
  check({ ...rightTransposed(11, 3000, 9), initial: "full" });
  check({ left: [2, 10, 2048], right: [2, 2048, 16], leftBatch: [0], rightBatch: [0], leftContract: [2], rightContract: [1] });
});

describe("every element", () => {
  test.each(["f64", "i32", "u32", "bool"] as const)("%s", (element) => {
    for (const [m, k, n] of [[3, 5, 7], [1, 20, 9], [9, 20, 1], [6, 70, 130]] as const) {
      check({ ...product(m, k, n), element });
      check({ ...rightTransposed(m, k, n), element, initial: "row" });
      check({ ...leftTransposed(m, k, n), element, initial: "full" });
    }
  });
});

describe("general axes", () => {
  test("batches", () => {
    check({ left: [5, 6, 7], right: [5, 7, 9], leftBatch: [0], rightBatch: [0], leftContract: [2], rightContract: [1] });
    check({ left: [2, 20, 3, 40], right: [2, 24, 3, 40], leftBatch: [0, 2], rightBatch: [0, 2], leftContract: [3], rightContract: [3] });
    check({ left: [4, 3, 10], right: [3, 4, 10], leftBatch: [0, 1], rightBatch: [1, 0], leftContract: [2], rightContract: [2] });
  });
  test("several contracted and free axes, in an order of their own", () => {
    check({ left: [3, 4, 5, 6], right: [5, 8, 3], leftContract: [0, 2], rightContract: [2, 0] });
    check({ left: [12, 4, 15, 6], right: [15, 20, 12], leftContract: [2, 0], rightContract: [0, 2] });
    check({ left: [6, 4, 10], right: [20, 10, 3], leftContract: [2], rightContract: [1] });
    check({ left: [6, 10, 40], right: [20, 40, 30], leftContract: [2], rightContract: [1], initial: "full" });
  });
  test("outer products and empty contractions", () => {
    check({ left: [5], right: [9], leftContract: [], rightContract: [] });
    check({ left: [64], right: [64], leftContract: [0], rightContract: [0] });
    check({ left: [4, 0], right: [0, 5], leftContract: [1], rightContract: [0], initial: "row" });
  });
});

describe("epilogue", () => {
  // two outputs: the sum with its negatives cut, and whether it was positive, times a mask at the same index
  const epilogue = (count: number): Epilogue => ({
    buffers: [
      { name: "cut", storage: "f32", length: count },
      { name: "mask", storage: "f32", length: count },
      { name: "bias", storage: "f32", length: 1 },
    ],
    finish(value, { out, lanes, count: existing, flat }, [cut, mask, bias]) {
      const one = load(bias, { base: 0, terms: [] });
      const shifted = apply("add", "f32", lanes, local(value), lanes === 1 ? one : apply("splat", "f32", lanes, one));
      out.push(store(cut, flat, apply("max", "f32", lanes, shifted, literal(0, "f32", lanes)), lanes, existing));
      out.push(store(mask, flat, apply("mul", "f32", lanes, load(mask, flat, lanes, existing), local(value)), lanes, existing));
    },
  });
  test.each([[3, 4, 5], [1, 8, 6], [9, 2500, 14], [9, 40, 1], [7, 129, 130], [32, 600, 26]] as const)("%i x %i x %i", (m, k, n) => {
    const request = requestOf({ ...product(m, k, n), initial: "row" }, epilogue(m * n));
    const [left, right, initial, mask] = [filled("f32", m * k, 1), filled("f32", k * n, 2), filled("f32", n, 3), filled("f32", m * n, 4)];
    const [cut, masked, bias] = [filled("f32", m * n, 5), mask.slice(), Float32Array.of(0.25)];
    runDot(request, left, right, initial, cut, [cut, masked, bias]);
    const sums = reference(request, left, right, initial);
    expect(cut).toEqual(sums.map((sum) => Math.max(0, Math.fround(sum + 0.25))));
    expect(masked).toEqual(sums.map((sum, i) => Math.fround(mask[i] * sum)));
  });
});
