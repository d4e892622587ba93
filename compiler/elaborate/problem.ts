/** How elaboration stops at an error: the innermost statement reports it and goes on with the next. */
import type { Diagnostic } from "../diagnostics/diagnostic.ts";

/** No Error: it is thrown often, and nobody reads its stack. */
export class Problem {
  /** null: something broken was touched, and that has been reported. */
  readonly diagnostic: Diagnostic | null;
  constructor(diagnostic: Diagnostic | null) {
    this.diagnostic = diagnostic;
  }
}

export function fail(diagnostic: Diagnostic): never {
  throw new Problem(diagnostic);
}
