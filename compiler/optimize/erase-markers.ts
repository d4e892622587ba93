/**
 * Removes what only differentiation looks at: `stop`, and the ends of calls. Both give values new names.
 *
 *     %1 = stop %0                       return exp %0
 *     %2 = exp %1              ->
 *     return %2
 *
 * Leaves everything else alone. Must run before every other pass: ops are recognised through their args, and a marker in
 * between would hide them. (Call ends vanish in any rewriting pass, since what they refer to is renumbered.)
 */
import type { Pass } from "./pass.ts";
import { rewrite } from "./rewrite.ts";

export const eraseMarkers: Pass = {
  name: "erase-markers",
  doc: "Removes `stop` and the ends of calls, which only differentiation looks at.",
  keeps: "exact",
  run: (region) => {
    const marked = region.nodes.some((node) => node.kind === "leave" || (node.kind === "op" && node.op === "stop"));
    return marked ? rewrite(region, { stop: [(_, { args: [x] }) => x] }) : region;
  },
};
