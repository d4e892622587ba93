/**
 * A loop while its region is built. The body stays a builder, so that derivative requests can append to it: a cotangent
 * needs values of each turn, which become emits; a body that reads another outer value gets a capture. `finish` closes it.
 */
import type { Builder } from "./builder.ts";
import type { SiteId, ValueId } from "./graph.ts";

export interface OpenScanNode {
  readonly kind: "openScan";
  /** Initial carries, inputs, captures: as the lists of `loop`. Grows at the end. */
  readonly args: ValueId[];
  /** Last carries, stacked emits. Grows at the end. */
  readonly results: ValueId[];
  readonly site: SiteId;
  readonly length: number;
  readonly reversed: boolean;
  readonly policy: LoopPolicy;
  /** The loop may end before `length` turns. Inputs and emits stay `length` long; no turn reads or writes their rest. */
  readonly early?: Early;
  /** It stands in the derivative of a loop around, where what it solves has no rule any more. */
  readonly copied?: boolean;
  readonly loop: OpenLoop;
}

/**
 * When a loop ends early. `until`: a condition, tested before each turn on the carries and the first captures; `count` is
 * the position of the carry that counts the turns. `turns`: as many as a capture says, known before the loop starts: a
 * derivative takes as many turns as what it is the derivative of. Reversed, the index begins at the last of them.
 */
export type Early =
  | { readonly kind: "until"; readonly test: OpenTest; readonly count: number }
  | { readonly kind: "turns"; readonly turns: ValueId };

/** A condition in a builder of its own: params for the index, each carry and captures, in the order of the body's. */
export interface OpenTest {
  readonly builder: Builder;
  readonly index: ValueId;
  readonly carries: readonly ValueId[];
  readonly captures: readonly ValueId[];
  readonly result: ValueId;
}

/** How the derivative is taken, and how the loop is written out. */
export interface LoopPolicy {
  /** In at most n pieces: keep the carries at the start of each and run its turns again; "sqrt": n is the root of the length. */
  readonly checkpoint?: number | "sqrt";
  /** The carries' cotangents end at multiples of this index. */
  readonly truncate?: number;
  readonly unroll?: number;
  /** A segment between checkpoints: its derivative runs it again rather than keep what its turns computed. */
  readonly recompute?: boolean;
  /** What the loop solves, if a rule of it takes the place of its turns: "a fixpoint". */
  readonly solves?: string;
}

export interface OpenLoop {
  readonly builder: Builder;
  readonly index: ValueId;
  /** In a piece of a loop: the turn's index in the whole, a value of the body. */
  readonly counted?: ValueId;
  /** Value at the start of a turn, and after it. */
  readonly carries: { readonly param: ValueId; next: ValueId }[];
  /** A turn's slice of each input. */
  readonly inputs: ValueId[];
  readonly captures: ValueId[];
  readonly emits: ValueId[];
}
