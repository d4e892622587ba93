/** Calls: who is called, how arguments meet parameters, and the inlined body of a function. */
import {
  type Argument, type BinaryExpression, type Body, type CallExpression, type Expression, type FunctionDeclaration, type ModelDeclaration, type Parameter, printExpression, type Span,
} from "../../grammar/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import { isLibrary } from "../diagnostics/diagnostic.ts";
import { callBuiltin } from "./builtins/index.ts";
import { indexReduction } from "./comprehension.ts";
import { type Frame, mix, newCounters, type Session } from "./context.ts";
import { evaluate, evaluateAll, evaluateBefore, type Expected, isWrittenIn, lookAt } from "./expressions.ts";
import { bindDefaults, bindGenerics } from "./generics.ts";
import { callModel, nest } from "./models.ts";
import { construct, freshPoint } from "./points.ts";
import { fail, Problem } from "./problem.ts";
import { isReduction } from "./reductions.ts";
import { asVariable, requestedNames } from "./requested.ts";
import { alongVariables, mark } from "./rules.ts";
import { Scope } from "./scope.ts";
import { bindOptions } from "./optimizers.ts";
import { runBody } from "./statements.ts";
import { constantTensor, idOf, tensor } from "./tensors.ts";
import { child, isTree, leaves, mapTree, storageTree } from "./trees.ts";
import { coerce, instantiateType, knownType, Matcher, openNames, parameterTypes } from "./types.ts";
import { describe, type FunctionValue, type LambdaValue, nothing, type Value } from "./values.ts";

/** Nested calls beyond this are a runaway recursion. */
export const maximumDepth = 150;

export interface GivenArgument {
  readonly name?: string;
  readonly nameSpan?: Span;
  readonly value: Value;
  readonly span: Span;
  /** As written, for messages and for requests that need a place rather than a value. */
  readonly expression?: Expression;
  /** The value where a type is expected; only arguments of builtins, which are computed when they are asked for. */
  readonly under?: (expected: Expected) => Value;
}

export function callExpression(frame: Frame, expression: CallExpression, expected: Expected): Value {
  const { callee } = expression;
  // `sum[k](...)`
  if (callee.kind === "index" && callee.object.kind === "name") {
    const target = frame.scope.find(callee.object.text)?.read(frame.context);
    if (target?.kind === "builtin" && isReduction(target.name)) return indexReduction(frame, target.name, callee.bracket, expression);
  }
  const target = evaluateBefore(frame, callee, expression.arguments.map((argument) => argument.value));
  return callWith(frame, target, callee, expression.arguments, [], expression.span, expected);
}

/** `x |> f(a)` is `f(x, a)`. */
export function pipe(frame: Frame, expression: BinaryExpression, expected: Expected): Value {
  const { right } = expression;
  const rest = right.kind === "call" ? [right.callee, ...right.arguments.map((argument) => argument.value)] : [right];
  const first: GivenArgument = { value: evaluateBefore(frame, expression.left, rest), span: expression.left.span, expression: expression.left };
  if (right.kind === "call") {
    const target = evaluate(frame, right.callee);
    return callWith(frame, target, right.callee, right.arguments, [first], expression.span, expected);
  }
  return callWith(frame, evaluate(frame, right), right, [], [first], expression.span, expected);
}

function callWith(
  frame: Frame, target: Value, callee: Expression, written: readonly Argument[], before: readonly GivenArgument[], span: Span, expected: Expected,
): Value {
  if (target.kind === "builtin") {
    const lazy = written.map((argument) => lazyArgument(frame, argument));
    try {
      return callBuiltin(frame, target.name, [...before, ...lazy], span, expected);
    } catch (error) {
      if (error instanceof Problem && isWrittenIn(error, { span })) lookAt(frame, written.filter((_, i) => !lazy[i].asked).map((argument) => argument.value));
      throw error;
    }
  }
  const values = evaluateAll(frame, written.map((argument) => argument.value));
  const given = [...before, ...written.map((argument, i): GivenArgument => ({
    name: argument.name?.text, nameSpan: argument.name?.span, value: values[i], span: argument.value.span, expression: argument.value,
  }))];
  frame.context.builder.site = frame.session.site(span, frame);
  return callValue(frame, target, given, span, expected, printExpression(callee));
}

/** Builtins decide for themselves which arguments are places: a value is computed when it is asked for. */
function lazyArgument(frame: Frame, argument: Argument): GivenArgument & { readonly asked: boolean } {
  let value: Value | undefined;
  let asked = false;
  const ask = (expected?: Expected): Value => {
    asked = true;
    return (value ??= evaluate(frame, argument.value, expected));
  };
  return {
    get asked() {
      return asked;
    },
    name: argument.name?.text,
    nameSpan: argument.name?.span,
    span: argument.value.span,
    expression: argument.value,
    get value() {
      return ask();
    },
    under: ask,
  };
}

export function callValue(frame: Frame, target: Value, given: readonly GivenArgument[], span: Span, expected?: Expected, written = "this"): Value {
  switch (target.kind) {
    case "function":
      return callFunction(frame, target, given, span, expected);
    case "lambda":
      return callLambda(frame, target, given, span);
    case "builtin":
      return callBuiltin(frame, target.name, given, span, expected);
    case "model":
      return callModel(frame, target, given, span);
    case "constructor":
      return callModel(frame, nest(frame, target, span), given, span);
    case "native":
      return target.call(frame, given.map(({ value }) => value), span);
    case "type":
      return construct(frame, target, givenPoint(target.declaration.name.text, given, span), span);
    case "rules":
      return { ...target, scope: bindOptions(frame, target.declaration.name.text, target.declaration.parameters, given, target.scope, span) };
    case "poison":
      throw new Problem(null);
    default:
      return fail(say.notCallable(span, written, describe(target)));
  }
}

/** `SO3(q)` takes one value. */
function givenPoint(name: string, given: readonly GivenArgument[], span: Span): Value {
  if (given.length > 1) fail(say.tooManyArguments(given[1].span, name, 1, given.length));
  return given.length === 0 ? fail(say.missingArgument(span, "value", name, ["value"])) : given[0].value;
}

/** Positional arguments first, then names; `null` where a default must serve. */
export function arrange(owner: string, parameters: readonly Parameter[], given: readonly GivenArgument[], span: Span): (GivenArgument | null)[] {
  const slots: (GivenArgument | null)[] = parameters.map(() => null);
  let next = 0;
  for (const argument of given) {
    let at = next;
    if (argument.name !== undefined) {
      at = parameters.findIndex((parameter) => parameter.name.text === argument.name);
      if (at < 0) return fail(say.unknownArgument(argument.nameSpan ?? argument.span, argument.name, owner, parameters.map((p) => p.name.text)));
      if (slots[at]) return fail(say.argumentTwice(argument.nameSpan ?? argument.span, argument.name, owner));
    } else next++;
    if (at >= parameters.length) return fail(say.tooManyArguments(argument.span, owner, parameters.length, given.length));
    slots[at] = argument;
  }
  parameters.forEach((parameter, i) => {
    if (!slots[i] && !parameter.default) fail(say.missingArgument(span, parameter.name.text, owner, parameters.map((p) => p.name.text)));
  });
  return slots;
}

/** Binds arguments to parameters in the callee's scope, generics on the way. Gives the values, coerced. */
export function bindArguments(
  callee: Frame, owner: string, parameters: readonly Parameter[], given: readonly GivenArgument[], matcher: Matcher, body: Body | undefined, span: Span, lenient: boolean,
): { name: string; value: Value }[] {
  const slots = arrange(owner, parameters, given, span);
  const place = (i: number) => ({ span: slots[i]?.span ?? parameters[i].span, what: `argument '${parameters[i].name.text}' of ${owner}` });
  const values: (Value | null)[] = slots.map((slot) => slot?.value ?? null);
  // Tensors first, so that numbers find the generics bound.
  const order = values.map((_, i) => i).sort((a, b) => Number(values[a]?.kind === "number") - Number(values[b]?.kind === "number"));
  for (const i of order) {
    const { type } = parameters[i];
    const value = values[i];
    if (type && value) matcher.match(type, value, place(i));
    if (value?.kind === "poison") throw new Problem(null);
  }
  // Defaults may speak of the parameters before them.
  parameters.forEach((parameter, i) => {
    const given = values[i];
    if (given) return callee.scope.bind(parameter.name.text, given, parameter.name.span);
    if (!parameter.default) return;
    const value = evaluate(callee, parameter.default);
    values[i] = value;
    callee.scope.bind(parameter.name.text, value, parameter.name.span);
    if (parameter.type) matcher.match(parameter.type, value, place(i));
  });
  matcher.closePacks();
  matcher.finish();
  return parameters.map((parameter, i) => {
    const raw = values[i] ?? nothing;
    const coerced = parameter.type ? coerce(callee, parameter.type, raw, place(i), lenient) : raw;
    const value = body && requestedNames(body).has(parameter.name.text) ? asVariable(callee, coerced, span) : coerced;
    callee.scope.bind(parameter.name.text, value, parameter.name.span);
    setFree(callee, value);
    return { name: parameter.name.text, value };
  });
}

/** Scope is lexical: for requests in a body, its arguments are free variables. */
export function setFree(callee: Frame, value: Value): void {
  for (const { value: leaf } of leaves(value)) if (leaf.context === callee.context && leaf.id !== undefined) callee.free.add(leaf.id);
}

/** The frame of a body that is called from `span`: its own names and counters. */
export function enter(frame: Frame, scope: Scope, span: Span, changes: Partial<Frame> = {}): Frame {
  const place = mix(frame.counters.place, frame.counters.ordinal++);
  const caller = isLibrary(span.file) ? frame.caller : span;
  return { ...frame, scope, caller, self: null, counters: newCounters(place), free: new Set(), depth: frame.depth + 1, activeRule: undefined, arm: false, slot: undefined, ...changes };
}

function callFunction(frame: Frame, target: FunctionValue, written: readonly GivenArgument[], span: Span, expected: Expected): Value {
  const { declaration } = target;
  const name = declaration.name.text;
  const ruled = declaration.rules.length > 0 || frame.session.ruledNames.has(name);
  const values = ruled ? alongVariables(frame, written.map(({ value }) => value), span) : [];
  const given = ruled ? written.map((argument, i) => ({ ...argument, value: values[i] })) : written;
  const library = isLibrary(declaration.span.file);
  if (frame.depth > maximumDepth && !library) fail(say.recursion(span, name));
  const mapped = library ? leafByLeaf(frame, target, given, span) : null;
  if (mapped) return mapped;
  const scope = new Scope(target.scope);
  const callee = enter(frame, scope, span, { owner: library ? frame.owner : name, mayAssign: declaration.exported || declaration.train });
  const run = (): Value => {
    const open = openNames(target.scope, declaration.generics, [...parameterTypes(declaration.parameters), declaration.result]);
    const left = bindGenerics(scope, name, declaration.generics, target.generics);
    for (const generic of declaration.generics) if (!left.has(generic.name.text)) open.sizes.delete(generic.name.text);
    const matcher = new Matcher(callee, open, library);
    bindExpected(callee, declaration, expected, matcher, open);
    const inputs = bindArguments(callee, name, declaration.parameters, given, matcher, declaration.body, span, library);
    bindDefaults(callee, declaration.generics, left);
    for (const generic of left) if (!scope.own(generic)) scope.leaveOpen(generic, say.genericNotInferred(span, generic, name));
    if (frame.session.trial === 0) frame.session.elaborated.add(declaration);
    if (!declaration.body) return callHost(callee, declaration, inputs, span);
    const wanted = resultExpectation(callee, declaration);
    const value = runBody(callee, declaration.body, wanted);
    const result = checkResult(callee, declaration, value, matcher, library);
    if (!ruled) return result;
    return mark({ callee: name, path: frame.path, frame: callee, inputs, self: null, rules: declaration.rules }, result, span);
  };
  return library && !isLibrary(span.file) ? atCallSite(frame.session, run, name, span) : run();
}

/** A library function of tensors of any shape, given a tree: applied to each leaf, other trees giving theirs at the same place. */
function leafByLeaf(frame: Frame, target: FunctionValue, given: readonly GivenArgument[], span: Span): Value | null {
  const { name, parameters } = target.declaration;
  const slots = arrange(name.text, parameters, given, span);
  const tree = slots.find((slot, i) => slot && isTree(slot.value) && takesAnyShape(parameters[i]))?.value;
  if (!tree) return null;
  const at = (value: Value, path: readonly string[]): Value =>
    (isTree(value) ? path.reduce((inner, step) => child(inner, step) ?? fail(say.treesDiffer(span, describe(tree), describe(value))), value) : value);
  return mapTree(tree, (leaf, path) => {
    const arguments_ = given.map((argument): GivenArgument => ({ ...argument, value: argument.value === tree ? leaf : at(argument.value, path) }));
    return callFunction(frame, target, arguments_, span, undefined);
  }, span);
}

const takesAnyShape = ({ type }: Parameter): boolean =>
  type?.kind === "namedType" && type.bracket?.items.length === 1 && type.bracket.items[0].kind === "ellipsis";

/** What is made, and an error, inside of a library function is the caller's: it is shown at the call. */
export function atCallSite<T>(session: Session, run: () => T, name: string, span: Span): T {
  session.place = span;
  try {
    return run();
  } catch (error) {
    if (!(error instanceof Problem) || !error.diagnostic || !isLibrary(error.diagnostic.span.file)) throw error;
    const { diagnostic } = error;
    throw new Problem({ ...diagnostic, span, notes: [...(diagnostic.notes ?? []), `inside of the library's ${name}`] });
  }
}

/** What is expected of the result binds generics that no argument tells: `param w: f32[In, Out] = kaiming_uniform()`. */
function bindExpected(callee: Frame, declaration: FunctionDeclaration, expected: Expected, matcher: Matcher, open: { sizes: Set<string>; packs: Set<string> }): void {
  const { result } = declaration;
  if (!expected || !result) return;
  const told = new Set(openNames(callee.scope, [], parameterTypes(declaration.parameters)).sizes);
  const toldPacks = openNames(callee.scope, [], parameterTypes(declaration.parameters)).packs;
  const untold = [...open.sizes].some((name) => !told.has(name)) || [...open.packs].some((name) => !toldPacks.has(name));
  if (!untold) return;
  // A shape that does not fit is reported where the result is used.
  callee.session.probe(() => matcher.matchExpected(result, expected, declaration.span));
}

function resultExpectation(callee: Frame, declaration: FunctionDeclaration): Expected {
  const { result } = declaration;
  if (result?.kind !== "namedType") return undefined;
  // There may be sizes that only the body's value tells.
  return callee.session.probe(() => ({ kind: "tensor", known: knownType(callee, result) }));
}

/** The value that a body returned, in the declared type. */
export function checkResult(callee: Frame, declaration: FunctionDeclaration | ModelDeclaration, value: Value, matcher: Matcher, lenient: boolean): Value {
  if (value.kind === "poison" || !declaration.result) return value;
  const { name, body, result } = declaration;
  if (value.kind === "nothing") fail(say.noReturn(result.span, name.text));
  const last = body?.kind === "block" ? body.statements.findLast(({ kind }) => kind === "return") : body;
  const place = { span: (last?.kind === "return" ? last.value : last)?.span ?? result.span, what: `the result of ${name.text}` };
  matcher.match(declaration.result, value, place);
  matcher.finish();
  return coerce(callee, declaration.result, value, place, lenient);
}

function callLambda(frame: Frame, target: LambdaValue, given: readonly GivenArgument[], span: Span): Value {
  const { expression } = target;
  if (frame.depth > maximumDepth) fail(say.recursion(span, "the function"));
  const scope = new Scope(target.scope);
  const callee = enter(frame, scope, span, { self: frame.self });
  const open = openNames(target.scope, [], parameterTypes(expression.parameters));
  bindArguments(callee, "the function", expression.parameters, given, new Matcher(callee, open, false), expression.body, span, false);
  return runBody(callee, expression.body);
}

function callHost(callee: Frame, declaration: FunctionDeclaration, inputs: readonly { name: string; value: Value }[], span: Span): Value {
  const { context } = callee;
  const name = declaration.name.text;
  if (callee.conditional) fail(say.hostInIf(span, name));
  if (context.kind === "init" || context.kind === "build") fail(say.notAtBuild(span, context.kind));
  const ids = inputs.flatMap(({ value }, i) => {
    const typed = value.kind === "number" ? instantiateNumber(callee, value, declaration, i) : value;
    return leaves(storageTree(typed)).map((leaf) => idOf(context, leaf.value, span));
  });
  if (!declaration.result) {
    context.builder.host(name, ids, []);
    return nothing;
  }
  const shapes: Parameters<typeof context.builder.host>[2][number][] = [];
  const tree = instantiateType(callee, declaration.result, (known) => {
    shapes.push({ element: known.element, shape: known.shape });
    return { kind: "tensor", type: { element: known.element, shape: known.shape }, axes: known.axes, variables: [] };
  });
  const results = context.builder.host(name, ids, shapes);
  let at = 0;
  const fill = (value: Value): Value => {
    if (value.kind === "tensor") return tensor(context, results[at++], value.axes);
    if (value.kind === "point") return freshPoint(value.type, tensor(context, results[at++], value.value.axes));
    if (value.kind === "tuple") return { ...value, items: value.items.map(fill) };
    if (value.kind === "record") return { kind: "record", fields: new Map([...value.fields].map(([key, field]) => [key, fill(field)])) };
    return value;
  };
  return fill(tree);
}

function instantiateNumber(callee: Frame, value: Extract<Value, { kind: "number" }>, declaration: FunctionDeclaration, i: number): Value {
  const { type, span } = declaration.parameters[i];
  const element = value.element ?? (type?.kind === "namedType" && type.name.text === "i32" ? "i32" : "f32");
  return constantTensor(callee.context, element, [], [value.value], span);
}
