/** Every wording of the catalogue, said about a real program and shown as its whole frame, in a file for its code. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { explanations, say } from "../../compiler/diagnostics/catalogue.ts";
import type { Diagnostic } from "../../compiler/diagnostics/diagnostic.ts";
import { casesOf, diagnosticsOf, expectGolden, filesOf } from "./golden.ts";

const folder = new URL("./wordings/", import.meta.url);
const files = filesOf(folder);

/** What the catalogue's entries gave in the last run. */
const said = new Map<string, Diagnostic[]>();
beforeAll(() => {
  // Each entry has its own parameters: they go through as they are.
  const entries = say as Record<string, (...args: unknown[]) => Diagnostic>;
  for (const [name, wording] of Object.entries(entries)) {
    vi.spyOn(entries, name).mockImplementation((...args) => {
      const diagnostic = wording(...args);
      said.set(name, [...(said.get(name) ?? []), diagnostic]);
      return diagnostic;
    });
  }
});
afterAll(() => vi.restoreAllMocks());

describe.each(files)("%s", (file) => {
  it("is what the compiler says", () => expectGolden(new URL(file, folder)));
  it.each(casesOf(new URL(file, folder)).map((one, i) => [one.title, i + 1, one] as const))("says %s and nothing else, case %d", async (title, _, one) => {
    said.clear();
    const diagnostics = await diagnosticsOf(one);
    expect(diagnostics.map(({ message }) => message)).toHaveLength(1);
    expect(said.get(title)?.map(({ message }) => message)).toContain(diagnostics[0].message);
    expect(`${diagnostics[0].code}.txt`).toBe(file);
  });
});

it("shows every wording of the catalogue", () => {
  const shown = new Set(files.flatMap((file) => casesOf(new URL(file, folder)).map(({ title }) => title)));
  expect(Object.keys(say).filter((name) => !shown.has(name))).toEqual([]);
});

it("has a file for every code that `pullback explain` knows", () => {
  expect(files).toEqual(Object.keys(explanations).map((code) => `${code}.txt`).sort());
});
