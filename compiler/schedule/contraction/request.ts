/** What a contraction is asked for, and what comes back: kernels whose buffers are named by role. */
import type { RunTimeSize, SiteId, TensorType } from "../../ir/graph.ts";
import type { AttributesOf } from "../../ops/attributes.ts";
import type { Machine } from "../../program.ts";
import type { KernelScope } from "../expression.ts";
import type { BufferId, Index, Kernel, Lanes, LocalId, Scalar, Statement } from "../kernel.ts";

/** A tensor read in the memory of another. */
export interface View {
  /** Index of the first element. */
  readonly base: number;
  /** Elements from one index to the next, along each axis. */
  readonly strides: readonly number[];
  /** Of the other tensor. */
  readonly elements: number;
}

export interface DotRequest {
  /** Prefix of the kernels' names. */
  readonly name: string;
  readonly site: SiteId;
  readonly machine: Machine;
  readonly left: TensorType;
  readonly right: TensorType;
  readonly attributes: AttributesOf<"dot">;
  /** Where an operand does not lie row-major in memory of its own: windows over another tensor. */
  readonly leftView?: View;
  readonly rightView?: View;
  /**
   * What the sums start from, instead of zero; it has the operands' element. row: a vector along the right operand's
   * free axes, the same for every batch and left index (a bias). full: a tensor of the result's shape.
   */
  readonly initial?: "row" | "full";
  readonly epilogue?: Epilogue;
  /** Where a call tells a length n: beyond so many k both operands hold zeros. It may be left out of account. */
  readonly filled?: RunTimeSize;
}

/** Where a finished value of the result stands. */
export interface Place {
  readonly scope: KernelScope;
  /** Statements of the kernel, to be appended to. */
  readonly out: Statement[];
  readonly lanes: Lanes;
  /** Only the first `count` lanes exist; pass it on to loads and stores. */
  readonly count?: number;
  /** Which index the lanes count up, as they do `flat`. "row" is for results of one column. */
  readonly along: "column" | "row";
  /** Row-major element index of lane 0 in the result: (batch * rows + row) * columns + column. */
  readonly flat: Index;
  /** Row-major indices over the batch axes, the left's free axes, the right's free axes. */
  readonly batch: Index;
  readonly row: Index;
  readonly column: Index;
}

export interface ExtraBuffer {
  readonly name: string;
  readonly storage: Scalar;
  /** Elements. */
  readonly length: number;
}

/**
 * Work on each finished value while it is in registers. With an epilogue the contraction stores nothing by itself:
 * `finish` stores, to one or several of `buffers`. Each (batch, row, column) is finished exactly once, after all reads
 * of the operands that it depends on; a buffer may be read and then written at the same index. No output may share bytes
 * with an operand, `initial` or another output.
 */
export interface Epilogue {
  readonly buffers: readonly ExtraBuffer[];
  /** `value`: a local of the operands' element with `place.lanes` lanes. `buffers`: the ids of `Epilogue.buffers` in this kernel. */
  finish(value: LocalId, place: Place, buffers: readonly BufferId[]): void;
}

/** What a kernel's buffer is bound to. */
export type Role =
  /** The operand, this many bytes from its start. */
  | { readonly kind: "left" | "right"; readonly byteOffset: number }
  | { readonly kind: "initial" }
  /** Without an epilogue: the result, in the operands' element. */
  | { readonly kind: "result" }
  /** `Epilogue.buffers[index]`. */
  | { readonly kind: "extra"; readonly index: number }
  /** The run-time length, i32. */
  | { readonly kind: "length" }
  /** The request's scratch region, this many bytes from its start. */
  | { readonly kind: "scratch"; readonly byteOffset: number };

export interface RoledKernel {
  readonly kernel: Kernel;
  /** One for each of the kernel's memory buffers, in order (register buffers are not bound). */
  readonly roles: readonly Role[];
}

export interface LoweredDot {
  /** In running order. */
  readonly kernels: readonly RoledKernel[];
  /** Bytes needed only while these kernels run; 16-byte alignment. */
  readonly scratchBytes: number;
  /** Multiplications and additions. */
  readonly flops: number;
}
