/** What a pass is. */
import type { Region } from "../ir/graph.ts";

export interface PassOptions {
  /** Float algebra that is exact over the reals but not in floating point (default false). */
  readonly fastMath: boolean;
}

/** Pure, deterministic, idempotent. Gives the same object when it changes nothing. */
export interface Pass {
  readonly name: string;
  /** One sentence, for `pullback explain passes`. */
  readonly doc: string;
  /**
   * exact: every result keeps its bits (which NaN a NaN is does not count). sums: float sums are regrouped, and the
   * sign of a sum that is zero may change; until the schedule fixes the order of a reduction it has none.
   */
  readonly keeps: "exact" | "sums";
  run(region: Region, options: PassOptions): Region;
}
