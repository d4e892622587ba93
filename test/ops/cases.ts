/** What the tests draw for each op: arg types, attributes, and values where an interval does not say them. */
import type { Element, TensorType } from "../../compiler/ir/graph.ts";
import type { AttributesOf, OpName, Tensor } from "../../compiler/ops/index.ts";
import { tensor } from "../../compiler/reference/index.ts";
import type { Random } from "./random.ts";

export interface Case<A = AttributesOf<OpName>> {
  readonly args: readonly TensorType[];
  readonly attributes: A;
  /** Given values, by arg; the others are drawn from the op's samples. */
  readonly values?: Readonly<Record<number, Tensor>>;
}

export const type = (element: Element, ...shape: readonly number[]): TensorType => ({ element, shape });

const shapes: readonly (readonly number[])[] = [[], [5], [2, 3], [1, 4, 2], [0, 3]];
const floats = ["f32", "f64"] as const;
const integers = ["i32", "u32"] as const;
const numbers = [...floats, ...integers] as const;
const field = [...numbers, "bool"] as const;

const same = (arity: number, elements: readonly Element[]) => (): Case<AttributesOf<"add">>[] =>
  elements.flatMap((element, i) =>
    (i === 0 ? shapes : shapes.slice(1, 3)).map((shape) => ({
      args: Array.from({ length: arity }, () => ({ element, shape })), attributes: {},
    })));

const reductions = (elements: readonly Element[]) => (): Case<AttributesOf<"reduce_sum">>[] =>
  elements.flatMap((element) => [
    { args: [type(element, 5)], attributes: { axes: [0] } },
    { args: [type(element, 2, 3)], attributes: { axes: [1] } },
    { args: [type(element, 2, 3, 2)], attributes: { axes: [2, 0] } },
    { args: [type(element, 2, 3)], attributes: { axes: [] } },
    { args: [type(element, 2, 0)], attributes: { axes: [1] } },
    { args: [type(element, 2, 1)], attributes: { axes: [1] } },
  ]);

const positions = (): Case<AttributesOf<"argmax">>[] =>
  numbers.flatMap((element) => [
    { args: [type(element, 5)], attributes: { axis: 0 } },
    { args: [type(element, 3, 4, 2)], attributes: { axis: 1 } },
  ]);

const cumulatives = (elements: readonly Element[]) => (): Case<AttributesOf<"cumsum">>[] =>
  elements.flatMap((element) => [false, true].flatMap((reversed) => [
    { args: [type(element, 6)], attributes: { axis: 0, reversed } },
    { args: [type(element, 2, 5, 2)], attributes: { axis: 1, reversed } },
    { args: [type(element, 3, 1)], attributes: { axis: 1, reversed } },
  ]));

/** Indices a little outside too; each axis has its limit. */
const indices = (r: Random, shape: readonly number[], limits: readonly number[]): Tensor => {
  const count = shape.reduce((product, size) => product * size, 1);
  return tensor({ element: "i32", shape }, Array.from({ length: count }, (_, i) => r.integer(-1, limits[i % limits.length])));
};

interface Indexed { readonly x: number[]; readonly at: number[]; readonly out: number[]; readonly batch: number; readonly limits: number[] }
const indexed: readonly Indexed[] = [
  { x: [4], at: [6, 1], out: [6], batch: 0, limits: [4] },
  { x: [4, 3], at: [2, 2, 1], out: [2, 2, 3], batch: 0, limits: [4] },
  { x: [4, 3], at: [5, 2], out: [5], batch: 0, limits: [4, 3] },
  { x: [2, 4, 3], at: [2, 3, 1], out: [2, 3, 3], batch: 1, limits: [4] },
  { x: [2, 3], at: [2, 1], out: [2], batch: 1, limits: [3] },
];

const windowed = [
  { x: [7], window: { axes: [0], size: [3], stride: [1], dilation: [1] }, y: [5, 3] },
  { x: [2, 6, 5, 3], window: { axes: [1, 2], size: [3, 2], stride: [2, 1], dilation: [1, 2] }, y: [2, 2, 3, 3, 2, 3] },
  { x: [4, 2, 6], window: { axes: [0, 2], size: [2, 2], stride: [2, 3], dilation: [1, 1] }, y: [2, 2, 2, 2, 2] },
  { x: [2, 5], window: { axes: [1], size: [2], stride: [3], dilation: [2] }, y: [2, 1, 2] },
  { x: [2], window: { axes: [0], size: [3], stride: [1], dilation: [1] }, y: [0, 3] },
];

const castCases = (): Case<AttributesOf<"cast">>[] =>
  field.flatMap((from) => field.map((to) => ({ args: [type(from, 2, 3)], attributes: { to } })));

export const cases: { readonly [K in OpName]: (r: Random) => readonly Case<AttributesOf<K>>[] } = {
  add: same(2, field), sub: same(2, field), mul: same(2, field), neg: same(1, field),
  div: same(2, floats), idiv: same(2, integers), imod: same(2, integers),
  min: same(2, numbers), max: same(2, numbers), abs: same(1, numbers), sign: same(1, [...floats, "i32"]),
  floor: same(1, floats), ceil: same(1, floats), round: same(1, floats), trunc: same(1, floats),
  sqrt: same(1, floats), exp: same(1, floats), expm1: same(1, floats), log: same(1, floats), log1p: same(1, floats),
  sin: same(1, floats), cos: same(1, floats), tanh: same(1, floats), erf: same(1, floats), logistic: same(1, floats),
  pow: same(2, floats), atan2: same(2, floats),
  integer_pow: () => [-3, -1, 0, 1, 2, 3, 7].map((exponent) => ({ args: [type("f32", 4)], attributes: { exponent } })),
  eq: same(2, field), ne: same(2, field), lt: same(2, field), le: same(2, field), gt: same(2, field), ge: same(2, field),
  bit_and: same(2, [...integers, "bool"]), bit_or: same(2, [...integers, "bool"]),
  bit_xor: same(2, [...integers, "bool"]), bit_not: same(1, [...integers, "bool"]),
  shift_left: same(2, integers), shift_right: same(2, integers), mul_high: same(2, ["u32"]),
  select: () => field.map((element) => ({ args: [type("bool", 2, 3), type(element, 2, 3), type(element, 2, 3)], attributes: {} })),
  cast: castCases,
  bitcast: () => (["f32", "i32", "u32"] as const).flatMap((from) =>
    (["f32", "i32", "u32"] as const).map((to) => ({ args: [type(from, 5)], attributes: { to } }))),
  stop: same(1, field),

  reshape: () => field.flatMap((element) => [
    { args: [type(element, 2, 3)], attributes: { shape: [3, 1, 2] } },
    { args: [type(element, 1)], attributes: { shape: [] } },
  ]),
  broadcast: () => field.flatMap((element) => [
    { args: [type(element)], attributes: { shape: [2, 3], axes: [] } },
    { args: [type(element, 3)], attributes: { shape: [2, 3, 2], axes: [1] } },
    { args: [type(element, 2, 1)], attributes: { shape: [2, 3, 4], axes: [0, 1] } },
    { args: [type(element, 1, 1)], attributes: { shape: [1, 3], axes: [0, 1] } },
  ]),
  transpose: () => field.map((element) => ({ args: [type(element, 2, 3, 4)], attributes: { permutation: [2, 0, 1] } })),
  slice: () => field.flatMap((element) => [
    { args: [type(element, 7)], attributes: { start: [1], limit: [6], step: [2] } },
    { args: [type(element, 4, 5)], attributes: { start: [1, 0], limit: [3, 5], step: [1, 3] } },
    { args: [type(element, 4)], attributes: { start: [2], limit: [2], step: [1] } },
  ]),
  pad: () => field.flatMap((element) => [
    { args: [type(element, 3), type(element)], attributes: { low: [2], high: [1], interior: [0] } },
    { args: [type(element, 2, 3), type(element)], attributes: { low: [0, 1], high: [1, 0], interior: [1, 2] } },
    { args: [type(element, 0), type(element)], attributes: { low: [1], high: [2], interior: [1] } },
  ]),
  concat: () => field.flatMap((element) => [
    { args: [type(element, 2, 3), type(element, 1, 3), type(element, 2, 3)], attributes: { axis: 0 } },
    { args: [type(element, 2, 1), type(element, 2, 3)], attributes: { axis: 1 } },
    { args: [type(element, 2)], attributes: { axis: 0 } },
  ]),
  window: () => field.flatMap((element) => windowed.map(({ x, window }) => ({ args: [type(element, ...x)], attributes: window }))),
  overlap_add: () => field.flatMap((element) => windowed.map(({ x, window, y }) =>
    ({ args: [type(element, ...y)], attributes: { ...window, extent: window.axes.map((axis) => x[axis]) } }))),
  reverse: () => field.map((element) => ({ args: [type(element, 2, 3, 2)], attributes: { axes: [0, 2] } })),

  reduce_sum: reductions(field), reduce_prod: reductions(field), reduce_max: reductions(field), reduce_min: reductions(field),
  argmax: positions, argmin: positions,
  cumsum: cumulatives(field), cumprod: cumulatives(field), cummax: cumulatives(numbers),

  dot: () => (["f32", "f64", "i32", "u32", "bool"] as const).flatMap((element) => [
    { args: [type(element, 2, 3), type(element, 3, 4)], attributes: { leftBatch: [], rightBatch: [], leftContract: [1], rightContract: [0] } },
    { args: [type(element, 3), type(element, 3)], attributes: { leftBatch: [], rightBatch: [], leftContract: [0], rightContract: [0] } },
    { args: [type(element, 3), type(element, 2)], attributes: { leftBatch: [], rightBatch: [], leftContract: [], rightContract: [] } },
    { args: [type(element, 3, 2, 4, 2), type(element, 4, 2, 5, 3)], attributes: { leftBatch: [1], rightBatch: [1], leftContract: [2, 0], rightContract: [0, 3] } },
    { args: [type(element, 2, 3, 2), type(element, 3, 2, 2)], attributes: { leftBatch: [1, 0], rightBatch: [0, 1], leftContract: [], rightContract: [] } },
  ]),

  gather: (r) => field.flatMap((element) => indexed.map(({ x, at, batch, limits }) => ({
    args: [{ element, shape: x }, { element: "i32" as const, shape: at }],
    attributes: { batch }, values: { 1: indices(r, at, limits) },
  }))),
  scatter: (r) => field.flatMap((element) => indexed.flatMap(({ x, at, out, batch, limits }) =>
    (["add", "set", "max"] as const).filter((mode) => mode !== "max" || element !== "bool").map((mode) => ({
      args: [{ element, shape: x }, { element: "i32" as const, shape: at }, { element, shape: out }],
      attributes: { batch, mode }, values: { 1: indices(r, at, limits) },
    })))),
  sort: () => numbers.flatMap((element) => [false, true].flatMap((descending) => [
    { args: [type(element, 7)], attributes: { descending } },
    { args: [type(element, 2, 4)], attributes: { descending } },
  ])),

  random_bits: () => [[2], [3, 2], [2, 3, 2], [0, 2]].flatMap((key) =>
    [[], [3], [2, 5], [23], [0]].map((shape) => ({ args: [type("u32", ...key)], attributes: { shape } }))),
  random_fold: () => [[], [3], [2, 3]].map((keys) => ({ args: [type("u32", ...keys, 2), type("u32", ...keys)], attributes: {} })),

  iota: () => numbers.map((element) => ({ args: [], attributes: { shape: [2, 3], axis: 1, element } })),
  constant: () => [
    { args: [], attributes: { element: "f32" as const, shape: [2, 2], data: [1, 2, 3, 0.5] } },
    { args: [], attributes: { element: "bool" as const, shape: [3], data: [1] } },
  ],
};

/** The cases of an op, loosely typed for generic tests. */
export const casesOf = (op: OpName, r: Random): readonly Case[] => cases[op](r) as readonly Case[]; // a union of functions

export function drawArgs({ args, values }: Case, samples: Parameters<Random["tensors"]>[1], r: Random): Tensor[] {
  return r.tensors(args, samples).map((drawn, i) => values?.[i] ?? drawn);
}
