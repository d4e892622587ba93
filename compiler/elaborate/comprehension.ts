/** Index notation: `for [i, j] => e` and `sum[k](e)`. A value inside depends on index variables as on leading axes. */
import { type Bracket, type CallExpression, type ComprehensionExpression, type Expression, type Span } from "../../grammar/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import type { Frame } from "./context.ts";
import { evaluate } from "./expressions.ts";
import { fail } from "./problem.ts";
import { reduceAxes, type Reduction } from "./reductions.ts";
import { markOperator } from "./rules.ts";
import { Scope } from "./scope.ts";
import { asTensor, idOf, spread, staticNumber, tensor } from "./tensors.ts";
import { walkExpression } from "./walk.ts";
import { type IndexVariable, ownShape, type TensorValue, tuple, type Value } from "./values.ts";

/** Index variables are i32. */
const maximumPosition = 2 ** 31 - 1;

export function comprehension(frame: Frame, expression: ComprehensionExpression): Value {
  const { inner, variables } = bindVariables(frame, expression.bracket, expression.value);
  const body = asTensor(frame.context, evaluate(inner, expression.value), expression.value.span);
  frame.context.builder.site = frame.session.site(expression.span, frame);
  const led = lead(frame, body, variables, expression.span);
  return tensor(frame.context, led.id, [...variables.map(() => ({})), ...body.axes], led.outer);
}

/** `sum[k](e)`: the reduction of e over the variables, for rule sets that of a tensor which has them as leading axes. */
export function indexReduction(frame: Frame, reduction: Reduction, bracket: Bracket, call: CallExpression): Value {
  const [argument, ...more] = call.arguments;
  if (!argument || more.length > 0) return fail(say.indexReductionArguments(call.span, reduction));
  const { inner, variables } = bindVariables(frame, bracket, argument.value);
  const body = asTensor(frame.context, evaluate(inner, argument.value), argument.span);
  frame.context.builder.site = frame.session.site(call.span, frame);
  const led = lead(frame, body, variables, call.span);
  const whole = tensor(frame.context, led.id, [...variables.map(() => ({})), ...body.axes], led.outer);
  return markOperator(frame, reduction, [whole], call.span, ([x]) => reduceAxes(frame, reduction, x, variables.map((_, i) => i), false, call.span));
}

/** Physical order: outer variables, then these, then own axes; a variable the value does not depend on is broadcast. */
function lead(frame: Frame, body: TensorValue, variables: readonly IndexVariable[], span: Span): { id: ReturnType<typeof idOf>; outer: IndexVariable[] } {
  const own = ownShape(body);
  const mine = (variable: IndexVariable): boolean => variables.some((other) => other.name === variable.name);
  const outer = body.variables.filter((variable) => !mine(variable));
  const all = [...outer, ...variables];
  const id = spread(frame.context, body, all, [...all.map((variable) => variable.range), ...own], span);
  return { id, outer };
}

function bindVariables(frame: Frame, bracket: Bracket, body: Expression): { inner: Frame; variables: IndexVariable[] } {
  const scope = new Scope(frame.scope);
  const inner: Frame = { ...frame, scope };
  const variables: IndexVariable[] = [];
  for (const item of bracket.items) {
    if (item.kind === "ellipsis" && item.name) {
      const sizes = packRange(frame, item.name.text, body);
      if (!sizes) return fail(say.indexRangeUnknown(item.span, `...${item.name.text}`));
      const pack = sizes.map((range, i) => variableValue(frame, { name: `${item.name?.text}#${i}@${item.span.start}`, from: 0, range }));
      scope.bind(item.name.text, tuple(pack.map((p) => p.value)), item.span);
      variables.push(...pack.map((p) => p.variable));
      continue;
    }
    let name: string;
    let from = 0;
    let range: number | undefined;
    if (item.kind === "named" && item.relation === "in") {
      name = item.name.text;
      const given = evaluate(frame, item.value);
      if (given.kind === "range") {
        [from, range] = [given.from, Math.max(0, given.to - given.from)];
        for (const bound of [from, from + range]) if (Math.abs(bound) > maximumPosition) fail(say.notOfElement(item.value.span, bound, "i32"));
      } else return fail(say.indexRangeForm(item.value.span, name));
    } else if (item.kind === "value" && item.value.kind === "name") {
      name = item.value.text;
      range = variableRange(frame, name, body);
    } else return fail(say.indexVariableForm(item.span));
    if (range === undefined) return fail(say.indexRangeUnknown(item.span, name));
    // The place makes nested variables of one name distinct.
    const { variable, value } = variableValue(frame, { name: `${name}@${item.span.start}`, from, range });
    scope.bind(name, value, item.span);
    variables.push(variable);
  }
  return { inner, variables };
}

function variableValue(frame: Frame, variable: IndexVariable): { variable: IndexVariable; value: TensorValue } {
  const { builder } = frame.context;
  const iota = builder.op("iota", [], { shape: [variable.range], axis: 0, element: "i32" });
  const id = variable.from === 0 ? iota : builder.add(iota, builder.like(iota, variable.from));
  return { variable, value: { ...tensor(frame.context, id, [], [variable]), iotaOf: variable } };
}

// ---- ranges from the operands

/** The axis that the variable indexes alone, somewhere in the body. */
function variableRange(frame: Frame, name: string, body: Expression): number | undefined {
  return findUse(frame, body, (items, shape) => {
    const at = items.findIndex((item) => item.kind === "value" && item.value.kind === "name" && item.value.text === name);
    if (at < 0) return undefined;
    const ellipsis = items.findIndex((item) => item.kind === "ellipsis");
    return ellipsis >= 0 && ellipsis < at ? shape[shape.length - (items.length - at)] : shape[at];
  });
}

function packRange(frame: Frame, name: string, body: Expression): readonly number[] | undefined {
  return findUse(frame, body, (items, shape) => {
    const at = items.findIndex((item) => item.kind === "ellipsis" && item.name?.text === name);
    return at < 0 ? undefined : shape.slice(at, shape.length - (items.length - 1 - at));
  });
}

function findUse<T>(frame: Frame, body: Expression, read: (items: Bracket["items"], shape: readonly number[]) => T | undefined): T | undefined {
  let found: T | undefined;
  walkExpression(body, (expression) => {
    if (found !== undefined || expression.kind !== "index") return;
    const shape = shapeOf(frame, expression.object);
    if (shape) found = read(expression.bracket.items, shape);
  });
  return found;
}

/** The shape of an operand that can be read without computing anything: a name or a path. */
function shapeOf(frame: Frame, object: Expression): readonly number[] | undefined {
  if (object.kind === "parenthesized") return shapeOf(frame, object.value);
  if (object.kind !== "name" && object.kind !== "field") return undefined;
  let root: Expression = object;
  while (root.kind === "field") root = root.object;
  if (root.kind !== "name" || !frame.scope.find(root.text)) return undefined;
  return frame.session.probe(() => {
    const value = evaluate(frame, object);
    if (value.kind === "tensor") return ownShape(value);
    if (value.kind === "tuple" && value.list) return ownShape(asTensor(frame.context, value, object.span));
    return staticNumber(value) === undefined ? undefined : [];
  });
}
