/**
 * Error recovery: a change of the tokens after which the parse can go on behind an error.
 *
 * A bracket that is never closed is closed; one that closes nothing is dropped; else the broken value gives way to `Missing`, and where
 * that does not help, the broken statement or declaration is dropped. Each repair drops tokens of the source, or adds one of two
 * kinds of made tokens that are never added twice at one place: a file is done after finitely many.
 */
import { createTokenInstance, type IToken, type TokenType } from "chevrotain";
import {
  beginsLikeStatement, closer, firstOnLine, indentation, isCloser, openBefore, opensBlock, startsDeclaration, startsStatement, type Structure,
} from "./structure.ts";
import * as t from "./tokens.ts";

/** Replaces the tokens `from` to `to` (exclusive). */
export interface Repair {
  readonly from: number;
  readonly to: number;
  readonly insert: readonly IToken[];
  /** The bracket that is never closed, when that is the error. */
  readonly unclosed?: IToken;
  /** The token is a closer without an opener, */
  readonly stray?: boolean;
  /** or closes this bracket of another kind. */
  readonly mistaken?: IToken;
}

/**
 * @param start first token of the declaration
 * @param at the token at which its parse failed (the count of tokens: the end)
 * @param betweenStatements the statement before that token is whole: the token begins none
 */
export function repair(structure: Structure, start: number, at: number, betweenStatements: boolean): Repair {
  const { tokens } = structure;
  const open = openBefore(structure, start, at);
  const innermost = open.at(-1);
  const found = tokens[at];

  if (found && isCloser(found)) {
    const opened = open.some((index) => closer(tokens[index]) === found.tokenType);
    if (!opened && innermost !== undefined && !opensBlock(structure, innermost) && found.tokenType !== t.RightBrace) {
      return { from: at, to: at + 1, insert: [createTokenInstance(closer(tokens[innermost]), found.image, found.startOffset, found.startOffset, NaN, NaN, NaN, NaN)], mistaken: tokens[innermost] };
    }
    if (!opened) return { from: at, to: at + 1, insert: [], stray: true };
    if (innermost !== undefined && closer(tokens[innermost]) !== found.tokenType) return close(structure, innermost, at);
  }
  if (innermost !== undefined && !isMade(tokens[at - 1])) {
    const inBlock = opensBlock(structure, innermost);
    // Deeper than the line of its brace, a declaration is meant to stand in the block.
    const leaves = inBlock ? found && indentation(structure, at) <= indentation(structure, innermost) : true;
    if (!found || (at > start && leaves && startsDeclaration(structure, at))) return close(structure, misindented(structure, start, at) ?? innermost, at, innermost);
    if (!inBlock && startsStatement(structure, at)) return close(structure, innermost, at);
  }
  if (betweenStatements) return { from: at, to: Math.max(statementEnd(structure, at, at, 0), at + 1), insert: [] };
  return drop(structure, start, at, open);
}

/** Closes `innermost` before `at`; `unclosed` is the bracket to blame. */
function close({ tokens }: Structure, unclosed: number, at: number, innermost = unclosed): Repair {
  return { from: at, to: at, insert: [made(closer(tokens[innermost]), tokens[at - 1])], unclosed: tokens[unclosed] };
}

/** A block whose closing brace stands further left than the line that opened it has taken an outer block's. */
function misindented(structure: Structure, start: number, end: number): number | undefined {
  const { tokens } = structure;
  const open: number[] = [];
  for (let index = start; index < end; index++) {
    if (tokens[index].tokenType === t.LeftBrace) open.push(index);
    if (tokens[index].tokenType !== t.RightBrace) continue;
    const opener = open.pop();
    if (opener !== undefined && firstOnLine(structure, index) && indentation(structure, index) < indentation(structure, opener)) return opener;
  }
  return undefined;
}

function drop(structure: Structure, start: number, at: number, open: readonly number[]): Repair {
  const { tokens } = structure;
  const block = open.findLast((index) => opensBlock(structure, index));
  if (block === undefined) {
    const end = nextDeclaration(structure, Math.max(at, start + 1));
    return withoutValue(structure, start, at, end, start) ?? { from: start, to: end, insert: [] };
  }
  const from = statementBefore(structure, block, at);
  const inner = open.filter((index) => index > block && tokens[index].tokenType === t.LeftBrace).length;
  const to = statementEnd(structure, at, from, inner);
  return withoutValue(structure, from, at, to, block) ?? { from, to: Math.max(to, from + 1), insert: [] };
}

export function nextDeclaration(structure: Structure, from: number): number {
  let index = from;
  while (index < structure.tokens.length && !startsDeclaration(structure, index)) index++;
  return index;
}

/** The last statement that begins directly in the block, at or before `at`. */
function statementBefore(structure: Structure, block: number, at: number): number {
  let start = block + 1;
  let depth = 0;
  for (let index = block + 1; index < at; index++) {
    const { tokenType } = structure.tokens[index];
    if (tokenType === t.LeftBrace) depth++;
    if (tokenType === t.RightBrace) depth--;
    if (depth === 0 && beginsLikeStatement(structure, index)) start = index;
  }
  return start;
}

/** Where the next statement begins or the block ends; at `at`, `depth` braces of the statement that began at `start` are open. */
function statementEnd(structure: Structure, at: number, start: number, depth: number): number {
  const { tokens } = structure;
  let index = at;
  for (; index < tokens.length; index++) {
    const { tokenType } = tokens[index];
    if (tokenType === t.RightBrace && --depth < 0) return index;
    if (index > start && startsDeclaration(structure, index)) return index;
    if (depth === 0 && index > start && beginsLikeStatement(structure, index)) return index;
    if (tokenType === t.LeftBrace) depth++;
  }
  return index;
}

const valueFollows = new Set([t.Equals, t.LeftArrow, t.words.return, t.words.emit, t.words.prove]);

/** Replaces the value only, and so keeps the name that the statement or declaration introduces. */
function withoutValue(structure: Structure, start: number, at: number, end: number, outer: number): Repair | undefined {
  const { tokens } = structure;
  if (tokens.slice(start, end).some((token) => token.tokenType === t.Missing)) return undefined;
  const depth = openBefore(structure, outer, start).length;
  for (let index = start; index < at; index++) {
    if (!valueFollows.has(tokens[index].tokenType) || openBefore(structure, outer, index).length !== depth) continue;
    return { from: index + 1, to: end, insert: [made(t.Missing, tokens[index])] };
  }
  return undefined;
}

function made(type: TokenType, after: IToken): IToken {
  const offset = (after.endOffset ?? after.startOffset) + 1;
  return createTokenInstance(type, "", offset, offset - 1, NaN, NaN, NaN, NaN);
}
export function isMade(token: IToken | undefined): boolean {
  return token !== undefined && token.image === "";
}
