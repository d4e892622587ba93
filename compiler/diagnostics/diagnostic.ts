/** What the compiler says to a user. Wordings live in `catalogue.ts`, the text frame in `render.ts`. */
import type { Span } from "../../grammar/index.ts";

/** A line of explanation; with a span it ends in the line that it speaks of. */
export type Note = string | { readonly text: string; readonly span: Span };

export interface Diagnostic {
  readonly severity: "error" | "warning" | "hint";
  /** Stable: `pullback explain CODE` knows it. */
  readonly code: string;
  readonly message: string;
  readonly span: Span;
  /** Stands behind the carets. */
  readonly label?: string;
  /** Lines `= ...`: where each size came from. */
  readonly notes?: readonly Note[];
  /** Line `= help: ...`: what to do. */
  readonly help?: string;
}

/** Files of the library, which users do not see. */
export const isLibrary = (file: string): boolean => file.startsWith("std/");

/** A bug in the compiler, not in the user's program: never caught on the way; the CLI exits with 70. */
export class InternalError extends Error {
  override name = "InternalError";
}

export function invariant(ok: unknown, message: () => string): asserts ok {
  if (!ok) throw new InternalError(`internal: ${message()}`);
}
