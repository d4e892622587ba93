/** The sample programs and the code blocks of documents, for the tests of this folder. */
import { readdirSync, readFileSync } from "node:fs";
import { expect } from "vitest";
import { parse, type File } from "../../grammar/index.ts";

const folder = new URL("./programs/", import.meta.url);

export interface Sample {
  readonly name: string;
  readonly source: string;
}

export const programs: readonly Sample[] = readdirSync(folder)
  .filter((name) => name.endsWith(".pull"))
  .sort()
  .map((name) => ({ name, source: readFileSync(new URL(name, folder), "utf8") }));

/** The blocks of a Markdown file that are fenced as `language`. */
export function blocks(file: URL, language: string): readonly Sample[] {
  const text = readFileSync(file, "utf8");
  return [...text.matchAll(/^```([\w-]+)\n([\s\S]*?)^```$/gm)]
    .filter(([, fenced]) => fenced === language)
    .map((match) => ({ name: `line ${text.slice(0, match.index).split("\n").length}`, source: match[2] }));
}

/** Parses what must be without problems. */
export function parsed(source: string): File {
  const { file, problems } = parse(source, "test.pull");
  expect(problems, source).toEqual([]);
  return file;
}

/** A tree without its spans, for comparison. */
export function shape(tree: unknown): string {
  return JSON.stringify(tree, (key, value) => (key === "span" || key === "pathSpan" || key === "operatorSpan" ? undefined : value));
}

/** `line:column message / help`, a problem a line. */
export function problemsOf(source: string): string[] {
  return parse(source, "test.pull").problems.map(({ span, message, help }) => {
    const before = source.slice(0, span.start).split("\n");
    const place = `${before.length}:${(before.at(-1) ?? "").length + 1}`;
    return `${place} ${JSON.stringify(source.slice(span.start, span.end))} ${message}${help ? ` / ${help}` : ""}`;
  });
}
