/** What batching rules share. */
import type { Builder } from "../ir/builder.ts";
import type { ValueId } from "../ir/graph.ts";
import type { BatchContext, OpDefinition } from "./define.ts";
import { range } from "./shapes.ts";

/** `size` copies of x along a new leading axis. */
export function repeat(b: Builder, x: ValueId, size: number): ValueId {
  const { shape } = b.typeOf(x);
  return b.broadcast(x, [size, ...shape], range(shape.length, 1));
}

/** Moves one axis to the front; the others keep their order. */
export function axisToFront(b: Builder, x: ValueId, axis: number): ValueId {
  const rank = b.typeOf(x).shape.length;
  return b.transpose(x, [axis, ...range(axis), ...range(rank - axis - 1, axis + 1)]);
}

/** The args, each of them batched. */
export const allBatched = <A>({ b, x, batched, size }: BatchContext<A>): ValueId[] =>
  x.map((arg, i) => (batched[i] ? arg : repeat(b, arg, size)));

/** The rule of an op whose attributes speak of no leading axis: its args, all batched. */
export const pointwise = <A>(context: BatchContext<A>): readonly ValueId[] =>
  context.apply(allBatched(context), context.attributes);

/** Attributes for args with one more leading axis of `size`. */
export type Shift<A> = (attributes: A, size: number) => A;

/** The rule of an op that needs nothing but other attributes when all its args are batched. */
export const shifted = <A>(shift: Shift<A>): OpDefinition<A>["batch"] =>
  (context) => context.apply(allBatched(context), shift(context.attributes, context.size));

/** Names of axes behind a new leading one. */
export const behind = (axes: readonly number[]): number[] => axes.map((axis) => axis + 1);

/** Attributes that name axes, behind a new leading one. */
export const shiftAxes = <A extends { readonly axes: readonly number[] }>(attributes: A): A =>
  ({ ...attributes, axes: behind(attributes.axes) });
export const shiftAxis = <A extends { readonly axis: number }>(attributes: A): A => ({ ...attributes, axis: attributes.axis + 1 });
