/** What the passes over dots share. */
import type { AttributesOf } from "../ops/index.ts";
import { otherAxes, range } from "./axes.ts";

export type Dot = AttributesOf<"dot">;

/** The axes of each side that are neither batch nor contracted, ascending: the order in which the result has them. */
export const leftFree = (rank: number, dot: Dot): number[] => otherAxes(rank, [...dot.leftBatch, ...dot.leftContract]);
export const rightFree = (rank: number, dot: Dot): number[] => otherAxes(rank, [...dot.rightBatch, ...dot.rightContract]);

/** A dot with its sides exchanged: the result has the right's free axes before the left's. */
export const swapSides = (dot: Dot): Dot => ({
  leftBatch: dot.rightBatch, rightBatch: dot.leftBatch, leftContract: dot.rightContract, rightContract: dot.leftContract,
});

/** `from, from + 1, ...`. */
export const span = (from: number, count: number): number[] => range(count).map((i) => from + i);
