/** Text to syntax tree. Lex; then declaration by declaration: recognise, build, or report, repair and try again. */
import type { CstNode, IRecognitionException, IToken } from "chevrotain";
import type { Comment, Declaration, File } from "./ast.ts";
import { buildDeclaration } from "./build-declaration.ts";
import type { Building } from "./cst.ts";
import { lex, type Lexed } from "./lex.ts";
import { PullParser } from "./parser.ts";
import type { SyntaxProblem } from "./problem.ts";
import { isMade, nextDeclaration, repair, type Repair } from "./repair.ts";
import { closer, type Structure } from "./structure.ts";
import { isBetweenStatements, mistakenCloser, strayCloser, unclosed, word } from "./wording.ts";

export type { SyntaxProblem } from "./problem.ts";

export interface ParseResult {
  /** Whole when there are no problems; else what could be read, with `error` expressions where a value could not. */
  readonly file: File;
  /** In source order. */
  readonly problems: readonly SyntaxProblem[];
}

/** Repairs tried on one file; behind the last one the rest is not read. */
const maxRepairs = 100;

let parser: PullParser | undefined;

/** Never throws, whatever the source. `file` is the name that spans carry. */
export function parse(source: string, file: string): ParseResult {
  const lexed = lex(source, file);
  const at: Building = { file, problems: [...lexed.problems], depth: 0 };
  const docs = docsByToken(lexed.tokens, lexed.comments);
  const declarations = readDeclarations(source, lexed, at).map((declaration) => {
    const doc = docs.get(declaration.span.start);
    return doc === undefined ? declaration : { ...declaration, doc };
  });
  return {
    file: { kind: "file", span: { file, start: 0, end: source.length }, declarations, comments: lexed.comments },
    problems: at.problems.toSorted((a, b) => a.span.start - b.span.start || a.span.end - b.span.end),
  };
}

function readDeclarations(source: string, lexed: Lexed, at: Building): readonly Declaration[] {
  const declarations: Declaration[] = [];
  let tokens = lexed.tokens;
  let start = 0;
  let repairs = 0;
  while (start < tokens.length && repairs <= maxRepairs) {
    const structure = { source, tokens };
    const attempt = attemptDeclaration(tokens, start, at);
    if (attempt === "too deep") {
      const { startOffset, image } = tokens[start];
      at.problems.push({ span: { file: at.file, start: startOffset, end: startOffset + image.length }, message: "this declaration is nested too deeply" });
      start = nextDeclaration(structure, start + 1);
      continue;
    }
    if (attempt.declaration) {
      declarations.push(attempt.declaration);
      start = attempt.next;
      continue;
    }
    const fix = repair(structure, start, attempt.failed, isBetweenStatements(attempt.exception));
    // Where characters were dropped before the failure, they are the error.
    const [from, to] = [tokens[Math.max(start, fix.from - 1)].startOffset, tokens[attempt.failed]?.startOffset ?? source.length];
    if (!lexed.dropped.some((span) => span.start >= from && span.end <= to)) report(attempt.exception, structure, attempt.failed, fix, at);
    tokens = [...tokens.slice(0, fix.from), ...fix.insert, ...tokens.slice(fix.to)];
    repairs++;
  }
  return declarations;
}

type Attempt =
  | { readonly declaration: Declaration; readonly next: number }
  /** `failed` is the index of the token that does not fit, the count of tokens at the end. */
  | { readonly declaration?: undefined; readonly exception: IRecognitionException; readonly failed: number }
  | "too deep";

function attemptDeclaration(tokens: readonly IToken[], start: number, at: Building): Attempt {
  try {
    return readDeclaration(tokens, start, at);
  } catch (error) {
    // The recogniser recurses: brackets by the thousand exhaust its stack.
    if (error instanceof RangeError) return "too deep";
    throw error;
  }
}

function readDeclaration(tokens: readonly IToken[], start: number, at: Building): Attempt {
  const { cst, exception } = recognise(start === 0 ? tokens : tokens.slice(start));
  const stopped = exception ? tokens.indexOf(exception.token, start) : -1;
  const next = stopped < 0 ? tokens.length : stopped;
  // The parser stops behind one declaration; that more follows is no error here.
  if (exception && exception.name !== "NotAllInputParsedException") return { exception, failed: next };
  return { declaration: buildDeclaration(cst, at), next };
}

function recognise(tokens: readonly IToken[]): { cst: CstNode; exception: IRecognitionException | undefined } {
  // Making the parser analyses the grammar, which takes longer than most parses: once, at first use.
  parser ??= new PullParser();
  parser.input = [...tokens];
  const cst = parser.declaration();
  return { cst, exception: parser.errors[0] };
}

function report(exception: IRecognitionException, { source, tokens }: Structure, failed: number, fix: Repair, at: Building): void {
  const found: IToken | undefined = tokens[failed];
  // At a token that an earlier repair made, or right behind it: that error is known.
  if (isMade(found) || isMade(tokens[failed - 1])) return;
  const problem = fix.unclosed
    ? unclosed(fix.unclosed, closer(fix.unclosed).name, found, at.file, source)
    : found && fix.mistaken
      ? mistakenCloser(fix.mistaken, closer(fix.mistaken).name, found, at.file)
      : found && fix.stray
        ? strayCloser(found, at.file)
        : word({ exception, file: at.file, found, previous: tokens[failed - 1], beforePrevious: tokens[failed - 2], next: tokens[failed + 1], endOffset: source.trimEnd().length });
  // One report at one place.
  if (!at.problems.some(({ span }) => span.start === problem.span.start)) at.problems.push(problem);
}

/** The `///` lines before each token that has some, by the token's offset. */
function docsByToken(tokens: readonly IToken[], comments: readonly Comment[]): ReadonlyMap<number, string> {
  const docs = new Map<number, string>();
  let next = 0;
  for (const { doc, span, text } of comments) {
    if (!doc) continue;
    while (next < tokens.length && tokens[next].startOffset < span.start) next++;
    if (next === tokens.length) break;
    const { startOffset } = tokens[next];
    const line = text.replace(/^ /, "");
    const before = docs.get(startOffset);
    docs.set(startOffset, before === undefined ? line : `${before}\n${line}`);
  }
  return docs;
}
