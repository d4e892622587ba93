import { describe, expect, test } from "vitest";
import { Facts } from "../../compiler/schedule/facts.ts";
import { fuse } from "../../compiler/schedule/fuse.ts";
import { lowerGroup } from "../../compiler/schedule/lower/index.ts";
import { aligned, bytesOf, planMemory } from "../../compiler/schedule/memory.ts";
import type { MemoryPlan } from "../../compiler/schedule/memory.ts";
import { orderUnits } from "../../compiler/schedule/order.ts";
import type { Region, ValueId } from "../../compiler/ir/graph.ts";
import { passes, runPasses } from "../../compiler/optimize/index.ts";
import { randomGraph } from "../ops/random-graph.ts";
import { machine } from "./run.ts";

function planned(region: Region): { plan: MemoryPlan; facts: Facts; fixed: Map<ValueId, number> } {
  const facts = new Facts(region, machine.lanes);
  const { groups, stored } = fuse(facts);
  const units = orderUnits(groups.flatMap((group) => lowerGroup(facts, group, stored, machine) ?? []), [], (value) => bytesOf(facts.types[value]));
  const fixed = new Map<ValueId, number>();
  let top = 0;
  for (const value of [...units.flatMap(({ reads }) => reads), ...region.results.map((result) => facts.source(result))]) {
    if (facts.producers[value] === null || fixed.has(value) || units.some(({ writes }) => writes.includes(value))) continue;
    fixed.set(value, top);
    top += aligned(bytesOf(region.types[value]));
  }
  const results = region.results.map((result) => facts.source(result));
  return { plan: planMemory({ types: facts.types, units, fixed, arguments: region.params, results, writes: [], arenaAt: top }), facts, fixed };
}

/** Plays a plan on memory whose cells say which value they hold; scratch leaves garbage. */
function play(region: Region): void {
  const { plan, facts, fixed } = planned(region);
  const cells: (ValueId | "garbage" | undefined)[] = [];
  const range = (value: ValueId): number[] => {
    const at = plan.places.get(value);
    if (at === undefined) throw new Error(`%${value} has no place`);
    expect(at % 16).toBe(0);
    return Array.from({ length: aligned(bytesOf(facts.types[value])) / 16 }, (_, i) => at / 16 + i);
  };
  const put = (value: ValueId): void => { for (const cell of range(value)) cells[cell] = value; };
  const check = (value: ValueId): void => { for (const cell of range(value)) expect(cells[cell]).toBe(value); };
  for (const value of fixed.keys()) put(value);
  for (const value of region.params) put(value);
  for (const value of region.params) check(value);
  plan.units.forEach((unit, i) => {
    unit.reads.forEach(check);
    const scratch = Array.from({ length: aligned(unit.scratchBytes) / 16 }, (_, cell) => plan.scratch[i] / 16 + cell);
    for (const cell of scratch) cells[cell] = "garbage";
    // What is read after the scratch was written must still be there, unless an output may lie on it.
    unit.reads.forEach(check);
    unit.writes.forEach(put);
    unit.writes.forEach(check);
    for (const value of unit.reads) {
      const covered = unit.inPlace.some(({ input }) => input === value);
      if (!covered) check(value);
    }
  });
  plan.results.forEach(check);
}

describe("memory plans", () => {
  test("never give bytes away that are still read", () => {
    for (let seed = 0; seed < 200; seed++) {
      const { region } = randomGraph(seed + 500, { nodes: 10 + (seed % 50) });
      play(runPasses(region, passes, { fastMath: false }));
    }
  });
});
