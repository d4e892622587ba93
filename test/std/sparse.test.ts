/** Sparse matrices against the same written out with their zeros. */
import { describe, expect, test } from "vitest";
import { load, results } from "./run.ts";

// [[0, 2, 0], [0, 0, 0], [3, 0, 4], [5, 0, 0]]: an empty row within.
const w = "let w = { row: [0, 1, 1, 3, 4], column: [1, 0, 2, 0], value: [2.0, 3, 4, 5] }";

describe("a matrix of four entries", () => {
  test("its rows", () => expect(results(`${w}\nreturn csr_rows(w.row, 4)`)).toEqual([[0, 2, 2, 3]]));
  test("written out", () => expect(results(`${w}\nreturn csr_dense(w, 3)`)).toEqual([[0, 2, 0, 0, 0, 0, 3, 0, 4, 5, 0, 0]]));
  test("times a matrix", () => {
    const [product] = results(`${w}\nreturn csr_matmul(w, reshape(x, [3, 2]))`, { x: [1, 2, 10, 20, 100, 200] });
    expect(product).toEqual([20, 40, 0, 0, 403, 806, 5, 10]);
  });
});

describe("csr_random", () => {
  const module = load("var w: Csr[40, 30, 500] = csr_random(30)");
  const [row, column, value] = ["row", "column", "value"].map((part) => Array.from(module.state(`w.${part}`).data));
  test("draws each place once, in order", () => {
    expect([row[0], row[40], row.length, column.length, value.length]).toEqual([0, 500, 41, 500, 500]);
    for (let r = 0; r < 40; r++) {
      const columns = column.slice(row[r], row[r + 1]);
      expect(columns).toEqual([...new Set(columns)].sort((a, b) => a - b));
      expect(columns.every((c) => c >= 0 && c < 30)).toBe(true);
    }
  });
  test("spreads over rows and columns", () => {
    const inFirstHalf = column.filter((c) => c < 15).length;
    expect(Math.abs(inFirstHalf - 250)).toBeLessThan(45); // four deviations
    expect(Math.abs(row[20] - 250)).toBeLessThan(45);
  });
  test("its values have the deviation of the rows' mean number of entries", () => {
    const deviation = Math.sqrt(value.reduce((sum, v) => sum + v * v, 0) / 500);
    expect(Math.abs(deviation / Math.sqrt(2 * 40 / 500) - 1)).toBeLessThan(0.13);
  });
});
