/** A batched region against a loop over the elements. */
import { expect } from "vitest";
import { batchRegion } from "../../compiler/batch/index.ts";
import type { BatchOptions } from "../../compiler/batch/index.ts";
import { Builder } from "../../compiler/ir/builder.ts";
import { elementCount } from "../../compiler/ir/graph.ts";
import type { Region, TensorType } from "../../compiler/ir/graph.ts";
import { verify } from "../../compiler/ir/verify.ts";
import { evaluate } from "../../compiler/reference/index.ts";
import type { Tensor } from "../../compiler/reference/index.ts";

export const withBatch = ({ element, shape }: TensorType, size: number): TensorType => ({ element, shape: [size, ...shape] });

/** The region mapped over `size`: its params those of the region, batched as said; all its results batched or not, as `batched` says. */
export function batchedRegion(region: Region, batched: readonly boolean[], size: number, options: BatchOptions = {}): { readonly region: Region; readonly batched: readonly boolean[] } {
  const b = new Builder();
  const args = region.params.map((param, i) => {
    const type = region.types[param];
    return { id: b.parameter(batched[i] ? withBatch(type, size) : type), batched: batched[i] };
  });
  const results = batchRegion(b, region, args, size, options);
  const mapped = b.region(results.map(({ id }) => id));
  verify(mapped);
  return { region: mapped, batched: results.map((result) => result.batched) };
}

/** Element i of a batched tensor. */
export function element({ type, data }: Tensor, i: number): Tensor {
  const shape = type.shape.slice(1);
  const count = elementCount(shape);
  return { type: { ...type, shape }, data: data.slice(i * count, (i + 1) * count) };
}

/** Tensors of one type as one. */
export const stack = (tensors: readonly Tensor[]): Tensor => ({
  type: withBatch(tensors[0].type, tensors.length), data: Float64Array.from(tensors.flatMap(({ data }) => [...data])),
});

export function expectClose(actual: Tensor, wanted: Tensor, tolerance: number, what: string): void {
  expect(actual.type, what).toEqual(wanted.type);
  const off = wanted.data.findIndex((x, i) => {
    const y = actual.data[i];
    return !Object.is(x, y) && x !== y && !(Math.abs(x - y) <= tolerance * Math.max(1, Math.abs(x)));
  });
  expect(off < 0, `${what}: [${off}] is ${actual.data[off]}, expected ${wanted.data[off]}`).toBe(true);
}

/** `args[i]`: one tensor, or one for each element. The batched region equals the region on each element. */
export function checkBatch(region: Region, args: readonly (Tensor | readonly Tensor[])[], size: number, tolerance: number, what: string): void {
  const batched = args.map((arg) => "length" in arg);
  const mapped = batchedRegion(region, batched, size);
  const actual = evaluate(mapped.region, args.map((arg) => ("length" in arg ? stack(arg) : arg)));
  for (let i = 0; i < size; i++) {
    const wanted = evaluate(region, args.map((arg) => ("length" in arg ? arg[i] : arg)));
    wanted.forEach((value, k) => expectClose(mapped.batched[k] ? element(actual[k], i) : actual[k], value, tolerance, `${what}: result ${k} of element ${i}`));
  }
}

/** Every choice of which of `count` args are batched. */
export const patterns = (count: number): boolean[][] =>
  Array.from({ length: 2 ** count }, (_, bits) => Array.from({ length: count }, (_, i) => ((bits >> i) & 1) === 1));
