/** Gather and scatter along the first axes after a batch, and sorting of the last axis. */
import type { Builder } from "../ir/builder.ts";
import { elementCount, sameShape } from "../ir/graph.ts";
import type { TensorType, ValueId } from "../ir/graph.ts";
import type { AttributesOf } from "./attributes.ts";
import { allBatched, axisToFront, pointwise, shifted } from "./batching.ts";
import type { OpTable, RuleContext, Tensor } from "./define.ts";
import { general } from "./families.ts";
import { broadcastTrailing, compare, orZeros } from "./rules.ts";
import { describe, field, need, needElement, numbers, range } from "./shapes.ts";
import { newTensor, wraps } from "./tensors.ts";

type Names = "gather" | "scatter" | "sort";

/** The parts of the shapes: x is [B..., D..., R...], indices are [B..., I..., k] with k = D's axes. */
interface Layout {
  readonly batch: readonly number[];
  readonly indexed: readonly number[];
  readonly rest: readonly number[];
  /** I... */
  readonly places: readonly number[];
}

function layoutOf(x: TensorType, indices: TensorType, batch: number): Layout {
  const rank = indices.shape.length;
  need(Number.isInteger(batch) && batch >= 0 && batch < rank, () => `${batch} batch axes of indices ${describe(indices)}`);
  need(indices.element === "i32", () => `indices are ${describe(indices)}, expected i32`);
  const depth = indices.shape[rank - 1];
  const layout: Layout = {
    batch: x.shape.slice(0, batch),
    indexed: x.shape.slice(batch, batch + depth),
    rest: x.shape.slice(batch + depth),
    places: indices.shape.slice(batch, rank - 1),
  };
  need(layout.indexed.length === depth, () => `indices ${describe(indices)} index more axes than ${describe(x)} has`);
  need(sameShape(layout.batch, indices.shape.slice(0, batch)), () => `batch axes of ${describe(x)} and ${describe(indices)} differ`);
  return layout;
}

/** Offsets in x of the slice that each index names; -1 where it lies outside, unless indices are clamped. */
function slices(indices: Tensor, { batch, indexed, rest, places }: Layout, clamped: boolean): Int32Array {
  const depth = indexed.length;
  const perBatch = elementCount(places);
  const inner = elementCount(rest);
  const result = new Int32Array(elementCount(batch) * perBatch);
  for (let at = 0; at < result.length; at++) {
    let flat = Math.floor(at / perBatch);
    let inside = true;
    for (let j = 0; j < depth; j++) {
      const index = indices.data[at * depth + j];
      inside &&= index >= 0 && index < indexed[j];
      flat = flat * indexed[j] + Math.min(Math.max(index, 0), indexed[j] - 1);
    }
    result[at] = inside || clamped ? flat * inner : -1;
  }
  return result;
}

/** The greatest valid index of each indexed axis, shaped like the indices. */
function limits(b: Builder, x: ValueId, indices: ValueId, batch: number): ValueId {
  const type = b.typeOf(indices);
  const { indexed } = layoutOf(b.typeOf(x), type, batch);
  const last = indexed.map((size) => size - 1);
  if (last.every((limit) => limit === last[0])) return b.constant(type, last[0] ?? 0);
  return b.broadcast(b.constant({ element: "i32", shape: [last.length] }, ...last), type.shape, [type.shape.length - 1]);
}

const clamp = (b: Builder, x: ValueId, indices: ValueId, batch: number): ValueId =>
  b.op("min", [b.op("max", [indices, b.like(indices, 0)], {}), limits(b, x, indices, batch)], {});

/** Whether each index lies inside: bool [B..., I...]. */
function inside(b: Builder, x: ValueId, indices: ValueId, batch: number): ValueId {
  const low = compare(b, "ge", indices, b.like(indices, 0));
  const high = compare(b, "le", indices, limits(b, x, indices, batch));
  const axis = b.typeOf(indices).shape.length - 1;
  return b.op("reduce_min", [b.op("bit_and", [low, high], {})], { axes: [axis] });
}

type Scatter = RuleContext<AttributesOf<"scatter">>;

/** What updates read at their indices; `fallback` at indices outside. */
function readBack({ b, x: [target, indices, updates], attributes: { batch } }: Scatter, value: ValueId, fallback: number): ValueId {
  const rest = layoutOf(b.typeOf(target), b.typeOf(indices), batch).rest;
  const mask = broadcastTrailing(b, inside(b, target, indices, batch), rest);
  const read = b.op("gather", [value, indices], { batch });
  return b.select(mask, read, b.constant({ ...b.typeOf(updates), element: b.typeOf(value).element }, fallback));
}

/** Of mode set: whether each update is the last at its place, and none was dropped: bool, updates' shape. */
function survives(context: Scatter): ValueId {
  const { b, x: [target, indices], attributes: { batch } } = context;
  const layout = layoutOf(b.typeOf(target), b.typeOf(indices), batch);
  const shape = [...layout.batch, ...layout.places];
  const flat = b.op("iota", [], { shape: [elementCount(shape)], axis: 0, element: "i32" });
  const ordinals = b.reshape(flat, shape);
  const nobody = b.constant({ element: "i32", shape: [...layout.batch, ...layout.indexed] }, -1);
  const winners = b.op("scatter", [nobody, indices, ordinals], { batch, mode: "set" });
  const read = b.op("gather", [winners, indices], { batch });
  const last = b.op("bit_and", [compare(b, "eq", read, ordinals), inside(b, target, indices, batch)], {});
  return broadcastTrailing(b, last, layout.rest);
}

/** Of mode max: which elements of target and updates attain the result, and how many do per place (at least 1). */
function attained(context: Scatter) {
  const { b, x: [target, indices, updates], y: [result], attributes: { batch } } = context;
  const { element } = b.typeOf(target);
  const own = compare(b, "eq", target, result);
  // NaN equals nothing, so dropped updates do not attain.
  const update = compare(b, "eq", updates, readBack(context, result, Number.NaN));
  const count = b.op("scatter", [b.cast(own, element), indices, b.cast(update, element)], { batch, mode: "add" });
  return { own, update, count: b.op("max", [count, b.like(count, 1)], {}) };
}

const where = (b: Builder, mask: ValueId, value: ValueId): ValueId => b.select(mask, value, b.like(value, 0));

export const indexing: OpTable<Names> = {
  gather: general({
    doc:
      "(x [B..., D..., R...], indices i32 [B..., I..., k]) -> [B..., I..., R...]: the slice of x at each index; " +
      "`batch` is the number of axes B, indices are clamped.",
    arity: 2, credits: [true, false],
    infer: ([x, indices], { batch }) => {
      const layout = layoutOf(x, indices, batch);
      need(elementCount(layout.places) === 0 || layout.indexed.every((size) => size > 0), () => `nothing to read in ${describe(x)}`);
      return [{ element: x.element, shape: [...layout.batch, ...layout.places, ...layout.rest] }];
    },
    // Shared x: its new axis is one of places, I..., moved behind B and back. Shared indices are repeated, not x moved.
    batch: (context) => {
      const { b, x: [x, indices], batched, attributes: { batch }, apply } = context;
      if (batched[0]) return apply(allBatched(context), { batch: batch + 1 });
      const rank = b.typeOf(indices).shape.length;
      const behindBatch = b.transpose(indices, [...range(batch, 1), 0, ...range(rank - batch - 1, batch + 1)]);
      return apply([x, behindBatch], { batch }).map((y) => axisToFront(b, y, batch));
    },
    reference: ([x, indices], { batch }, [type]) => {
      const layout = layoutOf(x.type, indices.type, batch);
      const inner = elementCount(layout.rest);
      const y = newTensor(type);
      slices(indices, layout, true).forEach((from, at) => y.data.set(x.data.subarray(from, from + inner), at * inner));
      return [y];
    },
    jvp: ({ b, x, attributes }, [dx]) => [dx === null ? null : b.op("gather", [dx, x[1]], attributes)],
    vjp: ({ b, x: [x, indices], attributes: { batch } }, [ct]) => [
      ct === null
        ? null
        : b.op("scatter", [b.like(x, 0), clamp(b, x, indices, batch), ct], { batch, mode: "add" }),
      null,
    ],
  }),

  scatter: general({
    doc:
      "(x [B..., D..., R...], indices i32 [B..., I..., k], updates [B..., I..., R...]) -> x with the updates put in, in " +
      "row-major order: add sums, set lets the last win, max keeps the greatest (a NaN wins; credit is shared equally " +
      "by ties, none at NaN). Indices outside are dropped.",
    arity: 3, credits: [true, false, true],
    infer: ([x, indices, updates], { batch, mode }) => {
      needElement(x, mode === "max" ? numbers : field);
      const { batch: batchShape, places, rest } = layoutOf(x, indices, batch);
      need(updates.element === x.element && sameShape(updates.shape, [...batchShape, ...places, ...rest]),
        () => `updates ${describe(updates)} for ${describe(x)} at ${describe(indices)}`);
      return [x];
    },
    batch: shifted(({ batch, mode }) => ({ batch: batch + 1, mode })),
    reference: ([x, indices, updates], { batch, mode }, [type]) => {
      const layout = layoutOf(x.type, indices.type, batch);
      const inner = elementCount(layout.rest);
      const y: Tensor = { type, data: x.data.slice() };
      const wrap = wraps[type.element];
      const combine = { add: (a: number, b: number) => a + b, set: (_: number, b: number) => b, max: Math.max }[mode];
      slices(indices, layout, false).forEach((to, at) => {
        if (to < 0) return;
        for (let i = 0; i < inner; i++) y.data[to + i] = wrap(combine(y.data[to + i], updates.data[at * inner + i]));
      });
      return [y];
    },
    jvp: (context, [dx, , du]) => {
      const { b, x, attributes } = context;
      if (dx === null && du === null) return [null];
      const [own, update] = [orZeros(b, dx, x[0]), orZeros(b, du, x[2])];
      if (attributes.mode !== "max") return [b.op("scatter", [own, x[1], update], attributes)]; // jointly linear
      const best = attained(context);
      const sum = b.op("scatter", [where(b, best.own, own), x[1], where(b, best.update, update)], { ...attributes, mode: "add" });
      return [b.div(sum, best.count)];
    },
    vjp: (context, [ct], wanted) => {
      const { b, x: [, indices, updates], attributes } = context;
      if (ct === null) return [null, null, null];
      switch (attributes.mode) {
        case "add":
          return [ct, null, wanted[2] ? readBack(context, ct, 0) : null];
        case "set":
          return [
            wanted[0] ? b.op("scatter", [ct, indices, b.like(updates, 0)], attributes) : null,
            null,
            wanted[2] ? where(b, survives(context), b.op("gather", [ct, indices], { batch: attributes.batch })) : null,
          ];
        case "max": {
          const best = attained(context);
          const share = b.div(ct, best.count);
          return [
            wanted[0] ? where(b, best.own, share) : null,
            null,
            wanted[2] ? where(b, best.update, readBack(context, share, 0)) : null,
          ];
        }
      }
    },
    samples: { low: -2, high: 2, distinct: true },
  }),

  sort: general({
    doc:
      "Sorts the last axis, stably; NaN last, whatever the direction; -0 equals 0. Results: the values, and the " +
      "positions (i32) where they stood. Ties: the credit follows the positions.",
    arity: 1, batch: pointwise,
    infer: ([x]) => {
      needElement(x, numbers);
      need(x.shape.length > 0, () => "a scalar has no axis");
      return [x, { element: "i32", shape: x.shape }];
    },
    reference: ([x], { descending }, [type, positionType]) => {
      const values = newTensor(type);
      const positions = newTensor(positionType);
      const size = type.shape[type.shape.length - 1];
      const order = (a: number, b: number): number => {
        if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
        if (a === b) return 0;
        return a < b === descending ? 1 : -1;
      };
      for (let start = 0; start < values.data.length; start += size) {
        range(size)
          .sort((i, j) => order(x.data[start + i], x.data[start + j]))
          .forEach((from, to) => {
            values.data[start + to] = x.data[start + from];
            positions.data[start + to] = from;
          });
      }
      return [values, positions];
    },
    jvp: ({ b, y }, [dx]) => {
      if (dx === null) return [null, null];
      const { shape } = b.typeOf(y[1]);
      return [b.op("gather", [dx, b.reshape(y[1], [...shape, 1])], { batch: shape.length - 1 }), null];
    },
    vjp: ({ b, x, y }, [ct]) => {
      if (ct === null) return [null];
      const { shape } = b.typeOf(y[1]);
      const indices = b.reshape(y[1], [...shape, 1]);
      return [b.op("scatter", [b.like(x[0], 0), indices, ct], { batch: shape.length - 1, mode: "add" })];
    },
    flops: ([x]) => elementCount(x.shape) * Math.ceil(Math.log2(Math.max(2, x.shape[x.shape.length - 1]))),
    samples: { low: -2, high: 2, distinct: true },
  }),
};
