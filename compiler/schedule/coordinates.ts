/**
 * Where an element stands, as affine functions of the loops around it.
 *
 * A loop nest walks the *atoms* of its space: the axes longer than 1. A coordinate along a tensor's axis is base + sum of
 * atom * factor. Movement ops only rewrite coordinates, which is how they cost nothing inside a nest.
 */
import { elementCount } from "../ir/graph.ts";
import type { TensorType } from "../ir/graph.ts";
import type { OpNode } from "../ir/graph.ts";
import { windowAxes } from "../ops/index.ts";

export interface Affine {
  readonly base: number;
  /** By atom. */
  readonly factors: readonly number[];
}

export const constantAt = (base: number, atoms: number): Affine => ({ base, factors: new Array<number>(atoms).fill(0) });

const scaled = (x: Affine, factor: number, shift: number): Affine => ({
  base: x.base * factor + shift,
  factors: factor === 1 ? x.factors : x.factors.map((f) => f * factor),
});

const added = (x: Affine, y: Affine): Affine => ({ base: x.base + y.base, factors: x.factors.map((factor, atom) => factor + y.factors[atom]) });

/** Text that is equal for equal coordinates. */
export const keyOf = (coordinates: readonly Affine[]): string => coordinates.map(({ base, factors }) => `${base},${factors.join(",")}`).join(";");

/** The axes of `shape` longer than 1 stand for atoms, in order: `atoms[i]` is the atom of the i-th such axis. */
export function canonical(shape: readonly number[], atoms: readonly number[], atomCount: number): Affine[] {
  let next = 0;
  return shape.map((size) => {
    const factors = new Array<number>(atomCount).fill(0);
    if (size !== 1) factors[atoms[next++]] = 1;
    return { base: 0, factors };
  });
}

export const strides = (shape: readonly number[]): number[] => {
  const result = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) result[axis] = result[axis + 1] * shape[axis + 1];
  return result;
};

/** The row-major element index of a place in a tensor. */
export function linear(shape: readonly number[], coordinates: readonly Affine[], atomCount: number): Affine {
  const step = strides(shape);
  const factors = new Array<number>(atomCount).fill(0);
  let base = 0;
  coordinates.forEach((coordinate, axis) => {
    base += coordinate.base * step[axis];
    coordinate.factors.forEach((factor, atom) => { factors[atom] += factor * step[axis]; });
  });
  return { base, factors };
}

/** The inverse of `linear`: null where a coordinate would not be affine (an atom runs over parts of two axes). */
export function delinearize(index: Affine, shape: readonly number[], sizes: readonly number[]): Affine[] | null {
  const step = strides(shape);
  const atomCount = sizes.length;
  const result = shape.map(() => ({ base: 0, factors: new Array<number>(atomCount).fill(0) }));
  const axes = shape.map((_, axis) => axis).filter((axis) => shape[axis] !== 1);
  let rest = index.base;
  for (const axis of axes) {
    result[axis].base = Math.floor(rest / step[axis]);
    rest -= result[axis].base * step[axis];
  }
  for (let atom = 0; atom < atomCount; atom++) {
    const factor = index.factors[atom];
    if (factor === 0) continue;
    const axis = axes.find((candidate) => step[candidate] <= Math.abs(factor));
    if (axis === undefined || factor % step[axis] !== 0) return null;
    result[axis].factors[atom] = factor / step[axis];
  }
  for (const axis of axes) {
    let low = result[axis].base;
    let high = low;
    result[axis].factors.forEach((factor, atom) => {
      if (factor > 0) high += factor * (sizes[atom] - 1);
      else low += factor * (sizes[atom] - 1);
    });
    if (low < 0 || high >= shape[axis]) return null;
  }
  return result;
}

export type MovementOp = "reshape" | "broadcast" | "transpose" | "slice" | "reverse" | "window";

export const isMovement = (op: string): op is MovementOp =>
  op === "reshape" || op === "broadcast" || op === "transpose" || op === "slice" || op === "reverse" || op === "window";

/** Where the arg of a movement is read, for a place in its result. null: see `delinearize`; only reshape gives it. */
export function through(
  node: OpNode<MovementOp>, from: TensorType, to: TensorType, coordinates: readonly Affine[], sizes: readonly number[],
): readonly Affine[] | null {
  switch (node.op) {
    case "reshape":
      return elementCount(from.shape) === 0 ? from.shape.map(() => constantAt(0, sizes.length))
        : delinearize(linear(to.shape, coordinates, sizes.length), from.shape, sizes);
    case "broadcast":
      return node.attributes.axes.map((axis, i) => (from.shape[i] === 1 ? constantAt(0, sizes.length) : coordinates[axis]));
    case "transpose": {
      const result = new Array<Affine>(coordinates.length);
      node.attributes.permutation.forEach((axis, i) => { result[axis] = coordinates[i]; });
      return result;
    }
    case "slice":
      return coordinates.map((coordinate, axis) => scaled(coordinate, node.attributes.step[axis], node.attributes.start[axis]));
    case "reverse":
      return coordinates.map((coordinate, axis) =>
        node.attributes.axes.includes(axis) ? scaled(coordinate, -1, from.shape[axis] - 1) : coordinate);
    case "window": {
      const { axes, stride, dilation } = node.attributes;
      const inside = windowAxes(node.attributes);
      return coordinates.flatMap((coordinate, axis): Affine[] => {
        if (inside.includes(axis)) return [];
        const i = axes.indexOf(axis);
        return [i < 0 ? coordinate : added(scaled(coordinate, stride[i], 0), scaled(coordinates[inside[i]], dilation[i], 0))];
      });
    }
  }
}
