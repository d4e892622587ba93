import type { Span } from "./ast.ts";

/** What is wrong with the text of a program, in words for its author. */
export interface SyntaxProblem {
  readonly span: Span;
  readonly message: string;
  /** What to write instead. */
  readonly help?: string;
}
