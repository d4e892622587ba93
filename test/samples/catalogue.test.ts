/** Every sample has its test, its row in the table and canonical form. */
import { readdir, readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { format } from "../../targets/index.ts";
import { sampleText } from "./support.ts";

const folder = new URL("../../samples/", import.meta.url);
const names = (await readdir(folder)).filter((file) => file.endsWith(".pull")).map((file) => file.slice(0, -".pull".length));
const table = await readFile(new URL("README.md", folder), "utf8");
const tests = await readdir(new URL(".", import.meta.url));

describe.each(names)("%s", (name) => {
  test("is in canonical form and opens with what it does", async () => {
    const text = await sampleText(name);
    expect(format(text)).toMatchObject({ text });
    expect(text.startsWith(`// ${name}.pull: `)).toBe(true);
  });
  test("has a test that follows the reference, and a row", async () => {
    expect(tests).toContain(`${name}.test.ts`);
    expect(await readFile(new URL(`${name}.test.ts`, import.meta.url), "utf8")).toContain("agree(");
    expect(table).toContain(`| [${name}](${name}.pull) |`);
  });
});

test("the table has no other rows", () => {
  const rows = [...table.matchAll(/^\| \[([\w-]+)\]/gm)].map(([, name]) => name);
  expect(rows.toSorted()).toEqual(names.toSorted());
});
