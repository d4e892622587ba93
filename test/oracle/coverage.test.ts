/** Every case of the data has a program. */
import { expect, test } from "vitest";
import { allFiles, covered } from "./cases/index.ts";
import { optim } from "./cases/optim.ts";
import { readCases } from "./vectors.ts";

test("covered cases are all the cases", () => {
  const listed = allFiles.flatMap((file) => Object.keys(file === "optim" ? optim : covered[file] ?? {}).map((name) => `${file}: ${name}`));
  const all = allFiles.flatMap((file) => readCases(file).map(({ name }) => `${file}: ${name}`));
  expect(listed.sort()).toEqual(all.sort());
  expect(all.length).toBe(653);
});
