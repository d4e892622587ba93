/** Every case of the data has a program or a feature that it waits for. */
import { expect, test } from "vitest";
import { allFiles, covered } from "./cases/index.ts";
import { optim } from "./cases/optim.ts";
import { waiting } from "./cases/waiting.ts";
import { readCases } from "./vectors.ts";

const casesByFile = new Map(allFiles.map((file) => [file, readCases(file).map(({ name }) => name)]));

/** The waiting cases of a file, the whole file where `*` says so. */
const waitingIn = (file: string): readonly string[] =>
  Object.values(waiting[file] ?? {}).flat().flatMap((name) => (name === "*" ? casesByFile.get(file) ?? [] : [name]));

test("covered and waiting cases are all the cases", () => {
  const listed = allFiles.flatMap((file) => [
    ...Object.keys(file === "optim" ? optim : covered[file] ?? {}).map((name) => `${file}: ${name}`),
    ...waitingIn(file).map((name) => `${file}: ${name}`),
  ]);
  const all = [...casesByFile].flatMap(([file, names]) => names.map((name) => `${file}: ${name}`));
  expect(listed.sort()).toEqual(all.sort());
  expect(all.length).toBe(653);
});
