/** Module state: the cells behind `var`, `param` and `state`, their initial values, reading and assigning. */
import type { Expression, Span, TypeExpression } from "../../grammar/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import { invariant } from "../diagnostics/diagnostic.ts";
import type { State, TensorType, ValueId } from "../ir/graph.ts";
import { type Cell, type CellNode, type Context, type Frame, hashText, mix, newCounters, type PointNode, type Session, type StateNode } from "./context.ts";
import { evaluate, type Expected } from "./expressions.ts";
import { complete, instantiate, readModel, refuseBroken, rootFrame } from "./models.ts";
import { takeAt } from "./parts.ts";
import { noted } from "./points.ts";
import { fail } from "./problem.ts";
import { asTensor, broadcastTo, elementOfNumbers, idOf, numbersOf, stack, tensor } from "./tensors.ts";
import { child, storageTree } from "./trees.ts";
import { instantiateType, type KnownType } from "./types.ts";
import { type Axis, describe, isFloat, ownShape, type PointType, tuple, type TensorValue, type Value } from "./values.ts";

/** What declares a state: its name, perhaps its type, its initial value. */
export interface StateDeclaration {
  readonly type?: TypeExpression;
  readonly value: Expression;
  readonly span: Span;
}

/** What a declaration says of its cells. Of a `var` floats are parameters; counters and masks are plain state. */
export type DeclaredRole = State["role"] | "var";

type MakeCell = (type: KnownType, at: readonly string[], role: DeclaredRole) => CellNode;

/** Makes the cells of a declaration. The initial value is computed in the init region, once asked for. */
export function createStates(
  session: Session, frame: Frame, declaration: StateDeclaration, path: string, role: DeclaredRole, families: readonly number[] = [],
  /** Told before the initial value of each copy of a family is evaluated. */
  onCopy: (copy: number) => void = () => {},
): StateNode {
  const leafSource = new InitialValues(frame, declaration, path, families, onCopy);
  const cell: MakeCell = (type, at, given) => {
    const full = [path, ...at].join(".");
    return cellNode(session.addCell({
      path: full, type: { element: type.element, shape: [...families, ...type.shape] },
      axes: [...families.map((): Axis => ({})), ...type.axes],
      role: given === "var" ? (isFloat(type.element) ? "trained" : "state") : given,
      span: declaration.span,
      initial: (init) => leafSource.leaf(init, at),
    }));
  };
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
    case "point":
      return pointNode(value.type, cell({ element: value.type.element, shape: ownShape(value.value), axes: value.value.axes }, at, role));
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

/** Points as state: their steps are zero, whatever they are assigned, and no state of the module. */
function pointNode(type: PointType, value: CellNode): PointNode {
  const { cell } = value;
  const lead = cell.type.shape.length - type.storage.length;
  const stepType: TensorType = { ...cell.type, shape: [...cell.type.shape.slice(0, lead), ...type.tangent] };
  const step: Cell = {
    ...cell, isStep: true, type: stepType, axes: [...cell.axes.slice(0, lead), ...type.tangent.map((): Axis => ({}))],
    initial: (init) => init.builder.zeros(stepType),
  };
  return { kind: "point", type, value, step: cellNode(step) };
}

/** The initial value of one declaration in the init region: evaluated once (per copy of a family), then picked apart. */
class InitialValues {
  private readonly values = new Map<Context, Value[]>();

  constructor(
    private readonly frame: Frame, private readonly declaration: StateDeclaration, private readonly path: string, private readonly families: readonly number[],
    private readonly onCopy: (copy: number) => void,
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
      return asTensor(init, storageTree(leaf), this.declaration.span);
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
    this.onCopy(copy);
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
  if (value.kind !== "record" && value.kind !== "model") return undefined;
  const fields = new Map<string, NonNullable<Expected>>();
  const parts = value.kind === "record" ? [...value.fields] : [...value.members].map(([name, member]): [string, Value] => [name, member.value]);
  for (const [name, field] of parts) {
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
  if (template.kind === "point") {
    if (value.kind !== "point" || value.type.declaration !== template.type.declaration) return fail(say.typeMismatch(place.span, place.what, describe(template), describe(value)));
    const { value: storage, step } = template;
    return {
      ...value, value: broadcastTo(frame.context, value.value, storage.type.shape, storage.axes, place.span),
      step: broadcastTo(frame.context, value.step, step.type.shape, step.axes, place.span),
    };
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
    case "cell":
      return readCell(context, node);
    case "point":
      return noted(context, { kind: "point", type: node.type, value: readCell(context, node.value), step: readCell(context, node.step) });
    case "record":
      return { kind: "record", fields: new Map([...node.fields].map(([name, inner]) => [name, readNode(context, inner)])) };
    case "tuple":
      return tuple(node.items.map((item) => readNode(context, item)), node.list);
    case "model":
      return readModel(context, node);
  }
}

function readCell(context: Context, { cell, at: places }: CellNode): TensorValue {
  const id = context.read(cell);
  const hidden = cell.type.shape.length - context.builder.typeOf(id).shape.length;
  return places.reduce((value, at) => takeAt(context, value, 0, at, cell.span), tensor(context, id, cell.axes.slice(hidden)));
}

/** All cells below a node. */
export function cellsOf(node: StateNode): CellNode[] {
  switch (node.kind) {
    case "cell":
      return [node];
    case "point":
      return [node.value, node.step];
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

/** The state of a cell by itself, or the type that a part of it has. */
export const cellNode = (cell: Cell): CellNode => ({ kind: "cell", cell, at: [], path: cell.path });
export const typeOfCell = ({ cell, at }: CellNode): TensorType => ({ ...cell.type, shape: cell.type.shape.slice(at.length) });
export const axesOfCell = ({ cell, at }: CellNode): readonly Axis[] => cell.axes.slice(at.length);

/** The state of one of a family: each cell at a position of its first axis. */
export function nodeAt(session: Session, family: StateNode, at: number, span: Span): StateNode {
  const name = family.kind === "cell" || family.kind === "model" ? family.path : family.kind === "point" ? family.value.path : "";
  return placed(session, family.kind === "model" ? { ...family, family: undefined } : family, [at], { from: name, to: `${name}[${at}]` }, span);
}

const placedCell = (node: CellNode, at: readonly number[], path: string): CellNode => ({ ...node, at: [...node.at, ...at], path });

/** Below a node each cell at positions of its leading axes; models and cells are named after the model that this is of. */
export function placed(session: Session, node: StateNode, at: readonly number[], rename: { readonly from: string; readonly to: string }, span: Span): StateNode {
  const below = (inner: StateNode): StateNode => placed(session, inner, at, rename, span);
  const named = (path: string): string => (path.startsWith(rename.from) ? rename.to + path.slice(rename.from.length) : path);
  switch (node.kind) {
    case "cell":
      return placedCell(node, at, named(node.path));
    case "point":
      return { ...node, value: placedCell(node.value, at, named(node.value.path)), step: placedCell(node.step, at, named(node.step.path)) };
    case "record":
      return { ...node, fields: new Map([...node.fields].map(([name, inner]) => [name, below(inner)])) };
    case "tuple":
      return { ...node, items: node.items.map(below) };
    case "model":
      complete(session, node, span);
      return {
        ...node, path: named(node.path), place: { path: node.place?.path ?? node.path, at: [...(node.place?.at ?? []), ...at] },
        members: new Map([...node.members].map(([name, member]) => [name, { ...member, node: below(member.node) }])),
      };
  }
}
