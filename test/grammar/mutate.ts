/** Random changes of programs, for fuzzing. */
import fc from "fast-check";
import { programs } from "./samples.ts";

/** Rough tokens: words, numbers, symbols, and the space and comments between them. */
export function pieces(source: string): string[] {
  return source.match(/\/\/[^\n]*|\s+|[A-Za-z_]\w*|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|<-|->|=>|\.\.\.?|\|>|[=!<>]=|&&|\|\||[^\s\w]/g) ?? [];
}

const vocabulary = [...new Set(programs.flatMap(({ source }) => pieces(source)))];
const noise = ["\"", "'", ";", "\\", "#", "\u0000", "\uD800", "λ", "\uFEFF", "/*", "*/", "//", "\r", "1.", ".5", "`", "}", "{", "((((", "]]", "<-", "=", "else"];

type Change = { readonly kind: "delete" | "duplicate" | "swap" | "insert" | "cut"; readonly at: number; readonly text: string };
const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom("delete", "duplicate", "swap", "insert", "cut"),
  at: fc.nat(),
  text: fc.oneof(fc.constantFrom(...vocabulary), fc.constantFrom(...noise), fc.string({ maxLength: 4 })),
});

function apply(list: readonly string[], { kind, at, text }: Change): string[] {
  const index = list.length === 0 ? 0 : at % list.length;
  const result = [...list];
  switch (kind) {
    case "delete": result.splice(index, 1); break;
    case "duplicate": result.splice(index, 0, ...result.slice(index, index + 3)); break;
    case "swap": result.splice(index, 2, ...result.slice(index, index + 2).reverse()); break;
    case "insert": result.splice(index, 0, text); break;
    case "cut": result.length = index; break;
  }
  return result;
}

/** A sample program with up to eight changes. */
export const brokenProgram: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom(...programs), fc.array(change, { minLength: 1, maxLength: 8 }))
  .map(([{ source }, changes]) => changes.reduce(apply, pieces(source)).join(""));

/** A sample program with other space and more comments between its tokens: the same program. */
export const respacedProgram: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom(...programs), fc.array(fc.tuple(fc.nat(), fc.constantFrom("\n", "\n\n\n", "   ", " // note\n", "\n// own\n", "\n\n/// doc\n\n", "\r\n")), { maxLength: 12 }))
  .map(([{ source }, spaces]) => {
    const list = pieces(source);
    for (const [at, space] of spaces) {
      const index = at % list.length;
      if (!list[index].startsWith("//")) list[index] = `${list[index]}${space}`;
    }
    return list.join("");
  });
