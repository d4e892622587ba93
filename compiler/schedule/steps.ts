/** Items -> steps: kernels get their ids, values their places. */
import { boolBytesOf } from "../program.ts";
import type { Machine, Occupancy } from "../program.ts";
import { copyKernel, mergeLoops } from "./gpu/index.ts";
import type { KernelTable } from "./kernels.ts";
import type { Kernel, Place, Placement, Step } from "./kernel.ts";
import { bytesOf } from "./memory.ts";
import type { Item, MemoryPlan } from "./memory.ts";
import type { Unit } from "./unit.ts";

export interface Planned {
  readonly plan: readonly Step[];
  readonly occupancy: Occupancy;
}

/** A step before its kernel has its id. */
type Draft = Step<Kernel>;

/** The steps of a plan, and what its memory holds as they go. */
export function stepsOf({ items, ...memory }: MemoryPlan, kernels: KernelTable, machine: Machine): Planned {
  const counts: number[] = [];
  const moment = (steps: readonly Draft[]): readonly Draft[] => {
    counts.push(steps.length);
    return steps;
  };
  const walk = (list: readonly Item[]): Draft[] => list.flatMap((item): readonly Draft[] => {
    switch (item.kind) {
      case "unit": return moment(unitSteps(item.unit, memory, machine));
      case "index": return moment([{ kind: "index", at: memory.placeOf(item.to), value: item.value }]);
      case "until": return moment([{ kind: "until", test: memory.placeOf(item.test) }]);
      case "loop": {
        const count = item.count === null ? {} : { count: memory.placeOf(item.count) };
        counts.push(1);
        const body = walk(item.body);
        counts.push(0);
        return [{ kind: "loop", turns: item.turns, ...count, body }];
      }
    }
  });
  const drafts = walk(items);
  const plan = withIds(machine.mergesLoops === true ? mergeLoops(drafts, machine.bankBytes ?? Infinity) : drafts, kernels);
  const { moments, blocks } = memory.occupancy;
  return { plan, occupancy: { moments: moments.map((each, i) => ({ ...each, steps: counts[i] })), blocks } };
}

const withIds = (steps: readonly Draft[], kernels: KernelTable): readonly Step[] => steps.map((step): Step => {
  switch (step.kind) {
    case "run": return { ...step, kernel: kernels.add(step.kernel) };
    case "loop": return { ...step, body: withIds(step.body, kernels) };
    default: return step;
  }
});

type Places = Omit<MemoryPlan, "items">;

function unitSteps(unit: Unit, plan: Places, machine: Machine): readonly Draft[] {
  if (unit.copy !== undefined) {
    const bytes = bytesOf(plan.typeOf(unit.copy.from), boolBytesOf(machine));
    const [from, to] = [plan.placeOf(unit.copy.from), plan.placeOf(unit.copy.to)];
    if (bytes === 0 || samePlace(from, to)) return [];
    return machine.parallel === true ? [{ kind: "run", kernel: copyKernel(bytes), bindings: [from, to] }] : [{ kind: "copy", from, to, bytes }];
  }
  if (unit.host !== undefined) {
    const fixed = (values: Unit["reads"]): Placement[] => values.map((value) => {
      const at = plan.placeOf(value);
      if (typeof at !== "number") throw new Error(`internal: what the host reads or writes moves: %${value}`);
      return at;
    });
    return [{ kind: "host", extern: unit.host.extern, args: fixed(unit.host.args), results: fixed(unit.host.results) }];
  }
  return unit.runs.map(({ kernel, bindings }): Draft => ({
    kind: "run",
    kernel,
    bindings: bindings.map((binding) => shifted(binding.kind === "value" ? plan.placeOf(binding.value) : plan.scratchOf(unit), binding.byteOffset)),
  }));
}

const shifted = (at: Place, bytes: number): Place => (typeof at === "number" ? at + bytes : { ...at, base: at.base + bytes });

/** Both move by the same loops, outermost first. */
const samePlace = (a: Place, b: Place): boolean => {
  if (typeof a === "number" || typeof b === "number") return a === b;
  return a.base === b.base && a.perTurn.length === b.perTurn.length && a.perTurn.every(({ depth, by }, i) => depth === b.perTurn[i].depth && by === b.perTurn[i].by);
};
