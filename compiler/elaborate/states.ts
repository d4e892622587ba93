/** Module state: the cells behind `var`, `param` and `state`, their initial values, reading and assigning. */
import type { Expression, Path, Span, TypeExpression } from "../../grammar/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import { invariant } from "../diagnostics/diagnostic.ts";
import type { State, ValueId } from "../ir/graph.ts";
import { type Cell, type Context, type Frame, hashText, mix, newCounters, type Session, type StateNode } from "./context.ts";
import { evaluate, type Expected } from "./expressions.ts";
import { complete, instantiate, readModel, refuseBroken, rootFrame } from "./models.ts";
import { fail } from "./problem.ts";
import { asTensor, broadcastTo, elementOfNumbers, idOf, numbersOf, stack, staticNumber, tensor } from "./tensors.ts";
import { child } from "./trees.ts";
import { instantiateType, type KnownType } from "./types.ts";
import { type Axis, describe, isFloat, ownShape, tuple, type TensorValue, type Value } from "./values.ts";

/** What declares a state: its name, perhaps its type, its initial value. */
export interface StateDeclaration {
  readonly type?: TypeExpression;
  readonly value: Expression;
  readonly span: Span;
}

/** What a declaration says of its cells. Of a `var` floats are parameters; counters and masks are plain state. */
export type DeclaredRole = State["role"] | "var";

type MakeCell = (type: KnownType, at: readonly string[], role: DeclaredRole) => StateNode;

/** Makes the cells of a declaration. The initial value is computed in the init region, once asked for. */
export function createStates(
  session: Session, frame: Frame, declaration: StateDeclaration, path: string, role: DeclaredRole, families: readonly number[] = [],
): StateNode {
  const leafSource = new InitialValues(frame, declaration, path, families);
  const cell: MakeCell = (type, at, given) => ({
    kind: "cell",
    cell: session.addCell({
      path: [path, ...at].join("."),
      type: { element: type.element, shape: [...families, ...type.shape] },
      axes: [...families.map((): Axis => ({})), ...type.axes],
      role: given === "var" ? (isFloat(type.element) ? "trained" : "state") : given,
      span: declaration.span,
      initial: (init) => leafSource.leaf(init, at),
    }),
  });
  if (declaration.type) {
    // A template of the type's form, read for its leaves only.
    frame.context.makesStates = true;
    let template: Value;
    try {
      template = instantiateType(frame, declaration.type, (known) => ({ kind: "tensor", type: known, axes: known.axes, variables: [] }));
    } finally {
      frame.context.makesStates = false;
    }
    return nodeLike(session, template, cell, path, role, families, declaration.value.span);
  }
  const value = evaluate(frame, declaration.value);
  return nodeLike(session, value, cell, path, role, families, declaration.value.span);
}

/** The state's tree in the form of a value: tensors become cells, a model's name becomes an instance. */
function nodeLike(
  session: Session, value: Value, cell: MakeCell, path: string, role: DeclaredRole,
  families: readonly number[], span: Span, at: readonly string[] = [],
): StateNode {
  switch (value.kind) {
    case "tensor":
      return cell({ element: value.type.element, shape: ownShape(value), axes: value.axes }, at, role);
    case "number":
      return cell({ element: value.element ?? (value.integer ? "i32" : "f32"), shape: [], axes: [] }, at, role);
    case "boolean":
      return cell({ element: "bool", shape: [], axes: [] }, at, role);
    case "range":
      return cell({ element: "i32", shape: [Math.max(0, value.to - value.from)], axes: [{}] }, at, role);
    case "tuple": {
      const numbers = numbersOf(value);
      if (numbers) return cell({ element: elementOfNumbers(numbers), shape: numbers.shape, axes: [] }, at, role);
      return { kind: "tuple", list: value.list, items: value.items.map((item, i) => nodeLike(session, item, cell, path, role, families, span, [...at, String(i)])) };
    }
    case "record":
      return { kind: "record", fields: new Map([...value.fields].map(([name, field]) => [name, nodeLike(session, field, cell, path, role, families, span, [...at, name])])) };
    case "constructor":
      return instantiate(session, value, [path, ...at].join("."), role === "frozen", families);
    case "model": {
      const members = new Map([...value.members].map(([name, member]) => [name, {
        role: member.role, node: nodeLike(session, member.value, cell, path, member.role === "state" ? "state" : role, families, span, [...at, name]),
      }]));
      const node: StateNode = {
        kind: "model", declaration: value.declaration, scope: value.scope, path: [path, ...at].join("."), frozen: role === "frozen",
        families, members, pending: false, inferred: false,
      };
      session.modelNodes.set(node.path, node);
      return node;
    }
    default:
      return fail(say.notAState(span, describe(value)));
  }
}

/** The initial value of one declaration in the init region: evaluated once (per copy of a family), then picked apart. */
class InitialValues {
  private readonly values = new Map<Context, Value[]>();

  constructor(
    private readonly frame: Frame, private readonly declaration: StateDeclaration, private readonly path: string, private readonly families: readonly number[],
  ) {}

  leaf(init: Context, at: readonly string[]): ValueId {
    const copies = this.evaluateIn(init);
    const picked = copies.map((value) => {
      let leaf: Value = value;
      for (const name of at) {
        const inner = child(leaf, name);
        invariant(inner, () => `no initial value for ${this.path}.${at.join(".")}`);
        leaf = inner;
      }
      return asTensor(init, leaf, this.declaration.span);
    });
    const { span } = this.declaration;
    if (this.families.length === 0) return idOf(init, picked[0], span);
    const stacked = idOf(init, stack(init, picked, 0, span), span);
    return init.builder.reshape(stacked, [...this.families, ...picked[0].type.shape]);
  }

  private evaluateIn(init: Context): Value[] {
    let values = this.values.get(init);
    if (!values) {
      const count = this.families.reduce((product, size) => product * size, 1);
      values = Array.from({ length: count }, (_, i) => this.evaluateCopy(init, i));
      this.values.set(init, values);
    }
    return values;
  }

  private evaluateCopy(init: Context, copy: number): Value {
    const { declaration, frame, path } = this;
    // Initial values depend on the seed and the path alone.
    const inner: Frame = { ...rootFrame(init, frame.scope, path), counters: newCounters(this.families.length > 0 ? mix(hashText(path), copy) : hashText(path)) };
    const place = { span: declaration.span, what: `the initial value of ${path}` };
    const value = evaluate(inner, declaration.value, declaration.type && expectedOf(inner, declaration.type));
    return declaration.type ? coerceInitial(inner, declaration.type, value, place) : value;
  }
}

/** The expected value of a declared type, for `normal(0, 1)` and its kin. */
export function expectedOf(frame: Frame, type: TypeExpression): Expected {
  const template = instantiateType(frame, type, (known): TensorValue => ({ kind: "tensor", type: known, axes: known.axes, variables: [] }));
  return expectedLike(template);
}
/** The expected value where one like this is to stand. */
export function expectedLike(value: Value): Expected {
  if (value.kind === "tensor") return { kind: "tensor", known: { element: value.type.element, shape: ownShape(value), axes: value.axes } };
  if (value.kind !== "record") return undefined;
  const fields = new Map<string, NonNullable<Expected>>();
  for (const [name, field] of value.fields) {
    const expected = expectedLike(field);
    if (expected) fields.set(name, expected);
  }
  return { kind: "record", fields };
}

/** A declared initial value: scalars and smaller tensors broadcast to the declared shape. */
function coerceInitial(frame: Frame, type: TypeExpression, value: Value, place: { span: Span; what: string }): Value {
  const template = instantiateType(frame, type, (known): TensorValue => ({ kind: "tensor", type: known, axes: known.axes, variables: [] }));
  return fill(frame, template, value, place);
}

function fill(frame: Frame, template: Value, value: Value, place: { span: Span; what: string }): Value {
  if (template.kind === "tensor") {
    const leaf = asTensor(frame.context, value, place.span, template.type.element);
    if (leaf.type.element !== template.type.element) fail(say.typeMismatch(place.span, place.what, describe(template), describe(leaf)));
    return broadcastTo(frame.context, leaf, template.type.shape, template.axes, place.span);
  }
  if (template.kind === "record") {
    return { kind: "record", fields: new Map([...template.fields].map(([name, field]) => {
      const inner = value.kind === "record" ? value.fields.get(name) : value;
      return [name, fill(frame, field, inner ?? fail(say.missingField(place.span, place.what, name, value.kind === "record" ? [...value.fields.keys()] : [])), place)];
    })) };
  }
  if (template.kind === "tuple") {
    return tuple(template.items.map((item, i) => fill(frame, item, value.kind === "tuple" ? value.items[i] : value, place)));
  }
  return value;
}

// ---- reading

/** Reading a node is quicker than evaluating an expression. */
const nodesPerStep = 8;

export function readNode(context: Context, node: StateNode): Value {
  context.session.spend(1 / nodesPerStep, undefined);
  switch (node.kind) {
    case "cell": {
      const id = context.read(node.cell);
      const hidden = node.cell.type.shape.length - context.builder.typeOf(id).shape.length;
      return tensor(context, id, node.cell.axes.slice(hidden));
    }
    case "record":
      return { kind: "record", fields: new Map([...node.fields].map(([name, inner]) => [name, readNode(context, inner)])) };
    case "tuple":
      return tuple(node.items.map((item) => readNode(context, item)), node.list);
    case "model":
      return readModel(context, node);
  }
}

/** All cells below a node. */
export function cellsOf(node: StateNode): Cell[] {
  switch (node.kind) {
    case "cell":
      return [node.cell];
    case "record":
      return [...node.fields.values()].flatMap(cellsOf);
    case "tuple":
      return node.items.flatMap(cellsOf);
    case "model":
      return [...node.members.values()].flatMap((member) => cellsOf(member.node));
  }
}

export function childNode(session: Session, node: StateNode, name: string, span: Span): StateNode | undefined {
  if (node.kind === "record") return node.fields.get(name);
  if (node.kind === "tuple") return node.items[Number(name)];
  if (node.kind !== "model") return undefined;
  if (!node.members.has(name)) complete(session, node, span);
  if (!node.members.has(name)) refuseBroken(session, node);
  return node.members.get(name)?.node;
}

// ---- assigning

/** `path <- value`. */
export function assignPath(frame: Frame, target: Path, value: Value): void {
  const { root, steps } = target;
  const binding = frame.scope.find(root.text);
  if (!binding) return fail(say.unknownName(root.span, root.text, frame.scope.names()));
  if (binding.assign && steps.length === 0) return binding.assign(value);
  if (!binding.target) return fail(binding.mapped ? say.notYet(root.span, "assigning state in a `map`") : say.notAssignable(root.span, root.text));
  binding.read(frame.context); // a `var` comes to be when it is first mentioned
  const node = frame.session.roots.get(binding.target.path) ?? findNode(frame.session, binding.target.path);
  if (!node) return fail(say.notAssignable(root.span, root.text));
  const isMember = frame.self !== null && binding.target.path.startsWith(`${frame.self.path ?? "\0"}.`);
  if (!frame.mayAssign && !isMember && !binding.target.local) fail(say.assignsState(target.span, root.text));
  assignSteps(frame, node, target, 0, value);
}

/** A node by its path: an instance's member or a model. */
export function findNode(session: Session, path: string): StateNode | undefined {
  const model = session.modelNodes.get(path);
  if (model) return model;
  const dot = path.lastIndexOf(".");
  const owner = dot < 0 ? undefined : session.modelNodes.get(path.slice(0, dot));
  return owner?.members.get(path.slice(dot + 1))?.node;
}

function assignSteps(frame: Frame, node: StateNode, target: Path, at: number, value: Value): void {
  const step = target.steps[at];
  if (!step) return assignNode(frame, node, value, target.span);
  if (step.kind === "field") {
    const inner = childNode(frame.session, node, step.name.text, step.span);
    if (!inner) return fail(say.noField(step.name.span, step.name.text, target.root.text, node.kind === "record" ? [...node.fields.keys()] : node.kind === "model" ? [...node.members.keys()] : []));
    return assignSteps(frame, inner, target, at + 1, value);
  }
  if (node.kind === "tuple") {
    const i = staticNumber(evaluate(frame, step.index));
    const item = i === undefined ? undefined : node.items[i < 0 ? i + node.items.length : i];
    if (!item) return fail(say.tupleIndex(step.span, node.items.length));
    return assignSteps(frame, item, target, at + 1, value);
  }
  if (node.kind !== "cell" || at + 1 < target.steps.length) return fail(say.notYet(step.span, "assigning to one model of a family"));
  assignRow(frame, node.cell, evaluate(frame, step.index), value, target.span);
}

/** `table[i] <- row`: the other rows stay. */
function assignRow(frame: Frame, cell: Cell, position: Value, value: Value, span: Span): void {
  const { context } = frame;
  const { builder } = context;
  const current = context.read(cell);
  const { shape } = builder.typeOf(current);
  if (shape.length === 0) fail(say.notIndexable(span, cell.type.element));
  const given = staticNumber(position);
  const wrapped = given !== undefined && given < 0 ? { kind: "number" as const, value: given + shape[0], integer: true } : position;
  const index = asTensor(context, wrapped, span, "i32");
  const own = ownShape(index);
  const row = broadcastTo(context, asTensor(context, value, span, cell.type.element), [...own, ...shape.slice(1)], [], span);
  const indices = builder.reshape(idOf(context, index, span), [...own, 1]);
  context.assign(cell, builder.op("scatter", [current, indices, idOf(context, row, span)], { batch: 0, mode: "set" }));
}

/** Assigns the state of one model of a family: its part of the stack, the others stay. */
export function assignAt(frame: Frame, node: StateNode, at: readonly number[], value: Value, span: Span): void {
  if (node.kind !== "cell") return fail(say.notYet(span, "assigning a whole tree of one model of a family"));
  const { context } = frame;
  const { builder } = context;
  const { cell } = node;
  const current = context.read(cell);
  const shape = builder.typeOf(current).shape.slice(at.length);
  const row = castState(frame, cell, value, shape, span);
  const indices = builder.constant({ element: "i32", shape: [at.length] }, ...at);
  context.assign(cell, builder.op("scatter", [current, indices, row], { batch: 0, mode: "set" }));
}

/** Assigns a tree leaf by leaf; paths that the value lacks stay as they are. */
export function assignNode(frame: Frame, node: StateNode, value: Value, span: Span): void {
  const { context } = frame;
  const { builder } = context;
  switch (node.kind) {
    case "cell": {
      const { cell } = node;
      const id = castState(frame, cell, value, builder.typeOf(context.read(cell)).shape, span);
      if (id !== context.read(cell)) context.assign(cell, id);
      return;
    }
    case "record":
    case "model": {
      const known = node.kind === "record" ? [...node.fields] : [...node.members].map(([name, member]): [string, StateNode] => [name, member.node]);
      if (value.kind !== "record" && value.kind !== "model") return fail(say.treeExpected(span, describe(readNode(context, node)), describe(value)));
      const given = value.kind === "record" ? [...value.fields.keys()] : [...value.members.keys()];
      for (const name of given) if (!known.some(([other]) => other === name)) fail(say.noField(span, name, describe(readNode(context, node)), known.map(([other]) => other)));
      for (const [name, inner] of known) {
        const part = child(value, name);
        if (part) assignNode(frame, inner, part, span);
      }
      return;
    }
    case "tuple":
      if (value.kind !== "tuple" || value.items.length !== node.items.length) return fail(say.treeExpected(span, describe(readNode(context, node)), describe(value)));
      return node.items.forEach((item, i) => assignNode(frame, item, value.items[i], span));
  }
}


/** A value that a cell, or a part of it, may take: of its element, broadcast to `shape`. */
function castState(frame: Frame, cell: Cell, value: Value, shape: readonly number[], span: Span): ValueId {
  const { context } = frame;
  if (cell.role === "frozen") fail(say.frozenAssigned(span, cell.path));
  const leaf = asTensor(context, value, span, cell.type.element);
  const own = ownShape(leaf);
  const fits = own.length <= shape.length && own.every((size, i) => size === 1 || size === shape[shape.length - own.length + i]);
  const axes = cell.axes.slice(cell.axes.length - shape.length);
  if (leaf.type.element !== cell.type.element || !fits) {
    const wanted: TensorValue = { kind: "tensor", type: { ...cell.type, shape }, axes, variables: [] };
    fail(say.stateType(span, cell.path, describe(wanted), describe(leaf), cell.span));
  }
  return idOf(context, broadcastTo(context, leaf, shape, axes, span), span);
}
