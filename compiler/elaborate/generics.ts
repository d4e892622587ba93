/** `Linear[_, 128, bias = false]`: generics given in brackets, and those that a call must still find. */
import type { Bracket, Generic, Span } from "../../grammar/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import type { Frame } from "./context.ts";
import { evaluate } from "./expressions.ts";
import { fail } from "./problem.ts";
import type { Scope } from "./scope.ts";
import { staticNumber } from "./tensors.ts";
import { type GenericArgument, number, type Value } from "./values.ts";

export function genericArguments(frame: Frame, bracket: Bracket): GenericArgument[] {
  return bracket.items.flatMap((item): GenericArgument[] => {
    if (item.kind === "named" && item.relation === "=") {
      return [{ name: item.name.text, value: evaluate(frame, item.value), span: item.span }];
    }
    if (item.kind === "value") {
      if (item.value.kind === "name" && item.value.text === "_") return [{ value: null, span: item.span }];
      return [{ value: evaluate(frame, item.value), span: item.span }];
    }
    return fail(say.badGeneric(item.span));
  });
}

/** Binds what was given; the names left over are still open. */
export function bindGenerics(scope: Scope, owner: string, generics: readonly Generic[], given: readonly GenericArgument[]): Set<string> {
  const left = new Set(generics.map((generic) => generic.name.text));
  const bind = (generic: Generic, argument: GenericArgument): void => {
    const name = generic.name.text;
    if (argument.value) scope.bind(name, named(argument.value, name, generic.name.span), argument.span);
    left.delete(name);
    if (!argument.value) left.add(name);
  };
  let next = 0;
  for (const argument of given) {
    if (argument.name !== undefined) {
      const generic = generics.find((candidate) => candidate.name.text === argument.name);
      if (!generic) return fail(say.unknownGeneric(argument.span, argument.name, owner, generics.map((g) => g.name.text)));
      bind(generic, argument);
    } else {
      const generic = generics[next++];
      if (!generic) return fail(say.tooManyGenerics(argument.span, owner, generics.length, given.length));
      bind(generic, argument);
    }
  }
  return left;
}

/** A size takes the generic's name, so that messages say `In=64`. */
function named(value: Value, name: string, span: Span): Value {
  const size = value.kind === "tensor" ? staticNumber(value) : undefined;
  if (value.kind === "number") return { ...value, axis: { name, span } };
  return size === undefined ? value : number(size, Number.isInteger(size), { name, span });
}

/** Defaults of generics that nobody gave. */
export function bindDefaults(frame: Frame, generics: readonly Generic[], left: Set<string>): void {
  for (const generic of generics) {
    const name = generic.name.text;
    if (!left.has(name) || !generic.default) continue;
    frame.scope.bind(name, named(evaluate(frame, generic.default), name, generic.name.span), generic.span);
    left.delete(name);
  }
}

