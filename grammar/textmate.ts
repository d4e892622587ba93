/**
 * The TextMate grammar that editors colour programs with, made from the token table.
 *
 * `pull.tmLanguage.json` is its checked-in text: a test compares the two, and `vitest -u` writes it anew.
 */
import type { TokenType } from "chevrotain";
import { Arrow, FatArrow, foreignOperators, Infix, LeftArrow, Equals, Name, NumberToken, Prefix, StringToken, tokenTypes, wordGroups } from "./tokens.ts";

interface Pattern {
  readonly name?: string;
  readonly match: string;
  readonly captures?: Readonly<Record<string, { readonly name: string }>>;
}

const scopes: Readonly<Record<keyof typeof wordGroups, string>> = {
  declaration: "storage.type.declaration.pull",
  member: "storage.type.member.pull",
  rule: "keyword.other.rule.pull",
  control: "keyword.control.pull",
  action: "keyword.other.action.pull",
  loop: "keyword.control.loop.pull",
};

const elementTypes = ["f64", "f32", "f16", "f8", "f4", "i32", "i8", "i4", "u32", "u8", "u4", "u2", "u1", "bool"];
const libraryConstants = ["true", "false", "inf", "pi", "training"];

function source(type: TokenType): string {
  const { PATTERN: pattern } = type;
  if (pattern instanceof RegExp) return pattern.source;
  return String(pattern).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** Reserved words are names after `.`, before a record's `:` and an argument's `=`. */
function wordPattern(texts: readonly string[]): string {
  return `(?<![.\\w])(?:${texts.join("|")})\\b(?!\\s*(?::|=(?![=>])))`;
}

function operators(): string {
  const isOperator = ({ CATEGORIES: categories = [] }: TokenType): boolean => categories.includes(Infix) || categories.includes(Prefix);
  const types = [Arrow, FatArrow, LeftArrow, Equals, ...tokenTypes.filter((type) => typeof type.PATTERN === "string" && isOperator(type))];
  const own = [...new Set(types)].filter(({ name }) => !Object.hasOwn(foreignOperators, name));
  return own.map(source).sort((a, b) => b.length - a.length || (a < b ? -1 : 1)).join("|");
}

/** Plain data, to be written as JSON. */
export function textmateGrammar() {
  const name = source(Name);
  const patterns: readonly Pattern[] = [
    { name: "comment.line.documentation.pull", match: "///(?!/).*$" },
    { name: "comment.line.double-slash.pull", match: "//.*$" },
    { name: "string.quoted.double.pull", match: source(StringToken) },
    {
      match: `\\b(fn|model|optimizer|rules|type)\\s+(${name})`,
      captures: { 1: { name: scopes.declaration }, 2: { name: "entity.name.function.pull" } },
    },
    ...Object.entries(scopes).map(([group, scope]) => ({
      name: scope,
      // A key of `scopes` is one of `wordGroups`; Object.entries forgets it.
      match: wordPattern(wordGroups[group as keyof typeof wordGroups]),
    })),
    { name: "storage.type.element.pull", match: `(?<![.\\w])(?:${elementTypes.join("|")})\\b` },
    { name: "constant.language.pull", match: `(?<![.\\w])(?:${libraryConstants.join("|")})\\b` },
    { name: "constant.numeric.pull", match: `(?<!\\w)${source(NumberToken)}` },
    { name: "entity.name.function.call.pull", match: `${name}(?=\\()` },
    { name: "variable.other.pull", match: name },
    { name: "keyword.operator.pull", match: operators() },
  ];
  return { name: "Pullback", scopeName: "source.pull", fileTypes: ["pull"], patterns };
}
