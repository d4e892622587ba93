/** Typed access to the recogniser's concrete tree, for the builder. */
import type { CstNode, IToken, TokenType } from "chevrotain";
import type { Name, Span } from "./ast.ts";
import type { RuleName } from "./parser.ts";
import type { SyntaxProblem } from "./problem.ts";
import { Name as NameToken, Reserved, Word } from "./tokens.ts";

/** What the builder carries along. */
export interface Building {
  readonly file: string;
  readonly problems: SyntaxProblem[];
  /** Of the expression being built inside others. */
  depth: number;
}

export function nodes(cst: CstNode, rule: RuleName): readonly CstNode[] {
  // Children under a rule's name are nodes: token types are named differently (the parser's validation tests it).
  return (cst.children[rule] ?? []) as CstNode[];
}
export function optionalNode(cst: CstNode, rule: RuleName): CstNode | undefined {
  return nodes(cst, rule)[0];
}
export function node(cst: CstNode, rule: RuleName, index = 0): CstNode {
  return present(nodes(cst, rule)[index], cst, rule);
}

export function tokens(cst: CstNode, type: TokenType): readonly IToken[] {
  // Children under a token type's name are tokens, for the same reason.
  return (cst.children[type.name] ?? []) as IToken[];
}
export function optionalToken(cst: CstNode, ...types: readonly TokenType[]): IToken | undefined {
  for (const type of types) {
    const found = tokens(cst, type)[0];
    if (found) return found;
  }
  return undefined;
}
export function token(cst: CstNode, ...types: readonly TokenType[]): IToken {
  return present(optionalToken(cst, ...types), cst, types[0].name);
}

function present<Value>(value: Value | undefined, cst: CstNode, wanted: string): Value {
  if (value === undefined) throw new Error(`internal: ${cst.name} has no ${wanted}`);
  return value;
}

export function tokenSpan(token: IToken, at: Building): Span {
  return { file: at.file, start: token.startOffset, end: (token.endOffset ?? token.startOffset) + 1 };
}
export function span(cst: CstNode, at: Building): Span {
  const { startOffset, endOffset } = present(cst.location, cst, "location");
  return { file: at.file, start: startOffset, end: (endOffset ?? startOffset) + 1 };
}
export function between(first: { readonly span: Span }, last: { readonly span: Span }): Span {
  return { file: first.span.file, start: first.span.start, end: last.span.end };
}

/** A word in a place where reserved words are names too. */
export function nameOf(token: IToken, at: Building): Name {
  return { span: tokenSpan(token, at), text: token.image };
}
/** The direct word child: consumed as `Word` or as `Name`. */
export function wordChild(cst: CstNode, at: Building): Name {
  return nameOf(token(cst, Word, NameToken), at);
}

/** A name that the program introduces: a reserved word is read, and reported. */
export function newName(cst: CstNode, at: Building): Name {
  const word = token(cst, Word);
  if (word.tokenType.CATEGORIES?.includes(Reserved)) at.problems.push(reservedName(word.image, tokenSpan(word, at)));
  return nameOf(word, at);
}

export function reservedName(text: string, span: Span): SyntaxProblem {
  return { span, message: `\`${text}\` is a reserved word and cannot be a name`, help: `choose another name, for example \`${text}_\`` };
}
