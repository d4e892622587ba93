import { describe, expect, it } from "vitest";
import type { Table } from "../../targets/cli/table-file.ts";
import { parseScale, parseValidation, scaleColumns, shuffled, splitRows } from "../../targets/cli/training/rows.ts";

const table = (columns: number, data: number[]): Table => ({ file: "t", rows: data.length / columns, columns, data: Float64Array.from(data) });

describe("splits", () => {
  it("by class take every fifth row of each class", () => {
    const labels = [0, 1, 0, 0, 1, 0, 0, 1, 1, 1, 0];
    expect([...splitRows(table(1, labels), "by-class").validation]).toEqual([6, 9]);
  });
  it("by part are evenly spread", () => {
    expect([...splitRows(table(1, Array.from({ length: 9 }, () => 0)), 0.25).validation]).toEqual([3, 7]);
    expect(splitRows(table(1, [0, 0]), "none")).toEqual({ training: Uint32Array.of(0, 1), validation: new Uint32Array() });
  });
  it.each(["0", "0.7", "half"])("--validate %s is refused", (text) => expect(() => parseValidation(text)).toThrow("--validate must be"));
});

describe("scales", () => {
  it("standardise by the training rows, features only", () => {
    const scaled = scaleColumns(table(3, [1, 5, 9, 3, 5, 9, 100, 6, 9]), 2, Uint32Array.of(0, 1), "standardise");
    expect([...scaled.data]).toEqual([-1, 0, 9, 1, 0, 9, 98, 1, 9]);
  });
  it("divide by a number", () => {
    expect([...scaleColumns(table(2, [8, 1, 16, 2]), 1, Uint32Array.of(0), 16).data]).toEqual([0.5, 1, 1, 2]);
  });
  it.each(["0", "x"])("--scale %s is refused", (text) => expect(() => parseScale(text)).toThrow("--scale must be"));
});

describe("the order of an epoch", () => {
  it("is a permutation that depends on seed and epoch alone", () => {
    const rows = Uint32Array.from({ length: 50 }, (_, i) => i);
    const order = shuffled(rows, 1, 0);
    expect([...order].sort((a, b) => a - b)).toEqual([...rows]);
    expect(shuffled(rows, 1, 0)).toEqual(order);
    expect(shuffled(rows, 1, 1)).not.toEqual(order);
    expect(shuffled(rows, 2, 0)).not.toEqual(order);
  });
});
