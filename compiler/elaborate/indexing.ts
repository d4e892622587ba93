/** `x[...]`: generics of a model or function, an item of a tuple, slices, gathers, and renaming by index variables. */
import { type BracketItem, type Expression, type IndexExpression, printExpression, type Span } from "../../grammar/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import { elementCount, type ValueId } from "../ir/graph.ts";
import type { Frame } from "./context.ts";
import { evaluate } from "./expressions.ts";
import { genericArguments } from "./generics.ts";
import { completed } from "./models.ts";
import { takeAt } from "./parts.ts";
import { noted, pointAt } from "./points.ts";
import { fail, Problem } from "./problem.ts";
import { align, asTensor, idOf, staticNumber, tensor } from "./tensors.ts";
import { slicesOf } from "./trees.ts";
import { arrayOf, type Axis, describe, describeSize, type IndexVariable, type ModelValue, ownShape, type PointValue, type TensorValue, tuple, type TupleValue, type Value } from "./values.ts";

export function index(frame: Frame, expression: IndexExpression): Value {
  const object = evaluate(frame, expression.object);
  frame.context.builder.site = frame.session.site(expression.span, frame);
  switch (object.kind) {
    case "constructor":
    case "function":
      return { ...object, generics: genericArguments(frame, expression.bracket) };
    case "tuple":
      return indexTuple(frame, object, expression);
    case "model":
      return indexFamily(frame, object, expression);
    case "tensor":
      return indexTensor(frame, object, expression);
    case "point":
      return indexPoint(frame, object, expression);
    case "range":
      return indexTensor(frame, asTensor(frame.context, object, expression.span), expression);
    case "poison":
      throw new Problem(null);
    case "builtin":
      return fail(say.bracketNeedsCall(expression.span, object.name));
    default:
      return fail(say.notIndexable(expression.span, describe(object)));
  }
}

/** A compile-time position: negative ones count from the end. */
export function position(frame: Frame, item: Expression, length: number, what: string): number | undefined {
  const value = evaluate(frame, item);
  const at = value.kind === "number" || value.kind === "tensor" ? staticNumber(value) : undefined;
  if (at === undefined) return undefined;
  if (!Number.isInteger(at)) fail(say.positionNotWhole(item.span, at));
  const from = at < 0 ? at + length : at;
  if (from < 0 || from >= length) fail(say.positionOutside(item.span, at, length, what));
  return from;
}

function bounds(frame: Frame, item: Extract<BracketItem, { kind: "slice" }>, length: number): { start: number; limit: number; step: number } {
  const read = (expression: Expression | undefined, otherwise: number): number => {
    if (!expression) return otherwise;
    const value = staticNumber(evaluate(frame, expression));
    if (value === undefined) return fail(say.sliceNotKnown(expression.span, printExpression(expression)));
    if (!Number.isInteger(value)) return fail(say.positionNotWhole(expression.span, value));
    return value;
  };
  const step = read(item.step, 1);
  if (step < 1) fail(say.sliceStep(item.span, step));
  const clip = (at: number): number => Math.min(length, Math.max(0, at < 0 ? at + length : at));
  const start = clip(read(item.start, 0));
  return { start, limit: Math.max(start, clip(read(item.stop, length))), step };
}

function indexTuple(frame: Frame, object: TupleValue, expression: IndexExpression): Value {
  const [item, ...more] = expression.bracket.items;
  const items = object.list && object.items.length > 0 && (more.length > 0 || item.kind === "ellipsis");
  if (items) return indexTensor(frame, asTensor(frame.context, object, expression.span), expression);
  if (item.kind === "slice") {
    const { start, limit, step } = bounds(frame, item, object.items.length);
    return tuple(object.items.slice(start, limit).filter((_, i) => i % step === 0), object.list);
  }
  if (item.kind !== "value" || more.length > 0) return fail(say.tupleIndex(expression.span, object.items.length));
  const at = position(frame, item.value, object.items.length, "the tuple");
  if (at === undefined) {
    if (object.list) return indexTensor(frame, asTensor(frame.context, object, expression.span), expression);
    return fail(say.tupleIndex(item.span, object.items.length));
  }
  return object.items[at];
}

/** One model of a family: every leaf at that place of its leading axis. At one known only at run time it is gathered, and cannot be assigned. */
function indexFamily(frame: Frame, object: ModelValue, expression: IndexExpression): Value {
  const { span } = expression;
  if (object.family === undefined) return fail(say.modelIndex(span, describe(object)));
  const [item, ...more] = expression.bracket.items;
  if (item.kind !== "value" || more.length > 0) return fail(say.familyIndex(span, object.family));
  const at = position(frame, item.value, object.family, "the family");
  if (at !== undefined) return familyMember(frame, object, at, span);
  const family = completed(frame, object, span);
  const place = positions(frame, evaluate(frame, item.value), item.span);
  if (ownShape(place).length > 0) return fail(say.familyIndex(span, object.family));
  const taken = slicesOf(family, "at a position known only at run time", (leaf) => {
    const others = ownShape(leaf).slice(1).map((): Selector => ({ kind: "all" }));
    return select(frame, leaf, [variableSelector(place, ownShape(leaf)[0], leaf), ...others], span);
  });
  return taken.kind === "model" ? { ...taken, family: undefined, path: undefined } : taken;
}

export function familyMember(frame: Frame, family: ModelValue, at: number, span: Span): ModelValue {
  const { path } = family;
  const member = takeMember(frame, family, at, span, path === undefined ? undefined : { from: path, to: `${path}[${at}]` });
  return member.kind === "model" ? { ...member, family: undefined } : family;
}

/** What a tree of stacked leaves holds at one position. Models know the stack that they are part of. */
export function takeMember(frame: Frame, value: Value, at: number, span: Span, rename?: { readonly from: string; readonly to: string }): Value {
  const pick = (inner: Value): Value => takeMember(frame, inner, at, span, rename);
  switch (value.kind) {
    case "tensor":
      return takeAt(frame.context, value, 0, at, span);
    case "point":
      return pointAt(frame.context, value, at, span);
    case "record":
      return { kind: "record", fields: new Map([...value.fields].map(([name, inner]) => [name, pick(inner)])) };
    case "tuple":
      return tuple(value.items.map(pick), value.list);
    case "model": {
      const { path } = value;
      const stack = value.place ?? (path === undefined ? undefined : { path, at: [] });
      return {
        ...value,
        members: new Map([...value.members].map(([name, member]) => [name, { ...member, value: pick(member.value) }])),
        path: path !== undefined && rename && path.startsWith(rename.from) ? rename.to + path.slice(rename.from.length) : path,
        place: stack && { path: stack.path, at: [...stack.at, at] },
      };
    }
    default:
      return value;
  }
}

// ---- tensors

type Selector =
  | { readonly kind: "all" }
  | { readonly kind: "slice"; readonly start: number; readonly limit: number; readonly step: number }
  | { readonly kind: "at"; readonly at: number }
  | { readonly kind: "rename"; readonly variable: IndexVariable }
  | { readonly kind: "gather"; readonly index: TensorValue };

export function indexTensor(frame: Frame, object: TensorValue, expression: IndexExpression): Value {
  const selectors = selectorsOf(frame, object, expression);
  if (object.parts && selectors[0]?.kind === "at" && selectors.slice(1).every((selector) => selector.kind === "all")) {
    return object.parts[selectors[0].at];
  }
  return select(frame, object, selectors, expression.span);
}

/** The same index of a point's storage and its step, which have axes of their own behind those of the array. */
export function indexPoint(frame: Frame, point: PointValue, expression: IndexExpression): PointValue {
  const { value, step } = point;
  const { axes } = arrayOf(point);
  const selectors = selectorsOf(frame, arrayOf(point), expression);
  const apply = (part: TensorValue): TensorValue =>
    select(frame, part, [...selectors, ...part.axes.slice(axes.length).map((): Selector => ({ kind: "all" }))], expression.span);
  return noted(frame.context, { ...point, value: apply(value), step: apply(step) });
}

function select(frame: Frame, object: TensorValue, selectors: readonly Selector[], span: Span): TensorValue {
  const sliced = applySlices(frame, object, selectors, span);
  const renamed = applyRenames(frame, sliced.value, sliced.selectors, span);
  return applyGathers(frame, renamed.value, renamed.selectors, isTogether(selectors), span);
}

/** A tensor of positions. */
function positions(frame: Frame, value: Value, span: Span): TensorValue {
  const index = asTensor(frame.context, value, span);
  if (index.type.element !== "i32" && index.type.element !== "u32") fail(say.indexElement(span, describe(index)));
  return index;
}

function selectorsOf(frame: Frame, object: TensorValue, expression: IndexExpression): Selector[] {
  const shape = ownShape(object);
  const { items } = expression.bracket;
  const packed = items.flatMap((item): (BracketItem | TensorValue)[] => {
    if (item.kind !== "ellipsis" || !item.name) return [item];
    const pack = frame.scope.find(item.name.text)?.read(frame.context);
    if (pack?.kind !== "tuple") return fail(say.notAnIndexPack(item.span, item.name.text));
    return pack.items.map((variable) => asTensor(frame.context, variable, item.span));
  });
  const taken = packed.filter((item) => item.kind !== "ellipsis").length;
  if (taken > shape.length) fail(say.tooManyIndices(expression.span, describe(object), taken, shape.length));
  const selectors: Selector[] = [];
  let missing = shape.length - taken;
  for (const item of packed) {
    const axis = selectors.length;
    if (item.kind === "ellipsis") {
      for (; missing > 0; missing--) selectors.push({ kind: "all" });
    } else selectors.push(selectorOf(frame, object, axis, item));
  }
  for (; missing > 0; missing--) selectors.push({ kind: "all" });
  return selectors;
}

function selectorOf(frame: Frame, object: TensorValue, axis: number, item: BracketItem | TensorValue): Selector {
  const length = ownShape(object)[axis];
  if (item.kind === "tensor") return variableSelector(item, length, object);
  if (item.kind === "slice") {
    if (!item.start && !item.stop && !item.step) return { kind: "all" };
    return { kind: "slice", ...bounds(frame, item, length) };
  }
  if (item.kind !== "value") return fail(say.badIndex(item.span));
  const value = evaluate(frame, item.value);
  if (value.kind === "poison") throw new Problem(null);
  if (staticNumber(value) !== undefined) {
    const at = position(frame, item.value, length, describeSize(length, object.axes[axis]));
    return { kind: "at", at: at ?? 0 };
  }
  if (value.kind === "range") {
    if (value.from < 0 || value.to > length) fail(say.positionOutside(item.span, value.to, length, describeSize(length, object.axes[axis])));
    return { kind: "slice", start: value.from, limit: Math.max(value.from, value.to), step: 1 };
  }
  return variableSelector(positions(frame, value, item.span), length, object);
}

/** An index variable that covers its axis renames it; anything else gathers. */
function variableSelector(selector: TensorValue, length: number, object: TensorValue): Selector {
  const variable = selector.iotaOf;
  const covers = variable && variable.from >= 0 && variable.from + variable.range <= length;
  const fresh = variable && !object.variables.some((other) => other.name === variable.name);
  return variable && covers && fresh ? { kind: "rename", variable } : { kind: "gather", index: selector };
}

function applySlices(frame: Frame, value: TensorValue, selectors: readonly Selector[], span: Span): { value: TensorValue; selectors: Selector[] } {
  const lead = value.variables.length;
  const shape = value.type.shape;
  const start = shape.map(() => 0);
  const limit = [...shape];
  const step = shape.map(() => 1);
  const seen = new Set<string>();
  // A second use of one variable (`x[i, i]`) cannot rename twice: it gathers.
  const effective = selectors.map((selector): Selector => {
    if (selector.kind !== "rename") return selector;
    if (!seen.has(selector.variable.name)) {
      seen.add(selector.variable.name);
      return selector;
    }
    const { builder } = frame.context;
    const iota = builder.op("iota", [], { shape: [selector.variable.range], axis: 0, element: "i32" });
    const shifted = selector.variable.from === 0 ? iota : builder.add(iota, builder.like(iota, selector.variable.from));
    return { kind: "gather", index: tensor(frame.context, shifted, [], [selector.variable]) };
  });
  effective.forEach((selector, axis) => {
    const at = lead + axis;
    if (selector.kind === "slice") [start[at], limit[at], step[at]] = [selector.start, selector.limit, selector.step];
    if (selector.kind === "at") [start[at], limit[at]] = [selector.at, selector.at + 1];
    if (selector.kind === "rename") [start[at], limit[at]] = [selector.variable.from, selector.variable.from + selector.variable.range];
  });
  const { builder } = frame.context;
  builder.site = frame.session.site(span, frame); // bounds moved it
  let id: ValueId = idOf(frame.context, value, span);
  const whole = start.every((s, i) => s === 0 && limit[i] === shape[i] && step[i] === 1);
  if (!whole) id = builder.op("slice", [id], { start, limit, step });
  const kept = effective.map((selector) => selector.kind !== "at");
  const now = builder.typeOf(id).shape;
  id = builder.reshape(id, now.filter((_, i) => i < lead || kept[i - lead]));
  const part = lead === 0 ? { of: value, slice: { start, limit, step } } : undefined;
  const axes = value.axes.flatMap((axis, i): Axis[] => {
    const selector = effective[i];
    if (selector.kind === "at") return [];
    return [selector.kind === "slice" ? {} : axis];
  });
  return { value: { ...tensor(frame.context, id, axes, value.variables), part }, selectors: effective.filter((_, i) => kept[i]) };
}

function applyRenames(frame: Frame, value: TensorValue, selectors: readonly Selector[], span: Span): { value: TensorValue; selectors: Selector[] } {
  const renames = selectors.flatMap((selector, axis) => (selector.kind === "rename" ? [{ axis, variable: selector.variable }] : []));
  if (renames.length === 0) return { value, selectors: [...selectors] };
  const lead = value.variables.length;
  const rest = selectors.map((_, axis) => axis).filter((axis) => selectors[axis].kind !== "rename");
  const permutation = [
    ...value.variables.map((_, i) => i), ...renames.map(({ axis }) => lead + axis), ...rest.map((axis) => lead + axis),
  ];
  const id = frame.context.builder.transpose(idOf(frame.context, value, span), permutation);
  const variables = [...value.variables, ...renames.map(({ variable }) => variable)];
  return { value: tensor(frame.context, id, rest.map((axis) => value.axes[axis]), variables), selectors: rest.map((axis) => selectors[axis]) };
}

/** Whether the axes with positions stand side by side: NumPy counts numbers among them. */
function isTogether(selectors: readonly Selector[]): boolean {
  const places = selectors.flatMap(({ kind }, axis) => (kind === "at" || kind === "gather" ? [axis] : []));
  return places.every((axis, i) => axis === places[0] + i);
}

/** NumPy's advanced indexing: the index tensors broadcast together; run-time indices are clamped. */
function applyGathers(frame: Frame, value: TensorValue, selectors: readonly Selector[], together: boolean, span: Span): TensorValue {
  const gathers = selectors.flatMap((selector, axis) => (selector.kind === "gather" ? [{ axis, index: selector.index }] : []));
  if (gathers.length === 0) return value;
  const { context } = frame;
  const { builder } = context;
  const empty = gathers.find(({ axis }) => ownShape(value)[axis] === 0);
  if (empty && gathers.every(({ index: i }) => elementCount(i.type.shape) > 0)) fail(say.emptyAxis(span, describe(value)));
  const lead = value.variables.length;
  const gathered = gathers.map(({ axis }) => axis);
  const rest = selectors.map((_, axis) => axis).filter((axis) => !gathered.includes(axis));
  // x: [its variables, indexed axes, rest]
  const x = builder.transpose(idOf(context, value, span), [
    ...value.variables.map((_, i) => i), ...gathered.map((axis) => lead + axis), ...rest.map((axis) => lead + axis),
  ]);
  // The indices take x's variables first, so that these are the gather's batch axes.
  const anchor: TensorValue = tensor(context, builder.constant({ element: "i32", shape: value.variables.map((v) => v.range) }, 0), [], value.variables);
  const aligned = align(context, [anchor, ...gathers.map(({ index: i }) => toI32(frame, i, span))], span);
  const columns = aligned.ids.slice(1).map((id) => builder.reshape(id, [...aligned.shape, 1]));
  const indices = columns.length === 1 ? columns[0] : builder.op("concat", columns, { axis: aligned.shape.length });
  const id = builder.op("gather", [x, indices], { batch: lead });
  // Result: [variables, index axes, rest]; index axes go where the first indexed axis stood if all stood together.
  const width = aligned.axes.length;
  const before = together ? rest.filter((axis) => axis < gathered[0]).length : 0;
  const n = aligned.variables.length;
  const own = [
    ...Array.from({ length: before }, (_, i) => width + i),
    ...Array.from({ length: width }, (_, i) => i),
    ...Array.from({ length: rest.length - before }, (_, i) => width + before + i),
  ];
  const permuted = builder.transpose(id, [...Array.from({ length: n }, (_, i) => i), ...own.map((axis) => n + axis)]);
  const all = [...aligned.axes, ...rest.map((axis) => value.axes[axis])];
  return tensor(context, permuted, own.map((axis) => all[axis] ?? {}), aligned.variables);
}

function toI32(frame: Frame, value: TensorValue, span: Span): TensorValue {
  const id = frame.context.builder.cast(idOf(frame.context, value, span), "i32");
  return tensor(frame.context, id, value.axes, value.variables);
}
