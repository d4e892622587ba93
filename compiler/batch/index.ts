/** Maps regions over a batch, by the op table's batching rules. */
export { batchNodes, batchRegion } from "./nodes.ts";
export type { BatchMap, BatchOptions, Mapped } from "./nodes.ts";
