/** Reverse and forward mode as graph-to-graph passes: they append nodes to the builder and change no value. */
import type { Builder } from "../ir/builder.ts";
import type { CallSite, RuleHandle, ValueId } from "../ir/graph.ts";

export interface RequestOptions {
  /**
   * The request's rule set: the rule for a call, `undefined` for none. Asked before the callee's own rule. Also asked
   * for plain op nodes? No: operators that a rule set of the file names are built as calls (`matmul`, `add`, ...).
   */
  readonly rules?: (call: CallSite, mode: "backward" | "tangent") => RuleHandle | undefined;
  /** Told of a call that has only the other mode's rule (an error of the request). */
  readonly missing?: (call: CallSite, mode: "backward" | "tangent") => void;
}

/**
 * Vector-Jacobian product: cotangents of `wrt` for the cotangents `seeds` of `of`. Derivatives are total: credit passes
 * on through a requested intermediate. null: no credit reaches it.
 */
export declare function pull(
  b: Builder, of: readonly ValueId[], wrt: readonly ValueId[], seeds: readonly ValueId[], options?: RequestOptions,
): readonly (ValueId | null)[];

/** Jacobian-vector product: tangents of `of` when `wrt` moves by `tangents`. null: it does not move. */
export declare function push(
  b: Builder, of: readonly ValueId[], wrt: readonly ValueId[], tangents: readonly ValueId[], options?: RequestOptions,
): readonly (ValueId | null)[];
