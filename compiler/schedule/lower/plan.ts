/** How a group is walked: which atoms become one loop, and in which phase each member is made. */
import type { OpNode, ValueId } from "../../ir/graph.ts";
import { isMovement, linear } from "../coordinates.ts";
import type { Affine } from "../coordinates.ts";
import { isExpensive } from "../facts.ts";
import type { Facts } from "../facts.ts";
import type { Group } from "../group.ts";
import { leavesOf, leavesUnder } from "../leaves.ts";
import type { Leaf } from "../leaves.ts";
import type { Run } from "./evaluate.ts";

/** Machine ops, roughly, for one element of each member. */
export function costOf(facts: Facts, group: Group): number {
  let cost = 0;
  memberLeaves(facts, group, () => undefined, (node) => {
    cost += isExpensive(node) ? 20 : isMovement(node.op) ? 0 : 1;
    return true;
  });
  return cost;
}

function memberLeaves(facts: Facts, group: Group, visit: (value: ValueId, leaf: Leaf) => void, enter: (node: OpNode) => boolean = () => true): void {
  for (const node of group.ops()) {
    const [value] = node.results;
    if (facts.roles[value] === "reduction") {
      const [arg] = node.args;
      leavesOf(facts, arg, group.fullPlace(facts.types[arg].shape), group.sizes, (leaf) => visit(value, leaf), enter);
      enter(node);
    } else {
      const place = group.places.get(value);
      if (place !== undefined) leavesUnder(facts, node, place, group.sizes, (leaf) => visit(value, leaf), enter);
    }
  }
}

/** The runs of a group: those around its rows, and those along them. */
export interface Runs {
  readonly runs: readonly Run[];
  /** Positions in `runs`. */
  readonly outer: readonly number[];
  readonly inner: readonly number[];
}

/** Neighbouring atoms that all loads and stores walk as one. */
export function findRuns(facts: Facts, group: Group): Runs {
  const { sizes, inner } = group;
  const indices: Affine[] = [];
  memberLeaves(facts, group, (_, leaf) => {
    indices.push(leaf.kind === "value" ? leaf.index : leaf.at);
    if (leaf.kind === "value" && leaf.dynamic !== null) for (const axis of leaf.dynamic.keys()) if (leaf.dynamic[axis]) indices.push(onlyAt(axis, sizes.length));
  });
  for (const [value, place] of group.places) if (!group.kept.has(value)) indices.push(linear(facts.types[value].shape, place, sizes.length));
  const isInner = (atom: number): boolean => inner?.[atom] ?? false;
  const runs = mergeRuns(sizes, indices, (atom) => isInner(atom) !== isInner(atom - 1));
  const which = (wanted: boolean): number[] => runs.flatMap(({ atoms }, i) => (isInner(atoms[0]) === wanted ? [i] : []));
  return { runs, outer: which(false), inner: which(true) };
}

/** Neighbouring atoms that all indices walk as one; `apart`: an atom stays apart from the one before it. */
export function mergeRuns(sizes: readonly number[], indices: readonly Affine[], apart: (atom: number) => boolean = () => false): Run[] {
  const runs: { atoms: number[]; size: number }[] = [];
  sizes.forEach((size, atom) => {
    const previous = runs.at(-1);
    if (previous !== undefined && !apart(atom) && indices.every(({ factors }) => factors[atom - 1] === factors[atom] * size)) {
      previous.atoms.push(atom);
      previous.size *= size;
    } else runs.push({ atoms: [atom], size });
  });
  return runs;
}

const onlyAt = (atom: number, count: number): Affine => ({ base: 0, factors: Array.from({ length: count }, (_, i) => (i === atom ? 1 : 0)) });

export interface Made {
  readonly value: ValueId;
  readonly phase: number;
}

export interface Phases {
  readonly count: number;
  /** Full members that go to memory; spill: only for later phases of the kernel. */
  readonly stores: readonly (Made & { readonly spill: boolean })[];
  readonly reductions: readonly Made[];
  readonly keptStores: readonly ValueId[];
}

/** `spills`: whether registers are lost between phases. */
export function planPhases(facts: Facts, group: Group, stored: ReadonlySet<ValueId>, spills: boolean): Phases {
  // A full member can be made from this phase on; a kept one exists from this phase on.
  const ready = new Map<ValueId, number>();
  const leaves = new Map<ValueId, ValueId[]>();
  memberLeaves(facts, group, (value, leaf) => {
    if (leaf.kind === "value" && group.has(leaf.value)) leaves.set(value, [...(leaves.get(value) ?? []), leaf.value]);
  });
  const reductions: Made[] = [];
  for (const node of group.ops()) {
    const [value] = node.results;
    const start = Math.max(0, ...(leaves.get(value) ?? []).map((leaf) => ready.get(leaf) ?? 0));
    if (facts.roles[value] === "reduction") {
      reductions.push({ value, phase: start });
      ready.set(value, start + 1);
    } else ready.set(value, start);
  }
  const spilled = spills ? findSpills(facts, group, stored, ready, reductions, leaves) : new Set<ValueId>();
  const stores = group.ops().flatMap((node) => {
    const [value] = node.results;
    if (group.kept.has(value) || !(stored.has(value) || spilled.has(value))) return [];
    return [{ value, phase: ready.get(value) ?? 0, spill: !stored.has(value) }];
  });
  const keptStores = [...group.kept].filter((value) => stored.has(value));
  const count = Math.max(0, ...stores.map(({ phase }) => phase + 1), ...reductions.map(({ phase }) => phase + 1));
  return { count, stores, reductions, keptStores };
}

/** Members that are dear to make, made in one phase and read in a later one. */
function findSpills(
  facts: Facts, group: Group, stored: ReadonlySet<ValueId>, ready: ReadonlyMap<ValueId, number>,
  reductions: readonly Made[], leaves: ReadonlyMap<ValueId, readonly ValueId[]>,
): Set<ValueId> {
  const dear = new Set<ValueId>();
  const spilled = new Set<ValueId>();
  const searched = new Map(reductions.map(({ value, phase }) => [value, phase] as const));
  for (const node of group.ops()) {
    const [value] = node.results;
    const at = searched.get(value) ?? ready.get(value) ?? 0;
    for (const leaf of leaves.get(value) ?? []) {
      if (!group.kept.has(leaf) && dear.has(leaf) && (ready.get(leaf) ?? 0) < at && !stored.has(leaf)) spilled.add(leaf);
    }
    const isFull = !group.kept.has(value);
    const readsDear = (leaves.get(value) ?? []).some((leaf) => dear.has(leaf) && !spilled.has(leaf) && !stored.has(leaf));
    if (isFull && facts.roles[value] !== "reduction" && (isExpensive(node) || node.op === "div" || node.op === "sqrt" || readsDear)) dear.add(value);
  }
  return spilled;
}
