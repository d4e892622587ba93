/** What each form of expression means. */
import { assertNever, type Expression, type FieldExpression, type ListExpression, printExpression, type RecordExpression } from "../../grammar/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import { choose, conditionOf, inArms } from "./arms.ts";
import { callExpression, pipe } from "./calls.ts";
import { comprehension } from "./comprehension.ts";
import type { Frame } from "./context.ts";
import { fixpoint } from "./fixpoint.ts";
import { index } from "./indexing.ts";
import { scan } from "./loops.ts";
import { mapExpression } from "./map.ts";
import { resolveMember } from "./models.ts";
import { odesolve } from "./odesolve.ts";
import { infix, negate, not, siteOf } from "./operators.ts";
import { storageOf } from "./points.ts";
import { fail, Problem } from "./problem.ts";
import { asTensor, idOf, staticNumber, tensor } from "./tensors.ts";
import { boolean, describe, number, ownShape, record, training, type TensorValue, tuple, type Value } from "./values.ts";
import { type KnownType, narrowElements } from "./types.ts";

/** What the surroundings expect: gives `normal(0, 1)` its shape and `kaiming_uniform()` its generics. */
export type Expected = { readonly kind: "tensor"; readonly known: KnownType } | { readonly kind: "record"; readonly fields: ReadonlyMap<string, Expected> } | undefined;

export function evaluate(frame: Frame, expression: Expression, expected?: Expected): Value {
  const { session } = frame;
  session.spend(1, expression.span);
  session.enter(expression.span);
  try {
    return valueOf(frame, expression, expected);
  } finally {
    session.leave();
  }
}

function valueOf(frame: Frame, expression: Expression, expected: Expected): Value {
  frame.context.builder.site = frame.session.site(expression.span, frame);
  switch (expression.kind) {
    case "number": {
      const value = Number(expression.text);
      return Number.isFinite(value) ? number(value, !/[.eE]/.test(expression.text)) : fail(say.numberTooLarge(expression.span, expression.text));
    }
    case "name":
      return lookUp(frame, expression);
    case "parenthesized":
      return evaluate(frame, expression.value, expected);
    case "tuple":
      return tuple(evaluateAll(frame, expression.items));
    case "list":
      return list(frame, expression);
    case "record":
      return recordValue(frame, expression, expected);
    case "field":
      return field(frame, expression);
    case "index":
      return index(frame, expression);
    case "call":
      return callExpression(frame, expression, expected);
    case "unary": {
      const operand = evaluate(frame, expression.operand);
      if (operand.kind === "poison") throw new Problem(null);
      frame.context.builder.site = frame.session.site(expression.span, frame);
      return expression.operator === "-" ? negate(frame, operand, expression.span) : not(frame, operand, expression.span);
    }
    case "binary": {
      if (expression.operator === "|>") return pipe(frame, expression, expected);
      const [left, right] = evaluateAll(frame, [expression.left, expression.right]);
      frame.context.builder.site = frame.session.site(expression.span, frame);
      if (expression.operator === "..") return range(expression, left, right);
      return infix(frame, expression.operator, left, right, siteOf(expression));
    }
    case "conditional": {
      const condition = evaluate(frame, expression.condition);
      if (condition.kind === "boolean") return evaluate(frame, condition.value ? expression.then : expression.else, expected);
      const test = conditionOf(frame, condition, expression.condition);
      const [yes, no] = inArms(frame, test, [(arm) => evaluate(arm, expression.then, expected), (arm) => evaluate(arm, expression.else, expected)], expression);
      return choose(frame, test, yes, no, expression);
    }
    case "comprehension":
      return comprehension(frame, expression);
    case "lambda":
      return { kind: "lambda", expression, scope: frame.scope };
    case "map":
      return mapExpression(frame, expression);
    case "scan":
      return scan(frame, expression);
    case "fixpoint":
      return fixpoint(frame, expression);
    case "odesolve":
      return odesolve(frame, expression);
    case "error":
      throw new Problem(null); // refused by name, or by the parser
    default:
      return assertNever(expression, "evaluate");
  }
}

/**
 * The values of neighbours, from the left. A broken one does not hide what is wrong with the others: they are looked at
 * too, and then its problem goes on.
 */
export function evaluateAll(frame: Frame, expressions: readonly Expression[], expected: readonly Expected[] = []): Value[] {
  return expressions.map((expression, i) => evaluateBefore(frame, expression, expressions.slice(i + 1), expected[i]));
}

/** One of these neighbours, the first. */
export function evaluateBefore(frame: Frame, expression: Expression, others: readonly Expression[], expected?: Expected): Value {
  try {
    return evaluate(frame, expression, expected);
  } catch (error) {
    if (error instanceof Problem && isWrittenIn(error, expression)) lookAt(frame, others);
    throw error;
  }
}

/** Reports what is wrong with expressions whose values nobody needs any more. */
export function lookAt(frame: Frame, expressions: readonly Expression[]): void {
  if (frame.session.probing > 0) return;
  for (const expression of expressions) {
    try {
      evaluate(frame, expression);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.diagnostic) frame.session.report(error.diagnostic);
    }
  }
}

/**
 * A problem of a callee's body, or of nesting without end, says nothing about the text here; going on then would try each
 * way through a recursion.
 */
export function isWrittenIn({ diagnostic }: Problem, { span }: { readonly span: Expression["span"] }): boolean {
  if (diagnostic?.code === "recursion" || diagnostic?.code === "limit") return false;
  return diagnostic === null || (diagnostic.span.file === span.file && diagnostic.span.start >= span.start && diagnostic.span.end <= span.end);
}

function lookUp(frame: Frame, name: Extract<Expression, { kind: "name" }>): Value {
  const binding = frame.scope.find(name.text);
  if (!binding && narrowElements.has(name.text)) return fail(say.notYet(name.span, `the element type ${name.text}`));
  if (!binding) return fail(frame.scope.whyUnbound(name.text) ?? say.unknownName(name.span, name.text, frame.scope.names()));
  const value = binding.read(frame.context);
  if (value.kind === "poison") throw new Problem(null);
  if (value === training) return boolean(frame.training);
  if (value.kind === "number" && !value.axis?.name) return { ...value, axis: { name: name.text, span: binding.span } };
  return value;
}

function list(frame: Frame, expression: ListExpression): Value {
  const values = evaluateAll(frame, expression.items.map((item) => item.value));
  const items = expression.items.flatMap((item, i): readonly Value[] => {
    const value = values[i];
    if (!item.spread) return [value];
    return value.kind === "tuple" ? value.items : fail(say.spreadNeedsList(item.value.span, describe(value)));
  });
  return tuple(items, true);
}

function recordValue(frame: Frame, expression: RecordExpression, expected: Expected): Value {
  const fields = new Map<string, Value>();
  const written = expression.fields.map(({ name, value }): Expression => value ?? { kind: "name", text: name.text, span: name.span });
  const wanted = expression.fields.map(({ name }) => (expected?.kind === "record" ? expected.fields.get(name.text) : undefined));
  evaluateAll(frame, written, wanted).forEach((value, i) => {
    const { name } = expression.fields[i];
    if (fields.has(name.text)) fail(say.duplicateField(name.span, name.text));
    fields.set(name.text, value);
  });
  return record(fields);
}

function range(expression: Extract<Expression, { kind: "binary" }>, left: Value, right: Value): Value {
  const from = staticNumber(left);
  const to = staticNumber(right);
  if (from === undefined || to === undefined) {
    const bad = from === undefined ? expression.left : expression.right;
    return fail(say.rangeNotKnown(bad.span, printExpression(bad)));
  }
  if (!Number.isInteger(from) || !Number.isInteger(to)) return fail(say.rangeNotWhole(expression.span));
  return { kind: "range", from, to };
}

/** `x.T`, a record's field, a model's member. */
function field(frame: Frame, expression: FieldExpression): Value {
  const object = evaluate(frame, expression.object);
  const name = expression.name.text;
  frame.context.builder.site = frame.session.site(expression.span, frame);
  switch (object.kind) {
    case "record": {
      const value = object.fields.get(name);
      return value ?? fail(say.noField(expression.name.span, name, printExpression(expression.object), [...object.fields.keys()]));
    }
    case "model": {
      const value = resolveMember(frame, object, name, expression.name.span);
      if (value) return value;
      return fail(say.noMember(expression.name.span, name, describe(object), [...object.members.keys()]));
    }
    case "builtin":
      if (object.name === "core") return { kind: "builtin", name: `core.${name}` };
      return fail(say.noField(expression.name.span, name, describe(object), []));
    case "point":
      if (name === "value") return storageOf(frame, object, expression.span);
      return fail(say.noField(expression.name.span, name, printExpression(expression.object), ["value"]));
    case "constructor":
      return fail(say.memberOfConstructor(expression.span, object.declaration.name.text, name));
    case "tensor":
    case "tuple":
      if (name === "T") return transposed(frame, asTensor(frame.context, object, expression.span), expression);
      // `x.sum()` of other languages
      if (isFunction(frame, name)) return fail(say.noMethod(expression.name.span, name, printExpression(expression.object)));
      return fail(say.noField(expression.name.span, name, printExpression(expression.object), ["T"]));
    case "poison":
      throw new Problem(null);
    default:
      return fail(say.noField(expression.name.span, name, describe(object), []));
  }
}

function isFunction(frame: Frame, name: string): boolean {
  const kind = frame.scope.find(name)?.read(frame.context).kind;
  return kind === "builtin" || kind === "function";
}

function transposed(frame: Frame, value: TensorValue, expression: FieldExpression): TensorValue {
  const rank = ownShape(value).length;
  if (rank < 2) fail(say.transposeNeedsMatrix(expression.span, describe(value)));
  if (rank === 2 && value.axes[0]?.bounded) fail(say.staysLeading(expression.span, describe(value), value.axes[0].name ?? ""));
  const lead = value.variables.length + rank - 2;
  const permutation = [...Array.from({ length: lead }, (_, i) => i), lead + 1, lead];
  const axes = [...value.axes.slice(0, rank - 2), value.axes[rank - 1], value.axes[rank - 2]];
  return tensor(frame.context, frame.context.builder.transpose(idOf(frame.context, value, expression.span), permutation), axes, value.variables);
}

