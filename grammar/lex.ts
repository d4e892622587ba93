/** Text to tokens and comments. What is not of the language but whose meaning is plain is read so, and reported here. */
import { Lexer, tokenMatcher, type IToken } from "chevrotain";
import type { Comment, Span } from "./ast.ts";
import type { SyntaxProblem } from "./problem.ts";
import {
  BlockComment, foreignOperators, HashComment, LeadingPoint, Name, RightBracket, RightParen, Semicolon, tokenTypes, TrailingPoint, Unterminated,
} from "./tokens.ts";

export interface Lexed {
  readonly tokens: readonly IToken[];
  readonly comments: readonly Comment[];
  readonly problems: readonly SyntaxProblem[];
  /** Text that became no token: what stands around it may not fit together. */
  readonly dropped: readonly Span[];
}

let lexer: Lexer | undefined;

export function lex(source: string, file: string): Lexed {
  // Building it takes some milliseconds: once, at first use. The token table is validated by the tests.
  lexer ??= new Lexer([...tokenTypes], { positionTracking: "onlyOffset", ensureOptimizations: true, skipValidations: true });
  const { tokens, groups, errors } = lexer.tokenize(source);
  const problems: SyntaxProblem[] = [];
  const spanAt = (start: number, length: number): Span => ({ file, start, end: start + length });

  const dropped = errors.map(({ offset, length }) => spanAt(offset, length));
  problems.push(...dropped.map((span) => strayCharacters(source.slice(span.start, span.end), span)));
  problems.push(...strayTokens(groups.stray ?? [], file));

  const kept = tokens.filter((token, index) => {
    token.endOffset = token.startOffset + token.image.length - 1;
    const span = spanAt(token.startOffset, token.image.length);
    if (isTupleField(tokens, index)) {
      problems.push({ span, message: `\`${token.image}\` is not a field: a tuple is indexed`, help: `write \`[${token.image.slice(1)}]\`` });
      return false;
    }
    const problem = misspelt(token, span);
    if (problem) problems.push(problem);
    return true;
  });
  return { tokens: kept, comments: (groups.comments ?? []).map((token) => comment(token, source, file)), problems, dropped };
}

function misspelt(token: IToken, span: Span): SyntaxProblem | undefined {
  const { tokenType: type, image } = token;
  if (type === TrailingPoint) return { span, message: `the number \`${image}\` has no digit after its point`, help: `write \`${image.replace(".", ".0")}\`` };
  if (type === LeadingPoint) return { span, message: `the number \`${image}\` has no digit before its point`, help: `write \`0${image}\`` };
  if (type === Unterminated) {
    return image.startsWith('"')
      ? { span, message: "this string is never closed", help: 'a string ends with `"` on the same line' }
      : { span, message: "`'` is not part of the language", help: 'the file name of a `use` stands in double quotes: `use "blocks.pull"`' };
  }
  if (Object.hasOwn(foreignOperators, image)) {
    return { span, message: `\`${image}\` is not part of the language`, help: foreignOperators[image] };
  }
  return undefined;
}

/** `pair.0`: the point right behind an operand. */
function isTupleField(tokens: readonly IToken[], index: number): boolean {
  const token = tokens[index];
  const before = tokens[index - 1];
  if (token.tokenType !== LeadingPoint || !before || before.startOffset + before.image.length !== token.startOffset) return false;
  return tokenMatcher(before, Name) || before.tokenType === RightParen || before.tokenType === RightBracket;
}

function strayTokens(stray: readonly IToken[], file: string): SyntaxProblem[] {
  const problems: SyntaxProblem[] = [];
  const semicolons = stray.filter((token) => token.tokenType === Semicolon);
  if (semicolons.length > 0) {
    const start = semicolons[0].startOffset;
    const more = semicolons.length > 1 ? ` (and ${semicolons.length - 1} more in this file)` : "";
    problems.push({ span: { file, start, end: start + 1 }, message: "`;` is not part of the language", help: `a statement ends by itself: remove it${more}` });
  }
  for (const { tokenType, startOffset, image } of stray) {
    if (tokenType !== BlockComment && tokenType !== HashComment) continue;
    const opener = tokenType === BlockComment ? "/*" : "#";
    problems.push({
      span: { file, start: startOffset, end: startOffset + opener.length },
      message: `\`${opener}\` is not part of the language`,
      help: "a comment begins with `//` and ends with its line",
    });
  }
  return problems;
}

const characterHelp: Readonly<Record<string, string>> = {
  "?": "a choice between values is `if c then a else b`",
  "\\": "line ends carry no meaning: an expression may simply go on",
  "~": "logical not is `!`",
};

function strayCharacters(text: string, span: Span): SyntaxProblem {
  const first = String.fromCodePoint(text.codePointAt(0) ?? 0);
  const letter = /\p{L}/u.test(first) ? "names are made of the letters a to z and A to Z, digits and `_`" : undefined;
  const shown = /[\p{C}]/u.test(first) ? `the character U+${first.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")}` : `\`${first}\``;
  return { span, message: `${shown} is not part of the language`, help: characterHelp[first] ?? letter };
}

function comment(token: IToken, source: string, file: string): Comment {
  const { image, startOffset } = token;
  // Four slashes and more draw a line; they document nothing.
  const doc = /^\/\/\/(?!\/)/.test(image);
  const lineStart = source.lastIndexOf("\n", startOffset - 1) + 1;
  return {
    span: { file, start: startOffset, end: startOffset + image.length },
    text: image.slice(doc ? 3 : 2).trimEnd(),
    doc,
    ownLine: source.slice(lineStart, startOffset).trim() === "",
  };
}
