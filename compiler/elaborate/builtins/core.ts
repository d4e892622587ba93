/**
 * `core.dot(a, b, leftContract = [1], rightContract = [0])`: every op of the op table by its own name, nothing implicit.
 * It is what `--emit grad` prints, so that a derived program can be compiled again.
 */
import { say } from "../../diagnostics/catalogue.ts";
import type { Span } from "../../../grammar/index.ts";
import type { AttributesOf, OpName } from "../../ops/attributes.ts";
import { opNames, ShapeError } from "../../ops/index.ts";
import type { GivenArgument } from "../calls.ts";
import type { Frame } from "../context.ts";
import { coreNames, modes } from "../operation-names.ts";
import { fail } from "../problem.ts";
import { asTensor, idOf, staticNumber, tensor } from "../tensors.ts";
import { describe, tuple, type Value } from "../values.ts";

/** Attributes that are lists: absent ones are empty. */
const lists: Readonly<Partial<Record<OpName, readonly string[]>>> = {
  dot: ["leftBatch", "rightBatch", "leftContract", "rightContract"], broadcast: ["shape", "axes"], reshape: ["shape"], random_bits: ["shape"],
  iota: ["shape"], constant: ["shape", "data"], reduce_sum: ["axes"], reduce_prod: ["axes"], reduce_max: ["axes"], reduce_min: ["axes"], reverse: ["axes"],
  slice: ["start", "limit", "step"], pad: ["low", "high", "interior"], transpose: ["permutation"],
  window: ["axes", "size", "stride", "dilation"], overlap_add: ["axes", "size", "stride", "dilation", "extent"],
};

export function callCore(frame: Frame, name: string, given: readonly GivenArgument[], span: Span): Value {
  const [op, fixed] = modes[name] ?? [opNames.find((known) => known === name), {}];
  if (!op) return fail(say.noField(span, name, "core", coreNames()));
  const args = given.filter((argument) => argument.name === undefined).map((argument) => idOf(frame.context, asTensor(frame.context, argument.value, argument.span), argument.span));
  const attributes: Record<string, unknown> = Object.fromEntries((lists[op] ?? []).map((list) => [list, []]));
  for (const argument of given) if (argument.name !== undefined) attributes[argument.name] = attribute(argument.name, argument);
  // Behind the others, as the compiler writes them: graphs are compared as text. The number of batch axes may be given.
  for (const [key, value] of Object.entries(fixed)) if (key !== "batch" || !(key in attributes)) attributes[key] = value;
  frame.context.builder.site = frame.session.site(span, frame);
  try {
    // The op's own type rule checks names and values; the union over all ops cannot be told from the text.
    const results = frame.context.builder.ops(op, args, attributes as AttributesOf<OpName>).map((id) => tensor(frame.context, id));
    return results.length === 1 ? results[0] : tuple(results);
  } catch (error) {
    if (error instanceof ShapeError || error instanceof TypeError) return fail(say.coreArguments(span, name, error instanceof ShapeError ? error.message : "an attribute is missing"));
    throw error;
  }
}

function attribute(name: string, argument: GivenArgument): unknown {
  const { value, span } = argument;
  if (value.kind === "builtin") return value.name; // an element: `to = f32`
  if (value.kind === "boolean") return value.value;
  const number = staticNumber(value);
  if (number !== undefined) return number;
  if (value.kind !== "tuple") return fail(say.argumentNotStatic(span, name, "core", describe(value)));
  return value.items.map((item) => staticNumber(item) ?? (item.kind === "boolean" ? Number(item.value) : fail(say.argumentNotStatic(span, name, "core", describe(item)))));
}
