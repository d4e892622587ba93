/** The library as text: it parses, it is formatted, and everything in it is documented. */
import { describe, expect, test } from "vitest";
import { library } from "../../compiler/std/index.ts";
import { format, parse } from "../../grammar/index.ts";

describe.each(Object.entries(library))("%s", (file, text) => {
  const { file: tree, problems } = parse(text, file);
  test("parses", () => expect(problems).toEqual([]));
  test("is in the formatter's form", () => expect(format(text)).toEqual({ text }));
  test("documents every declaration", () => {
    const bare = tree.declarations.filter((each) => !each.doc).map((each) => ("name" in each ? each.name.text : each.kind));
    expect(bare).toEqual([]);
  });
});

test("no name is declared twice", () => {
  const names = Object.entries(library).flatMap(([file, text]) => parse(text, file).file.declarations.map((each) => ("name" in each ? each.name.text : "")));
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});
