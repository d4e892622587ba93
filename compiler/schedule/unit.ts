/** What the schedule puts in order and into memory: kernels bound to ranges of bytes that have no place yet. */
import { callsHost } from "../ir/graph.ts";
import type { LoopNode, ValueId } from "../ir/graph.ts";
import type { Kernel } from "./kernel.ts";
import type { Prepared } from "./prepare.ts";

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

/** A loop; the names in `body` and `until` are those of their own regions. */
export interface LoopRun {
  readonly node: LoopNode;
  readonly args: readonly ValueId[];
  readonly results: readonly ValueId[];
  readonly body: Prepared;
  /** Of a while: its test. */
  readonly until: Prepared | null;
}

export interface Unit {
  readonly runs: readonly Run[];
  readonly host?: { readonly extern: string; readonly args: readonly ValueId[]; readonly results: readonly ValueId[] };
  readonly loop?: LoopRun;
  /** A copy of bytes, `to` as if a kernel had made it. */
  readonly copy?: { readonly from: ValueId; readonly to: ValueId };
  readonly reads: readonly ValueId[];
  readonly writes: readonly ValueId[];
  readonly scratchBytes: number;
  readonly inPlace: readonly InPlace[];
}

export const waitsForHost = ({ host, loop }: Unit): boolean => host !== undefined || (loop !== undefined && callsHost(loop.node));

export const copyUnit = (from: ValueId, to: ValueId): Unit => ({ runs: [], copy: { from, to }, reads: [from], writes: [to], scratchBytes: 0, inPlace: [] });

/** The unit under other names. */
export function renameUnit(unit: Unit, rename: (value: ValueId) => ValueId): Unit {
  const { host, loop, copy } = unit;
  return {
    runs: unit.runs.map(({ kernel, bindings }) => ({
      kernel, bindings: bindings.map((binding) => (binding.kind === "value" ? { ...binding, value: rename(binding.value) } : binding)),
    })),
    ...(host && { host: { ...host, args: host.args.map(rename), results: host.results.map(rename) } }),
    ...(loop && { loop: { ...loop, args: loop.args.map(rename), results: loop.results.map(rename) } }),
    ...(copy && { copy: { from: rename(copy.from), to: rename(copy.to) } }),
    reads: unit.reads.map(rename),
    writes: unit.writes.map(rename),
    scratchBytes: unit.scratchBytes,
    inPlace: unit.inPlace.map(({ output, input }) => ({ output: rename(output), input: rename(input) })),
  };
}
