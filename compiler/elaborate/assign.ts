/** Assigning module state: a name, a path, a row, one of a family, a whole tree. */
import type { Expression, Path, Span } from "../../grammar/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import { invariant } from "../diagnostics/diagnostic.ts";
import type { ValueId } from "../ir/graph.ts";
import type { CellNode, Frame, PointNode, Session, StateNode } from "./context.ts";
import { evaluate } from "./expressions.ts";
import { position } from "./indexing.ts";
import { fail } from "./problem.ts";
import type { AssignTarget } from "./scope.ts";
import { axesOfCell, childNode, nodeAt, placed, readNode, typeOfCell } from "./states.ts";
import { asTensor, broadcastTo, idOf, tensor } from "./tensors.ts";
import { child } from "./trees.ts";
import { describe, describeSize, ownShape, type PointValue, type TensorValue, type Value } from "./values.ts";

/** The state that a name stands for; in the body of one model of a family, that of this one. */
export function nodeOfTarget(session: Session, { path, self }: AssignTarget, span: Span): StateNode | undefined {
  const node = session.roots.get(path) ?? findNode(session, path);
  if (!node || !self?.place) return node;
  return placed(session, node, self.place.at, { from: self.place.path, to: self.path ?? self.place.path }, span);
}

/** `path <- value`. */
export function assignPath(frame: Frame, target: Path, value: Value): void {
  const { root, steps } = target;
  const { session } = frame;
  const binding = frame.scope.find(root.text);
  if (!binding) return fail(say.unknownName(root.span, root.text, frame.scope.names()));
  if (binding.assign && steps.length === 0) return binding.assign(value);
  if (!binding.target) return fail(say.notAssignable(root.span, root.text));
  binding.read(frame.context); // a `var` comes to be when it is first mentioned
  const node = nodeOfTarget(session, binding.target, root.span);
  if (!node) return fail(say.notAssignable(root.span, root.text));
  checkMayAssign(frame, binding.target, root.text, target.span);
  assignSteps(frame, node, target, 0, value);
}

/** Entries and `train fn` assign the module's state, a model its own, an optimizer its leaf. */
export function checkMayAssign(frame: Frame, { path, local }: AssignTarget, name: string, span: Span): void {
  const owner = frame.self && (frame.self.place?.path ?? frame.self.path);
  const isMember = owner !== undefined && path.startsWith(`${owner}.`);
  if (!frame.mayAssign && !isMember && !local) fail(say.assignsState(span, name));
}

/** A node by its path: an instance's member or a model. */
function findNode(session: Session, path: string): StateNode | undefined {
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
  const inner = itemNode(frame, node, step.index);
  if (inner) return assignSteps(frame, inner, target, at + 1, value);
  if ((node.kind === "cell" || node.kind === "point") && at + 1 === target.steps.length) return assignRows(frame, node, evaluate(frame, step.index), value, target.span);
  if (node.kind === "tuple") return fail(say.tupleIndex(step.span, node.items.length));
  const now = readNode(frame.context, node);
  if (node.kind !== "model") return fail(say.notIndexable(step.span, describe(now)));
  return fail(node.family === undefined ? say.modelIndex(step.span, describe(now)) : say.familyTarget(step.span, node.family));
}

/** What a state has at a position known at build: an item, one of a family, a tensor's row. */
export function itemNode(frame: Frame, node: StateNode, index: Expression): StateNode | undefined {
  const length = lengthOf(node);
  if (length === undefined) return undefined;
  const cell = node.kind === "cell" ? node : node.kind === "point" ? node.value : undefined;
  const what = node.kind === "tuple" ? "the tuple" : node.kind === "model" ? "the family" : describeSize(length, cell && axesOfCell(cell)[0]);
  const at = position(frame, index, length, what);
  if (at === undefined) return undefined;
  return node.kind === "tuple" ? node.items[at] : nodeAt(frame.session, node, at, index.span);
}

/** How many items a state has along its first axis. */
function lengthOf(node: StateNode): number | undefined {
  switch (node.kind) {
    case "tuple":
      return node.items.length;
    case "model":
      return node.family;
    case "cell":
      return typeOfCell(node).shape.at(0);
    case "point":
      return typeOfCell(node.value).shape.length > node.type.storage.length ? typeOfCell(node.value).shape[0] : undefined;
    case "record":
      return undefined;
  }
}

/** `table[i] <- row`, also of points. */
function assignRows(frame: Frame, node: CellNode | PointNode, position: Value, value: Value, span: Span): void {
  if (node.kind === "cell") return assignRow(frame, node, position, value, span);
  if (lengthOf(node) === undefined) fail(say.notIndexable(span, describe(readNode(frame.context, node))));
  const given = pointFor(frame, node, value, span);
  assignRow(frame, node.value, position, given.value, span);
  assignRow(frame, node.step, position, given.step, span);
}

/** A value that a state of points may take. */
function pointFor(frame: Frame, node: PointNode, value: Value, span: Span): PointValue {
  if (value.kind === "point" && value.type.declaration === node.type.declaration) return value;
  return fail(say.stateType(span, node.value.path, describe(readNode(frame.context, node)), describe(value), node.value.cell.span));
}

/** `table[i] <- row`: the other rows stay. */
function assignRow(frame: Frame, node: CellNode, position: Value, value: Value, span: Span): void {
  const { context } = frame;
  const { builder } = context;
  const current = readNode(context, node);
  invariant(current.kind === "tensor", () => `${node.path} is no tensor`);
  const { type: { shape, element } } = current;
  if (shape.length === 0) fail(say.notIndexable(span, element));
  const index = asTensor(context, position, span, "i32");
  const own = ownShape(index);
  const row = broadcastTo(context, asTensor(context, value, span, element), [...own, ...shape.slice(1)], [], span);
  const indices = builder.reshape(idOf(context, index, span), [...own, 1]);
  const rows = builder.op("scatter", [idOf(context, current, span), indices, idOf(context, row, span)], { batch: 0, mode: "set" });
  assignNode(frame, node, tensor(context, rows), span);
}

/** Assigns a tree leaf by leaf; paths that the value lacks stay as they are. */
export function assignNode(frame: Frame, node: StateNode, value: Value, span: Span): void {
  const { context } = frame;
  const { builder } = context;
  switch (node.kind) {
    case "cell": {
      const { cell, at } = node;
      const whole = context.read(cell);
      const id = castState(frame, node, value, builder.typeOf(whole).shape.slice(at.length), span);
      if (at.length === 0) {
        // A value of its own: what is assigned may have another name, whose uses are not this state's.
        if (id !== whole) context.assign(cell, builder.op("reshape", [id], { shape: builder.typeOf(id).shape }));
        return;
      }
      // One of a family: its part of the stack, the others stay.
      const place = builder.constant({ element: "i32", shape: [at.length] }, ...at);
      context.assign(cell, builder.op("scatter", [whole, place, id], { batch: 0, mode: "set" }));
      return;
    }
    case "point": {
      const given = pointFor(frame, node, value, span);
      assignNode(frame, node.value, given.value, span);
      return assignNode(frame, node.step, given.step, span);
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
function castState(frame: Frame, node: CellNode, value: Value, shape: readonly number[], span: Span): ValueId {
  const { context } = frame;
  const { cell, path } = node;
  if (cell.role === "frozen") fail(say.frozenAssigned(span, path));
  const leaf = asTensor(context, value, span, cell.type.element);
  const own = ownShape(leaf);
  const fits = own.length <= shape.length && own.every((size, i) => size === 1 || size === shape[shape.length - own.length + i]);
  const axes = cell.axes.slice(cell.axes.length - shape.length);
  if (leaf.type.element !== cell.type.element || !fits) {
    const wanted: TensorValue = { kind: "tensor", type: { ...cell.type, shape }, axes, variables: [] };
    fail(say.stateType(span, path, describe(wanted), describe(leaf), cell.span));
  }
  return idOf(context, broadcastTo(context, leaf, shape, axes, span), span);
}
