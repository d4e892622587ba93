/** Names by which a body asks for derivatives: numbers known at build that they stand for are tensors from the start. */
import type { Body, Expression, Span } from "../../grammar/index.ts";
import type { Frame } from "./context.ts";
import { asTensor, numbersOf } from "./tensors.ts";
import { record, tuple, type Value } from "./values.ts";
import { walkBody } from "./walk.ts";

const requests = new Set(["grad", "pull", "push", "jacobian"]);
const known = new WeakMap<Body, ReadonlySet<string>>();

/** The names in the second arguments of requests in a body, and in the bodies inside of it. */
export function requestedNames(body: Body): ReadonlySet<string> {
  let names = known.get(body);
  if (!names) {
    const found = new Set<string>();
    walkBody(body, (expression) => {
      if (expression.kind !== "call" || expression.callee.kind !== "name" || !requests.has(expression.callee.text)) return;
      const { arguments: given } = expression;
      const over = given.find(({ name }) => name?.text === "wrt" || name?.text === "x") ?? given.filter(({ name }) => !name)[1];
      if (over) addRoots(over.value, found);
    });
    names = found;
    known.set(body, names);
  }
  return names;
}

function addRoots(over: Expression, found: Set<string>): void {
  if (over.kind === "name") found.add(over.text);
  if (over.kind === "tuple") over.items.forEach((item) => addRoots(item, found));
  if (over.kind === "parenthesized") addRoots(over.value, found);
  if (over.kind === "field" || over.kind === "index") addRoots(over.object, found);
}

/** `let x = [1, 2]`, by which a derivative is asked: one tensor wherever it is used, of floats, since others have none. */
export function asVariable(frame: Frame, value: Value, span: Span): Value {
  switch (value.kind) {
    case "number":
      return asTensor(frame.context, value, span, value.element ?? "f32");
    case "tuple":
      if (numbersOf(value)) return asTensor(frame.context, value, span, "f32");
      return tuple(value.items.map((item) => asVariable(frame, item, span)), value.list);
    case "record":
      return record([...value.fields].map(([name, field]) => [name, asVariable(frame, field, span)]));
    default:
      return value;
  }
}
