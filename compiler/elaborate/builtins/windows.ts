/**
 * Windows, convolution and its transpose, over any number of space axes: x is [leading..., space..., channels], filters are
 * [window..., channels in a group, channels out].
 */
import { say } from "../../diagnostics/catalogue.ts";
import type { Builder } from "../../ir/builder.ts";
import type { ValueId } from "../../ir/graph.ts";
import { windowCount } from "../../ops/index.ts";
import { fail } from "../problem.ts";
import { markOperator } from "../rules.ts";
import { asTensor, idOf, numberTensor, staticNumber, tensor } from "../tensors.ts";
import { type Axis, describe, number, ownShape, type TensorValue, tuple, type Value } from "../values.ts";
import type { Arguments } from "./arguments.ts";
import type { Builtin } from "./index.ts";

/** By space axis. */
interface Layout {
  readonly size: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: readonly (readonly [low: number, high: number])[];
}

const span = (size: number, dilation: number): number => (size - 1) * dilation + 1;

/** What keeps ceil(extent / stride) windows, an odd one on the high side. */
function samePadding(extent: number, size: number, stride: number, dilation: number): readonly [number, number] {
  const total = Math.max(0, (Math.ceil(extent / stride) - 1) * stride + span(size, dilation) - extent);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/** A whole number for each space axis; one stands for all. */
function perAxis(args: Arguments, name: string, rank: number, otherwise: number, least: number): number[] {
  if (!args.has(name)) return new Array<number>(rank).fill(otherwise);
  const value = args.value(name);
  const items = value.kind === "tuple" ? value.items : new Array<Value>(rank).fill(value);
  if (items.length !== rank) fail(say.perSpaceAxis(args.spanOf(name), name, items.length, rank));
  return items.map((item) => whole(args, name, item, least));
}

function whole(args: Arguments, name: string, item: Value, least: number): number {
  const given = staticNumber(item);
  if (given === undefined) return fail(say.argumentNotStatic(args.spanOf(name), name, args.owner, describe(item)));
  return Number.isInteger(given) && given >= least ? given : fail(say.windowNumber(args.spanOf(name), name, given, least));
}

/** `same`, a number for both sides, or for each axis a number or both sides. */
function paddingOf(args: Arguments, extents: readonly number[], { size, stride, dilation }: Omit<Layout, "padding">): Layout["padding"] {
  const value = args.optional("padding") ?? number(0);
  if (value.kind === "builtin" && value.name === "same") return extents.map((extent, i) => samePadding(extent, size[i], stride[i], dilation[i]));
  const items = value.kind === "tuple" ? value.items : extents.map(() => value);
  if (items.length !== extents.length) fail(say.perSpaceAxis(args.spanOf("padding"), "padding", items.length, extents.length));
  return items.map((item) => {
    const sides = item.kind === "tuple" && item.items.length === 2 ? item.items : [item, item];
    const [low, high] = sides.map((side) => whole(args, "padding", side, -Infinity));
    return [low, high];
  });
}

/** x with its space axes padded by `fill`, or cut where the padding is negative. */
function padded(args: Arguments, x: TensorValue, padding: Layout["padding"], fill: TensorValue): ValueId {
  const { context } = args.frame;
  const { builder } = context;
  const first = x.type.shape.length - 1 - padding.length;
  const along = (side: 0 | 1, sign: 1 | -1): number[] => x.type.shape.map((_, axis) => Math.max(0, sign * (padding[axis - first]?.[side] ?? 0)));
  let id = idOf(context, x, args.span);
  const [cutLow, cutHigh] = [along(0, -1), along(1, -1)];
  if ([...cutLow, ...cutHigh].some((count) => count > 0)) {
    const limit = x.type.shape.map((size, axis) => size - cutHigh[axis]);
    const outside = limit.findIndex((end, axis) => end < cutLow[axis]);
    if (outside >= 0) fail(say.cutTooMuch(args.spanOf("padding"), x.type.shape[outside], cutLow[outside] + cutHigh[outside]));
    id = builder.op("slice", [id], { start: cutLow, limit, step: cutLow.map(() => 1) });
  }
  const [low, high] = [along(0, 1), along(1, 1)];
  if ([...low, ...high].every((count) => count === 0)) return id;
  return builder.op("pad", [id, idOf(context, fill, args.span)], { low, high, interior: low.map(() => 0) });
}

const zeroOf = (args: Arguments, x: TensorValue): TensorValue => numberTensor(args.frame.context, number(0), args.span, x.type.element);

/** The windows of x, [..., places..., window..., channels...]; `channels`: the axes behind space, one unless groups lie apart. */
function windowsOf(args: Arguments, id: ValueId, { size, stride, dilation }: Layout, channels: number): ValueId {
  const { builder } = args.frame.context;
  const { shape } = builder.typeOf(id);
  const first = shape.length - channels - size.length;
  size.forEach((of, i) => {
    if (windowCount(shape[first + i], of, stride[i], dilation[i]) === 0) fail(say.windowTooLarge(args.span, i, of, dilation[i], shape[first + i]));
  });
  return builder.op("window", [id], { axes: size.map((_, i) => first + i), size, stride, dilation });
}

function layoutOf(args: Arguments, x: TensorValue, size: readonly number[]): Layout {
  const rank = size.length;
  const own = ownShape(x);
  if (own.length < rank + 1) fail(say.spaceAxes(args.span, args.owner, describe(x), rank));
  const numbers = { size, stride: perAxis(args, "stride", rank, 1, 1), dilation: perAxis(args, "dilation", rank, 1, 1) };
  return { ...numbers, padding: paddingOf(args, own.slice(own.length - 1 - rank, -1), numbers) };
}

const windows: Builtin = {
  names: ["x", "size", "stride", "padding", "dilation", "value"],
  run(args) {
    const { context } = args.frame;
    const x = args.tensor("x");
    const { shape: size, axes } = args.shape("size");
    const layout = layoutOf(args, x, size);
    const fill = args.has("value") ? asTensor(context, args.value("value"), args.spanOf("value"), x.type.element) : zeroOf(args, x);
    const id = windowsOf(args, padded(args, x, layout.padding, fill), layout, 1);
    const leading = x.axes.slice(0, x.axes.length - 1 - size.length);
    return tensor(context, id, [...leading, ...size.map((): Axis => ({})), ...axes, x.axes[x.axes.length - 1]], x.variables);
  },
};

interface Operands {
  readonly x: TensorValue;
  readonly w: TensorValue;
  readonly layout: Layout;
  readonly groups: number;
  readonly channels: number;
  readonly out: number;
}

/** The operands of a convolution or its transpose, checked. */
function operandsOf(args: Arguments): Operands {
  const [x, w] = [args.tensor("x"), args.tensor("w")];
  if (x.variables.length + w.variables.length > 0) fail(say.notInIndexNotation(args.span, args.owner));
  if (x.type.element !== w.type.element) fail(say.elementsDiffer(args.span, describe(x), describe(w)));
  const filters = ownShape(w);
  if (filters.length < 3) fail(say.filterShape(args.spanOf("w"), describe(w)));
  const layout = layoutOf(args, x, filters.slice(0, -2));
  const groups = whole(args, "groups", args.optional("groups") ?? number(1), 1);
  const [perGroup, out] = filters.slice(-2);
  const channels = ownShape(x)[ownShape(x).length - 1];
  if (channels % groups !== 0 || out % groups !== 0) fail(say.groupsDivide(args.span, groups, describe(x), describe(w)));
  if (perGroup * groups !== channels) fail(say.filterChannels(args.span, x, w, groups));
  return { x, w, layout, groups, channels, out };
}

const range = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);

/** Sums over windows [lead, window, (groups,) channels] times filters [window, (groups,) channels, out] -> [lead, (groups,) out]. */
function contracted(builder: Builder, taken: ValueId, w: ValueId, rank: number, grouped: boolean): ValueId {
  const left = builder.typeOf(taken).shape.length;
  const lead = left - rank - (grouped ? 2 : 1);
  const dot = builder.op("dot", [taken, w], {
    leftBatch: grouped ? [lead + rank] : [], rightBatch: grouped ? [rank + 1] : [],
    leftContract: [...range(rank, lead), left - 1], rightContract: [...range(rank), rank],
  });
  return grouped ? builder.transpose(dot, [...range(lead, 1), 0, lead + 1]) : dot;
}

const conv: Builtin = {
  names: ["x", "w", "stride", "padding", "dilation", "groups"],
  ruled: true,
  run(args) {
    const operands = operandsOf(args);
    return markOperator(args.frame, "conv", [operands.x, operands.w], args.span, () => convolution(args, operands));
  },
};

function convolution(args: Arguments, { x, w, layout, groups, channels, out }: Operands): TensorValue {
  const { context } = args.frame;
  const { builder } = context;
  const rank = layout.size.length;
  const given = padded(args, x, layout.padding, zeroOf(args, x));
  const filters = idOf(context, w, args.span);
  const axes = [...x.axes.slice(0, -1 - rank), ...layout.size.map((): Axis => ({})), w.axes[w.axes.length - 1]];
  if (groups === 1) return tensor(context, contracted(builder, windowsOf(args, given, layout, 1), filters, rank, false), axes);
  if (channels === groups && out === groups) {
    const taken = windowsOf(args, given, layout, 1);
    const { shape } = builder.typeOf(taken);
    const lead = shape.length - 1 - rank;
    const spread = builder.broadcast(builder.reshape(filters, [...layout.size, channels]), shape, range(rank + 1, lead));
    return tensor(context, builder.sum(builder.mul(taken, spread), range(rank, lead)), axes);
  }
  const { shape } = builder.typeOf(given);
  const apart = builder.reshape(given, [...shape.slice(0, -1), groups, channels / groups]);
  const parts = builder.reshape(filters, [...layout.size, channels / groups, groups, out / groups]);
  const result = contracted(builder, windowsOf(args, apart, layout, 2), parts, rank, true);
  return tensor(context, builder.reshape(result, [...builder.typeOf(result).shape.slice(0, -2), out]), axes);
}

const convTranspose: Builtin = {
  names: ["x", "w", "stride", "padding", "dilation", "groups", "output_padding"],
  ruled: true,
  run(args) {
    const operands = operandsOf(args);
    return markOperator(args.frame, "conv_transpose", [operands.x, operands.w], args.span, () => transposedConvolution(args, operands));
  },
};

/** Each element of x is spread over a window by the filters; windows that overlap add up, and the padding is cut off. */
function transposedConvolution(args: Arguments, { x, w, layout, groups, channels, out }: Operands): TensorValue {
  const { context } = args.frame;
  const { builder } = context;
  const { size, stride, dilation, padding } = layout;
  const rank = size.length;
  const { shape } = x.type;
  const lead = shape.length - 1;
  const first = lead - rank;
  const [given, filters] = [idOf(context, x, args.span), idOf(context, w, args.span)];
  const taps = groups === 1
    ? builder.op("dot", [given, filters], { leftBatch: [], rightBatch: [], leftContract: [lead], rightContract: [rank] })
    : groupedTaps(builder, given, filters, groups, rank);
  const covered = size.map((of, i) => (shape[first + i] - 1) * stride[i] + span(of, dilation[i]));
  const more = perAxis(args, "output_padding", rank, 0, 0);
  const whole = builder.op("overlap_add", [taps], { axes: range(rank, first), size, stride, dilation, extent: covered });
  const cut = padding.map(([low, high], i): readonly [number, number] => [-low, more[i] - high]);
  const summed = tensor(context, whole);
  const id = padded(args, summed, cut, zeroOf(args, summed));
  return tensor(context, id, [...x.axes.slice(0, first), ...size.map((): Axis => ({})), w.axes[w.axes.length - 1]]);
}

/** The same for x and filters cut into groups of channels: [lead, window, out]. */
function groupedTaps(builder: Builder, x: ValueId, w: ValueId, groups: number, rank: number): ValueId {
  const [shape, filters] = [builder.typeOf(x).shape, builder.typeOf(w).shape];
  const lead = shape.length - 1;
  const [channels, out] = [shape[lead], filters[rank + 1]];
  const apart = builder.reshape(x, [...shape.slice(0, -1), groups, channels / groups]);
  const parts = builder.reshape(w, [...filters.slice(0, rank), channels / groups, groups, out / groups]);
  const taps = builder.op("dot", [apart, parts], { leftBatch: [lead], rightBatch: [rank + 1], leftContract: [lead + 1], rightContract: [rank] });
  const ordered = builder.transpose(taps, [...range(lead + rank, 1), 0, lead + rank + 1]);
  return builder.reshape(ordered, [...shape.slice(0, -1), ...filters.slice(0, rank), out]);
}

/** Given as a padding it is the padding that keeps sizes; called, it tells how much that is. */
const same: Builtin = {
  names: ["extent", "size", "stride", "dilation"],
  run: (args) => tuple(samePadding(args.number("extent"), args.number("size"), args.number("stride", 1), args.number("dilation", 1)).map((side) => number(side)), true),
};

export const windowBuiltins: Readonly<Record<string, Builtin>> = { windows, conv, conv_transpose: convTranspose, same };
