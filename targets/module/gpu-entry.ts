/**
 * The script of one entry of a module on a device: check every argument, send them in one write, submit, read what came out.
 * A call returns as soon as its work is submitted; its promise is kept when the results are back.
 */
import type { Extern } from "../../compiler/ir/graph.ts";
import type { PlacedTree, Program, ProgramEntry } from "../../compiler/program.ts";
import { scriptOf, type ScriptPart } from "../lower/index.ts";
import { type BoundLeaf, checkTree, entryHead, hasHost, placeText, placeTree, type Scope } from "./entry.ts";
import { arrayType, countOf, countText, isScalar, leavesOf, type Names, type PlacedLeaf, property } from "./text.ts";

/** The view of the buffer for arguments that an element is written through: on the device all take 4 bytes. */
const viewOf = ({ type: { element } }: PlacedLeaf): string => (element === "bool" ? "u32" : element);
const bytesOf = (leaf: PlacedLeaf): number => 4 * countOf(leaf);
const padded = (bytes: number): number => Math.ceil(bytes / 16) * 16;

const leaves = (tree: PlacedTree | null): PlacedLeaf[] => (tree === null ? [] : [...leavesOf<PlacedLeaf>(tree)].map(({ leaf }) => leaf));

/** Where an entry's arguments lie, its run-time length among them. */
function argumentRange(entry: ProgramEntry): { from: number; bytes: number } {
  const all = entry.parameters.flatMap(({ tree }) => leaves(tree));
  const from = Math.min(...all.map(({ at }) => at));
  const length = entry.length ? entry.length.at + 4 : 0;
  return { from, bytes: Math.max(length, ...all.map((leaf) => leaf.at + bytesOf(leaf))) - from };
}

/** Bytes of the buffer through which arguments and results of host calls go. */
export const ioBytes = (program: Program): number =>
  Math.max(16, ...program.entries.map((entry) => (entry.parameters.length > 0 ? argumentRange(entry).bytes : 0)),
    ...program.externs.map(({ result }) => (result === null ? 0 : leaves(placeTree(result, leavesIn(result))).reduce((total, leaf) => total + padded(bytesOf(leaf)), 0))));

const leavesIn = (tree: Parameters<typeof placeTree>[0]): number[] => [...leavesOf(tree as PlacedTree)].map(() => 0); // its leaves have no places yet

/** Puts leaves into the buffer: `at` counts from its start. */
const put = (value: string, leaf: PlacedLeaf, at: number): string =>
  isScalar(leaf) ? `${viewOf(leaf)}[${at / 4}] = ${value};` : `${viewOf(leaf)}.set(${value}, ${at / 4});`;

/** Bytes that came back, as the values of a tree; each leaf at the next place. */
function readTree(tree: PlacedTree, words: string, next: { at: number }, out: ReadonlyMap<PlacedLeaf, string>, length?: string): string {
  if (tree.kind === "record") return `{ ${tree.fields.map(({ name, tree: child }) => `${property(name)}: ${readTree(child, words, next, out, length)}`).join(", ")} }`;
  if (tree.kind === "tuple") return `[${tree.items.map((child) => readTree(child, words, next, out, length)).join(", ")}]`;
  const at = next.at;
  next.at += bytesOf(tree);
  const bool = tree.type.element === "bool";
  const view = `new ${bool ? "Uint32Array" : arrayType[tree.type.element]}(${words}, ${at}, ${countText(tree, length)})`;
  if (isScalar(tree)) return bool ? `${view}[0] === 1` : `${view}[0]`;
  const values = bool ? `Uint8Array.from(${view})` : view;
  const target = out.get(tree);
  return target === undefined ? values : `into(${target}, ${values})`;
}

const rangesOf = (tree: PlacedTree | null): string => `[${leaves(tree).map((leaf) => `[${leaf.at}, ${bytesOf(leaf)}]`).join(", ")}]`;

/** A call of the host: what it is given was fetched with the stretch before, its answer is checked and sent. */
function hostCall(declared: Extern, words: string, args: readonly PlacedTree[], results: readonly number[], scope: Scope, locals: Names): string[] {
  const next = { at: 0 };
  const call = `await externs[${JSON.stringify(declared.name)}](${args.map((tree) => readTree(tree, words, next, new Map())).join(", ")})`;
  if (declared.result === null) return [`${call};`];
  const result = locals.pick(`${declared.name}_result`);
  const bound: BoundLeaf[] = [];
  const checks = checkTree(result, placeTree(declared.result, [...results]), `extern fn ${declared.name}: its result%`, "", scope, locals, bound);
  let at = 0;
  const sent = bound.flatMap(({ name, leaf }) => {
    const from = at;
    at += padded(bytesOf(leaf));
    return [put(name, leaf, from), `gpu.write(${leaf.at}, u8.subarray(${from}, ${from + bytesOf(leaf)}));`];
  });
  return [`let ${result} = ${call};`, ...checks, ...sent];
}

/** Runs the plan: stretches of it, and between them values go to the host and come back, in loops where that is so. */
function runPlan(entry: ProgramEntry, program: Program, scope: Scope, locals: Names): string[] {
  const run = (symbol: string, ranges: string, turns: readonly string[]): string =>
    `await gpu.run(routines[${JSON.stringify(symbol)}], ${ranges}${turns.length > 0 ? `, [${turns.join(", ")}]` : ""});`;
  const lines = (parts: readonly ScriptPart[], turns: readonly string[]): string[] => {
    const out: string[] = [];
    /** What was run last reads the ranges, too. */
    let last: string | undefined;
    const submit = (name: string, ranges: string): void => {
      out.push(last === undefined ? `const ${name} = await gpu.run([], ${ranges});` : `const ${name} = ${run(last, ranges, turns)}`);
      last = undefined;
    };
    const settle = (): void => {
      if (last !== undefined) out.push(run(last, "[]", turns));
      last = undefined;
    };
    for (const part of parts) {
      switch (part.kind) {
        case "routine":
          settle();
          last = part.routine.symbol;
          break;
        case "host": {
          const declared = program.externs.find(({ name }) => name === part.extern);
          if (declared === undefined) throw new Error(`internal: no extern fn '${part.extern}'`);
          const places = [...part.args];
          const args = declared.parameters.map(({ tree }) => placeTree(tree, places));
          const words = locals.pick("given");
          submit(words, rangesOf({ kind: "tuple", items: args }));
          out.push(...hostCall(declared, words, args, part.results, scope, locals));
          break;
        }
        case "until": {
          const test = locals.pick("test");
          submit(test, `[[${placeText(part.test, 1, turns)}, 4]]`);
          out.push(`if (new Uint32Array(${test})[0] === 1) break;`);
          break;
        }
        case "loop": {
          settle();
          const turn = locals.pick("turn");
          out.push(`let ${turn} = 0;`, `for (; ${turn} < ${part.turns}; ${turn}++) {`, ...lines(part.body, [...turns, turn]).map((line) => `  ${line}`), "}");
          if (part.count !== undefined) out.push(`gpu.write(${placeText(part.count, 1, turns)}, Int32Array.of(${turn}));`);
        }
      }
    }
    if (turns.length > 0) settle();
    else submit("words", rangesOf(entry.result));
    return out;
  };
  return lines(scriptOf(entry.symbol, entry.plan), []);
}

/** The function of one entry at one choice of its variants, called `name`. */
export function gpuEntryFunction(entry: ProgramEntry, name: string, program: Program, scope: Scope): string {
  const { locals, length, parameters, checks, bound, out } = entryHead(entry, scope);
  const body: string[] = [];
  if (bound.length > 0) {
    const { from, bytes } = argumentRange(entry);
    if (entry.length) body.push(`i32[${(entry.length.at - from) / 4}] = ${length};`);
    body.push(...bound.map(({ name: value, leaf }) => put(value, leaf, leaf.at - from)), `gpu.write(${from}, u8.subarray(0, ${bytes}));`);
  }
  body.push(...runPlan(entry, program, scope, locals));
  if (entry.result !== null) body.push(`return ${readTree(entry.result, "words", { at: 0 }, out, length)};`);
  const indented = (lines: readonly string[], indent: string): string => lines.map((line) => `${indent}${line}\n`).join("");
  const head = `  async function ${name}(${parameters}) {\n`;
  if (!hasHost(entry)) return `${head}${indented([...checks, ...body], "    ")}  }\n`;
  return `${head}${indented([...checks, `running = "${entry.name}";`], "    ")}    try {\n${indented(body, "      ")}    } finally {\n      running = undefined;\n    }\n  }\n`;
}
