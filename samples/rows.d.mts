/** Examples of one kind: features row by row, and the class of each. */
export interface Examples {
  readonly count: number;
  readonly width: number;
  readonly x: Float32Array;
  readonly y: Int32Array;
}
export interface Parts {
  readonly training: Examples;
  readonly testing: Examples;
}
/** `count`: how many of its examples are real. */
export interface Batch {
  readonly count: number;
  readonly x: Float32Array;
  readonly y: Int32Array;
}
export function readClasses(name: string, scale?: number): Promise<Parts>;
export function standardise(parts: Parts): Parts;
export function randomNumbers(seed: number): () => number;
export function batches(part: Examples, size: number, random: () => number): Generator<Batch>;
export function inOrder(part: Examples, size: number): Generator<Batch>;
export function countRight(part: Examples, size: number, classes: number, score: (x: Float32Array) => Float32Array): number;
export function cosineDecay(part: number): number;
