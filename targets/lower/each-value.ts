/** Walks over the values of a lowered kernel. */
import type { Action, Value } from "./lowered.ts";

/** Calls `visit` for a value, then for its parts. */
export function eachPart(value: Value, visit: (value: Value) => void): void {
  visit(value);
  const parts = value.kind === "apply" ? value.args : value.kind === "pack" ? value.parts : value.kind === "lane" ? [value.of] : [];
  for (const part of parts) eachPart(part, visit);
}

/** Calls `visit` for every value and every part of one, in order. */
export function eachValue(body: readonly Action[], visit: (value: Value) => void): void {
  for (const action of body) {
    switch (action.kind) {
      case "loop":
        eachValue(action.body, visit);
        break;
      case "if":
        eachPart(action.test, visit);
        eachValue(action.then, visit);
        eachValue(action.else, visit);
        break;
      case "let":
      case "store":
      case "bind":
        eachPart(action.value, visit);
        break;
      case "leave":
        eachPart(action.test, visit);
        break;
      case "fence":
      case "barrier":
        break;
    }
  }
}
