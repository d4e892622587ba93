/**
 * Types with a tangent of their own. A point is kept as its storage, and what stands for its derivative is a step of the
 * tangent type that is always zero: credit passes by the step, structure (indices, loops, `if`) acts on both, and the
 * storage meets other operations in two conversions alone, `SO3(q)` and `p.value`.
 */
import type { Span, TypeDeclaration } from "../../grammar/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import { pull, push, type RequestOptions } from "../differentiate/index.ts";
import type { RuleHandle, TensorType, ValueId } from "../ir/graph.ts";
import { callValue } from "./calls.ts";
import { Context, type Frame, newCounters, type Session } from "./context.ts";
import { rootFrame } from "./models.ts";
import { negate } from "./operators.ts";
import { takeAt } from "./parts.ts";
import { fail, Problem } from "./problem.ts";
import type { Scope } from "./scope.ts";
import { asTensor, broadcastTo, elementwise, idOf, tensor } from "./tensors.ts";
import { leaves } from "./trees.ts";
import { type Axis, describe, ownShape, pointShape, type PointType, type PointValue, type TensorValue, type TypeValue, type Value } from "./values.ts";
import { pointType } from "./types.ts";

/** A point of a storage by itself: its step is a zero of its own. A template of a storage gives a template. */
export function freshPoint(type: PointType, value: TensorValue): PointValue {
  const { context, variables } = value;
  const lead = value.axes.length - type.storage.length;
  const axes: readonly Axis[] = [...value.axes.slice(0, lead), ...type.tangent.map((): Axis => ({}))];
  const stepType: TensorType = { element: type.element, shape: [...value.type.shape.slice(0, variables.length + lead), ...type.tangent] };
  if (!context) return { kind: "point", type, value, step: { kind: "tensor", type: stepType, axes, variables } };
  return noted(context, { kind: "point", type, value, step: tensor(context, context.builder.zeros(stepType), axes, variables) });
}

/** Numerical checks of derivatives move points by their steps: they find them here. */
export function noted(context: Context, point: PointValue): PointValue {
  if (point.step.id !== undefined) context.points.set(point.step.id, point);
  return point;
}

/** `SO3(q)`. Only a rule around it can say what credit for the point means for the storage. */
export function construct(frame: Frame, declared: TypeValue, given: Value, span: Span): PointValue {
  const { context } = frame;
  const type = pointType(frame, declared, span);
  const storage = asTensor(context, given, span, type.element);
  const own = ownShape(storage);
  const fits = storage.type.element === type.element && own.length >= type.storage.length && type.storage.every((size, i) => size === own[own.length - type.storage.length + i]);
  if (!fits) fail(say.notStorage(span, type.name, `${type.element}[${["...", ...type.storage].join(", ")}]`, describe(storage)));
  const id = idOf(context, storage, span);
  const fresh = freshPoint(type, tensor(context, id, storage.axes, storage.variables));
  const refuse: RuleHandle = { surrogate: false, span, apply: () => fail(say.creditIntoPoint(span, type.name)) };
  const [value, step] = context.builder.leave([id, idOf(context, fresh.step, span)], {
    callee: type.name, path: frame.path, inputs: [id], points: true, backward: refuse, tangent: refuse, frame: undefined,
  });
  return noted(context, { ...fresh, value: tensor(context, value, storage.axes, storage.variables), step: tensor(context, step, fresh.step.axes, storage.variables) });
}

/** Where points are their storage: the derivative of a retraction as what it computes. */
const asStorage: RequestOptions = { rules: (call) => (call.points ? null : undefined) };

/**
 * `p.value`. Credit dq for the storage is D' dq for the step, and a step d moves the storage by D d, where D is the
 * derivative of the retraction's storage at a step of zero.
 */
export function storageOf(frame: Frame, point: PointValue, span: Span): TensorValue {
  const { context } = frame;
  const { builder } = context;
  const { type, value, step } = point;
  /** A step of zero, and the storage as it depends on it. Index variables are axes like others here. */
  const moved = (): { zero: ValueId; storage: ValueId } => {
    const zero = builder.zeros(step.type);
    const points: PointValue = { kind: "point", type, value: tensor(context, idOf(context, value, span)), step: tensor(context, idOf(context, step, span)) };
    return { zero, storage: idOf(context, retract(frame, points, tensor(context, zero), span).value, span) };
  };
  const backward = ([ct]: readonly (ValueId | null)[]): readonly (ValueId | null)[] => {
    if (ct === null) return [null];
    const { zero, storage } = moved();
    return pull(builder, [storage], [zero], [ct], asStorage);
  };
  const tangent = ([d]: readonly (ValueId | null)[]): readonly (ValueId | null)[] => {
    if (d === null) return [null];
    const { zero, storage } = moved();
    return push(builder, [storage], [zero], [d], asStorage);
  };
  const [id] = builder.leave([idOf(context, value, span)], {
    callee: `${type.name}.value`, path: frame.path, inputs: [idOf(context, step, span)], points: true, frame: undefined,
    backward: { surrogate: false, span, apply: backward }, tangent: { surrogate: false, span, apply: tangent },
  });
  return tensor(context, id, value.axes, value.variables);
}

/** The point moved by a step, by the retraction of its type. */
export function retract(frame: Frame, point: PointValue, step: TensorValue, span: Span): PointValue {
  const { name, declaration, scope } = point.type;
  const written = declaration.tangent?.retract;
  const binding = written && scope.find(written.text);
  if (!written || !binding) return fail(say.unknownName(written?.span ?? declaration.span, written?.text ?? name, scope.names()));
  const { builder } = frame.context;
  const before = builder.site;
  const inner: Frame = { ...frame, counters: newCounters(frame.counters.place), recorder: null, depth: frame.depth + 1 };
  const given = [point, step].map((value) => ({ value, span }));
  const moved = callValue(inner, binding.read(frame.context), given, span, undefined, written.text);
  builder.site = before;
  if (moved.kind === "poison") throw new Problem(null);
  const fits = moved.kind === "point" && moved.type.declaration === declaration && pointShape(moved).join() === pointShape(point).join();
  return fits ? moved : fail(say.notARetraction(written.span, written.text, describe(point), describe(moved)));
}

/** A declaration's types, and its retraction on a single point. */
export function checkPointType(session: Session, declaration: TypeDeclaration, scope: Scope): void {
  const context = new Context(session, "trial");
  const frame = rootFrame(context, scope, declaration.name.text);
  const { span } = declaration.name;
  try {
    const type = pointType(frame, { kind: "type", declaration, scope }, span);
    const fresh = (shape: readonly number[]): TensorValue => tensor(context, context.builder.parameter({ element: type.element, shape }));
    retract(frame, freshPoint(type, fresh(type.storage)), fresh(type.tangent), span);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.diagnostic) session.report(error.diagnostic);
  }
}

/** `p + v`, `p - v`: the retraction; nothing else is arithmetic here. */
export function pointArithmetic(frame: Frame, operator: string, left: Value, right: Value, span: Span): PointValue {
  if (left.kind !== "point" || right.kind === "point" || (operator !== "+" && operator !== "-")) {
    return fail(say.pointOperator(span, operator, describe(left.kind === "point" ? left : right)));
  }
  const { step } = left;
  const given = asTensor(frame.context, right, span, left.type.element);
  const own = ownShape(given);
  const shape = ownShape(step);
  const fits = given.type.element === left.type.element && own.length <= shape.length && own.every((size, i) => size === 1 || size === shape[shape.length - own.length + i]);
  if (!fits) fail(say.notAStep(span, describe(left), describe(step), describe(given)));
  const move = operator === "-" ? asTensor(frame.context, negate(frame, given, span), span) : given;
  return retract(frame, left, broadcastTo(frame.context, move, shape, step.axes, span), span);
}

/** A point that derivatives are asked by, or a param: where its storage is, its step, and the storage that the step moves it to. */
export interface MovedPoint {
  readonly type: TypeDeclaration;
  readonly value: ValueId;
  readonly step: ValueId;
  readonly moved: ValueId;
}

/** For numerical checks: what the points that a region's requests concern would be at other steps. */
export function movedPoints(frame: Frame, span: Span): MovedPoint[] {
  const { context } = frame;
  const params = new Set(context.builder.params);
  const asked = new Set(context.requests.flatMap(({ wrt }) => wrt.map(({ id }) => id)));
  if (asked.size === 0) return [];
  return [...context.points].flatMap(([step, point]): MovedPoint[] => {
    const { id, context: of } = point.value;
    if (id === undefined || of !== context || (!asked.has(step) && !params.has(id))) return [];
    return [{ type: point.type.declaration, value: id, step, moved: idOf(context, retract(frame, point, point.step, span).value, span) }];
  });
}

/** Where the storage and its step would have to be solved for together. */
export function refusePoints(values: readonly Value[], where: string, span: Span): void {
  if (values.some((value) => leaves(value).some(({ storage }) => storage))) fail(say.notYet(span, `a value with a tangent of its own as ${where}`));
}

/** Of two arrays of points, by a condition on their axes. */
export function selectPoint(context: Context, test: TensorValue, a: Value, b: Value, span: Span): PointValue {
  if (a.kind !== "point" || b.kind !== "point" || a.type.declaration !== b.type.declaration) return fail(say.treesDiffer(span, describe(a), describe(b)));
  const select = (x: TensorValue, y: TensorValue, rank: number): TensorValue => {
    const id = idOf(context, test, span);
    const shape = [...test.type.shape, ...Array.from({ length: rank }, () => 1)];
    const wide = tensor(context, context.builder.reshape(id, shape), test.axes, test.variables);
    return elementwise(context, "select", [wide, x, y], {}, span);
  };
  const { storage, tangent } = a.type;
  return noted(context, { ...a, value: select(a.value, b.value, storage.length), step: select(a.step, b.step, tangent.length) });
}

/** Arrays of points put together by what puts their storages and their steps together; undefined where none of the parts is one. */
export function joinPoints(context: Context, parts: readonly Value[], span: Span, join: (tensors: readonly TensorValue[]) => TensorValue): PointValue | undefined {
  const first = parts.find((part) => part.kind === "point");
  if (!first) return undefined;
  const points = parts.map((part) => (part.kind === "point" && part.type.declaration === first.type.declaration ? part : fail(say.treesDiffer(span, describe(first), describe(part)))));
  return noted(context, { ...first, value: join(points.map(({ value }) => value)), step: join(points.map(({ step }) => step)) });
}

/** One of an array of points. */
export const pointAt = (context: Context, point: PointValue, at: number, span: Span): PointValue =>
  noted(context, { ...point, value: takeAt(context, point.value, 0, at, span), step: takeAt(context, point.step, 0, at, span) });
