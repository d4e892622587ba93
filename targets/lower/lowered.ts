/**
 * A kernel as wasm and js emit it: every value knows its type, unrolled loops are written out or plain, register buffers
 * have become locals. Made by `lowerKernel`.
 */
import type { BufferId, Index, Lanes, LocalId, MachineOp, Scalar, VariableId } from "../../compiler/schedule/kernel.ts";

export type Value = { readonly type: Scalar; readonly lanes: Lanes } & (
  | { readonly kind: "literal"; readonly value: number }
  | { readonly kind: "local"; readonly local: LocalId }
  | { readonly kind: "index"; readonly at: Index }
  | { readonly kind: "load"; readonly buffer: BufferId; readonly at: Index; readonly count?: number }
  /** `operand`: the type of the operands, as in `Expression`; `type` is that of the result. */
  | { readonly kind: "apply"; readonly op: MachineOp; readonly operand: Scalar; readonly args: readonly Value[] }
  /** 4 scalars side by side. */
  | { readonly kind: "pack"; readonly parts: readonly Value[] }
  /** One lane of a vector. */
  | { readonly kind: "lane"; readonly of: Value; readonly lane: number }
);

export interface Loop {
  readonly kind: "loop";
  readonly variable: VariableId;
  readonly from: Index;
  readonly to: Index;
  readonly step: number;
  /** Turns, where both bounds are constant: 2 or more (fewer are written out). */
  readonly turns?: number;
  readonly body: readonly Action[];
}

export type Action =
  | Loop
  | { readonly kind: "if"; readonly test: Value; readonly then: readonly Action[]; readonly else: readonly Action[] }
  | { readonly kind: "let"; readonly local: LocalId; readonly value: Value }
  | { readonly kind: "store"; readonly buffer: BufferId; readonly at: Index; readonly value: Value; readonly count?: number }
  | { readonly kind: "fence" }
  | { readonly kind: "bind"; readonly variable: VariableId; readonly value: Value }
  | { readonly kind: "barrier"; readonly over: "workgroup" | "memory" }
  | { readonly kind: "leave"; readonly test: Value };

/** A buffer in memory, and which of a run's bindings places it. */
export interface MemoryBuffer {
  readonly id: BufferId;
  readonly storage: Scalar;
  readonly binding: number;
}

export interface LoweredKernel {
  readonly name: string;
  readonly buffers: ReadonlyMap<BufferId, MemoryBuffer>;
  /** The kernel's own locals, then those that hold register buffers and vectors taken apart. */
  readonly locals: readonly { readonly type: Scalar; readonly lanes: Lanes }[];
  readonly body: readonly Action[];
  /** First and last value that each loop variable may take. */
  readonly ranges: ReadonlyMap<VariableId, readonly [number, number]>;
}
