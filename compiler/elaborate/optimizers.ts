/** `minimize`, `apply` and the optimizers that they run: once per leaf, each leaf with state of its own. */
import type { ApplyStatement, Expression, MemberStatement, MinimizeStatement, OptimizerDeclaration, Parameter, Span } from "../../grammar/index.ts";
import { printExpression } from "../../grammar/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import { isLibrary } from "../diagnostics/diagnostic.ts";
import { checkMayAssign, itemNode, nodeOfTarget } from "./assign.ts";
import { arrange, atCallSite, enter, type GivenArgument } from "./calls.ts";
import type { Cell, CellNode, Context, Frame, PointNode, StateNode } from "./context.ts";
import { evaluate } from "./expressions.ts";
import { fail } from "./problem.ts";
import { gradient } from "./requests.ts";
import { takeAt } from "./parts.ts";
import { Scope } from "./scope.ts";
import { axesOfCell, childNode, createStates, readNode, typeOfCell } from "./states.ts";
import { sliceNode } from "./slices.ts";
import { runBlock } from "./statements.ts";
import { asTensor, broadcastTo, tensor } from "./tensors.ts";
import { child } from "./trees.ts";
import { coerce } from "./types.ts";
import { describe, isFloat, ownShape, type OptimizerValue, type TensorValue, type Value } from "./values.ts";

/** Binds options or a rule set's parameters by position and name, defaults evaluated in their own scope. */
export function bindOptions(frame: Frame, owner: string, parameters: readonly Parameter[], given: readonly GivenArgument[], parent: Scope, span: Span): Scope {
  const scope = new Scope(parent);
  const inner: Frame = { ...frame, scope };
  const slots = arrange(owner, parameters, given, span);
  parameters.forEach((parameter, i) => {
    const raw = slots[i]?.value ?? (parameter.default ? evaluate(inner, parameter.default) : { kind: "nothing" as const });
    const place = { span: slots[i]?.span ?? parameter.span, what: `argument '${parameter.name.text}' of ${owner}` };
    scope.bind(parameter.name.text, parameter.type && raw.kind === "number" ? coerce(inner, parameter.type, raw, place) : raw, parameter.span);
  });
  return scope;
}

/** `adam(lr = 0.1)`: the optimizer with its options. */
function optimizerOf(frame: Frame, expression: Expression): OptimizerValue {
  const callee = expression.kind === "call" ? expression.callee : expression;
  const target = evaluate(frame, callee);
  if (target.kind !== "optimizer") return fail(say.notAnOptimizer(callee.span, printExpression(callee), describe(target)));
  const given = expression.kind !== "call" ? [] : expression.arguments.map((argument): GivenArgument => ({
    name: argument.name?.text, nameSpan: argument.name?.span, value: evaluate(frame, argument.value), span: argument.value.span,
  }));
  const parameters = target.declaration.parameters.slice(2);
  const slots = arrange(target.declaration.name.text, parameters, given, expression.span);
  const options = new Map<string, Value>();
  parameters.forEach((parameter, i) => { const slot = slots[i]; if (slot) options.set(parameter.name.text, slot.value); });
  return { ...target, options, span: expression.span };
}

export function minimizeStatement(frame: Frame, statement: MinimizeStatement): void {
  const optimizer = optimizerOf(frame, statement.optimizer);
  targetsOf(frame, statement.over); // a wrong target is found even where the loss is broken
  const loss = evaluate(frame, statement.loss);
  // All gradients are taken before anything moves.
  const update = gradient(frame, loss, statement.loss, statement.over, undefined, statement.span);
  applyTo(frame, statement.over, update, optimizer, statement.span);
}

export function applyStatement(frame: Frame, statement: ApplyStatement): void {
  const optimizer = optimizerOf(frame, statement.optimizer);
  const update = evaluate(frame, statement.update);
  applyTo(frame, statement.target, update, optimizer, statement.span);
}

const targetsOf = (frame: Frame, target: Expression): StateNode[] =>
  (target.kind === "tuple" ? target.items : [target]).map((item) => movable(frame, item));

function applyTo(frame: Frame, target: Expression, update: Value, optimizer: OptimizerValue, span: Span): void {
  // Each statement has slots of its own: adam, adam2, ...
  const name = optimizer.declaration.name.text;
  const ordinal = (frame.counters.optimizers.get(name) ?? 0) + 1;
  frame.counters.optimizers.set(name, ordinal);
  const slots = `${frame.owner}.${name}${ordinal === 1 ? "" : ordinal}`;
  if (target.kind === "tuple") {
    if (update.kind !== "tuple" || update.items.length !== target.items.length) fail(say.treeExpected(span, `a tuple of ${target.items.length}`, describe(update)));
    target.items.forEach((item, i) => moveTree(frame, item, update.kind === "tuple" ? update.items[i] : update, optimizer, slots, span));
    return;
  }
  moveTree(frame, target, update, optimizer, slots, span);
}

function moveTree(frame: Frame, target: Expression, update: Value, optimizer: OptimizerValue, slots: string, span: Span): void {
  const node = movable(frame, target);
  let moved = 0;
  const options = optimizer.options;
  const visit = (inner: StateNode, leaf: Value, at: ReadonlyMap<string, Value>): void => {
    if (inner.kind === "cell" || inner.kind === "point") {
      moved++;
      return moveLeaf(frame, inner, leaf, at, optimizer, slots, span);
    }
    const known = namesOf(inner);
    const given = leaf.kind === "record" ? [...leaf.fields.keys()] : leaf.kind === "model" ? [...leaf.members.keys()] : leaf.kind === "tuple" ? leaf.items.map((_, i) => String(i)) : null;
    if (!given) return fail(say.treeExpected(span, printExpression(target), describe(leaf)));
    for (const name of given) if (!known.includes(name)) fail(say.noField(span, name, printExpression(target), known));
    for (const name of known) {
      const part = child(leaf, name);
      const below = childNode(frame.session, inner, name, span);
      const role = inner.kind === "model" ? inner.members.get(name)?.role : undefined;
      if (!part || !below || role === "state") continue;
      // An option that is a tree of the same form goes leaf by leaf.
      visit(below, part, new Map([...at].map(([option, value]) => [option, treeOption(value) ? child(value, name) ?? value : value])));
    }
  };
  visit(node, update, options);
  if (moved === 0) fail(say.nothingMoved(span, printExpression(target)));
}

const treeOption = (value: Value): boolean => value.kind === "record" || value.kind === "model" || value.kind === "tuple";
const namesOf = (node: StateNode): string[] =>
  node.kind === "model" ? [...node.members.keys()] : node.kind === "record" ? [...node.fields.keys()] : node.kind === "tuple" ? node.items.map((_, i) => String(i)) : [];

/** The state that an expression names. */
export function nodeOf(frame: Frame, expression: Expression): StateNode {
  const found = stateOf(frame, expression);
  if (found) return found;
  const family = expression.kind === "index" ? stateOf(frame, expression.object) : undefined;
  if (family?.kind === "model" && family.family !== undefined) return fail(say.familyTarget(expression.span, family.family));
  return fail(say.notState(expression.span, printExpression(expression)));
}

const rootOf = (path: string): string => path.split(/\W/, 1)[0];

/** The state that an optimizer is to move. */
function movable(frame: Frame, expression: Expression): StateNode {
  const node = nodeOf(frame, expression);
  const name = rootOf(printExpression(expression));
  const target = frame.scope.find(name)?.target;
  if (target) checkMayAssign(frame, target, name, expression.span);
  return node;
}

/** The state behind a path, or undefined where it is an ordinary value. */
export function stateOf(frame: Frame, expression: Expression): StateNode | undefined {
  switch (expression.kind) {
    case "parenthesized":
      return stateOf(frame, expression.value);
    case "name": {
      const binding = frame.scope.find(expression.text);
      const target = binding?.target;
      if (target) binding.read(frame.context); // a `var` comes to be when it is first mentioned
      return target && nodeOfTarget(frame.session, target, expression.span);
    }
    case "field": {
      const object = stateOf(frame, expression.object);
      return object && childNode(frame.session, object, expression.name.text, expression.span);
    }
    case "index": {
      return expression.bracket.items.reduce<StateNode | undefined>(
        (node, item) => (node && item.kind === "value" ? itemNode(frame, node, item.value) : undefined), stateOf(frame, expression.object),
      );
    }
    default:
      return undefined;
  }
}

// ---- one leaf

/** A leaf that an optimizer runs for: points move by steps of their tangent. */
type Movable = CellNode | PointNode;
const stored = (node: Movable): CellNode => (node.kind === "point" ? node.value : node);
const moves = (node: Movable): CellNode => (node.kind === "point" ? node.step : node);

function moveLeaf(frame: Frame, node: Movable, update: Value, options: ReadonlyMap<string, Value>, optimizer: OptimizerValue, slots: string, span: Span): void {
  const { context } = frame;
  const { cell, path } = stored(node);
  if (cell.role === "frozen") fail(say.frozenAssigned(span, path));
  if (!isFloat(cell.type.element) && cell.type.element !== "bool") return; // integer leaves are not trained
  const g = asTensor(context, update, span, cell.type.element);
  const { shape } = typeOfCell(moves(node));
  if (ownShape(g).length > shape.length) fail(say.stateType(span, path, describe(readNode(context, node)), describe(g), cell.span));
  const gradientLeaf = broadcastTo(context, g, shape, axesOfCell(moves(node)), span);
  const { declaration } = optimizer;
  const library = isLibrary(declaration.span.file);
  const run = (): void => {
    frame.session.enter(span, 4);
    try {
      runOptimizer(frame, node, gradientLeaf, options, optimizer, slots);
    } finally {
      frame.session.leave(4);
    }
  };
  if (library) atCallSite(frame.session, run, declaration.name.text, optimizer.span);
  else run();
}

function runOptimizer(frame: Frame, node: Movable, g: Value, options: ReadonlyMap<string, Value>, optimizer: OptimizerValue, slots: string): void {
  const { declaration } = optimizer;
  const [p, gradientName] = declaration.parameters;
  if (!p || !gradientName) fail(say.optimizerParameters(declaration.name.span, declaration.name.text));
  const scope = new Scope(optimizer.scope);
  const inner = enter(frame, scope, optimizer.span);
  const { path } = stored(node);
  frame.session.roots.set(path, node);
  scope.define(p.name.text, { read: (context) => readNode(context, node), span: p.span, target: { path, local: true } });
  scope.bind(gradientName.name.text, g, gradientName.span);
  for (const parameter of declaration.parameters.slice(2)) {
    const raw = options.get(parameter.name.text) ?? (parameter.default ? evaluate(inner, parameter.default) : fail(say.missingArgument(optimizer.span, parameter.name.text, declaration.name.text, [])));
    const place = { span: optimizer.span, what: `option '${parameter.name.text}' of ${declaration.name.text}` };
    scope.bind(parameter.name.text, parameter.type && raw.kind === "number" ? coerce(inner, parameter.type, raw, place) : raw, parameter.span);
  }
  const body: Frame = { ...inner, slot: (statement) => bindSlot(inner, declaration, statement, node, slots) };
  runBlock(body, declaration.body);
}

/** `state m = zeros_like(g)`: one state per statement and leaf, shared by an entry's variants. */
function bindSlot(frame: Frame, declaration: OptimizerDeclaration, statement: MemberStatement, of: Movable, slots: string): void {
  const { cell: { slice }, path: ofPath } = stored(of);
  const path = `${slots}.${statement.name.text}.${slice?.whole.path ?? ofPath}`;
  let node = frame.session.roots.get(path);
  if (!node) {
    node = createSlot(frame, declaration, statement, of, path);
    frame.session.roots.set(path, node);
  }
  const slot = slice ? sliceNode(slice.context, node, slice.length, statement.span) : node;
  frame.scope.define(statement.name.text, { read: (context) => readNode(context, slot), span: statement.name.span, target: { path: slice ? slotSlice(frame, path, slot) : path, local: true } });
}

/** A slot's slice under a path of its own. */
function slotSlice(frame: Frame, path: string, slot: StateNode): string {
  frame.session.roots.set(`${path}[]`, slot);
  return `${path}[]`;
}

function createSlot(frame: Frame, declaration: OptimizerDeclaration, statement: MemberStatement, of: Movable, path: string): StateNode {
  // In the init region p is the parameter's initial value and g is zero.
  const scope = new Scope(frame.scope);
  const [p, g] = declaration.parameters;
  let copy = 0;
  const { slice } = stored(of).cell;
  const initialOf = (context: Context): Value => {
    if (!slice || context.kind !== "init") return readNode(context, of);
    const first = (cell: Cell): TensorValue => takeAt(context, tensor(context, context.read(cell.slice?.whole ?? cell)), 0, copy, p.span);
    return of.kind === "cell" ? first(of.cell) : { kind: "point", type: of.type, value: first(of.value.cell), step: first(of.step.cell) };
  };
  scope.define(p.name.text, { read: initialOf, span: p.span });
  scope.define(g.name.text, { read: (context) => tensor(context, context.builder.zeros(typeOfCell(moves(of))), axesOfCell(moves(of))), span: g.span });
  return createStates(frame.session, { ...frame, scope }, statement, path, "optimizer", slice ? [slice.length] : [], (i) => { copy = i; });
}

