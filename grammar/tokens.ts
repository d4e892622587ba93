/** The token table: what the lexer knows, and what the TextMate grammar is generated from. */
import { createToken, Lexer, type TokenType } from "chevrotain";

/** Reserved words by the role that an editor colours. */
export const wordGroups = {
  declaration: ["use", "dim", "const", "frozen", "var", "type", "retract", "export", "train", "fn", "extern", "model", "optimizer", "rules"],
  member: ["let", "param", "state", "layer", "tap"],
  rule: ["surrogate", "backward", "tangent"],
  control: ["if", "then", "else", "for", "in", "until", "static", "return", "emit"],
  action: ["prove", "minimize", "over", "with", "apply", "to"],
  loop: ["map", "scan", "fixpoint", "odesolve"],
} as const;
export type ReservedWord = (typeof wordGroups)[keyof typeof wordGroups][number];

/** Any word: a name or a reserved word. After `.`, before a record's `:` and an argument's `=` all are names. */
export const Word = createToken({ name: "Word", pattern: Lexer.NA });
export const Reserved = createToken({ name: "Reserved", pattern: Lexer.NA });
export const Name = createToken({ name: "Name", pattern: /[A-Za-z_][A-Za-z0-9_]*/, categories: [Word] });

function word(text: ReservedWord): TokenType {
  return createToken({ name: text, pattern: text, longer_alt: Name, categories: [Word, Reserved], line_breaks: false });
}
const wordEntries = Object.values(wordGroups).flat().map((text): [ReservedWord, TokenType] => [text, word(text)]);
/** The token type of each reserved word. */
// The entries cover the union by construction; Object.fromEntries forgets it.
export const words = Object.fromEntries(wordEntries) as Record<ReservedWord, TokenType>;

/** Digits on both sides of the point. An exponent needs none. */
export const NumberToken = createToken({ name: "Number", pattern: /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/ });
/** `1.` and `.5`: read as the numbers they are meant to be, and reported. */
export const TrailingPoint = createToken({ name: "TrailingPoint", pattern: /\d+\.(?:[eE][+-]?\d+(?!\w)|(?![\d.A-Za-z_]))/, categories: [NumberToken] });
export const LeadingPoint = createToken({ name: "LeadingPoint", pattern: /\.\d+(?:[eE][+-]?\d+)?/, categories: [NumberToken] });
/** Only `use` takes one; elsewhere it is read and reported. */
export const StringToken = createToken({ name: "String", pattern: /"[^"\r\n]*"/ });

/** Stands between two operands. `=` and `<-` are among them only so that `if a = b` and `x <-1` are understood and reported. */
export const Infix = createToken({ name: "Infix", pattern: Lexer.NA });
export const Prefix = createToken({ name: "Prefix", pattern: Lexer.NA });

function symbol(text: string, categories: TokenType[] = []): TokenType {
  return createToken({ name: text, pattern: text, categories, line_breaks: false });
}
export const Ellipsis = symbol("...");
export const Range = symbol("..", [Infix]);
export const Dot = symbol(".");
export const Arrow = symbol("->");
export const LeftArrow = symbol("<-", [Infix]);
export const FatArrow = symbol("=>");
export const LessEqual = symbol("<=", [Infix]);
export const Equals = symbol("=", [Infix]);
export const Colon = symbol(":");
export const Comma = symbol(",");
export const Minus = symbol("-", [Infix, Prefix]);
export const Bang = symbol("!", [Prefix]);
export const LeftParen = symbol("(");
export const RightParen = symbol(")");
export const LeftBracket = symbol("[");
export const RightBracket = symbol("]");
export const LeftBrace = symbol("{");
export const RightBrace = symbol("}");
/** Operators that the grammar need not tell apart, longest first. */
const plainInfix = ["==", "!=", ">=", "&&", "||", "|>", "<", ">", "+", "*", "/", "@", "^"].map((text) => symbol(text, [Infix]));

/** Other languages' operators: read as what they are meant to be, and reported (`lex.ts`). */
export const foreignOperators: Readonly<Record<string, string>> = {
  "**": "the power operator is `^`",
  "%": "the remainder is a function: `mod(a, b)`",
  "&": "logical and is `&&`",
  "|": "logical or is `||`, a pipe `|>`",
};
const foreign = Object.keys(foreignOperators).map((text) => symbol(text, [Infix]));
/** Read as `=` would be: `x += 1` is an assignment that has another spelling. */
export const CompoundAssign = createToken({ name: "CompoundAssign", pattern: /[-+*/]=(?![=>])/, categories: [Infix], start_chars_hint: ["+", "-", "*", "/"] });

/** Put by error recovery where a value was missing or unreadable; the lexer never makes one. */
export const Missing = createToken({ name: "Missing", pattern: Lexer.NA });

const Space = createToken({ name: "Space", pattern: /[\s\uFEFF]+/, group: Lexer.SKIPPED, line_breaks: true });
export const CommentToken = createToken({ name: "Comment", pattern: /\/\/[^\r\n]*/, group: "comments", line_breaks: false });
/** Not part of the language: skipped and reported. */
export const BlockComment = createToken({ name: "BlockComment", pattern: /\/\*(?:[^*]|\*(?!\/))*(?:\*\/)?/, group: "stray", line_breaks: true, start_chars_hint: ["/"] });
export const HashComment = createToken({ name: "HashComment", pattern: /#[^\r\n]*/, group: "stray", line_breaks: false });
export const Semicolon = createToken({ name: ";", pattern: ";", group: "stray" });
export const Unterminated = createToken({ name: "Unterminated", pattern: /"[^"\r\n]*|'[^'\r\n]*'?/, categories: [StringToken], line_breaks: false });

/** In order of trial: the first match wins. */
export const tokenTypes: readonly TokenType[] = [
  Space, CommentToken, BlockComment,
  Word, Reserved, Infix, Prefix, Missing,
  ...wordEntries.map(([, type]) => type), Name,
  TrailingPoint, NumberToken, Ellipsis, Range, LeadingPoint, Dot,
  StringToken, Unterminated, HashComment, Semicolon,
  CompoundAssign, Arrow, LeftArrow, FatArrow, LessEqual,
  ...foreign.slice(0, 1), ...plainInfix, ...foreign.slice(1),
  Equals, Minus, Bang, Colon, Comma,
  LeftParen, RightParen, LeftBracket, RightBracket, LeftBrace, RightBrace,
];
