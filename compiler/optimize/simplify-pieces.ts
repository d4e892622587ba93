/** The rewrites of `simplify-movement` for ops that cut tensors and put them together: slice, pad, concat. */
import type { ValueId } from "../ir/graph.ts";
import type { AttributesOf } from "../ops/index.ts";
import { range, sameNumbers } from "./axes.ts";
import type { Rewrite, Rewriter } from "./rewrite.ts";

type Slice = AttributesOf<"slice">;

const sizesOf = ({ start, limit, step }: Slice): number[] =>
  start.map((first, i) => Math.max(0, Math.ceil((limit[i] - first) / step[i])));


// ---- slice

/** A slice of everything is its arg; a slice of a slice is one. */
export const mergeSlices: Rewrite<"slice"> = (w, { args: [x], attributes }) => {
  if (sameNumbers(sizesOf(attributes), w.shapeOf(x))) return x;
  const inner = w.as(x, "slice");
  if (inner === undefined) return undefined;
  const first = inner.attributes;
  const sizes = sizesOf(attributes);
  const start = attributes.start.map((at, i) => first.start[i] + at * first.step[i]);
  const step = attributes.step.map((by, i) => first.step[i] * by);
  return w.op("slice", [inner.args[0]], {
    // An empty slice may begin behind the end of what it is of.
    start: start.map((at, i) => (sizes[i] === 0 ? 0 : at)),
    limit: start.map((at, i) => (sizes[i] === 0 ? 0 : at + (sizes[i] - 1) * step[i] + 1)),
    step,
  });
};

/** Cuts what is repeated before it is repeated. */
export const sliceOfBroadcast: Rewrite<"slice"> = (w, { args: [x], attributes }) => {
  const inner = w.as(x, "broadcast");
  if (inner === undefined) return undefined;
  const { axes } = inner.attributes;
  const source = w.op("slice", [inner.args[0]], {
    start: axes.map((axis) => attributes.start[axis]),
    limit: axes.map((axis) => attributes.limit[axis]),
    step: axes.map((axis) => attributes.step[axis]),
  });
  return w.broadcast(source, sizesOf(attributes), axes);
};

/** Drops the parts of a concat that the slice does not touch. */
export const sliceOfConcat: Rewrite<"slice"> = (w, { args: [x], attributes }) => {
  const inner = w.as(x, "concat");
  if (inner === undefined) return undefined;
  const { axis } = inner.attributes;
  const from = attributes.start[axis];
  const to = from + (sizesOf(attributes)[axis] - 1) * attributes.step[axis] + 1;
  if (to <= from) return undefined;
  let at = 0;
  let skipped = 0;
  const touched: ValueId[] = [];
  for (const part of inner.args) {
    const end = at + w.shapeOf(part)[axis];
    if (end <= from) skipped = end;
    else if (at < to) touched.push(part);
    at = end;
  }
  if (touched.length === inner.args.length) return undefined;
  const shift = (list: readonly number[], last: number): number[] => list.map((number, i) => (i === axis ? last - skipped : number));
  return w.op("slice", [touched.length === 1 ? touched[0] : w.op("concat", touched, { axis })], {
    start: shift(attributes.start, from), limit: shift(attributes.limit, to), step: attributes.step,
  });
};

/** A slice that reads no padding reads the padded tensor. */
export const sliceOfPad: Rewrite<"slice"> = (w, { args: [x], attributes }) => {
  const inner = w.as(x, "pad");
  if (inner === undefined) return undefined;
  const { low, interior } = inner.attributes;
  const shape = w.shapeOf(inner.args[0]);
  const sizes = sizesOf(attributes);
  if (sizes.includes(0)) return undefined;
  const start: number[] = [];
  const step: number[] = [];
  for (let i = 0; i < shape.length; i++) {
    const pitch = interior[i] + 1;
    const offset = attributes.start[i] - low[i];
    const last = offset + (sizes[i] - 1) * attributes.step[i];
    if (offset < 0 || last > (shape[i] - 1) * pitch || offset % pitch !== 0) return undefined;
    if (sizes[i] > 1 && attributes.step[i] % pitch !== 0) return undefined;
    start.push(offset / pitch);
    step.push(sizes[i] > 1 ? attributes.step[i] / pitch : 1);
  }
  return w.op("slice", [inner.args[0]], { start, limit: start.map((at, i) => at + (sizes[i] - 1) * step[i] + 1), step });
};

/** Padding that is cut off is not put on. */
export const sliceOfPadding: Rewrite<"slice"> = (w, { args: [x], attributes: { start, limit, step } }) => {
  const inner = w.as(x, "pad");
  if (inner === undefined || step.some((by) => by !== 1)) return undefined;
  const { low, high, interior } = inner.attributes;
  const shape = w.shapeOf(inner.args[0]);
  const from = start.map((at, i) => at - low[i]);
  const to = limit.map((end, i) => end - low[i]);
  const meets = shape.every((size, i) => size > 0 && from[i] < size && to[i] > 0 && (interior[i] === 0 || (from[i] <= 0 && to[i] >= (size - 1) * (interior[i] + 1) + 1)));
  if (!meets || start.every((at, i) => at === 0 && limit[i] === w.shapeOf(x)[i])) return undefined;
  const within = w.op("slice", [inner.args[0]], {
    start: from.map((at) => Math.max(0, at)),
    limit: shape.map((size, i) => (interior[i] > 0 ? size : Math.min(size, to[i]))), step,
  });
  const end = shape.map((size, i) => (size - 1) * (interior[i] + 1) + 1);
  return w.op("pad", [within, inner.args[1]], {
    low: from.map((at) => Math.max(0, -at)), high: to.map((at, i) => Math.max(0, Math.min(at - end[i], high[i]))), interior,
  });
};

// ---- pad

/** Padding of nothing, and padding twice with one value. */
export const mergePads: Rewrite<"pad"> = (w, { args: [x, value], attributes: { low, high, interior } }) => {
  const shape = w.shapeOf(x);
  if ([...low, ...high].every((count) => count === 0) && interior.every((count, i) => count === 0 || shape[i] < 2)) return x;
  const inner = w.as(x, "pad");
  if (inner === undefined || !sameValue(w, inner.args[1], value) || interior.some((count) => count > 0)) return undefined;
  return w.op("pad", [inner.args[0], value], {
    low: low.map((count, i) => count + inner.attributes.low[i]),
    high: high.map((count, i) => count + inner.attributes.high[i]),
    interior: inner.attributes.interior,
  });
};

function sameValue(w: Rewriter, a: ValueId, b: ValueId): boolean {
  const number = w.splat(a);
  return a === b || (number !== undefined && Object.is(number, w.splat(b)));
}

// ---- concat

/** One part is the whole; empty parts go; parts of parts are parts; neighbours cut from one tensor are one part. */
export const mergeConcats: Rewrite<"concat"> = (w, { args, attributes: { axis } }) => {
  const parts: ValueId[] = [];
  for (const arg of args) {
    const inner = w.as(arg, "concat");
    if (inner !== undefined && inner.attributes.axis === axis) parts.push(...inner.args);
    else if (w.shapeOf(arg)[axis] > 0) parts.push(arg);
  }
  const joined: ValueId[] = [];
  for (const part of parts) {
    const whole = joined.length > 0 ? joinSlices(w, joined[joined.length - 1], part, axis) : undefined;
    if (whole === undefined) joined.push(part);
    else joined[joined.length - 1] = whole;
  }
  if (joined.length === 1) return joined[0];
  return joined.length === 0 || sameNumbers(joined, args) ? undefined : w.op("concat", joined, { axis });
};

/** x[.., a:b, ..] and x[.., b:c, ..] -> x[.., a:c, ..]. */
function joinSlices(w: Rewriter, left: ValueId, right: ValueId, axis: number): ValueId | undefined {
  const a = w.as(left, "slice");
  const b = w.as(right, "slice");
  if (a === undefined || b === undefined || a.args[0] !== b.args[0]) return undefined;
  const [first, second] = [a.attributes, b.attributes];
  if (first.step[axis] !== 1 || second.step[axis] !== 1 || first.limit[axis] !== second.start[axis]) return undefined;
  const others = range(first.start.length).filter((i) => i !== axis);
  if (!others.every((i) => first.start[i] === second.start[i] && first.limit[i] === second.limit[i] && first.step[i] === second.step[i])) {
    return undefined;
  }
  return w.op("slice", [a.args[0]], {
    start: first.start, limit: first.limit.map((end, i) => (i === axis ? second.limit[i] : end)), step: first.step,
  });
}
