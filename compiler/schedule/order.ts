/** The order in which units run: what a unit reads comes first, and where it can be so, a state's old value is read before the new one is made. */
import type { ValueId } from "../ir/graph.ts";
import { waitsForHost } from "./unit.ts";
import type { Unit } from "./unit.ts";

/** A state's old value, and the bytes of the new one. */
export interface StateWrite {
  readonly old: ValueId | null;
  readonly next: ValueId;
}

/** Units arrive in the order of the nodes, which decides between those that may both run. */
export function orderUnits(units: readonly Unit[], writes: readonly StateWrite[]): Unit[] {
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

  const after = units.map((): number[] => []);
  const waiting = before.map((set, i) => {
    for (const earlier of set) after[earlier].push(i);
    return set.size;
  });
  const ready = units.flatMap((_, i) => (waiting[i] === 0 ? [i] : []));
  const order: Unit[] = [];
  while (ready.length > 0) {
    const next = ready.splice(ready.indexOf(Math.min(...ready)), 1)[0];
    order.push(units[next]);
    for (const later of after[next]) if (--waiting[later] === 0) ready.push(later);
  }
  if (order.length !== units.length) throw new Error("internal: kernels wait for each other");
  return order;
}
