/** What a failed parse says. The grammar's own terms never show: expectations are summarised in the language's words. */
import { tokenMatcher, type IRecognitionException, type IToken } from "chevrotain";
import type { Span } from "./ast.ts";
import { reservedName } from "./cst.ts";
import type { SyntaxProblem } from "./problem.ts";
import { isCloser } from "./structure.ts";
import * as t from "./tokens.ts";

/** Where a parse failed. */
export interface Failure {
  readonly exception: IRecognitionException;
  readonly file: string;
  /** Absent at the end of the file. */
  readonly found: IToken | undefined;
  readonly previous: IToken | undefined;
  readonly beforePrevious: IToken | undefined;
  readonly next: IToken | undefined;
  readonly endOffset: number;
}

export function word(failure: Failure): SyntaxProblem {
  const span = foundSpan(failure);
  return reservedWord(failure, span) ?? foreignWord(failure) ?? { span, ...special(failure) ?? { message: plain(failure), help: help(failure) } };
}

export function unclosed(opener: IToken, closer: string, found: IToken | undefined, file: string, source: string): SyntaxProblem {
  const span = { file, start: opener.startOffset, end: opener.startOffset + 1 };
  const line = found && source.slice(0, found.startOffset).split("\n").length;
  const before = found ? `before \`${found.image}\` on line ${line}` : "before the end of the file";
  return { span, message: `\`${opener.image}\` is never closed`, help: `expected \`${closer}\` ${before}` };
}

export function strayCloser(token: IToken, file: string): SyntaxProblem {
  return { span: { file, start: token.startOffset, end: token.startOffset + 1 }, message: `\`${token.image}\` closes nothing`, help: "remove it, or open its bracket before" };
}

export function mistakenCloser(opener: IToken, closer: string, found: IToken, file: string): SyntaxProblem {
  const span = { file, start: found.startOffset, end: found.startOffset + 1 };
  return { span, message: `\`${opener.image}\` is closed by \`${found.image}\``, help: `write \`${closer}\`` };
}

function foundSpan({ found, file, endOffset }: Failure): Span {
  const start = found?.startOffset ?? endOffset;
  return { file, start, end: start + (found?.image.length ?? 0) };
}

function plain(failure: Failure): string {
  return `expected ${expectation(failure.exception)}${after(failure)}, found ${shown(failure.found)}`;
}

const after = ({ previous }: Failure): string => (previous && previous.image !== "" ? ` after \`${previous.image}\`` : "");

function shown(token: IToken | undefined): string {
  return token ? `\`${token.image}\`` : "the end of the file";
}

/** What each rule wants where none of its alternatives fits. */
const wants: Readonly<Record<string, string>> = {
  declaration: "a declaration",
  expression: "an expression",
  primary: "an expression",
  parenthesized: "an expression",
  bracket: "an expression",
  bracketItem: "an expression",
  generic: "an expression",
  generics: "a name",
  carries: "a name",
  typeExpression: "a type",
  tupleType: "a type",
  recordType: "the name of a field",
  pattern: "a name",
  body: "`=` or `{`",
  inline: "`=>` or `{`",
  rule: "`backward` or `tangent`",
  ruleSetItem: "`backward` or `tangent`",
  assignStatement: "`<-`",
  ifStatement: "`if` or `{`",
  staticStatement: "`if` or `for`",
};

/** Rules whose items a comma separates. */
const separated = new Set(["args", "bracket", "generics", "generic", "parameters", "parenthesized", "list", "record", "recordType", "tupleType", "functionType", "pattern"]);

/** The statement before the token that does not fit is whole. */
export function isBetweenStatements({ name, message, context }: IRecognitionException): boolean {
  return name === "MismatchedTokenException" && message === "}" && context.ruleStack.at(-1) === "block";
}

function expectation(exception: IRecognitionException): string {
  const { name, message, context } = exception;
  const rule = context.ruleStack.at(-1) ?? "declaration";
  if (name !== "MismatchedTokenException") return wants[rule] ?? "something else";
  if (message === t.Name.name || message === t.Word.name) return "a name";
  if (message === t.StringToken.name) return "a file name in double quotes";
  const closes = message === ")" || message === "]" || message === "}";
  if (closes && separated.has(rule)) return `\`,\` or \`${message}\``;
  if (isBetweenStatements(exception)) return "a statement or `}`";
  if (message === "}" && rule === "rulesDeclaration") return "a rule or `}`";
  return `\`${message}\``;
}

const headed = new Set(["if", "for", "fn", "map", "scan", "fixpoint", "odesolve"]);

function wantsExpression({ exception }: Failure): boolean {
  return exception.name !== "MismatchedTokenException" && expectation(exception) === "an expression";
}
function isReserved(token: IToken | undefined): token is IToken {
  return token !== undefined && tokenMatcher(token, t.Reserved);
}
function ruleOf({ exception }: Failure, above = 0): string {
  return exception.context.ruleStack.at(-1 - above) ?? "";
}
function misses({ exception }: Failure, type: string): boolean {
  return exception.name === "MismatchedTokenException" && exception.message === type;
}

/** `x + state`, `state <- 1`: a reserved word in the place of a name, and not the beginning of the next statement. */
function reservedWord(failure: Failure, span: Span): SyntaxProblem | undefined {
  const { found, previous, next, file } = failure;
  if ((misses(failure, "Name") || misses(failure, "Word")) && isReserved(found)) return reservedName(found.image, span);
  // After `state`, `<-` instead of a name: the word was meant as one.
  if (misses(failure, "Word") && isReserved(previous) && found?.tokenType === t.LeftArrow) {
    return reservedName(previous.image, { file, start: previous.startOffset, end: previous.startOffset + previous.image.length });
  }
  const continues = next === undefined || tokenMatcher(next, t.Infix) || isCloser(next) || next.tokenType === t.Comma;
  const isOperand = wantsExpression(failure) && isReserved(found) && !headed.has(found.image) && continues && next?.tokenType !== t.Equals;
  return isOperand ? reservedName(found.image, span) : undefined;
}

const foreignWords: Readonly<Record<string, string>> = {
  and: "logical and is `&&`",
  or: "logical or is `||`",
  not: "logical not is `!`",
  elif: "write `else if`",
  def: "a function is declared with `fn`",
  function: "a function is declared with `fn`",
  while: "a loop is a `scan ... until`",
  import: "another file is brought in with `use \"blocks.pull\"`",
};

/** A word of another language near the place where the parse failed: it was read as a name, which fits for a while. */
function foreignWord({ beforePrevious, previous, found, file }: Failure): SyntaxProblem | undefined {
  const word = [beforePrevious, previous, found].find((token) => token?.tokenType === t.Name && Object.hasOwn(foreignWords, token.image));
  if (!word) return undefined;
  const span = { file, start: word.startOffset, end: word.startOffset + word.image.length };
  return { span, message: `\`${word.image}\` is not part of the language`, help: foreignWords[word.image] };
}

/** Frequent mistakes for which a list of what would fit says too little. */
function special(failure: Failure): { message: string; help?: string } | undefined {
  const { found, previous } = failure;
  const image = found?.image ?? "";
  if (misses(failure, "else") && ruleOf(failure) === "conditional") {
    return { message: `an \`if\` expression needs an \`else\`, found ${shown(found)}`, help: "write `if c then a else b`; only the statement `if c { ... }` goes without" };
  }
  if (misses(failure, "then") && image === "{") {
    return { message: "expected `then`, found `{`", help: "in an expression write `if c then a else b`; `if c { ... }` is a statement" };
  }
  if (misses(failure, "fn") && previous?.image === "export") {
    return { message: `only functions are exported, found ${shown(found)}`, help: "parameters and state of every `var` are part of the module already" };
  }
  if (ruleOf(failure) === "primary" && headed.has(image)) {
    return { message: `\`${image}\` inside an operation needs parentheses`, help: `write \`(${image} ...)\`` };
  }
  if (misses(failure, "{") && image === "=" && ruleOf(failure, 1) === "modelDeclaration") {
    return { message: "the body of a model is a block, found `=`", help: "write `{ return ... }`" };
  }
  if (misses(failure, "(") && image === "<" && ruleOf(failure, 1) === "signature") {
    return { message: "generics stand in `[...]`, found `<`", help: `write \`${previous?.image ?? "f"}[N](...)\`; sizes that the arguments tell need no list` };
  }
  if (image === "]" && previous?.image === "[" && ruleOf(failure) === "generics") {
    return { message: "a list of generics names at least one, found `]`", help: "leave the brackets out: sizes that the arguments tell need no list" };
  }
  if (misses(failure, "=") && (ruleOf(failure) === "member" || ruleOf(failure) === "binding")) {
    return { message: `expected \`=\` and a value${after(failure)}, found ${shown(found)}`, help: "a declared type does not give a value: write one, as in `w: f32[4] = 0` or `w: f32[4] = normal([4])`" };
  }
  if (ruleOf(failure) === "assignStatement" && image === "<" && failure.next?.image === "-") {
    return { message: "expected `<-`, found `<` and `-`", help: "an assignment is written `<-`, without a space" };
  }
  if (ruleOf(failure) === "assignStatement") {
    return { message: plain(failure), help: "a value alone is no statement: a statement begins with a word such as `let` or `return`, or assigns with `<-`" };
  }
  if (isBetweenStatements(failure.exception)) return misplaced(failure);
  if (ruleOf(failure) === "declaration") return outside(failure);
  return undefined;
}

/** In a body, what is no statement. */
function misplaced(failure: Failure): { message: string; help: string } | undefined {
  switch (failure.found?.image) {
    case "for":
      return { message: "`for` begins no statement", help: "write `static for`, which is written out at build, or a `scan`, which is a value: `let h = scan ...`" };
    case "=>":
      return { message: "`=>` follows no list of parameters", help: "a function value is written `fn(x) => ...`" };
    case "else":
      return { message: "`else` without an `if` before it", help: "an `else` follows the block of an `if` directly" };
    case "fn":
      return { message: "a function is declared at the top level", help: "in a body write `let f = fn(x) => ...`" };
    case "model": case "optimizer": case "rules": case "type": case "dim": case "use": case "extern":
      return { message: `\`${failure.found.image}\` stands at the top level, not in a body`, help: "move it out, or close the body before it with `}`" };
    case "var":
      return { message: "`var` stands at the top level, not in a body", help: "a body has `let`; what a model keeps between calls is its `state`" };
    default:
      return undefined;
  }
}

const statementWords = new Set<string>([...t.wordGroups.member, ...t.wordGroups.action, "return", "emit", "if", "static"]);

/** At the top level, what is no declaration. */
function outside(failure: Failure): { message: string; help: string } | undefined {
  const image = failure.found?.image ?? "";
  if (image === "let") return { message: "`let` stands in a body, not at the top level", help: "at the top level write `const` for a fixed value, `var` for one that persists" };
  if (statementWords.has(image)) return { message: `\`${image}\` stands in a body, not at the top level`, help: "a file holds declarations: `fn`, `model`, `var`, `const`, `dim` and the like" };
  return undefined;
}

function help(failure: Failure): string | undefined {
  const { found, previous } = failure;
  if (found?.tokenType === t.Range && wantsExpression(failure)) return "all leading axes are `...`, with three points";
  if (misses(failure, "[") && ruleOf(failure, 1) === "comprehension") return "index notation is `for [i in 0..n] => ...`, a map `map i in 0..n => ...`";
  if (ruleOf(failure) === "declaration" && found?.tokenType === t.Equals) return "an `extern fn` has no body: the host provides it";
  if (previous?.image === "[" && found?.image === "]" && wantsExpression(failure)) return "an index is a position, a slice or `...`; generics that are left out need no brackets";
  if (previous?.tokenType === t.Comma && isCloser(found)) return "a list does not end with a comma: remove it";
  if (ruleOf(failure) === "declaration") return "a file holds declarations: `fn`, `model`, `var`, `const`, `dim` and the like";
  return undefined;
}
