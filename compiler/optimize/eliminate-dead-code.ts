/**
 * Removes nodes whose results nobody uses, and numbers values densely in definition order.
 *
 *     %1 = exp %0
 *     %2 = sin %0              ->        %1 = exp %0
 *     return %1                          return %1
 *
 * A loop loses the emits that nobody uses, the carries that only serve themselves, and the args that its body does not read.
 * Leaves host nodes alone (the host sees that they happen) and params (they are the entry's signature). The rewriting
 * passes do the same at their end; alone it serves what comes straight from the elaborator.
 */
import type { Pass } from "./pass.ts";
import { prune } from "./prune-loops.ts";

export const eliminateDeadCode: Pass = {
  name: "eliminate-dead-code",
  doc: "Removes values that no result needs, and what loops carry, take or emit for none; calls of the host stay.",
  keeps: "exact",
  run: prune,
};
