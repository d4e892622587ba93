/** What an entry of the op table is. Families (`elementwise.ts`, `movement.ts`, ...) fill it; nothing else describes an op. */
import type { Builder } from "../ir/builder.ts";
import type { TensorType, ValueId } from "../ir/graph.ts";
import type { AttributesOf, OpName } from "./attributes.ts";

/** A tensor of the reference: row-major f64 numbers, whatever the element (bool is 0 or 1). */
export interface Tensor {
  readonly type: TensorType;
  readonly data: Float64Array;
}

/** What derivative rules get: x inputs, y results, and the builder to append to. */
export interface RuleContext<A> {
  readonly b: Builder;
  readonly x: readonly ValueId[];
  readonly y: readonly ValueId[];
  readonly attributes: A;
}

/** What a batching rule gets. It answers the results with one more leading axis of `size`. */
export interface BatchContext<A> {
  readonly b: Builder;
  /** The args; those of the batch have one more leading axis of `size`, at least one of them if the op has args. */
  readonly x: readonly ValueId[];
  readonly batched: readonly boolean[];
  readonly size: number;
  readonly attributes: A;
  /** Appends the op itself, to other args. */
  apply(args: readonly ValueId[], attributes: A): readonly ValueId[];
}

export interface OpDefinition<A> {
  /** One sentence: formula, special values. */
  readonly doc: string;
  /** How many args; null for any (concat). */
  readonly arity: number | null;
  /** The only place where a result type is computed or refused. @throws ShapeError */
  infer(args: readonly TensorType[], attributes: A): readonly TensorType[];
  /** Meaning in f64. `types` are the result types. */
  reference(args: readonly Tensor[], attributes: A, types: readonly TensorType[]): readonly Tensor[];
  /**
   * Tangents of the results from tangents of the args; null is a symbolic zero on either side. Absent: the op has no
   * derivative (integers, comparisons) and tangents vanish on purpose.
   */
  jvp?(context: RuleContext<A>, dx: readonly (ValueId | null)[]): readonly (ValueId | null)[];
  /** Cotangents of the args from cotangents of the results; `wanted[i]`: whether arg i's is asked for. */
  vjp?(
    context: RuleContext<A>,
    ct: readonly (ValueId | null)[],
    wanted: readonly boolean[],
  ): readonly (ValueId | null)[];
  /** Whether arg i can pass credit at all; absent: every arg can. */
  readonly credits?: readonly boolean[];
  /** The op on each element of a batch at once: element i of its results comes from element i of the batched args. */
  batch(context: BatchContext<A>): readonly ValueId[];
  /** Floating operations for one evaluation. */
  flops(args: readonly TensorType[], results: readonly TensorType[], attributes: A): number;
  /** What the tests draw: per arg an interval, and whether ties and kinks are avoided by distinct values. */
  readonly samples: { readonly low: number; readonly high: number; readonly distinct?: boolean };
  /** Relative error (against max(1, |y|)) that f32 targets may show. */
  readonly tolerance: number;
}

export type OpTable<K extends OpName> = { readonly [O in K]: OpDefinition<AttributesOf<O>> };

/** Args that do not fit an op. The elaborator checks before it builds, so past it this is a bug in the compiler. */
export class ShapeError extends Error {
  override name = "ShapeError";
}
