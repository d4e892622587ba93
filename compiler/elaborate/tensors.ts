/** Tensor values in a context: materializing, broadcasting with index variables, and the elementwise machinery. */
import type { Span } from "../../grammar/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import { InternalError, invariant, isLibrary } from "../diagnostics/diagnostic.ts";
import { sameNode } from "../ir/copy-node.ts";
import type { Element, Region, TensorType, ValueId } from "../ir/graph.ts";
import { elementCount } from "../ir/graph.ts";
import type { AttributesOf, OpName } from "../ops/attributes.ts";
import { byteSize } from "../program.ts";
import { evaluate } from "../reference/index.ts";
import type { Context } from "./context.ts";
import { finish } from "./finish.ts";
import { fail, Problem } from "./problem.ts";
import {
  type Axis, type BuildTime, describe, type IndexVariable, isFloat, number, type NumberValue, ownShape, type TensorValue, tuple, type Value,
} from "./values.ts";

/** Constants up to this size are written into the program; larger ones `init` computes. */
const inlineBytes = 256;

export const tensor = (
  context: Context, id: ValueId, axes: readonly Axis[] = [], variables: readonly IndexVariable[] = [],
): TensorValue => {
  const type = context.builder.typeOf(id);
  const own = type.shape.length - variables.length;
  return { kind: "tensor", id, context, type, axes: Array.from({ length: own }, (_, i) => axes[i] ?? {}), variables };
};

/** The value's id in the context's builder. */
export function idOf(context: Context, value: TensorValue, span: Span): ValueId {
  if (value.buildTime) return materialize(context, value, span);
  if (value.context === context && value.id !== undefined) return value.id;
  if (context.parent && value.id !== undefined) return context.capture(idOf(context.parent, value, span));
  return fail(say.notAtBuild(span, context.kind));
}

function materialize(context: Context, value: TensorValue, span: Span): ValueId {
  const { buildTime } = value;
  invariant(buildTime, () => "a build-time tensor without a region");
  const bytes = elementCount(value.type.shape) * byteSize(value.type.element);
  if (bytes <= inlineBytes) return context.builder.constant(value.type, ...compact(buildTime.data().data));
  if (context.kind !== "entry") return inlineRegion(context, buildTime.region);
  // Draws and large tables stay expressions: `init` computes them, so that they take no room in the module.
  const key = JSON.stringify([buildTime.region.nodes, buildTime.region.results]);
  let cell = context.session.constants.get(key);
  if (!cell) {
    cell = context.session.addCell({
      path: `$constant.${context.session.constants.size}`, type: value.type, axes: value.axes, role: "constant", span,
      initial: (init) => inlineRegion(init, buildTime.region),
    });
    context.session.constants.set(key, cell);
  }
  return context.read(cell);
}

/** One number when all are equal: a splat. */
function compact(data: Float64Array): number[] {
  const first = data[0];
  return data.length > 0 && data.every((x) => Object.is(x, first)) ? [first] : [...data];
}

/** Copies a closed region without params into the context. */
export function inlineRegion(context: Context, region: Region): ValueId {
  const ids: ValueId[] = [];
  for (const node of region.nodes) {
    const args = node.args.map((arg) => ids[arg]);
    const results = sameNode(context.builder, node, args);
    node.results.forEach((result, i) => { ids[result] = results[i]; });
  }
  return ids[region.results[0]];
}

/** About a second of the reference. */
const maximumSteps = 2 ** 26;

/** Elements that the reference computes, a product's once for each term. */
function stepsOf({ nodes, types }: Region): number {
  let steps = 0;
  for (const node of nodes) {
    const terms = node.kind === "op" && node.op === "dot" ? elementCount(node.attributes.leftContract.map((axis) => types[node.args[0]].shape[axis])) : 1;
    for (const id of [...node.args, ...node.results]) steps += elementCount(types[id].shape) * terms;
    if (node.kind === "scan") steps += node.length * stepsOf(node.body);
    if (node.kind === "while") steps += node.max * (stepsOf(node.body) + stepsOf(node.until));
  }
  return steps;
}

/** A tensor of the build context, closed: it can go into any context. */
export function close(context: Context, value: TensorValue): TensorValue {
  if (value.buildTime || value.context !== context || value.id === undefined) return value;
  const region = finish(context.builder, [], [value.id], "reachable").region;
  const { span } = context.session.sites[context.builder.site];
  let data: ReturnType<BuildTime["data"]> | undefined;
  const compute = (): ReturnType<BuildTime["data"]> => {
    const steps = stepsOf(region);
    if (steps > maximumSteps) fail(say.tooMuchAtBuild(span, steps));
    return evaluate(region, [])[0];
  };
  const buildTime: BuildTime = { region, data: () => (data ??= compute()) };
  return { kind: "tensor", buildTime, type: value.type, axes: value.axes, variables: value.variables };
}

/** The number behind a value known at build, or undefined. */
export function staticNumber(value: Value): number | undefined {
  if (value.kind === "number") return value.value;
  if (value.kind === "tensor" && value.buildTime && value.type.shape.length === 0) return value.buildTime.data().data[0];
  return undefined;
}

/** A number as a tensor of rank 0. */
export function numberTensor(context: Context, value: NumberValue, span: Span, element?: Element): TensorValue {
  return constantTensor(context, element ?? value.element ?? (value.integer ? "i32" : "f32"), [], [value.value], span);
}

const ranges: Readonly<Record<Element, readonly [number, number]>> = {
  f32: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY], f64: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  i32: [-(2 ** 31), 2 ** 31 - 1], u32: [0, 2 ** 32 - 1], bool: [0, 1],
};

/** A tensor of numbers known at build, each of which the element must have. */
export function constantTensor(context: Context, element: Element, shape: readonly number[], data: readonly number[], span: Span): TensorValue {
  const [least, most] = ranges[element];
  const bad = isFloat(element) ? undefined : data.find((value) => !Number.isInteger(value) || value < least || value > most);
  if (bad !== undefined) fail(say.notOfElement(span, bad, element));
  return tensor(context, context.builder.constant({ element, shape }, ...data));
}

const int32 = (value: number, span: Span): number => (Math.abs(value) < 2 ** 31 ? value : fail(say.notOfElement(span, value, "i32")));

/** A value as a tensor: numbers take `element`, lists stack. */
export function asTensor(context: Context, value: Value, span: Span, element?: Element): TensorValue {
  switch (value.kind) {
    case "tensor":
      return value;
    case "number":
      return numberTensor(context, value, span, element);
    case "boolean":
      return tensor(context, context.builder.constant({ element: "bool", shape: [] }, value.value ? 1 : 0));
    case "range": {
      const iota = context.builder.op("iota", [], { shape: [Math.max(0, value.to - value.from)], axis: 0, element: "i32" });
      const id = value.from === 0 ? iota : context.builder.add(iota, context.builder.like(iota, int32(value.from, span)));
      return tensor(context, id);
    }
    case "tuple":
      if (value.list && value.items.length > 0) return listTensor(context, value.items, span, element);
      break;
    case "point":
      return fail(say.pointIsNoTensor(span, describe(value), describe(value.value)));
    case "poison":
      throw new Problem(null);
    default:
  }
  return fail(say.expectedTensor(span, describe(value)));
}

/** A number, or a list of such in which all have one form: what it holds, row by row. */
export interface Numbers {
  readonly shape: readonly number[];
  readonly items: readonly NumberValue[];
}
export function numbersOf(value: Value): Numbers | undefined {
  if (value.kind === "number") return { shape: [], items: [value] };
  if (value.kind !== "tuple" || !value.list || value.items.length === 0) return undefined;
  const rows = value.items.map(numbersOf);
  const { shape } = rows[0] ?? {};
  if (!shape || rows.some((row) => row?.shape.join() !== shape.join())) return undefined;
  return { shape: [rows.length, ...shape], items: rows.flatMap((row) => row?.items ?? []) };
}
/** The element that numbers have alone. */
export const elementOfNumbers = ({ items }: Numbers): Element => (items.every((item) => item.integer) ? "i32" : "f32");

function listTensor(context: Context, items: readonly Value[], span: Span, element?: Element): TensorValue {
  const numbers = numbersOf(tuple(items, true));
  if (numbers) return constantTensor(context, element ?? elementOfNumbers(numbers), numbers.shape, numbers.items.map((item) => item.value), span);
  const tensors = items.map((item) => (item.kind === "number" ? null : asTensor(context, item, span, element)));
  const first = tensors.find((item) => item !== null);
  const filled = items.map((item, i) => tensors[i] ?? asTensor(context, item, span, first?.type.element ?? element));
  return stack(context, filled, 0, span);
}

/** New axis at `given`, a negative one from the end of the result; the tensors along it. */
export function stack(context: Context, values: readonly TensorValue[], given: number, span: Span): TensorValue {
  for (const value of values) if (value.type.element !== values[0].type.element) fail(say.elementsDiffer(span, describe(values[0]), describe(value)));
  const aligned = align(context, values, span);
  const axis = given < 0 ? given + aligned.axes.length + 1 : given;
  if (!Number.isInteger(given) || axis < 0 || axis > aligned.axes.length) fail(say.axisOutside(span, given, describe(values[0])));
  const at = aligned.variables.length + axis;
  const shape = [...aligned.shape.slice(0, at), 1, ...aligned.shape.slice(at)];
  const parts = aligned.ids.map((id) => context.builder.reshape(id, shape));
  const axes = [...aligned.axes.slice(0, axis), {}, ...aligned.axes.slice(axis)];
  const id = parts.length === 1 ? parts[0] : context.builder.op("concat", parts, { axis: at });
  return tensor(context, id, axes, aligned.variables);
}

export interface Aligned {
  readonly ids: readonly ValueId[];
  /** Physical shape, variables first. */
  readonly shape: readonly number[];
  readonly axes: readonly Axis[];
  readonly variables: readonly IndexVariable[];
}

/** Brings tensors to one shape: the union of their index variables, then NumPy's broadcasting of their own axes. */
export function align(context: Context, values: readonly TensorValue[], span: Span, quoted?: readonly string[]): Aligned {
  const variables: IndexVariable[] = [];
  for (const value of values) {
    for (const variable of value.variables) if (!variables.some((other) => other.name === variable.name)) variables.push(variable);
  }
  const rank = Math.max(0, ...values.map((value) => ownShape(value).length));
  const own: number[] = [];
  const axes: Axis[] = [];
  for (let i = 0; i < rank; i++) {
    let size = 1;
    let axis: Axis = {};
    for (const value of values) {
      const shape = ownShape(value);
      const at = shape.length - rank + i;
      if (at < 0) continue;
      if (shape[at] !== 1) {
        if (size !== 1 && size !== shape[at]) fail(say.cannotBroadcast(span, values, quoted, rank - i));
        size = shape[at];
        axis = axis.name ? axis : value.axes[at];
      } else if (!axis.name && size === 1) axis = value.axes[at];
    }
    own.push(size);
    axes.push(axis);
  }
  if (quoted) hintAccident(context, values, own, span, quoted);
  const shape = [...variables.map((variable) => variable.range), ...own];
  const ids = values.map((value) => spread(context, value, variables, shape, span));
  return { ids, shape, axes, variables };
}

/**
 * `f32[B, 1] - f32[B]` is f32[B, B], which nobody means: an axis declared as 1 meets the very axis beside it. Axes of 1
 * that `expand` or `keep` made are meant, and so are those of equal rank.
 */
function hintAccident(context: Context, values: readonly TensorValue[], shape: readonly number[], span: Span, quoted: readonly string[]): void {
  if (context.session.trial > 0 || isLibrary(span.file)) return;
  const [long, short] = [...values].sort((a, b) => ownShape(b).length - ownShape(a).length);
  const extra = ownShape(long).length - ownShape(short).length;
  if (extra === 0 || ownShape(short).length === 0) return;
  ownShape(short).forEach((size, i) => {
    const declared = long.axes[i + extra]?.span;
    const beside = ownShape(long)[i + extra - 1];
    if (size > 1 && declared && !isLibrary(declared.file) && ownShape(long)[i + extra] === 1 && beside === size) context.session.report(say.accidentalBroadcast(span, values, quoted, shape, declared));
  });
}

/** Broadcasts one tensor to a physical shape that leads with `variables`. */
export function spread(
  context: Context, value: TensorValue, variables: readonly IndexVariable[], shape: readonly number[], span: Span,
): ValueId {
  const b = context.builder;
  let id = idOf(context, value, span);
  const places = value.variables.map((variable) => variables.findIndex((other) => other.name === variable.name));
  const order = places.map((_, i) => i).sort((x, y) => places[x] - places[y]);
  const own = ownShape(value).length;
  id = b.transpose(id, [...order, ...Array.from({ length: own }, (_, i) => order.length + i)]);
  const target = [...order.map((i) => places[i]), ...Array.from({ length: own }, (_, i) => shape.length - own + i)];
  return b.broadcast(id, shape, target);
}

/** Applies an elementwise op to aligned tensors. */
export function elementwise<K extends OpName>(
  context: Context, op: K, values: readonly TensorValue[], attributes: AttributesOf<K>, span: Span, quoted?: readonly string[],
): TensorValue {
  if (values.length === 1) {
    const [only] = values;
    return tensor(context, context.builder.op(op, [idOf(context, only, span)], attributes), only.axes, only.variables);
  }
  const aligned = align(context, values, span, quoted);
  return tensor(context, context.builder.op(op, aligned.ids, attributes), aligned.axes, aligned.variables);
}

/** The common element of operands, numbers taking the tensors'; refuses a mixture. */
export function commonElement(context: Context, values: readonly Value[], span: Span, quoted?: readonly string[]): TensorValue[] {
  const numbers = values.map(numbersOf);
  const tensors = values.map((value, i) => (numbers[i] ? null : asTensor(context, value, span)));
  const known = tensors.filter((value): value is TensorValue => value !== null);
  const element = known[0]?.type.element;
  for (const other of known) {
    if (other.type.element !== element) fail(say.elementsDiffer(span, describe(known[0]), describe(other), known.length === values.length ? quoted : undefined));
  }
  const whole = numbers.every((list) => !list || elementOfNumbers(list) === "i32");
  return values.map((value, i) => tensors[i] ?? asTensor(context, value, span, element ?? (whole ? undefined : "f32")));
}

/** A float tensor: numbers become f32. */
export function floatTensor(context: Context, value: Value, span: Span, what: string): TensorValue {
  if (value.kind === "number") return numberTensor(context, value, span, value.element === "f64" ? "f64" : "f32");
  const result = asTensor(context, value, span, "f32");
  if (!isFloat(result.type.element)) fail(say.needsFloat(span, what, describe(result)));
  return result;
}

/** Broadcasts to an own shape (no new names for axes that the tensor has already). */
export function broadcastTo(context: Context, value: TensorValue, shape: readonly number[], axes: readonly Axis[], span: Span): TensorValue {
  const own = ownShape(value);
  const fits = own.length <= shape.length && own.every((size, i) => size === 1 || size === shape[shape.length - own.length + i]);
  if (!fits) fail(say.cannotBroadcastTo(span, describe(value), shape));
  const physical = [...value.variables.map((variable) => variable.range), ...shape];
  return tensor(context, spread(context, value, value.variables, physical, span), axes, value.variables);
}

export const sizeValue = (size: number, axis?: Axis): NumberValue => ({ ...number(size, true, axis), madeUp: axis?.madeUp });
