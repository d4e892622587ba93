/** Arithmetic of axes that the passes over movement, reductions and dots share. */

export const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

export const isIdentity = (permutation: readonly number[]): boolean => permutation.every((axis, i) => axis === i);

export const sameNumbers = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((number, i) => number === b[i]);

export const pick = (list: readonly number[], axes: readonly number[]): number[] => axes.map((axis) => list[axis]);

/** The axes of a tensor of `rank` that are not among `axes`. */
export const otherAxes = (rank: number, axes: readonly number[]): number[] => range(rank).filter((axis) => !axes.includes(axis));

/** A run of axes before a reshape and the run after it that holds the same elements; neither can be cut further. */
export interface AxisGroup {
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/**
 * The finest groups of a reshape. Axes of size 1 join no group of other sizes: each is a group with nothing on the other
 * side. null: a tensor without elements, of which a reshape says nothing.
 */
export function reshapeGroups(from: readonly number[], to: readonly number[]): readonly AxisGroup[] | null {
  if (from.includes(0)) return null;
  const groups: AxisGroup[] = [];
  let i = 0;
  let k = 0;
  while (i < from.length || k < to.length) {
    if (from[i] === 1) {
      groups.push({ from: [i++], to: [] });
      continue;
    }
    if (to[k] === 1) {
      groups.push({ from: [], to: [k++] });
      continue;
    }
    const before = [i];
    const after = [k];
    let left = from[i++];
    let right = to[k++];
    while (left !== right) {
      if (left < right) {
        if (from[i] !== 1) before.push(i);
        else groups.push({ from: [i], to: [] });
        left *= from[i++];
      } else {
        if (to[k] !== 1) after.push(k);
        else groups.push({ from: [], to: [k] });
        right *= to[k++];
      }
    }
    groups.push({ from: before, to: after });
  }
  return groups;
}
