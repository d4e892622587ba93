/**
 * Every wording of the catalogue, said about a real program and shown as its whole frame. The files of `wordings/` hold
 * programs under the catalogue's name for what is said about them; below each line of dashes stands what the run
 * reports. `vitest -u` writes the frames anew: read the difference like code.
 */
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Code, explanations, say } from "../../compiler/diagnostics/catalogue.ts";
import type { Diagnostic } from "../../compiler/diagnostics/diagnostic.ts";
import { renderDiagnostics } from "../../compiler/diagnostics/render.ts";
import { build } from "../../targets/compile.ts";

const folder = new URL("./wordings/", import.meta.url);
const files = readdirSync(folder).sort();

/** What `use` finds. */
const used: Readonly<Record<string, string>> = { "circle.pull": 'use "test.pull"\n' };

interface Case {
  /** The catalogue's name of the wording. */
  readonly says: string;
  /** What follows the name: options of the build. */
  readonly options: string;
  readonly source: string;
}

function casesOf(file: string): Case[] {
  const parts = readFileSync(new URL(file, folder), "utf8").split(/^# /m).slice(1);
  return parts.map((part) => {
    const [title, ...lines] = part.split(/^-+$/m)[0].split("\n");
    const [says, options = ""] = title.split(/ (.*)/);
    return { says, options, source: `${lines.join("\n").trimEnd()}\n` };
  });
}

const said = new Map<string, Diagnostic[]>();
beforeAll(() => {
  for (const [name, wording] of Object.entries(say)) {
    // Each entry has its own parameters: they go through as they are.
    vi.spyOn(say as Record<string, (...args: unknown[]) => Diagnostic>, name).mockImplementation((...args) => {
      const diagnostic = (wording as (...args: unknown[]) => Diagnostic)(...args);
      said.set(name, [...(said.get(name) ?? []), diagnostic]);
      return diagnostic;
    });
  }
});
afterAll(() => vi.restoreAllMocks());

async function report({ source, options }: Case): Promise<readonly Diagnostic[]> {
  said.clear();
  const { diagnostics } = await build(source, {
    file: "test.pull", targets: ["js"], read: (specifier) => (specifier === "test.pull" ? source : used[specifier]), ...JSON.parse(options || "{}"),
  });
  return diagnostics;
}

describe.each(files)("%s", (file) => {
  const cases = casesOf(file);
  it("is what the compiler says", async () => {
    const shown: string[] = [];
    for (const one of cases) {
      const text = renderDiagnostics(await report(one), { source: (name) => (name === "test.pull" ? one.source : used[name]) });
      shown.push(`# ${one.says}${one.options && ` ${one.options}`}\n${one.source}${"-".repeat(80)}\n${text}`);
    }
    await expect(shown.join("\n")).toMatchFileSnapshot(new URL(file, folder).pathname);
  });
  it.each(cases.map((one, i) => [`${one.says}, case ${i + 1}`, one] as const))("says %s and nothing else", async (_, one) => {
    const diagnostics = await report(one);
    expect(diagnostics.map(({ message }) => message)).toHaveLength(1);
    const messages = said.get(one.says)?.map(({ message }) => message);
    expect(messages).toContain(diagnostics[0].message);
    expect(`${diagnostics[0].code}.txt`).toBe(file);
  });
});

it("shows every wording of the catalogue", () => {
  const shown = new Set(files.flatMap((file) => casesOf(file).map(({ says }) => says)));
  expect(Object.keys(say).filter((name) => !shown.has(name))).toEqual([]);
});

it("has a file for every code that `pullback explain` knows", () => {
  const codes = Object.keys(explanations) satisfies readonly string[] as Code[]; // the object's own keys
  expect(files).toEqual(codes.map((code) => `${code}.txt`).sort());
});
