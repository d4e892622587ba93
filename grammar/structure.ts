/**
 * What a broken token sequence still shows of a program's shape: brackets, and where statements and declarations begin.
 *
 * Line ends carry no meaning in the language; here, where the grammar has failed, they are a hint.
 */
import { EOF, tokenMatcher, type IToken } from "chevrotain";
import * as t from "./tokens.ts";

export interface Structure {
  readonly source: string;
  readonly tokens: readonly IToken[];
}

const closerOf = new Map([
  [t.LeftParen, t.RightParen],
  [t.LeftBracket, t.RightBracket],
  [t.LeftBrace, t.RightBrace],
]);
const openerOf = new Map([...closerOf].map(([opener, closer]) => [closer, opener]));

/** The type that closes the bracket `opener`. */
export function closer(opener: IToken) {
  return closerOf.get(opener.tokenType) ?? t.RightBrace;
}
export function isCloser(token: IToken | undefined): boolean {
  return token !== undefined && openerOf.has(token.tokenType);
}

/** Indices of the brackets open just before `end`, outermost first. A closer without its opener is ignored, one that skips openers closes them. */
export function openBefore({ tokens }: Structure, start: number, end: number): number[] {
  const open: number[] = [];
  for (let index = start; index < end; index++) {
    const { tokenType } = tokens[index];
    if (closerOf.has(tokenType)) open.push(index);
    const opener = openerOf.get(tokenType);
    const match = opener ? open.findLastIndex((candidate) => tokens[candidate].tokenType === opener) : -1;
    if (match >= 0) open.length = match;
  }
  return open;
}

export function firstOnLine({ source, tokens }: Structure, index: number): boolean {
  const { startOffset } = tokens[index];
  return source.slice(source.lastIndexOf("\n", startOffset - 1) + 1, startOffset).trim() === "";
}

/** Number of characters before the first token of the line on which a token stands. */
export function indentation({ source, tokens }: Structure, index: number): number {
  const lineStart = source.lastIndexOf("\n", tokens[index].startOffset - 1) + 1;
  return source.slice(lineStart).search(/\S|$/);
}

const { words } = t;
const onlyTopLevel = new Set([
  words.use, words.dim, words.var, words.frozen, words.type, words.export, words.train, words.extern, words.optimizer, words.rules,
]);
const introducing = new Set([words.let, words.const, words.param, words.state, words.layer, words.tap]);
const onlyStatement = new Set([
  words.return, words.emit, words.prove, words.minimize, words.apply, words.static,
]);

/** A reserved word where it is a name: `x.state`, `{ state: 1 }`, `f(state = 1)`. */
function isNamed(tokens: readonly IToken[], index: number): boolean {
  const next = tokens[index + 1]?.tokenType;
  return tokens[index - 1]?.tokenType === t.Dot || next === t.Colon || next === t.Equals;
}

export function startsDeclaration(structure: Structure, index: number): boolean {
  const { tokens } = structure;
  const token = tokens[index];
  if (!token || isNamed(tokens, index)) return false;
  if (onlyTopLevel.has(token.tokenType)) return !onlyTopLevel.has(tokens[index - 1]?.tokenType ?? EOF);
  if (token.tokenType === words.const) return firstOnLine(structure, index) && indentation(structure, index) === 0;
  // `fn` and `model` before a name; after a modifier the declaration has begun already.
  const declares = token.tokenType === words.fn || token.tokenType === words.model;
  return declares && tokens[index + 1] !== undefined && tokenMatcher(tokens[index + 1], t.Word) && !onlyTopLevel.has(tokens[index - 1]?.tokenType ?? EOF);
}

export function startsStatement(structure: Structure, index: number): boolean {
  const { tokens } = structure;
  const token = tokens[index];
  if (!token || isNamed(tokens, index)) return false;
  if (onlyStatement.has(token.tokenType)) return true;
  const previous = tokens[index - 1];
  const opensLine = firstOnLine(structure, index);
  // `x + state` is a word out of place, not the beginning of something.
  const next = tokens[index + 1];
  if (introducing.has(token.tokenType)) return opensLine || next === undefined || tokenMatcher(next, t.Word) || next.tokenType === t.LeftParen;
  if (token.tokenType === words.if) return opensLine && previous !== undefined && endsOperand(previous);
  return token.tokenType === t.Name && opensLine && previous !== undefined && endsOperand(previous) && assigns(structure, index);
}

/** A line that begins with a word where the line before could have ended: perhaps a statement that is none, such as `f(x)`. */
export function beginsLikeStatement(structure: Structure, index: number): boolean {
  const { tokens } = structure;
  if (startsStatement(structure, index)) return true;
  const [previous, token] = [tokens[index - 1], tokens[index]];
  const isWord = token.tokenType === t.Name || token.tokenType === words.for;
  return isWord && previous !== undefined && previous.tokenType !== t.LeftBrace && endsOperand(previous) && firstOnLine(structure, index) && !isNamed(tokens, index);
}

/** `name.path[0] <-`, within the line. */
function assigns(structure: Structure, start: number): boolean {
  const { tokens } = structure;
  for (let index = start + 1; index < tokens.length && !firstOnLine(structure, index); index++) {
    const { tokenType } = tokens[index];
    if (tokenType === t.LeftArrow || (index === start + 1 && (tokenType === t.Equals || tokenType === t.CompoundAssign))) return true;
    if (startsStatement(structure, index)) return false;
  }
  return false;
}

/** A value may end here, or a block begin: what follows is an operator or something new. */
export function endsOperand(token: IToken): boolean {
  return tokenMatcher(token, t.NumberToken) || token.tokenType === t.Name || token.tokenType === t.LeftBrace || token.tokenType === t.Missing || isCloser(token);
}

/** Does this `{` open statements, and not a record? */
export function opensBlock({ tokens }: Structure, index: number): boolean {
  if (tokens[index].tokenType !== t.LeftBrace) return false;
  const [previous, next, second] = [tokens[index - 1], tokens[index + 1], tokens[index + 2]];
  const isRecord = next && tokenMatcher(next, t.Word) && (second?.tokenType === t.Colon || second?.tokenType === t.Comma);
  if (!previous || isRecord) return false;
  return previous.tokenType === words.else || previous.tokenType === words.model || (endsOperand(previous) && previous.tokenType !== t.LeftBrace);
}
