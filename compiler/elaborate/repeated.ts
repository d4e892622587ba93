/** All diagnostics in source order: real runs first, trial runs only where no real run spoke of the place. */
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Session } from "./context.ts";

export function reportRepeated(session: Session): Diagnostic[] {
  const overlaps = (a: Diagnostic, b: Diagnostic): boolean => a.span.file === b.span.file && a.span.start <= b.span.end && b.span.start <= a.span.end;
  // A body that ran for real needs no trial: made-up sizes may be wrong for it.
  const ran = ({ span }: Diagnostic): boolean =>
    [...session.elaborated].some((declaration) => declaration.span.file === span.file && declaration.span.start <= span.start && span.end <= declaration.span.end);
  const kept = session.deferred
    .filter(({ diagnostic, of }) => !(of && session.elaborated.has(of)) && !ran(diagnostic) && !session.diagnostics.some((real) => overlaps(real, diagnostic)))
    .map(({ diagnostic }) => diagnostic);
  return [...session.diagnostics, ...kept].sort((a, b) => (a.span.file === b.span.file ? a.span.start - b.span.start || a.span.end - b.span.end : a.span.file < b.span.file ? -1 : 1));
}
