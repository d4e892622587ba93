/** `stack` counts a negative axis from the end of its result; it went to the graph as it was. */
import { expect, test } from "vitest";
import { check } from "../../compiler/index.ts";
import { load, results } from "../std/run.ts";

test("a negative axis is one of the result's", () => {
  expect(results("return stack(x, 10 * x, axis = -1)", { x: [1, 2, 3] })).toEqual([[1, 10, 2, 20, 3, 30]]);
  expect(results("return stack(x, 10 * x, axis = -2)", { x: [1, 2, 3] })).toEqual([[1, 2, 3, 10, 20, 30]]);
  const [entry] = load("export fn main(x: f32[2, 3]) = stack(x, x, x, x, axis = -2)").graph.entries;
  expect(entry.result).toMatchObject({ type: { shape: [2, 4, 3] } });
});

test.each([2, -3, 0.5])("there is no axis %d", (axis) => {
  const { diagnostics } = check(`export fn main(x: f32[3]) = stack(x, x, axis = ${axis})`, { file: "stack.pull" });
  expect(diagnostics.map(({ message }) => message)).toEqual([`there is no axis ${axis}`]);
});
