/** `f32[2 * A]` against a size: the one unknown of a linear formula. */
import type { Expression } from "../../grammar/index.ts";
import type { Frame } from "./context.ts";
import { evaluate } from "./expressions.ts";
import { Scope } from "./scope.ts";
import { staticNumber } from "./tensors.ts";
import { number } from "./values.ts";
import { walkExpression } from "./walk.ts";

/** The names that stand in a size, each once. */
export function namesIn(size: Expression): Set<string> {
  const names = new Set<string>();
  walkExpression(size, (inner) => { if (inner.kind === "name") names.add(inner.text); });
  return names;
}

/** Where a linear formula has the size: a n + b, with b its value at 0, a the slope up to 1 and from there to 2. */
export function solveSize(frame: Frame, formula: Expression, unknown: string, size: number): number | undefined {
  const [atZero, atOne, atTwo] = [0, 1, 2].map((n) => {
    const scope = new Scope(frame.scope);
    scope.bind(unknown, number(n, true));
    return frame.session.probe(() => staticNumber(evaluate({ ...frame, scope }, formula)));
  });
  if (atZero === undefined || atOne === undefined || atTwo === undefined) return undefined;
  const slope = atOne - atZero;
  return slope === 0 || atTwo - atOne !== slope ? undefined : (size - atZero) / slope;
}
