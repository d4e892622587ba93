/**
 * The order in which units run: what a unit reads comes first, and where it can be so, a state's old value is read before the new one is
 * made. Of four such orders the one that keeps the fewest bytes alive at its peak is taken, the program's own if no other keeps fewer.
 */
import type { ValueId } from "../ir/graph.ts";
import { waitsForHost } from "./unit.ts";
import type { Unit } from "./unit.ts";

/** A state's old value, and the bytes of the new one. */
export interface StateWrite {
  readonly old: ValueId | null;
  readonly next: ValueId;
}

export interface Ordered {
  readonly units: readonly Unit[];
  /** Alive at once, constants, states and arguments apart. */
  readonly peakBytes: number;
}

/** Units arrive in the order of the nodes, which decides between those that may both run. `bytesOf`: of a value. */
export function orderUnits(units: readonly Unit[], writes: readonly StateWrite[], bytesOf: (value: ValueId) => number): Ordered {
  const before = predecessors(units, writes);
  const orders = [inOwnOrder(before), onDemand(before, 1), onDemand(before, -1), fewestBytes(units, before, writes, bytesOf)].map((order) => order.map((i) => units[i]));
  const peaks = orders.map((order) => peakBytes(order, writes, bytesOf));
  const peak = Math.min(...peaks);
  return { units: orders[peaks.indexOf(peak)], peakBytes: peak };
}

/** For each unit those that must have run. */
function predecessors(units: readonly Unit[], writes: readonly StateWrite[]): readonly ReadonlySet<number>[] {
  const makers = new Map<ValueId, number>();
  units.forEach((unit, i) => { for (const value of unit.writes) makers.set(value, i); });
  const before = units.map(() => new Set<number>());
  let host: number | null = null;
  units.forEach((unit, i) => {
    for (const value of unit.reads) {
      const maker = makers.get(value);
      if (maker !== undefined && maker !== i) before[i].add(maker);
    }
    if (!waitsForHost(unit)) return;
    if (host !== null) before[i].add(host);
    host = i;
  });

  const follows = (unit: number, other: number, seen = new Set<number>()): boolean => {
    if (unit === other) return true;
    if (seen.has(unit)) return false;
    seen.add(unit);
    for (const earlier of before[unit]) if (follows(earlier, other, seen)) return true;
    return false;
  };
  for (const { old, next } of writes) {
    const maker = makers.get(next);
    if (maker === undefined) continue;
    const wished = units.flatMap((unit, i) => (i !== maker && (waitsForHost(unit) || (old !== null && unit.reads.includes(old))) ? [i] : []));
    if (wished.every((reader) => !follows(reader, maker))) for (const reader of wished) before[maker].add(reader);
  }

  return before;
}

/** Of the units that may run, always the first. */
const inOwnOrder = (before: readonly ReadonlySet<number>[]): number[] => inOrder(before, (ready) => Math.min(...ready));

/** `choose`: which of the units that may run is next. */
function inOrder(before: readonly ReadonlySet<number>[], choose: (ready: readonly number[]) => number): number[] {
  const after = before.map((): number[] => []);
  const waiting = before.map((set, i) => {
    for (const earlier of set) after[earlier].push(i);
    return set.size;
  });
  const ready = before.flatMap((_, i) => (waiting[i] === 0 ? [i] : []));
  const order: number[] = [];
  while (ready.length > 0) {
    const [next] = ready.splice(ready.indexOf(choose(ready)), 1);
    order.push(next);
    for (const later of after[next]) if (--waiting[later] === 0) ready.push(later);
  }
  if (order.length !== before.length) throw new Error("internal: kernels wait for each other");
  return order;
}

/**
 * Each unit right after what it waits for, of which the deepest comes first, the later of equals; units that nobody waits for in the order of their depth, by
 * `sign`. Deepest last (1), a local loss is done with before the next layer begins; deepest first (-1), a forward-mode derivative goes
 * side by side with its value.
 */
function onDemand(before: readonly ReadonlySet<number>[], sign: 1 | -1): number[] {
  const depth = new Array<number>(before.length).fill(0);
  for (const i of inOwnOrder(before)) for (const earlier of before[i]) depth[i] = Math.max(depth[i], depth[earlier] + 1);
  const deepestFirst = before.map((set) => [...set].sort((a, b) => depth[b] - depth[a] || b - a));
  const wanted = new Set(before.flatMap((set) => [...set]));
  const ends = before.flatMap((_, i) => (wanted.has(i) ? [] : [i])).sort((a, b) => sign * (depth[a] - depth[b]) || a - b);
  const order: number[] = [];
  const begun = new Set<number>();
  for (const end of ends) {
    const stack = [end];
    for (let i = stack.at(-1); i !== undefined; i = stack.at(-1)) {
      begun.add(i);
      const next = deepestFirst[i].find((earlier) => !begun.has(earlier));
      if (next !== undefined) stack.push(next);
      else order.push(...stack.splice(-1));
    }
  }
  return order;
}

/**
 * Of the units that may run, always the one after which the fewest bytes are alive, the first of equals: where credit ends at a
 * block, the block's own way back comes before the next block.
 */
function fewestBytes(units: readonly Unit[], before: readonly ReadonlySet<number>[], writes: readonly StateWrite[], bytesOf: (value: ValueId) => number): number[] {
  const placed = new Set(writes.map(({ next }) => next));
  const made = new Map<ValueId, number>();
  const readers = new Map<ValueId, number>();
  for (const unit of units) {
    for (const value of unit.writes) made.set(value, placed.has(value) ? 0 : bytesOf(value));
    for (const value of new Set(unit.reads)) readers.set(value, (readers.get(value) ?? 0) + 1);
  }
  const growth = ({ reads, writes: results }: Unit): number => {
    const born = results.reduce((total, value) => total + (made.get(value) ?? 0), 0);
    return [...new Set(reads)].reduce((total, value) => total - (readers.get(value) === 1 ? made.get(value) ?? 0 : 0), born);
  };
  return inOrder(before, (ready) => {
    let [best, least] = [0, Infinity];
    for (const i of ready) {
      const grows = growth(units[i]);
      if (grows < least || (grows === least && i < best)) [best, least] = [i, grows];
    }
    for (const value of new Set(units[best].reads)) readers.set(value, (readers.get(value) ?? 0) - 1);
    return best;
  });
}

/**
 * The most bytes alive at once, constants, states and arguments apart. A state's new value counts as none: it is made in the state's
 * place. What nobody reads stays to the end.
 */
function peakBytes(order: readonly Unit[], writes: readonly StateWrite[], bytesOf: (value: ValueId) => number): number {
  const placed = new Set(writes.map(({ next }) => next));
  const readers = new Map<ValueId, number>();
  for (const unit of order) for (const value of new Set(unit.reads)) readers.set(value, (readers.get(value) ?? 0) + 1);
  const bytes = new Map<ValueId, number>();
  let [alive, peak] = [0, 0];
  for (const unit of order) {
    for (const value of unit.writes) {
      bytes.set(value, placed.has(value) ? 0 : bytesOf(value));
      alive += bytes.get(value) ?? 0;
    }
    peak = Math.max(peak, alive + unit.scratchBytes);
    for (const value of new Set(unit.reads)) {
      const left = (readers.get(value) ?? 0) - 1;
      readers.set(value, left);
      if (left === 0) alive -= bytes.get(value) ?? 0;
    }
  }
  return peak;
}
