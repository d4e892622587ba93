/** How elaboration stops at an error: the innermost statement reports it and goes on with the next. */
import type { Diagnostic } from "../diagnostics/diagnostic.ts";

export class Problem extends Error {
  /** null: something broken was touched, and that has been reported. */
  readonly diagnostic: Diagnostic | null;
  constructor(diagnostic: Diagnostic | null) {
    super(diagnostic?.message ?? "poisoned");
    this.diagnostic = diagnostic;
  }
}

export function fail(diagnostic: Diagnostic): never {
  throw new Problem(diagnostic);
}
