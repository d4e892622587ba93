/**
 * Golden files of diagnostics: programs under a title, each with what the run reports below a line of dashes.
 * `vitest -u` writes the reports anew: read the difference like code.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { Diagnostic } from "../../compiler/diagnostics/diagnostic.ts";
import { renderDiagnostics } from "../../compiler/diagnostics/render.ts";
import { build } from "../../targets/compile.ts";

export interface Case {
  readonly title: string;
  /** What follows the title in braces: options of the build. */
  readonly options: string;
  readonly source: string;
}

/** What `use` finds. */
const used: Readonly<Record<string, string>> = { "circle.pull": 'use "test.pull"\n' };

export const filesOf = (folder: URL): string[] => readdirSync(folder).sort();

export function casesOf(file: URL): Case[] {
  const parts = readFileSync(file, "utf8").split(/^# /m).slice(1);
  return parts.map((part) => {
    const [head, ...lines] = part.split(/^-+$/m)[0].split("\n");
    const [title, options = ""] = head.split(/ (\{.*)/);
    return { title, options, source: `${lines.join("\n").trimEnd()}\n` };
  });
}

const fileOf = ({ options }: Case): string => JSON.parse(options || "{}").file ?? "test.pull";

export async function diagnosticsOf(one: Case): Promise<readonly Diagnostic[]> {
  const { source, options } = one;
  const file = fileOf(one);
  const { diagnostics } = await build(source, {
    targets: ["js"], read: (specifier) => (specifier === file ? source : used[specifier]), ...JSON.parse(options || "{}"), file,
  });
  return diagnostics;
}

/** The whole file, with the reports of this compiler, is the file. */
export async function expectGolden(file: URL): Promise<void> {
  const shown: string[] = [];
  for (const one of casesOf(file)) {
    const text = renderDiagnostics(await diagnosticsOf(one), { source: (name) => (name === fileOf(one) ? one.source : used[name]) });
    shown.push(`# ${one.title}${one.options && ` ${one.options}`}\n${one.source}${"-".repeat(80)}\n${text || "nothing\n"}`);
  }
  await expect(shown.join("\n")).toMatchFileSnapshot(fileURLToPath(file));
}
