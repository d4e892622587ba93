/** The fenced blocks of a Markdown file: ```kind name, then text. */
import { readFileSync } from "node:fs";

export interface Block {
  readonly kind: string;
  /** What stands behind the kind: a file's name, or a remark. */
  readonly name: string;
  readonly text: string;
  readonly line: number;
}

export const readDocument = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");

export function blocksOf(document: string): Block[] {
  return [...document.matchAll(/^```([\w-]*) ?(.*)\n([\s\S]*?)^```$/gm)].map(({ 1: kind, 2: name, 3: text, index }) => ({
    kind, name, text, line: document.slice(0, index).split("\n").length,
  }));
}

/** `$ command` lines and what is shown under each. */
export function commandsOf(text: string): { command: string; output: string }[] {
  return text.split(/^\$ /m).slice(1).map((part) => {
    const [command, ...output] = part.split("\n");
    return { command, output: output.join("\n") };
  });
}

/** Words of a command line; quotes as in a shell, a `#` begins a remark. */
export const wordsOf = (command: string): string[] =>
  [...command.replace(/(^|\s)#.*$/, "").matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, single, double, plain]) => single ?? double ?? plain);
