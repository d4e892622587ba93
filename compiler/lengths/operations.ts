/**
 * One op for a run-time length: on tensors of the bound's size, of which only what lies below their sizes counts. What
 * looks beyond one place of an axis (sums, products, sorts, ...) gets its args with a neutral number beyond the length.
 */
import type { AttributesOf, OpName } from "../ops/attributes.ts";
import type { Builder } from "../ir/builder.ts";
import type { OpNode, RunTimeSize, ValueId } from "../ir/graph.ts";
import { elementCount } from "../ir/graph.ts";
import { axisToFront, highest, isFloat, lowest, repeat, windowAxes } from "../ops/index.ts";
import { type AtOne, constant } from "./constants.ts";
import type { Masks } from "./masks.ts";
import { affine, each, type Three, Unlike } from "./probes.ts";

export interface Place<K extends OpName> {
  readonly masks: Masks;
  readonly nodes: Three<OpNode<K>>;
  readonly lengths: Three<number>;
  readonly atOne: AtOne;
  /** The args, as they are now. */
  readonly x: readonly ValueId[];
  /** Their sizes, and those of the first result. */
  readonly from: readonly (readonly RunTimeSize[])[];
  readonly to: readonly RunTimeSize[];
}

type Rule<K extends OpName> = (place: Place<K>) => readonly ValueId[];

const varies = (size: RunTimeSize | undefined): boolean => size !== undefined && size.times !== 0;

function apply<K extends OpName>({ masks: { b }, nodes: [node] }: Place<K>, x: readonly ValueId[]): readonly ValueId[] {
  return b.ops(node.op as K, x, node.attributes as AttributesOf<K>); // the union forgets that they belong together
}

const refuse = ({ nodes: [{ site }] }: Place<OpName>): never => {
  throw new Unlike(site, "form");
};

/** Whether a number of the attributes is the same at every length. */
const fixed = (values: Three<number>): boolean => values.every((value) => value === values[0]);

type Reduction = "reduce_sum" | "reduce_prod" | "reduce_max" | "reduce_min";
const neutral: Readonly<Record<Reduction, (element: keyof typeof lowest) => number>> = {
  reduce_sum: () => 0, reduce_prod: () => 1, reduce_max: (element) => lowest[element], reduce_min: (element) => highest[element],
};

const reduction: Rule<Reduction> = (place) => {
  const { masks, nodes: [{ op, attributes: { axes } }], x, from } = place;
  return apply(place, [masks.keep(x[0], from[0], axes, neutral[op](masks.b.typeOf(x[0]).element))]);
};

/** The first of equals wins: what lies beyond is behind all that counts. */
const position: Rule<"argmax" | "argmin"> = (place) => {
  const { masks, nodes: [{ op, attributes: { axis } }], x, from } = place;
  const { element } = masks.b.typeOf(x[0]);
  return apply(place, [masks.keep(x[0], from[0], [axis], (op === "argmax" ? lowest : highest)[element])]);
};

/** From the front it never reaches what lies beyond. */
const cumulative: Rule<"cumsum" | "cumprod" | "cummax"> = (place) => {
  const { masks, nodes: [{ op, attributes: { axis, reversed } }], x, from } = place;
  const fill = { cumsum: 0, cumprod: 1, cummax: lowest[masks.b.typeOf(x[0]).element] }[op];
  return apply(place, reversed ? [masks.keep(x[0], from[0], [axis], fill)] : x);
};

const counter = (b: Builder, count: number): ValueId => b.op("iota", [], { shape: [count], axis: 0, element: "i32" });

/** What stands at some places of an axis: indices i32[count], clamped to the axis. */
function takeAlong(b: Builder, x: ValueId, axis: number, indices: ValueId): ValueId {
  const moved = axisToFront(b, x, axis);
  const taken = b.op("gather", [moved, b.reshape(indices, [...b.typeOf(indices).shape, 1])], { batch: 0 });
  const rank = b.typeOf(x).shape.length;
  return b.transpose(taken, Array.from({ length: rank }, (_, i) => (i === axis ? 0 : i < axis ? i + 1 : i)));
}

/** i32[shape, 1]: where each place stands in row-major order, by sizes that a call tells. */
function rowMajor(masks: Masks, shape: readonly number[], sizes: readonly RunTimeSize[]): ValueId {
  const { b } = masks;
  const full = { element: "i32", shape } as const;
  return b.reshape(shape.reduce<ValueId>((index, _, axis) => {
    const here = b.op("iota", [], { ...full, axis });
    return b.add(b.mul(index, b.broadcast(masks.value(sizes[axis]), shape, [])), here);
  }, b.zeros(full)), [...shape, 1]);
}

const rules: { readonly [K in OpName]?: Rule<K> } = {
  constant: ({ masks, nodes, lengths, atOne }) => [constant(masks, nodes, lengths, atOne)],

  reduce_sum: reduction, reduce_prod: reduction, reduce_max: reduction, reduce_min: reduction,
  argmax: position, argmin: position,
  cumsum: cumulative, cumprod: cumulative, cummax: cumulative,

  // Both sides: 0 * NaN is NaN.
  dot: (place) => {
    const { masks, nodes: [{ attributes: { leftContract, rightContract } }], x, from } = place;
    return apply(place, [masks.keep(x[0], from[0], leftContract, 0), masks.keep(x[1], from[1], rightContract, 0)]);
  },

  // Rows stay rows: as many elements before the axis, and as many in what counts.
  reshape: (place) => {
    const { from: [sizes], to, masks, x, nodes: [{ attributes }] } = place;
    const shapes = [masks.b.typeOf(x[0]).shape, attributes.shape];
    const axes = [sizes, to].map((list) => list.flatMap((size, axis) => (varies(size) ? [axis] : [])));
    if (axes[0].length !== axes[1].length || axes[0].length > 1) refuse(place);
    if (axes[0].length === 0) return apply(place, x);
    const [before, counted] = [0, 1].map((what) => shapes.map((shape, side) => {
      const [axis] = axes[side];
      if (what === 0) return elementCount(shape.slice(0, axis));
      const size = [sizes, to][side][axis];
      const inner = elementCount(shape.slice(axis + 1));
      return `${size.times * inner} ${size.plus * inner}`;
    }));
    return before[0] === before[1] && counted[0] === counted[1] ? apply(place, x) : refuse(place);
  },

  // What begins at another place for each length is fetched; the rest is there at every length, 1 too.
  slice: (place) => {
    const { masks, nodes, lengths, x, from: [sizes] } = place;
    const { b } = masks;
    const [{ attributes }] = nodes;
    const start = [...attributes.start];
    const limit = [...attributes.limit];
    const step = [...attributes.step];
    const fetched = sizes.reduce<ValueId>((value, size, axis) => {
      const starts = each(nodes, (node) => node.attributes.start[axis]);
      const limits = each(nodes, (node) => node.attributes.limit[axis]);
      if (varies(size) && fixed(limits) && limits[0] > size.times + size.plus) refuse(place);
      if (fixed(starts)) return value;
      const first = affine(starts, lengths) ?? refuse(place);
      const count = Math.ceil((limit[axis] - start[axis]) / step[axis]);
      const index = b.add(repeat(b, masks.value(first), count), b.mul(counter(b, count), b.constant({ element: "i32", shape: [count] }, step[axis])));
      [start[axis], limit[axis], step[axis]] = [0, count, 1];
      return takeAlong(b, value, axis, index);
    }, x[0]);
    return [b.op("slice", [fetched], { start, limit, step })];
  },

  // Behind what counts stands the padding. What has another padding before it for each length is fetched.
  pad: (place) => {
    const { masks, nodes, lengths, x, from: [sizes], to } = place;
    const { b } = masks;
    const [low, high, interior] = (["low", "high", "interior"] as const).map((name) => [...nodes[0].attributes[name]]);
    const axes = to.flatMap((size, axis) => (varies(size) || varies(sizes[axis]) ? [axis] : []));
    if (!axes.every((axis) => fixed(each(nodes, (node) => node.attributes.interior[axis])))) refuse(place);
    const reached = axes.filter((axis) => high[axis] > 0 || interior[axis] > 0);
    const padded = axes.reduce<ValueId>((value, axis) => {
      const before = affine(each(nodes, (node) => node.attributes.low[axis]), lengths) ?? refuse(place);
      if (!varies(before)) return value;
      if (interior[axis] > 0) refuse(place);
      const { shape, element } = b.typeOf(value);
      const count = low[axis] + shape[axis] + high[axis];
      const index = b.sub(counter(b, count), repeat(b, masks.value(before), count));
      const behind = b.op("lt", [index, repeat(b, masks.value(sizes[axis]), count)], {});
      const inside = b.op("bit_and", [behind, b.op("ge", [index, b.like(index, 0)], {})], {});
      const type = { element, shape: shape.with(axis, count) };
      [low[axis], high[axis]] = [0, 0];
      return b.select(b.broadcast(inside, type.shape, [axis]), takeAlong(b, value, axis, index), b.broadcast(x[1], type.shape, []));
    }, masks.keep(x[0], sizes, reached, { value: x[1] }));
    return [b.op("pad", [padded, x[1]], { low, high, interior })];
  },

  // Parts that stand behind a longer or shorter one are fetched from where they are at the bound.
  concat: (place) => {
    const { masks, nodes: [{ attributes: { axis } }], from, x } = place;
    const { b } = masks;
    const parts = apply(place, x);
    if (!from.slice(0, -1).some((sizes) => varies(sizes[axis]))) return parts;
    const count = b.typeOf(parts[0]).shape[axis];
    const here = counter(b, count);
    let begins: RunTimeSize = { times: 0, plus: 0 };
    let stands = 0;
    let index = here;
    for (const [i, sizes] of from.entries()) {
      const moved = b.sub(b.add(here, b.constant({ element: "i32", shape: [count] }, stands)), repeat(b, masks.value(begins), count));
      index = i === 0 ? here : b.select(b.op("ge", [here, repeat(b, masks.value(begins), count)], {}), moved, index);
      begins = { times: begins.times + sizes[axis].times, plus: begins.plus + sizes[axis].plus };
      stands += b.typeOf(x[i]).shape[axis];
    }
    return [takeAlong(b, parts[0], axis, index)];
  },

  reverse: (place) => {
    const { masks, nodes: [{ attributes: { axes } }], from: [sizes], x } = place;
    const { b } = masks;
    const others = axes.filter((axis) => !varies(sizes[axis]));
    const turned = others.length === 0 ? x[0] : b.op("reverse", [x[0]], { axes: others });
    return [axes.filter((axis) => varies(sizes[axis])).reduce<ValueId>((value, axis) => {
      const count = b.typeOf(value).shape[axis];
      const { times, plus } = sizes[axis];
      return takeAlong(b, value, axis, b.sub(repeat(b, masks.value({ times, plus: plus - 1 }), count), counter(b, count)));
    }, turned)];
  },

  // Windows beyond add to places that count.
  overlap_add: (place) => {
    const { masks, nodes: [{ attributes }], x, from: [sizes] } = place;
    const inside = windowAxes(attributes);
    return apply(place, [masks.keep(x[0], sizes, sizes.map((_, axis) => axis).filter((axis) => !inside.includes(axis)), 0)]);
  },

  // An index is clamped to what counts.
  gather: (place) => {
    const { masks, nodes: [{ attributes: { batch } }], x: [x, indices], from: [sizes] } = place;
    const { b } = masks;
    const { shape } = b.typeOf(indices);
    const depth = shape[shape.length - 1];
    const indexed = sizes.slice(batch, batch + depth);
    if (!indexed.some(varies)) return apply(place, [x, indices]);
    const last = masks.vector(indexed.map(({ times, plus }) => ({ times, plus: plus - 1 })), "i32");
    return apply(place, [x, b.op("min", [indices, b.broadcast(last, shape, [shape.length - 1])], {})]);
  },

  // Updates beyond go nowhere.
  scatter: (place) => {
    const { masks, nodes: [{ attributes: { batch } }], x: [x, indices, updates], from: [, sizes] } = place;
    const places = sizes.map((_, axis) => axis).slice(batch, -1);
    return apply(place, [x, masks.keep(indices, sizes, places, -1), updates]);
  },

  // Stable: equals that count stand first. NaN is last in either direction.
  sort: (place) => {
    const { masks, nodes: [{ attributes: { descending } }], x, from: [sizes] } = place;
    const { element } = masks.b.typeOf(x[0]);
    const fill = isFloat(element) ? Number.NaN : (descending ? lowest : highest)[element];
    return apply(place, [masks.keep(x[0], sizes, [sizes.length - 1], fill)]);
  },

  // Counted in row-major order: a longer first axis changes nothing before it, another one moves what stands behind it.
  random_bits: (place) => {
    const { masks, nodes: [node], to, x: [key] } = place;
    const { shape } = node.attributes;
    const keys = to.length - shape.length;
    if (!to.slice(keys + 1).some(varies)) return apply(place, [key]);
    const { b } = masks;
    const stream = b.op("random_bits", [key], { shape: [elementCount(shape)] });
    const all = b.typeOf(stream).shape.slice(0, keys);
    const indices = b.broadcast(rowMajor(masks, shape, to.slice(keys)), [...all, ...shape, 1], shape.concat(1).map((_, axis) => keys + axis));
    return [b.op("gather", [stream, indices], { batch: keys })];
  },
};

/** The results of an op, as values of the bound's size. @throws Unlike where no such op does it */
export function operation<K extends OpName>(place: Place<K>): readonly ValueId[] {
  const rule = rules[place.nodes[0].op as K]; // as above
  return rule === undefined ? apply(place, place.x) : rule(place);
}

/** The number of turns of a loop. */
export const turnsOf = (lengths: Three<number>, turns: Three<number>): RunTimeSize | undefined => affine(turns, lengths);
