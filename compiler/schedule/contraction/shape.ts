/**
 * A dot as a batched matrix product over strided operands.
 *
 * The result is row-major [batch, rows, columns]; rows are the left's free axes, columns the right's. An operand is
 * read at batch + row + k (left) or batch + k + column (right), each a list of axes with strides; neighbouring axes
 * that step together are merged, so that most products have one axis for each role.
 */
import type { TensorType } from "../../ir/graph.ts";
import { elementCount } from "../../ir/graph.ts";
import type { AttributesOf } from "../../ops/attributes.ts";
import type { Role } from "./request.ts";

/** One loop over an operand: `size` turns, `stride` elements apart. */
export interface Axis {
  readonly size: number;
  readonly stride: number;
}

export interface Operand {
  readonly role: Role;
  readonly elements: number;
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

export function productOf(left: TensorType, right: TensorType, attributes: AttributesOf<"dot">): Product {
  const { leftBatch, rightBatch, leftContract, rightContract } = attributes;
  const [leftBatchAxes, rightBatchAxes] = merge([axesOf(left, leftBatch), axesOf(right, rightBatch)]);
  const [leftDepth, rightDepth] = merge([axesOf(left, leftContract), axesOf(right, rightContract)]);
  const [leftFree] = merge([axesOf(left, freeAxes(left, leftBatch, leftContract))]);
  const [rightFree] = merge([axesOf(right, freeAxes(right, rightBatch, rightContract))]);
  return {
    batch: turns(leftBatchAxes),
    rows: turns(leftFree),
    columns: turns(rightFree),
    depth: turns(leftDepth),
    left: { role: { kind: "left", byteOffset: 0 }, elements: elementCount(left.shape), batch: leftBatchAxes, free: leftFree, contract: leftDepth },
    right: { role: { kind: "right", byteOffset: 0 }, elements: elementCount(right.shape), batch: rightBatchAxes, free: rightFree, contract: rightDepth },
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

/** Of a product of simple operands. The step along an axis of one element counts as 1. */
export function stridesOf({ left, right }: Product): Strides {
  const stride = ([axis]: readonly Axis[]): number => axis?.stride ?? 1;
  return { leftRow: stride(left.free), leftDepth: stride(left.contract), rightDepth: stride(right.contract), rightColumn: stride(right.free) };
}

function axesOf(type: TensorType, chosen: readonly number[]): Axis[] {
  return chosen.map((axis) => ({ size: type.shape[axis], stride: elementCount(type.shape.slice(axis + 1)) }));
}

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
