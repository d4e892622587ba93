/**
 * `digits.d.pull.ts`, which TypeScript takes for `import ... from "./digits.pull"` (`allowArbitraryExtensions`), and its map, by
 * which "go to definition" lands in the program.
 */
import { addMapping, GenMapping, toEncodedMap } from "@jridgewell/gen-mapping";
import { positionOf, type Sources } from "../../compiler/diagnostics/render.ts";
import { isLibrary } from "../../compiler/diagnostics/diagnostic.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import type { Program } from "../../compiler/program.ts";
import type { Span } from "../../grammar/index.ts";
import { workerDeclarations } from "./declarations.ts";
import type { OutputFile } from "./index.ts";

const folderOf = (file: string): string => file.replace(/[^/\\]*$/, "");

/** A declared member at the start of a line: a method's name, or a tensor's path in quotes. */
const declared = /^ {2}(?:readonly )?("(?:[^"\\]|\\.)*"|[A-Za-z_$][\w$]*)/;

/**
 * @param declarations of the module, as its `.d.ts` has them
 * @param file the program's, as spans say it
 */
export function importTypes(declarations: string, graph: Graph, program: Program, { name, file, sources }: { readonly name: string; readonly file: string; readonly sources: Sources }): OutputFile[] {
  const text = `${declarations.trimEnd()}\n${workerDeclarations(program, name)}`;
  const places = new Map<string, Span>([...graph.states.map(({ path, span }) => [JSON.stringify(path), span] as const), ...graph.entries.map((entry) => [entry.name, entry.span] as const)]);
  const map = new GenMapping({ file: `${name}.d.pull.ts` });
  const mark = (line: number, column: number, span: Span): void => {
    const source = sources(span.file);
    const folder = folderOf(file);
    // The library has no file of the user's, and a path that leaves the folder is not known here.
    if (source === undefined || isLibrary(span.file) || !span.file.startsWith(folder)) return;
    const { line: original, column: at } = positionOf(source, span.start);
    addMapping(map, { generated: { line, column }, source: span.file.slice(folder.length), original: { line: original, column: at - 1 } });
  };
  text.split("\n").forEach((line, index) => {
    const [found, member] = declared.exec(line) ?? [];
    const span = member === undefined ? undefined : places.get(member);
    if (found !== undefined && member !== undefined && span !== undefined) mark(index + 1, found.length - member.length, span);
    const head = /^export (?:declare )?(?:interface|function|const) /.exec(line)?.[0];
    if (head !== undefined) mark(index + 1, head.length, { file, start: 0, end: 0 });
  });
  return [
    { name: `${name}.d.pull.ts`, contents: `${text}//# sourceMappingURL=${name}.d.pull.ts.map\n` },
    { name: `${name}.d.pull.ts.map`, contents: `${JSON.stringify(toEncodedMap(map))}\n` },
  ];
}
