/** What the schedule puts in order and into memory: kernels bound to ranges of bytes that have no place yet. */
import type { ValueId } from "../ir/graph.ts";
import type { Kernel } from "./kernel.ts";

/** Bytes that a kernel's buffer is bound to: those of a value, or of the unit's scratch, from an offset on. */
export type Binding =
  | { readonly kind: "value"; readonly value: ValueId; readonly byteOffset: number }
  | { readonly kind: "scratch"; readonly byteOffset: number };

export interface Run {
  readonly kernel: Kernel;
  readonly bindings: readonly Binding[];
}

/** An output that may lie on an input: each turn reads of it only what it overwrites, or what it no longer needs. */
export interface InPlace {
  readonly output: ValueId;
  readonly input: ValueId;
}

export interface Unit {
  readonly runs: readonly Run[];
  readonly host?: { readonly extern: string; readonly args: readonly ValueId[]; readonly results: readonly ValueId[] };
  /** A copy of bytes, `to` as if a kernel had made it. */
  readonly copy?: { readonly from: ValueId; readonly to: ValueId };
  readonly reads: readonly ValueId[];
  readonly writes: readonly ValueId[];
  readonly scratchBytes: number;
  readonly inPlace: readonly InPlace[];
}
