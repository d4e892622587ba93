/** All diagnostics in source order: real runs first, trial runs only where no real run spoke of the place. */
import type { Declaration, Span } from "../../grammar/index.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Session } from "./context.ts";

export function reportRepeated(session: Session, declarations: readonly Declaration[], unreadable: readonly Span[]): Diagnostic[] {
  const inside = (inner: Span, outer: Span): boolean => inner.file === outer.file && outer.start <= inner.start && inner.start <= outer.end;
  // A declaration that did not parse means less than its author wrote: nothing else is said about it.
  const broken = declarations.filter(({ span }) => unreadable.some((place) => inside(place, span)));
  const readable = (diagnostic: Diagnostic): boolean => diagnostic.code === "syntax" || !broken.some(({ span }) => inside(diagnostic.span, span));
  const overlaps = (a: Diagnostic, b: Diagnostic): boolean => a.span.file === b.span.file && a.span.start <= b.span.end && b.span.start <= a.span.end;
  // A body that ran for real needs no trial: made-up sizes may be wrong for it.
  const ran = ({ span }: Diagnostic): boolean =>
    [...session.elaborated].some((declaration) => declaration.span.file === span.file && declaration.span.start <= span.start && span.end <= declaration.span.end);
  const kept = session.deferred
    .filter(({ diagnostic, of }) => !(of && session.elaborated.has(of)) && !ran(diagnostic) && !session.diagnostics.some((real) => real.severity === "error" && overlaps(real, diagnostic)))
    .map(({ diagnostic }) => diagnostic);
  const sorted = [...session.diagnostics, ...kept].filter(readable).sort((a, b) => (a.span.file === b.span.file ? a.span.start - b.span.start || a.span.end - b.span.end : a.span.file < b.span.file ? -1 : 1));
  return mergeUnknown(sorted);
}

/** A name that nobody declared is one mistake, however often it is used. */
function mergeUnknown(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const same = (a: Diagnostic, b: Diagnostic): boolean => a.code === "name" && a.code === b.code && a.message === b.message && a.span.file === b.span.file;
  return diagnostics
    .filter((diagnostic, i) => !diagnostics.slice(0, i).some((earlier) => same(earlier, diagnostic)))
    .map((diagnostic) => {
      const others = diagnostics.filter((other) => other !== diagnostic && same(diagnostic, other));
      if (others.length === 0) return diagnostic;
      return { ...diagnostic, notes: [...(diagnostic.notes ?? []), ...others.slice(0, 4).map(({ span }) => ({ text: "used here too", span }))] };
    });
}
