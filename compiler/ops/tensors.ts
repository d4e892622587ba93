/** What `reference` of the families shares: wrapping of integers and walks over row-major data. */
import { elementCount } from "../ir/graph.ts";
import type { Element, TensorType } from "../ir/graph.ts";
import type { Tensor } from "./define.ts";

/** Brings a number back into its element: integers wrap to 32 bit, bool is the field of two elements. */
export const wraps: Readonly<Record<Element, (x: number) => number>> = {
  f32: (x) => x,
  f64: (x) => x,
  i32: (x) => x | 0,
  u32: (x) => x >>> 0,
  bool: (x) => x & 1,
};

/** a * b in an element; a 32-bit product does not fit f64. */
export const products: Readonly<Record<Element, (a: number, b: number) => number>> = {
  f32: (a, b) => a * b,
  f64: (a, b) => a * b,
  i32: (a, b) => Math.imul(a, b),
  u32: (a, b) => Math.imul(a, b) >>> 0,
  bool: (a, b) => a & b,
};

export const newTensor = (type: TensorType): Tensor => ({ type, data: new Float64Array(elementCount(type.shape)) });

/** Row-major strides, in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

/** base + sum of index * stride, for every index of `shape` in row-major order. */
export function offsets(shape: readonly number[], strides: readonly number[], base = 0): Int32Array {
  const result = new Int32Array(elementCount(shape));
  if (result.length === 0) return result;
  result[0] = base;
  // Axis by axis, outermost first: the block known so far is repeated with its stride, spread out by the inner sizes.
  let inner = result.length;
  for (let axis = 0; axis < shape.length; axis++) {
    const block = inner;
    inner = block / shape[axis];
    for (let start = 0; start < result.length; start += block) {
      for (let i = 1; i < shape[axis]; i++) result[start + i * inner] = result[start] + i * strides[axis];
    }
  }
  return result;
}

/** Reads x at `from[i]` for each element i of the result. */
export function take(x: Tensor, from: Int32Array, type: TensorType): Tensor {
  const y = newTensor(type);
  for (let i = 0; i < from.length; i++) y.data[i] = x.data[from[i]];
  return y;
}

/** Writes x's elements to `to[i]` of y. */
export function place(x: Tensor, to: Int32Array, y: Tensor): void {
  for (let i = 0; i < to.length; i++) y.data[to[i]] = x.data[i];
}
