/**
 * The core ops: their names and attributes. The op table (`index.ts`) gives each its meaning; this file is the contract
 * that the graph, the passes and the schedule share. Everything is explicit: no implicit broadcasting or conversion.
 *
 * "field" elements: f32 f64 i32 u32, and bool, the field of two elements, where add and sub are xor, mul is and,
 * neg is the identity. Integers wrap.
 */
import type { Element } from "../ir/graph.ts";

type None = Readonly<Record<string, never>>;
type Axes = { readonly axes: readonly number[] };
type Axis = { readonly axis: number };
type Window = {
  readonly axes: readonly number[]; readonly size: readonly number[]; readonly stride: readonly number[]; readonly dilation: readonly number[];
};

export interface OpAttributes {
  // ---- elementwise: all args have one shape (and element unless said), the result has it too
  add: None; sub: None; mul: None; neg: None; // field
  /** f32 f64. */
  div: None;
  /** i32 u32: floor division (the quotient rounds down); x / 0 is 0. The remainder has the divisor's sign; mod(x, 0) is 0. */
  idiv: None; imod: None;
  /** Not bool. NaN in, NaN out. */
  min: None; max: None; abs: None;
  /** -1, 0 or 1; NaN in, NaN out; not bool, u32. */
  sign: None;
  /** f32 f64. `round` is to even. */
  floor: None; ceil: None; round: None; trunc: None;
  sqrt: None; exp: None; expm1: None; log: None; log1p: None; sin: None; cos: None; tanh: None; erf: None;
  /** 1 / (1 + exp(-x)). */
  logistic: None;
  pow: None; atan2: None;
  /** x to a compile-time integer, by repeated multiplication; float elements. */
  integer_pow: { readonly exponent: number };
  /** Any element; the result is bool. NaN is unequal and unordered to everything. */
  eq: None; ne: None; lt: None; le: None; gt: None; ge: None;
  /** i32 u32, and bool as truth values. */
  bit_and: None; bit_or: None; bit_xor: None; bit_not: None;
  /** i32 u32: the count is taken modulo 32; `shift_right` of i32 keeps the sign. */
  shift_left: None; shift_right: None;
  /** u32: the high 32 bits of the product. */
  mul_high: None;
  /** (condition: bool, a, b): a where true, else b; all three of one shape. */
  select: None;
  /** To another element. Floats to integers truncate and saturate, NaN gives 0; to bool is x != 0; from bool is 0 or 1. */
  cast: { readonly to: Element };
  /** Between f32, i32 and u32: the same bits. */
  bitcast: { readonly to: Element };
  /** The value; no credit passes. */
  stop: None;

  // ---- movement: any element
  reshape: { readonly shape: readonly number[] };
  /** Input axis i becomes output axis axes[i] (ascending); it has the output's size or 1; all other axes are new. */
  broadcast: { readonly shape: readonly number[]; readonly axes: readonly number[] };
  /** y.shape[i] = x.shape[permutation[i]]. */
  transpose: { readonly permutation: readonly number[] };
  /** x[start:limit:step] per axis, step >= 1. */
  slice: { readonly start: readonly number[]; readonly limit: readonly number[]; readonly step: readonly number[] };
  /** (x, value: scalar): low and high per axis, >= 0; `interior` values between neighbours. */
  pad: { readonly low: readonly number[]; readonly high: readonly number[]; readonly interior: readonly number[] };
  concat: Axis;
  reverse: Axes;
  /**
   * y[..., p..., k..., ...] = x[..., p * stride + k * dilation, ...] along each of `axes` (ascending), p as many as fit, k < size;
   * the window axes k stand together behind the last of `axes`.
   */
  window: Window;
  /** The transpose of `window`: what lies on one place is added; `extent` are the result's sizes along `axes`. Field elements. */
  overlap_add: Window & { readonly extent: readonly number[] };

  // ---- reduction: the named axes vanish; over bool a sum is parity, max is any, min is all
  reduce_sum: Axes; reduce_prod: Axes; reduce_max: Axes; reduce_min: Axes;
  /** First position of the extreme, i32; a NaN counts as extreme. */
  argmax: Axis; argmin: Axis;
  /** Running sum, product, maximum along an axis, each turn included. */
  cumsum: Axis & { readonly reversed: boolean };
  cumprod: Axis & { readonly reversed: boolean };
  cummax: Axis & { readonly reversed: boolean };

  // ---- contraction: result axes are batch, then the left's free axes, then the right's, each in its operand's order
  dot: {
    readonly leftBatch: readonly number[];
    readonly rightBatch: readonly number[];
    readonly leftContract: readonly number[];
    readonly rightContract: readonly number[];
  };

  // ---- indexing: with b = batch, k = indices.shape.last
  /**
   * (x: [B..., D1..Dk, R...], indices: i32 [B..., I..., k]) -> [B..., I..., R...]; B has b axes, each index is clamped.
   */
  gather: { readonly batch: number };
  /**
   * (x: [B..., D1..Dk, R...], indices: i32 [B..., I..., k], updates: [B..., I..., R...]) -> x's shape. Updates go in
   * row-major order: add sums (deterministically), set lets the last win, max keeps the greatest. Indices outside are dropped.
   */
  scatter: { readonly batch: number; readonly mode: "add" | "set" | "max" };
  /** Along the last axis, stable; NaN last. Results: sorted values, and their positions (i32). */
  sort: { readonly descending: boolean };

  // ---- random: counter-based, Philox4x32-10 (Salmon et al. 2011)
  /** (key: u32[K..., 2]) -> u32[K..., shape]: element e of a key's shape is word e mod 4 of philox(counter = [e div 4, 0, 0, 0], key). */
  random_bits: { readonly shape: readonly number[] };
  /** (key: u32[K..., 2], data: u32[K...]) -> u32[K..., 2]: the first two words of philox(counter = [data, 0, 0, 1], key), for each key. */
  random_fold: None;

  // ---- sources
  iota: { readonly shape: readonly number[]; readonly axis: number; readonly element: Element };
  /** Row-major numbers; a single one fills the shape. f32 values are rounded at emission; bool is 0 or 1. */
  constant: { readonly element: Element; readonly shape: readonly number[]; readonly data: readonly number[] };
}

export type OpName = keyof OpAttributes;
export type AttributesOf<K extends OpName> = OpAttributes[K];
