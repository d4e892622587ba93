/** The language reference: its blocks parse, and are in canonical form. */
import { expect, it } from "vitest";
import { format } from "../../grammar/index.ts";
import { blocks, parsed } from "./samples.ts";

const readme = new URL("../../grammar/README.md", import.meta.url);
const programs = [...blocks(readme, "pull"), ...blocks(readme, "pull-later")];

it.each(programs)("reads the program at $name, which is in canonical form", ({ source }) => {
  parsed(source);
  expect(format(source)).toEqual({ text: source });
});

it.each(blocks(readme, "pull-fragment"))("reads the statements at $name", ({ source }) => {
  const indented = source.trimEnd().split("\n").map((line) => `  ${line}\n`).join("");
  expect(format(`fn it() {\n${indented}}\n`)).toEqual({ text: `fn it() {\n${indented}}\n` });
});

it("has blocks of each kind", () => {
  expect(["pull", "pull-fragment", "pull-later"].map((kind) => blocks(readme, kind).length > 0)).toEqual([true, true, true]);
});
