/** Statements, in reading order. One that fails is reported and poisons the names it would have bound; the rest go on. */
import { assertNever, type Block, type Body, type Expression, type IfStatement, type LetStatement, type Path, type Pattern, type Span, type Statement, type StaticForStatement } from "../../grammar/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import { isLibrary } from "../diagnostics/diagnostic.ts";
import { conditionOf, inArms } from "./arms.ts";
import { assignPath } from "./assign.ts";
import { Context, type Frame, hashText, newCounters } from "./context.ts";
import { evaluate, type Expected } from "./expressions.ts";
import { familyMember } from "./indexing.ts";
import { runMember } from "./models.ts";
import { applyStatement, minimizeStatement } from "./optimizers.ts";
import { takeAt } from "./parts.ts";
import { noted } from "./points.ts";
import { fail, Problem } from "./problem.ts";
import { prove } from "./prove.ts";
import { asVariable, requestedNames } from "./requested.ts";
import { Scope } from "./scope.ts";
import { expectedLike, expectedOf } from "./states.ts";
import { close, idOf, staticNumber, tensor } from "./tensors.ts";
import { child, replaceLeaves } from "./trees.ts";
import { coerce, Matcher } from "./types.ts";
import { describe, isFloat, nothing, number, ownShape, poison, record, type TensorValue, tuple, type Value } from "./values.ts";

/** Runs a function's body: `= e` fails as `return e` would. */
export function runBody(frame: Frame, body: Body, expected?: Expected): Value {
  if (body.kind === "block") return runBlock(frame, body);
  try {
    return evaluate(frame, body, expected);
  } catch (error) {
    return reported(frame, body.span, error);
  }
}

/** Runs a block; its value is what it returns. */
export function runBlock(frame: Frame, block: Block): Value {
  return runStatements({ ...frame, requested: requestedNames(block) }, block.statements) ?? nothing;
}

function runStatements(frame: Frame, statements: readonly Statement[]): Value | undefined {
  let result: Value | undefined;
  for (const statement of statements) {
    const value = guard(frame, statement, () => runStatement(frame, statement));
    if (value && !result) result = value;
  }
  return result;
}

/** Reports what goes wrong in a statement of the user's; errors inside of the library go up to the call. */
function guard(frame: Frame, statement: Statement, run: () => Value | undefined): Value | undefined {
  try {
    frame.session.enter(statement.span);
    try {
      return run();
    } finally {
      frame.session.leave();
    }
  } catch (error) {
    const value = reported(frame, statement.span, error);
    poisonNames(frame, statement);
    return mayReturn(statement) ? value : undefined;
  }
}

function reported(frame: Frame, span: Span, error: unknown): Value {
  if (!(error instanceof Problem) || isLibrary(span.file)) throw error;
  if (error.diagnostic) frame.session.report(error.diagnostic);
  frame.session.failures++;
  return poison;
}

const mayReturn = ({ kind }: Statement): boolean => kind === "return" || kind === "emit" || kind === "if" || kind === "staticFor";

function poisonNames(frame: Frame, statement: Statement): void {
  // A static block is no scope: its names are missing too.
  if (statement.kind === "staticFor") statement.body.statements.forEach((inner) => poisonNames(frame, inner));
  if (statement.kind === "if" && statement.static) {
    statement.then.statements.forEach((inner) => poisonNames(frame, inner));
    if (statement.else?.kind === "block") statement.else.statements.forEach((inner) => poisonNames(frame, inner));
    else if (statement.else) poisonNames(frame, statement.else);
  }
  if (statement.kind === "let") poisonPattern(frame, statement.pattern);
  if (statement.kind === "member") frame.scope.bind(statement.name.text, poison, statement.name.span);
}
function poisonPattern(frame: Frame, pattern: Pattern): void {
  if (pattern.kind === "namePattern") frame.scope.bind(pattern.name.text, poison, pattern.name.span);
  else pattern.items.forEach((item) => poisonPattern(frame, item));
}

function runStatement(frame: Frame, statement: Statement): Value | undefined {
  frame.context.builder.site = frame.session.site(statement.span, frame);
  switch (statement.kind) {
    case "let":
      if (statement.constant) bindPattern({ ...frame, requested: undefined }, statement.pattern, constant(frame, statement));
      else bindPattern(frame, statement.pattern, evaluateBinding(frame, statement));
      return undefined;
    case "member":
      if (statement.role === "tap") tap(frame, statement);
      else runMember(frame, statement);
      return undefined;
    case "return":
      if (frame.arm) fail(say.returnInIf(statement.span));
      return evaluate(frame, statement.value);
    case "emit":
      if (!frame.emit) return fail(say.emitOutsideScan(statement.span));
      if (frame.conditional) return fail(say.emitInIf(statement.span));
      frame.emit(evaluate(frame, statement.value), statement.span);
      return undefined;
    case "prove":
      prove(frame, statement.value);
      return undefined;
    case "assign":
      assignPath(frame, statement.target, evaluate(frame, statement.value, expectedOfTarget(frame, statement.target)));
      return undefined;
    case "minimize":
      minimizeStatement(frame, statement);
      return undefined;
    case "apply":
      applyStatement(frame, statement);
      return undefined;
    case "if":
      return runIf(frame, statement);
    case "staticFor":
      return runStaticFor(frame, statement);
    default:
      return assertNever(statement, "runStatement");
  }
}

/** What an assignment expects: `net.a.weight <- where(dead, kaiming_uniform(), net.a.weight)`. */
function expectedOfTarget(frame: Frame, { root, steps }: Path): Expected {
  let value = frame.scope.find(root.text)?.read(frame.context);
  for (const step of steps) value = value && (step.kind === "field" ? child(value, step.name.text) : itemLike(frame, value, step.index));
  return value && expectedLike(value);
}

/** Of the form that an item has: of a tuple one, of a family or a tensor without its first axis. */
function itemLike(frame: Frame, value: Value, index: Expression): Value | undefined {
  if (value.kind === "tuple") return value.items.at(staticNumber(evaluate(frame, index)) ?? 0);
  return replaceLeaves(value, (leaf) => ({ ...leaf, type: { ...leaf.type, shape: leaf.type.shape.slice(1) }, axes: leaf.axes.slice(1) }));
}

/** `x: T = e`: the value, in its declared type where there is one. */
export function evaluateBinding(frame: Frame, statement: Pick<LetStatement, "pattern" | "type" | "value">): Value {
  const value = evaluate(frame, statement.value, statement.type && expectedOf(frame, statement.type));
  if (!statement.type) return value;
  const place = { span: statement.value.span, what: statement.pattern.kind === "namePattern" ? `'${statement.pattern.name.text}'` : "the value" };
  const matcher = new Matcher(frame, { sizes: new Set(), packs: new Set(), types: new Set() }, false);
  matcher.match(statement.type, value, place);
  matcher.finish();
  return coerce(frame, statement.type, value, place);
}

/** `const`: evaluated at build; its draws happen once, from the build's seed, by the instance and the name. */
function constant(frame: Frame, statement: Extract<Statement, { kind: "let" }>): Value {
  const name = statement.pattern.kind === "namePattern" ? statement.pattern.name.text : "pattern";
  return atBuild(frame, `${frame.path.join(".")}.${name}`, (inner) => evaluateBinding(inner, statement));
}

/** Runs something in a build context and closes the tensors that come out. */
export function atBuild(frame: Frame, place: string, run: (inner: Frame) => Value): Value {
  const context = new Context(frame.session, "build");
  const inner: Frame = { ...frame, context, counters: newCounters(hashText(place)), recorder: null, conditional: false, training: false };
  return closeAll(context, run(inner));
}
function closeAll(context: Context, value: Value): Value {
  switch (value.kind) {
    case "tensor":
      return close(context, value);
    case "tuple":
      return tuple(value.items.map((item) => closeAll(context, item)), value.list);
    case "record":
      return record([...value.fields].map(([name, field]) => [name, closeAll(context, field)]));
    case "point":
      return replaceLeaves(value, (leaf) => close(context, leaf));
    default:
      return value;
  }
}

export function bindPattern(frame: Frame, pattern: Pattern, value: Value): void {
  if (pattern.kind === "namePattern") {
    if (value.kind === "nothing") fail(say.nothingToBind(pattern.span, pattern.name.text));
    const requested = frame.requested?.has(pattern.name.text);
    frame.scope.bind(pattern.name.text, requested ? asVariable(frame, value, pattern.span) : value, pattern.name.span);
    return;
  }
  if (value.kind === "poison") return poisonPattern(frame, pattern);
  if (value.kind !== "tuple" || value.items.length !== pattern.items.length) {
    return fail(say.patternMismatch(pattern.span, pattern.items.length, describe(value)));
  }
  pattern.items.forEach((item, i) => bindPattern(frame, item, value.items[i]));
}

function tap(frame: Frame, statement: Extract<Statement, { kind: "member" }>): void {
  if (frame.conditional) fail(say.tapInIf(statement.span, statement.name.text));
  const value = perturbed(frame, evaluate(frame, statement.value), statement.span);
  frame.scope.bind(statement.name.text, value, statement.name.span);
  if (!frame.recorder) return;
  const path = [...frame.tapPath, statement.name.text];
  const key = path.join(".");
  const found = frame.recorder.found.get(key);
  if (found) found.values.push(value);
  else frame.recorder.found.set(key, { path, values: [value], span: statement.span });
}

/** In a loop's body a tapped tensor gets a zero added: the derivative at the tap is the derivative by that zero. */
function perturbed(frame: Frame, value: Value, span: Span): Value {
  const perturb = frame.recorder?.perturb;
  if (!perturb) return value;
  const add = (leaf: TensorValue): TensorValue =>
    (!isFloat(leaf.type.element) || leaf.variables.length > 0 ? leaf : tensor(frame.context, frame.context.builder.add(idOf(frame.context, leaf, span), perturb(leaf.type)), leaf.axes));
  if (value.kind === "point") return noted(frame.context, { ...value, step: add(value.step) });
  return value.kind === "tensor" ? add(value) : value;
}

// ---- structure

function runIf(frame: Frame, statement: IfStatement): Value | undefined {
  const condition = evaluate(frame, statement.condition);
  if (condition.kind === "poison") throw new Problem(null);
  if (condition.kind === "boolean") {
    const arm = condition.value ? statement.then : statement.else;
    if (!arm) return undefined;
    if (arm.kind === "if") return runIf(frame, arm);
    // A static block is no scope: it stands for its statements written out.
    return runStatements(statement.static ? frame : { ...frame, scope: new Scope(frame.scope) }, arm.statements);
  }
  if (statement.static) return fail(say.staticCondition(statement.condition.span, describe(condition)));
  const test = conditionOf(frame, condition, statement.condition);
  const run = (body: IfStatement["else"]) => (arm: Frame): void => {
    const inner: Frame = { ...arm, scope: new Scope(frame.scope), arm: true };
    if (body?.kind === "if") runIf(inner, body);
    else if (body) runStatements(inner, body.statements);
  };
  inArms(frame, test, [run(statement.then), run(statement.else)], statement);
  return undefined;
}

function runStaticFor(frame: Frame, statement: StaticForStatement): Value | undefined {
  const range = evaluate(frame, statement.range);
  let result: Value | undefined;
  for (const item of itemsOf(frame, range, statement)) {
    frame.session.spend(1, statement.range.span);
    const { failures } = frame.session;
    bindPattern(frame, statement.pattern, item);
    const value = runStatements(frame, statement.body.statements);
    result ??= value;
    if (frame.session.failures > failures) break; // the other turns would say the same
  }
  return result;
}

function* itemsOf(frame: Frame, range: Value, statement: StaticForStatement): Generator<Value> {
  const { span } = statement.range;
  switch (range.kind) {
    case "range":
      for (let i = range.from; i < range.to; i++) yield number(i, true);
      return;
    case "tuple":
      return yield* range.items;
    case "model":
      if (range.family === undefined) break;
      for (let i = 0; i < range.family; i++) yield familyMember(frame, range, i, span);
      return;
    case "tensor":
      if (ownShape(range).length === 0) break;
      for (let i = 0; i < ownShape(range)[0]; i++) yield takeAt(frame.context, range, 0, i, span);
      return;
    case "poison":
      throw new Problem(null);
    default:
  }
  fail(say.staticForRange(span, describe(range)));
}
