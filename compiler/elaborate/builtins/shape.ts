/** Movement, reductions, sorting, scattering and the making of tensors. */
import type { Span } from "../../../grammar/index.ts";
import { say } from "../../diagnostics/catalogue.ts";
import type { Element } from "../../ir/graph.ts";
import { elementCount } from "../../ir/graph.ts";
import type { Context, Frame } from "../context.ts";
import { completed } from "../models.ts";
import { joinPoints } from "../points.ts";
import { fail } from "../problem.ts";
import { reduceAxes, type Reduction, reductions } from "../reductions.ts";
import { markOperator } from "../rules.ts";
import { asTensor, broadcastTo, commonElement, idOf, numberTensor, sizeValue, stack, tensor } from "../tensors.ts";
import { creditTree, isTree, leaves, mapTree, parameterTree } from "../trees.ts";
import { arrayOf, type Axis, describe, isFloat, number, ownShape, pointShape, type TensorValue, tuple, type Value } from "../values.ts";
import { infix } from "../operators.ts";
import type { Arguments } from "./arguments.ts";
import type { Builtin } from "./index.ts";
import { extreme } from "./math.ts";

// ---- reductions

const reduction = (name: Reduction): Builtin => ({
  names: name === "max" || name === "min" ? ["x", "b", "axis", "keep"] : ["x", "axis", "keep"],
  ruled: true,
  run(args) {
    const { frame, span } = args;
    const x = args.value("x");
    if (name === "max" || name === "min") {
      const b = args.optional("b");
      if (b) return extreme(frame, name, x, b, args);
    }
    const keep = args.boolean("keep", false);
    const one = (leaf: Value): TensorValue => {
      const value = asTensor(frame.context, leaf, args.spanOf("x"), name === "mean" ? "f32" : undefined);
      const rank = ownShape(value).length;
      // `argmax` and `argmin` work on the last axis, as softmax and sort do; the others on all.
      const otherwise = (name === "argmax" || name === "argmin") && rank > 0 ? [rank - 1] : Array.from({ length: rank }, (_, i) => i);
      const axes = args.axes("axis", value) ?? otherwise;
      return markOperator(frame, name, [value], span, () => reduceAxes(frame, name, value, axes, keep, span));
    };
    if (!isTree(x)) return one(x);
    if (args.has("axis") || name !== "sum") return mapTree(x, one, span);
    const parts = leaves(x).filter(({ value }) => isFloat(value.type.element)).map(({ value }) => one(value));
    if (parts.length === 0) return fail(say.expectedTensor(span, describe(x)));
    return parts.reduce((sum, part) => infix(frame, "+", sum, part, { span }) as TensorValue);
  },
});

const cumulative = (name: "cumsum" | "cumprod" | "cummax"): Builtin => ({
  names: ["x", "axis", "reverse"],
  run(args) {
    const { context } = args.frame;
    const reversed = args.boolean("reverse", false);
    const one = (leaf: Value): TensorValue => {
      const x = asTensor(context, leaf, args.spanOf("x"));
      if (x.type.element === "bool") fail(say.noOrder(args.span, name));
      const axis = args.axis("axis", x, -1) + x.variables.length;
      return tensor(context, context.builder.op(name, [idOf(context, x, args.span)], { axis, reversed }), x.axes, x.variables);
    };
    const x = args.value("x");
    return isTree(x) ? mapTree(x, one, args.span) : one(x);
  },
});

function sorted(args: Arguments, descending: boolean): { values: TensorValue; order: TensorValue; x: TensorValue } {
  const x = args.tensor("x");
  if (ownShape(x).length === 0) fail(say.needsAxis(args.span, args.owner, describe(x)));
  const [values, order] = args.frame.context.builder.ops("sort", [idOf(args.frame.context, x, args.span)], { descending });
  const wrap = (id: typeof values): TensorValue => tensor(args.frame.context, id, x.axes, x.variables);
  return { values: wrap(values), order: wrap(order), x };
}

const topK: Builtin = {
  names: ["x", "k"],
  run(args) {
    const { values, order, x } = sorted(args, true);
    const k = args.number("k");
    const last = x.type.shape.length - 1;
    if (!Number.isInteger(k) || k < 1 || k > x.type.shape[last]) fail(say.topK(args.spanOf("k"), k, describe(x)));
    const cut = (value: TensorValue): TensorValue => {
      const { builder } = args.frame.context;
      const shape = value.type.shape;
      const id = builder.op("slice", [idOf(args.frame.context, value, args.span)], {
        start: shape.map(() => 0), limit: shape.map((size, i) => (i === last ? k : size)), step: shape.map(() => 1),
      });
      return tensor(args.frame.context, id, [...value.axes.slice(0, -1), {}], value.variables);
    };
    return tuple([cut(values), cut(order)]);
  },
};

// ---- movement

const reshape: Builtin = {
  names: ["x", "shape"],
  run(args) {
    const x = args.tensor("x");
    const { shape, axes } = args.shape("shape");
    const own = ownShape(x);
    if (elementCount(shape) !== elementCount(own)) fail(say.reshapeCount(args.span, describe(x), elementCount(own), shape, elementCount(shape)));
    const id = args.frame.context.builder.reshape(idOf(args.frame.context, x, args.span), [...x.variables.map((v) => v.range), ...shape]);
    return tensor(args.frame.context, id, axes, x.variables);
  },
};

const broadcast: Builtin = {
  names: ["x", "shape"],
  run(args) {
    const { shape, axes } = args.shape("shape");
    const value = args.value("x");
    const x = value.kind === "number" ? numberTensor(args.frame.context, value, args.spanOf("x"), expectedElement(args)) : args.tensor("x");
    return broadcastTo(args.frame.context, x, shape, axes, args.span);
  },
};

const expand: Builtin = {
  names: ["x", "axis"],
  run(args) {
    const x = args.tensor("x");
    const own = ownShape(x);
    const given = args.number("axis");
    const axis = given < 0 ? given + own.length + 1 : given;
    if (!Number.isInteger(given) || axis < 0 || axis > own.length) fail(say.axisOutside(args.spanOf("axis"), given, describe(x)));
    const shape = [...own.slice(0, axis), 1, ...own.slice(axis)];
    const id = args.frame.context.builder.reshape(idOf(args.frame.context, x, args.span), [...x.variables.map((v) => v.range), ...shape]);
    return tensor(args.frame.context, id, [...x.axes.slice(0, axis), {}, ...x.axes.slice(axis)], x.variables);
  },
};

const squeeze: Builtin = {
  names: ["x", "axis"],
  run(args) {
    const x = args.tensor("x");
    const axis = args.axis("axis", x);
    const own = ownShape(x);
    if (own[axis] !== 1) fail(say.squeezeSize(args.span, axis, describe(x)));
    const shape = own.filter((_, i) => i !== axis);
    const id = args.frame.context.builder.reshape(idOf(args.frame.context, x, args.span), [...x.variables.map((v) => v.range), ...shape]);
    return tensor(args.frame.context, id, x.axes.filter((_, i) => i !== axis), x.variables);
  },
};

const transpose: Builtin = {
  names: ["x", "permutation"],
  run(args) {
    const x = args.tensor("x");
    const rank = ownShape(x).length;
    const order = args.axes("permutation", x) ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
    if ([...order].sort((a, b) => a - b).some((axis, i) => axis !== i) || order.length !== rank) fail(say.permutation(args.span, order, describe(x)));
    if (x.axes[0]?.bounded && order[0] !== 0) fail(say.staysLeading(args.span, describe(x), x.axes[0].name ?? ""));
    const lead = x.variables.length;
    const id = args.frame.context.builder.transpose(idOf(args.frame.context, x, args.span), [...x.variables.map((_, i) => i), ...order.map((axis) => axis + lead)]);
    return tensor(args.frame.context, id, order.map((axis) => x.axes[axis]), x.variables);
  },
};

/** `flip` turns all axes unless told, `reverse` the first: what a loop goes over. Trees and families of models go leaf by leaf. */
const flip: Builtin = {
  names: ["x", "axis"],
  run(args) {
    const { context } = args.frame;
    const one = (leaf: Value): TensorValue => {
      const x = asTensor(context, leaf, args.spanOf("x"));
      if (args.owner === "reverse" && ownShape(x).length === 0) fail(say.needsAxis(args.spanOf("x"), args.owner, describe(x)));
      const axes = args.axes("axis", x) ?? (args.owner === "reverse" ? [0] : ownShape(x).map((_, i) => i));
      const id = context.builder.op("reverse", [idOf(context, x, args.span)], { axes: axes.map((axis) => axis + x.variables.length) });
      return tensor(context, id, x.axes, x.variables);
    };
    const value = completed(args.frame, args.value("x"), args.spanOf("x"));
    return isTree(value) ? mapTree(value, one, args.span) : one(value);
  },
};

/** `concat(a, b, axis = -1)`: any number of tensors, the axis always named. */
function concat(args: Arguments, parts: readonly Value[], axisGiven: boolean): Value {
  const { frame: { context }, span } = args;
  const [first] = parts;
  if (!first) return fail(say.missingArgument(span, "x", args.owner, ["x", "...", "axis"]));
  const axisOf = (value: TensorValue): number => {
    if (!axisGiven && ownShape(value).length > 1) fail(say.concatAxis(span));
    return args.axis("axis", value, 0);
  };
  const points = joinPoints(context, parts, span, (tensors) => concatTensors(context, tensors, first.kind === "point" ? axisOf(arrayOf(first)) : 0, span));
  if (points) return points;
  const values = commonElement(context, parts, span);
  return concatTensors(context, values, axisOf(values[0]), span);
}

function concatTensors(context: Context, values: readonly TensorValue[], axis: number, span: Span): TensorValue {
  const rank = ownShape(values[0]).length;
  for (const value of values) {
    const own = ownShape(value);
    const same = own.length === rank && own.every((size, i) => i === axis || size === ownShape(values[0])[i]);
    if (!same) fail(say.concatShapes(span, axis, values.map(describe)));
  }
  const anyVariables = values.some((value) => value.variables.length > 0);
  if (anyVariables) fail(say.notInIndexNotation(span, "concat"));
  const id = context.builder.op("concat", values.map((value) => idOf(context, value, span)), { axis });
  return tensor(context, id, values[0].axes.map((a, i) => (i === axis ? {} : a)));
}

const pad: Builtin = {
  names: ["x", "low", "high", "value"],
  run(args) {
    const x = args.tensor("x");
    const low = args.shape("low").shape;
    const high = args.shape("high").shape;
    const rank = ownShape(x).length;
    if (low.length !== rank || high.length !== rank) fail(say.padRank(args.span, describe(x), low.length, high.length));
    const { context } = args.frame;
    const zero = x.variables.map(() => 0);
    const fill = args.has("value") ? asTensor(context, args.value("value"), args.spanOf("value"), x.type.element) : numberTensor(context, number(0), args.span, x.type.element);
    const id = context.builder.op("pad", [idOf(context, x, args.span), idOf(context, fill, args.span)], {
      low: [...zero, ...low], high: [...zero, ...high], interior: [...zero, ...low.map(() => 0)],
    });
    return tensor(context, id, x.axes.map((axis, i) => (low[i] + high[i] === 0 ? axis : {})), x.variables);
  },
};

const scatter = (mode: "add" | "set" | "max"): Builtin => ({
  names: ["x", "ids", "updates"],
  run(args) {
    const { context } = args.frame;
    const [x, ids] = [args.tensor("x"), args.tensor("ids")];
    if (ids.type.element !== "i32") fail(say.indexElement(args.spanOf("ids"), describe(ids)));
    const shape = ownShape(x);
    if (shape.length === 0) fail(say.needsAxis(args.span, args.owner, describe(x)));
    const wanted = [...ownShape(ids), ...shape.slice(1)];
    const updates = broadcastTo(context, asTensor(context, args.value("updates"), args.spanOf("updates"), x.type.element), wanted, [], args.span);
    if (updates.type.element !== x.type.element) fail(say.elementsDiffer(args.span, describe(x), describe(updates)));
    const indices = context.builder.reshape(idOf(context, ids, args.span), [...ownShape(ids), 1]);
    const id = context.builder.op("scatter", [idOf(context, x, args.span), indices, idOf(context, updates, args.span)], { batch: 0, mode });
    return tensor(context, id, x.axes);
  },
});

// ---- making tensors

const expectedElement = (args: Arguments): Element => (args.expected?.kind === "tensor" ? args.expected.known.element : "f32");

function filled(frame: Frame, shape: readonly number[], axes: readonly Axis[], element: Element, value: number): TensorValue {
  return tensor(frame.context, frame.context.builder.constant({ element, shape }, value), axes);
}

const constantOf = (value: number): Builtin => ({
  names: ["shape"],
  run(args) {
    const { shape, axes } = args.shape("shape");
    return filled(args.frame, shape, axes, expectedElement(args), value);
  },
});

const likeOf = (value: number): Builtin => ({
  names: ["x"],
  run(args) {
    const x = args.value("x");
    const one = (leaf: Value): Value => {
      if (leaf.kind === "number") return { ...leaf, value };
      const like = asTensor(args.frame.context, creditTree(leaf), args.spanOf("x"));
      return tensor(args.frame.context, args.frame.context.builder.constant(like.type, value), like.axes, like.variables);
    };
    return isTree(x) ? mapTree(parameterTree(x), one, args.span) : one(x);
  },
});

const full: Builtin = {
  names: ["shape", "value"],
  run(args) {
    const { shape, axes } = args.shape("shape");
    return broadcastTo(args.frame.context, asTensor(args.frame.context, args.value("value"), args.spanOf("value"), "f32"), shape, axes, args.span);
  },
};

const eye: Builtin = {
  names: ["n"],
  run(args) {
    const { builder } = args.frame.context;
    const n = args.size("n");
    const iota = (axis: number) => builder.op("iota", [], { shape: [n, n], axis, element: "i32" });
    return tensor(args.frame.context, builder.cast(builder.op("eq", [iota(0), iota(1)], {}), "f32"));
  },
};

/** A longer constant of different numbers is computed, so that its text takes no room. */
const maximumListed = 4096;

/** n values from `from` to `to`, both included. */
const linspace: Builtin = {
  names: ["from", "to", "n"],
  run(args) {
    const n = args.size("n");
    const { context } = args.frame;
    const [from, to] = [args.value("from"), args.value("to")];
    if (from.kind === "number" && to.kind === "number" && n <= maximumListed) {
      const data = Array.from({ length: n }, (_, i) => (n === 1 ? from.value : from.value + ((to.value - from.value) * i) / (n - 1)));
      return tensor(context, context.builder.constant({ element: "f32", shape: [n] }, ...data));
    }
    const { builder } = context;
    const counted = builder.cast(builder.op("iota", [], { shape: [n], axis: 0, element: "i32" }), "f32");
    const steps = n > 1 ? builder.mul(counted, builder.like(counted, 1 / (n - 1))) : counted;
    const span = infix(args.frame, "-", to, from, { span: args.span });
    return infix(args.frame, "+", from, infix(args.frame, "*", span, tensor(context, steps), { span: args.span }), { span: args.span });
  },
};

const shapeOf: Builtin = {
  names: ["x"],
  run(args) {
    const x = args.tensor("x");
    return tuple(ownShape(x).map((size, i) => sizeValue(size, x.axes[i])), true);
  },
};
const rank: Builtin = { names: ["x"], run: (args) => number(ownShape(args.tensor("x")).length) };
const size: Builtin = {
  names: ["x", "axis"],
  run(args) {
    const x = args.tensor("x");
    return args.has("axis") ? sizeValue(ownShape(x)[args.axis("axis", x)]) : number(elementCount(ownShape(x)));
  },
};

export const shapeBuiltins: Readonly<Record<string, Builtin>> = {
  ...Object.fromEntries(reductions.map((name) => [name, reduction(name)])),
  cumsum: cumulative("cumsum"), cumprod: cumulative("cumprod"), cummax: cumulative("cummax"),
  sort: { names: ["x", "descending"], run: (args) => sorted(args, args.boolean("descending", false)).values },
  argsort: { names: ["x", "descending"], run: (args) => sorted(args, args.boolean("descending", false)).order },
  top_k: topK,
  reshape, broadcast, expand, squeeze, transpose, flip, reverse: flip, pad,
  concat: { names: ["axis"], variadic: true, run: (args, parts) => concat(args, parts, args.has("axis")) },
  stack: {
    names: ["axis"], variadic: true,
    run(args, parts) {
      const { frame: { context }, span } = args;
      const [first] = parts;
      if (!first) return fail(say.missingArgument(span, "x", "stack", ["x", "...", "axis"]));
      const axis = args.number("axis", 0);
      const rank = first.kind === "point" ? pointShape(first).length : 0;
      const ofPoints = axis < 0 ? axis + rank + 1 : axis; // a new axis of the array, before those of a point
      if (first.kind === "point" && (ofPoints < 0 || ofPoints > rank)) fail(say.axisOutside(span, axis, describe(first)));
      return joinPoints(context, parts, span, (tensors) => stack(context, tensors, ofPoints, span)) ?? stack(context, commonElement(context, parts, span), axis, span);
    },
  },
  scatter_add: scatter("add"), scatter_set: scatter("set"), scatter_max: scatter("max"),
  zeros: constantOf(0), ones: constantOf(1), full, eye, linspace, zeros_like: likeOf(0), ones_like: likeOf(1),
  shape: shapeOf, rank, size,
};
