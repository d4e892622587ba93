/**
 * Values that were made in one kernel with work that they do not need, and for which others wait in vain: a number that
 * the losses of all layers share, made with the last layer's loss, keeps the activities of every layer alive until then.
 */
import { elementCount } from "../ir/graph.ts";
import type { ValueId } from "../ir/graph.ts";
import type { Facts } from "./facts.ts";
import { fewElements } from "./fuse.ts";
import type { Fused } from "./fuse.ts";
import type { Group } from "./group.ts";

/** The results of the nodes that make such values, in the group that they share with other work. */
export function heldBack({ groups, groupOf, stored }: Fused, facts: Facts): ReadonlySet<ValueId> {
  const readers = new Map<ValueId, Group[]>();
  for (const group of groups) for (const value of group.reads) readers.set(value, [...(readers.get(value) ?? []), group]);
  const found = new Set<ValueId>();
  for (const group of groups) {
    if (group.kind !== "nest" || elementCount(group.sizes) <= fewElements) continue;
    for (const { results: [value] } of group.nodes) {
      const others = readers.get(value) ?? [];
      if (!stored.has(value) || others.length === 0) continue;
      const cone = coneOf(value, group, groupOf, facts);
      const early = reachable([...cone.makers]);
      const late = [...group.depends].filter((other) => !early.has(other));
      if (late.length === 0) continue;
      const waits = others.some((reader) => {
        const known = reachable([...reader.depends].filter((other) => other !== group), group);
        return late.some((other) => !known.has(other));
      });
      if (waits) for (const made of cone.made) found.add(made);
    }
  }
  return found;
}

/** All that groups wait for, themselves included, but not by way of `apart`. */
function reachable(from: readonly Group[], apart?: Group): ReadonlySet<Group> {
  const seen = new Set<Group>();
  const waiting = [...from];
  for (let group = waiting.pop(); group !== undefined; group = waiting.pop()) {
    if (seen.has(group) || group === apart) continue;
    seen.add(group);
    waiting.push(...group.depends);
  }
  return seen;
}

/** What a group makes on the way to a value, and whose values it reads for that. */
function coneOf(value: ValueId, group: Group, groupOf: Fused["groupOf"], facts: Facts): { readonly made: ReadonlySet<ValueId>; readonly makers: ReadonlySet<Group> } {
  const made = new Set<ValueId>();
  const makers = new Set<Group>();
  const seen = new Set<ValueId>();
  const visit = (wanted: ValueId): void => {
    const source = facts.source(wanted);
    if (seen.has(source)) return;
    seen.add(source);
    const maker = groupOf.get(source);
    if (maker !== undefined && maker !== group) {
      makers.add(maker);
      return;
    }
    if (maker === group) made.add(source);
    for (const arg of facts.producers[source]?.args ?? []) visit(arg);
  };
  visit(value);
  return { made, makers };
}
