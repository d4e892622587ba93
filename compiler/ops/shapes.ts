/** What `infer` of the families shares: refusals and arithmetic on axes. */
import type { Element, TensorType } from "../ir/graph.ts";
import { ShapeError } from "./define.ts";

/** @throws ShapeError unless `ok`; `inferTypes` puts the op's name before the message. */
export function need(ok: boolean, message: () => string): asserts ok {
  if (!ok) throw new ShapeError(message());
}

export const describe = (type: TensorType): string => `${type.element}[${type.shape.join(", ")}]`;

export const floats: readonly Element[] = ["f32", "f64"];
export const integers: readonly Element[] = ["i32", "u32"];
export const numbers: readonly Element[] = [...floats, ...integers];
/** Elements with addition and multiplication. */
export const field: readonly Element[] = [...numbers, "bool"];

export const isFloat = (element: Element): boolean => element === "f32" || element === "f64";

export function needElement(type: TensorType, allowed: readonly Element[]): void {
  need(allowed.includes(type.element), () => `${describe(type)} is not of ${allowed.join(", ")}`);
}

/** Refuses what is no list of different axes of a tensor of `rank` axes. */
export function needAxes(axes: readonly number[], rank: number): void {
  for (const axis of axes) need(Number.isInteger(axis) && axis >= 0 && axis < rank, () => `axis ${axis} of ${rank}`);
  need(new Set(axes).size === axes.length, () => `axes ${axes.join(", ")} repeat`);
}

export function needSizes(shape: readonly number[]): void {
  for (const size of shape) need(Number.isInteger(size) && size >= 0, () => `size ${size}`);
}

export const range = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);

/** The axes that are not in `axes`, ascending. */
export const otherAxes = (rank: number, axes: readonly number[]): number[] =>
  range(rank).filter((axis) => !axes.includes(axis));

export const pick = (shape: readonly number[], axes: readonly number[]): number[] => axes.map((axis) => shape[axis]);

/** The permutation that undoes `permutation`. */
export function inverse(permutation: readonly number[]): number[] {
  const result = new Array<number>(permutation.length);
  permutation.forEach((axis, i) => { result[axis] = i; });
  return result;
}
