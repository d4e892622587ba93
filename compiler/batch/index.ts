/** Maps regions over a batch, by the op table's batching rules. */
export { BatchMap, batchNodes, batchRegion, batchValues } from "./nodes.ts";
export type { BatchOptions, BatchPlace, Mapped } from "./nodes.ts";
