import type { Examples, Parts } from "./rows.mjs";

/** How many images of each part, and the seed of their variations. */
export interface MnistOptions {
  readonly training?: number;
  readonly testing?: number;
  readonly seed?: number;
}
export function readMnist(options?: MnistOptions): Promise<Parts>;
export function enlarge(part: Examples, count: number, random: () => number): Examples;
