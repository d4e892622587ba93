/** Indices with known variables put in, and the range of what they can be. */
import type { Index, VariableId } from "../../compiler/schedule/kernel.ts";

/** Puts in the values of variables that are known, merges terms of one variable, drops zero factors, orders the rest by variable. */
export function foldIndex(index: Index, known: ReadonlyMap<VariableId, number>): Index {
  if (index.terms.every(([variable, factor], i) => factor !== 0 && !known.has(variable) && (i === 0 || index.terms[i - 1][0] < variable))) return index;
  let base = index.base;
  const factors = new Map<VariableId, number>();
  for (const [variable, factor] of index.terms) {
    const value = known.get(variable);
    if (value !== undefined) base += value * factor;
    else factors.set(variable, (factors.get(variable) ?? 0) + factor);
  }
  return { base, terms: [...factors].filter(([, factor]) => factor !== 0).sort(([a], [b]) => a - b), offset: index.offset };
}

export const isConstant = (index: Index): boolean => index.terms.length === 0 && index.offset === undefined;

/** Least and greatest value, of what is known without the offset. */
export function rangeOf(index: Pick<Index, "base" | "terms">, ranges: ReadonlyMap<VariableId, readonly [number, number]>): readonly [number, number] {
  let least = index.base;
  let greatest = index.base;
  for (const [variable, factor] of index.terms) {
    const [first, last] = ranges.get(variable) ?? [-Infinity, Infinity];
    least += Math.min(first * factor, last * factor);
    greatest += Math.max(first * factor, last * factor);
  }
  return [least, greatest];
}
