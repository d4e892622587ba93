/**
 * Types of `.pull` imports that have none of their own. The plugin writes `digits.d.pull.ts` beside `digits.pull`, which TypeScript takes for
 * `import ... from "./digits.pull"` with `allowArbitraryExtensions`; these stand in before the first build, and for queries.
 *
 *     /// <reference types="pullback/client" />
 */
declare module "*.pull" {
  export function create(options?: import("pullback").CreateOptions): Promise<import("pullback").Instance>;
  export const signature: string;
  export const peakBytes: number;
}

declare module "*.pull?inline" {
  export * from "*.pull";
}

/** The URL of the WebAssembly. */
declare module "*.pull?url" {
  const url: string;
  export default url;
}

/** A client of the module in a worker: `create<DigitsInWorker>()`, with the type that `digits.d.pull.ts` exports. */
declare module "*.pull?worker" {
  export function create<Client = Record<string, any>>(options?: Omit<import("pullback").CreateOptions, "wasm">): Promise<Client>;
  export const signature: string;
  export const peakBytes: number;
}
