/**
 * A dot as a batched matrix product over strided operands.
 *
 * The result is row-major [batch, rows, columns]; rows are the left's free axes, columns the right's. An operand is
 * read at batch + row + k (left) or batch + k + column (right), each a list of axes with strides; neighbouring axes
 * that step together are merged, so that most products have one axis for each role. Windows over a tensor have more: they
 * are a left operand whose rows and k go through loops around the innermost of their axes.
 */
import type { TensorType } from "../../ir/graph.ts";
import { elementCount } from "../../ir/graph.ts";
import type { DotRequest, Role, View } from "./request.ts";

/** One loop over an operand: `size` turns, `stride` elements apart. */
export interface Axis {
  readonly size: number;
  readonly stride: number;
}

export interface Operand {
  readonly role: Role;
  readonly elements: number;
  /** Index of the first element. */
  readonly base: number;
  readonly batch: readonly Axis[];
  readonly free: readonly Axis[];
  readonly contract: readonly Axis[];
}

export interface Product {
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly left: Operand;
  readonly right: Operand;
  /** Operands, rows and columns are exchanged (a result of one column is made as one of one row: the same elements in the same order). */
  readonly swapped: boolean;
}

export function productOf({ left, right, leftView, rightView, attributes }: Pick<DotRequest, "left" | "right" | "leftView" | "rightView" | "attributes">): Product {
  const { leftBatch, rightBatch, leftContract, rightContract } = attributes;
  const [leftAxes, rightAxes] = [axesOf(left, leftView), axesOf(right, rightView)];
  const [leftBatchAxes, rightBatchAxes] = merge([pick(leftAxes, leftBatch), pick(rightAxes, rightBatch)]);
  const [leftDepth, rightDepth] = merge([pick(leftAxes, leftContract), pick(rightAxes, rightContract)]);
  const [leftFree] = merge([pick(leftAxes, freeAxes(left, leftBatch, leftContract))]);
  const [rightFree] = merge([pick(rightAxes, freeAxes(right, rightBatch, rightContract))]);
  const operand = (name: "left" | "right", { shape }: TensorType, view: View | undefined, batch: Axis[], free: Axis[], contract: Axis[]): Operand =>
    ({ role: { kind: name, byteOffset: 0 }, elements: view?.elements ?? elementCount(shape), base: view?.base ?? 0, batch, free, contract });
  return {
    batch: turns(leftBatchAxes),
    rows: turns(leftFree),
    columns: turns(rightFree),
    depth: turns(leftDepth),
    left: operand("left", left, leftView, leftBatchAxes, leftFree, leftDepth),
    right: operand("right", right, rightView, rightBatchAxes, rightFree, rightDepth),
    swapped: false,
  };
}

export function swap(product: Product): Product {
  const { rows, columns, left, right, swapped } = product;
  return { ...product, rows: columns, columns: rows, left: right, right: left, swapped: !swapped };
}

export const turns = (axes: readonly Axis[]): number => axes.reduce((product, { size }) => product * size, 1);

/** Elements from one row, column or k to the next, where each of the roles is one axis at most. */
export interface Strides {
  readonly leftRow: number;
  readonly leftDepth: number;
  readonly rightDepth: number;
  readonly rightColumn: number;
}

export const isSimple = ({ free, contract }: Operand): boolean => free.length <= 1 && contract.length <= 1;

/** Whether the operand reads elements more than once and lies in no one row: it is read where it is, since a copy would be larger. */
export const isSpread = (operand: Operand): boolean =>
  !isSimple(operand) && turns([...operand.batch, ...operand.free, ...operand.contract]) > operand.elements;

/** The axes of an operand merged by themselves: k counts row-major over the contract axes in both operands. */
export function alone(operand: Operand): Operand {
  const [[free], [contract]] = [merge([operand.free]), merge([operand.contract])];
  return { ...operand, free, contract };
}

/** The innermost of an operand's axes of a kind. The step along an axis of one element counts as 1. */
export const innermost = (axes: readonly Axis[]): Axis => axes.at(-1) ?? { size: 1, stride: 1 };

/** Of a product of simple operands, or of the innermost axes of a spread one. */
export const stridesOf = ({ left, right }: Product): Strides => ({
  leftRow: innermost(left.free).stride, leftDepth: innermost(left.contract).stride,
  rightDepth: innermost(right.contract).stride, rightColumn: innermost(right.free).stride,
});

const axesOf = ({ shape }: TensorType, view: View | undefined): Axis[] =>
  shape.map((size, axis) => ({ size, stride: view?.strides[axis] ?? elementCount(shape.slice(axis + 1)) }));

const pick = (axes: readonly Axis[], chosen: readonly number[]): Axis[] => chosen.map((axis) => axes[axis]);

const freeAxes = (type: TensorType, batch: readonly number[], contract: readonly number[]): number[] =>
  type.shape.map((_, axis) => axis).filter((axis) => !batch.includes(axis) && !contract.includes(axis));

/** Drops axes of size 1 and joins an axis to the next where all operands walk both as one. */
function merge(operands: readonly (readonly Axis[])[]): Axis[][] {
  const merged: Axis[][] = operands.map(() => []);
  for (let axis = 0; axis < operands[0].length; axis++) {
    const size = operands[0][axis].size;
    if (size === 1) continue;
    const joins = merged[0].length > 0 && operands.every((axes, i) => merged[i].at(-1)?.stride === axes[axis].stride * size);
    operands.forEach((axes, i) => {
      const outer = joins ? merged[i].pop() : undefined;
      merged[i].push({ size: size * (outer?.size ?? 1), stride: axes[axis].stride });
    });
  }
  return merged;
}
