/** Reverse and forward mode as graph-to-graph passes: they append nodes to the builder and change no value. */
export { pull } from "./pull.ts";
export { push } from "./push.ts";
export type { Extent } from "./extent.ts";
export { creditPath, dependents, reaches, type Target } from "./reaches.ts";
export type { Mode, RequestOptions } from "./requests.ts";
