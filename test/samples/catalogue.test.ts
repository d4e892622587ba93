/** Every sample has its test, its row in the table and canonical form. */
import { readdir, readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { format } from "../../targets/index.ts";
import { cellPattern, filledIn } from "./figures.ts";
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
  test("its row is the one that its test measures", async () => {
    const found = /^measured\(\n?\s*(".*")/m.exec(await readFile(new URL(`${name}.test.ts`, import.meta.url), "utf8"));
    if (found === null) throw new Error(`${name}.test.ts says no row`);
    const cell = table.split("\n").find((line) => line.startsWith(`| [${name}](`))?.replace(/^\|[^|]*\|[^|]*\| (.*) \|$/, "$1");
    expect(cell).toMatch(cellPattern(JSON.parse(found[1])));
  });
});

test("the table has no other rows", () => {
  const rows = [...table.matchAll(/^\| \[([\w-]+)\]/gm)].map(([, name]) => name);
  expect(rows.toSorted()).toEqual(names.toSorted());
});

test("a row takes one figure, or the least and the greatest; only where they stand may a cell differ", () => {
  const figures = new Map([["right", [0.987, 0.975, 0.9806]], ["loss", [0.03456]], ["images", [346]], ["error", [2.6e-7]]]);
  const row = "{right%} of the images (all {images}), a loss of {loss}; off by {error}";
  const cell = filledIn(row, figures);
  expect(cell).toBe("97.5% to 98.7% of the images (all 346), a loss of 0.0346; off by 2.6e-7");
  expect(cell).toMatch(cellPattern(row));
  expect(cell.replace("98.7%", "99%")).toMatch(cellPattern(row));
  expect(cell.replace("a loss", "the loss")).not.toMatch(cellPattern(row));
  expect(() => filledIn("{other}", figures)).toThrow('no figure "other" was taken');
});
