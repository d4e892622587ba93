/** Random changes of programs that keep them close to meaningful, for fuzzing the elaborator. */
import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { pieces } from "../grammar/mutate.ts";
import { blocks } from "../grammar/samples.ts";

const read = (folder: string): string[] => {
  const url = new URL(folder, import.meta.url);
  return readdirSync(url).filter((name) => name.endsWith(".pull")).sort().map((name) => readFileSync(new URL(name, url), "utf8"));
};
const reference = blocks(new URL("../../grammar/README.md", import.meta.url), "pull").map(({ source }) => source);

/** Those of this folder use every feature that this version has. */
export const programs: readonly string[] = [...read("./programs/"), ...read("../grammar/programs/"), ...read("../../samples/"), ...reference];

const isSolid = (piece: string): boolean => !/^\s|^\/\//.test(piece);
const kindOf = (piece: string): "word" | "number" | "symbol" => (/^[A-Za-z_]/.test(piece) ? "word" : /^\d/.test(piece) ? "number" : "symbol");
const numbers = ["0", "1", "2", "3", "7", "-1", "0.5", "1e9", "1000000000", "1099511627776", "1e300", "65536"];
const words = [
  "sum", "mean", "argmax", "grad", "pull", "push", "taps", "stop", "x", "net", "f32", "i32", "u32", "bool", "f64", "u2", "training", "true", "_", "inf", "nan", "self",
  "result", "shape", "concat", "stack", "reshape", "top_k", "zeros", "normal", "random_key", "where", "cumsum", "sort", "linspace", "one_hot", "softmax", "pad",
  "expand", "scatter_add", "jacobian", "Linear", "BatchNorm", "adam", "fn(a) => a", "[1, 2]", "(1, 2)", "{ a: 1 }", "0..3",
];
const operators = ["+", "-", "*", "/", "^", "@", "==", "<", "&&", "||", "|>"];

type Change = { readonly kind: "delete" | "swap" | "same" | "number" | "word" | "operator" | "copyLine" | "dropLine"; readonly at: number; readonly to: number };
const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom("delete", "swap", "same", "same", "number", "word", "operator", "copyLine", "dropLine"),
  at: fc.nat(), to: fc.nat(),
});

const pick = <T>(list: readonly T[], at: number): T => list[at % list.length];

function apply(source: string, { kind, at, to }: Change): string {
  if (kind === "copyLine" || kind === "dropLine") {
    const lines = source.split("\n");
    if (kind === "dropLine") lines.splice(at % lines.length, 1);
    else lines.splice(at % lines.length, 0, pick(lines, to));
    return lines.join("\n");
  }
  const list = pieces(source);
  const places = (test: (piece: string) => boolean): number[] => list.flatMap((piece, i) => (isSolid(piece) && test(piece) ? [i] : []));
  const replace = (candidates: readonly number[], piece: string): void => {
    if (candidates.length > 0) list[pick(candidates, at)] = piece;
  };
  const all = places(() => true);
  if (all.length === 0) return source;
  const here = pick(all, at);
  switch (kind) {
    case "delete": list.splice(here, 1); break;
    case "swap": {
      const there = pick(all, to);
      [list[here], list[there]] = [list[there], list[here]];
      break;
    }
    case "same": list[here] = list[pick(places((piece) => kindOf(piece) === kindOf(list[here])), to)]; break;
    case "number": replace(places((piece) => kindOf(piece) === "number"), pick(numbers, to)); break;
    case "word": replace(places((piece) => kindOf(piece) === "word"), pick(words, to)); break;
    case "operator": replace(places((piece) => operators.includes(piece)), pick(operators, to)); break;
  }
  return list.join("");
}

/** A program with up to four changes. */
export const changedProgram: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom(...programs), fc.array(change, { minLength: 1, maxLength: 4 }))
  .map(([source, changes]) => changes.reduce(apply, source));
