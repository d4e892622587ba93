/** Reverse and forward mode as graph-to-graph passes: they append nodes to the builder and change no value. */
export { pull } from "./pull.ts";
export { push } from "./push.ts";
export { creditPath, dependents, reaches } from "./reaches.ts";
export type { Mode, RequestOptions } from "./requests.ts";
