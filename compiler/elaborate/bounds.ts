/** Where a run-time length may be declared. */
import type { File } from "../../grammar/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import type { Session } from "./context.ts";

/** `N <= 256` belongs to an entry: everything that it calls takes the length from its arguments. */
export function refuseBounds(session: Session, file: File): void {
  for (const declaration of file.declarations) {
    if ((declaration.kind !== "fn" || declaration.exported) && declaration.kind !== "model" && declaration.kind !== "type") continue;
    for (const { bound, span, name } of declaration.generics) if (bound) session.report(say.boundOutside(span, name.text));
  }
}
