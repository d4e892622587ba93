/** Parts of tensors that a static index picks, and the way between a part and its whole. */
import type { Span } from "../../grammar/index.ts";
import type { Builder } from "../ir/builder.ts";
import { sameShape } from "../ir/builder.ts";
import type { ValueId } from "../ir/graph.ts";
import type { AttributesOf } from "../ops/attributes.ts";
import type { Context } from "./context.ts";
import { idOf, tensor } from "./tensors.ts";
import { ownShape, type TensorValue } from "./values.ts";

/** The slice at one place of an own axis; the axis vanishes. */
export function takeAt(context: Context, value: TensorValue, axis: number, at: number, span: Span): TensorValue {
  if (value.parts && axis === 0) return value.parts[at];
  const { builder } = context;
  const physical = value.variables.length + axis;
  const { shape } = value.type;
  const slice = {
    start: shape.map((_, i) => (i === physical ? at : 0)),
    limit: shape.map((size, i) => (i === physical ? at + 1 : size)),
    step: shape.map(() => 1),
  };
  const id = builder.reshape(builder.op("slice", [idOf(context, value, span)], slice), shape.filter((_, i) => i !== physical));
  const taken = tensor(context, id, value.axes.filter((_, i) => i !== axis), value.variables);
  return value.variables.length === 0 ? { ...taken, part: { of: value, slice } } : taken;
}

/** One step from a whole to its part. */
export interface Pick {
  readonly slice: AttributesOf<"slice">;
  /** The part's shape. */
  readonly shape: readonly number[];
  /** The whole's shape. */
  readonly from: readonly number[];
}

/** The tensor that a part was picked from, itself none or one that `isWhole`, and the picks on the way, the first first. */
export function wholeOf(value: TensorValue, isWhole: (value: TensorValue) => boolean): { readonly whole: TensorValue; readonly picks: readonly Pick[] } {
  const picks: Pick[] = [];
  let whole = value;
  while (whole.part && !isWhole(whole)) {
    const { of, slice } = whole.part;
    picks.unshift({ slice, shape: ownShape(whole), from: ownShape(of) });
    whole = of;
  }
  return { whole, picks };
}

/** The part of a whole. */
export const take = (b: Builder, whole: ValueId, picks: readonly Pick[]): ValueId =>
  picks.reduce((id, { slice, shape }) => b.reshape(b.op("slice", [id], slice), shape), whole);

/** A whole that is zero outside of a part. */
export function put(b: Builder, part: ValueId, picks: readonly Pick[]): ValueId {
  return picks.reduceRight((id, { slice: { start, limit, step }, from }) => {
    const sizes = from.map((_, axis) => Math.ceil((limit[axis] - start[axis]) / step[axis]));
    const zero = b.constant({ element: b.typeOf(id).element, shape: [] }, 0);
    return b.op("pad", [b.reshape(id, sizes), zero], {
      low: start, high: from.map((size, axis) => size - start[axis] - Math.max(0, (sizes[axis] - 1) * step[axis] + 1)), interior: step.map((n) => n - 1),
    });
  }, part);
}
