/** Graph to graph: less work, the same meaning. */
export { orderCaptures } from "./order-captures.ts";
export { optimize, passes, runPasses, simplifyingPrefix } from "./pipeline.ts";
export type { OptimizeOptions } from "./pipeline.ts";
export type { Pass, PassOptions } from "./pass.ts";
