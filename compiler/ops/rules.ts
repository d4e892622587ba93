/** What derivative rules share: shorthand over the builder. */
import type { Builder } from "../ir/builder.ts";
import type { ValueId } from "../ir/graph.ts";
import { pick, range } from "./shapes.ts";

/** a + b where null is zero. */
export function addCredit(b: Builder, first: ValueId | null, second: ValueId | null): ValueId | null {
  if (first === null) return second;
  return second === null ? first : b.add(first, second);
}

/** The value, or zeros shaped like `like` in place of a symbolic zero. */
export const orZeros = (b: Builder, value: ValueId | null, like: ValueId): ValueId =>
  value ?? b.zeros(b.typeOf(like));

export const compare = (b: Builder, op: "eq" | "ne" | "lt" | "le" | "gt" | "ge", x: ValueId, y: ValueId): ValueId =>
  b.op(op, [x, y], {});

/** x[from:to] along one axis. */
export function sliceAxis(b: Builder, x: ValueId, axis: number, from: number, to: number): ValueId {
  const { shape } = b.typeOf(x);
  if (from === 0 && to === shape[axis]) return x;
  return b.op("slice", [x], {
    start: shape.map((_, i) => (i === axis ? from : 0)),
    limit: shape.map((size, i) => (i === axis ? to : size)),
    step: shape.map(() => 1),
  });
}

/** `low` and `high` copies of `fill` around x along one axis. */
export function padAxis(b: Builder, x: ValueId, axis: number, low: number, high: number, fill: number): ValueId {
  const { shape, element } = b.typeOf(x);
  return b.op("pad", [x, b.constant({ element, shape: [] }, fill)], {
    low: shape.map((_, i) => (i === axis ? low : 0)),
    high: shape.map((_, i) => (i === axis ? high : 0)),
    interior: shape.map(() => 0),
  });
}

/** The named axes moved behind the others and flattened to one. */
export function flattenLast(b: Builder, x: ValueId, kept: readonly number[], axes: readonly number[]): ValueId {
  const { shape } = b.typeOf(x);
  const count = pick(shape, axes).reduce((product, size) => product * size, 1);
  return b.reshape(b.transpose(x, [...kept, ...axes]), [...pick(shape, kept), count]);
}

/** Repeats x over trailing axes: [S...] -> [S..., rest...]. */
export function broadcastTrailing(b: Builder, x: ValueId, rest: readonly number[]): ValueId {
  const { shape } = b.typeOf(x);
  return b.broadcast(x, [...shape, ...rest], range(shape.length));
}
