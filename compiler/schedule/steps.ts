/** Items -> steps: kernels get their ids, values their places. */
import { boolBytesOf } from "../program.ts";
import type { Machine } from "../program.ts";
import { copyKernel } from "./gpu/index.ts";
import type { KernelTable } from "./kernels.ts";
import type { Place, Placement, Step } from "./kernel.ts";
import { bytesOf } from "./memory.ts";
import type { Item, MemoryPlan } from "./memory.ts";
import type { Unit } from "./unit.ts";

export function stepsOf(items: readonly Item[], plan: MemoryPlan, kernels: KernelTable, machine: Machine): Step[] {
  return items.flatMap((item): readonly Step[] => {
    switch (item.kind) {
      case "unit": return unitSteps(item.unit, plan, kernels, machine);
      case "index": return [{ kind: "index", at: plan.placeOf(item.to), value: item.value }];
      case "until": return [{ kind: "until", test: plan.placeOf(item.test) }];
      case "loop": {
        const count = item.count === null ? {} : { count: plan.placeOf(item.count) };
        return [{ kind: "loop", turns: item.turns, ...count, body: stepsOf(item.body, plan, kernels, machine) }];
      }
    }
  });
}

function unitSteps(unit: Unit, plan: MemoryPlan, kernels: KernelTable, machine: Machine): readonly Step[] {
  if (unit.copy !== undefined) {
    const bytes = bytesOf(plan.typeOf(unit.copy.from), boolBytesOf(machine));
    const [from, to] = [plan.placeOf(unit.copy.from), plan.placeOf(unit.copy.to)];
    if (bytes === 0 || samePlace(from, to)) return [];
    return machine.parallel === true ? [{ kind: "run", kernel: kernels.add(copyKernel(bytes)), bindings: [from, to] }] : [{ kind: "copy", from, to, bytes }];
  }
  if (unit.host !== undefined) {
    const fixed = (values: Unit["reads"]): Placement[] => values.map((value) => {
      const at = plan.placeOf(value);
      if (typeof at !== "number") throw new Error(`internal: what the host reads or writes moves: %${value}`);
      return at;
    });
    return [{ kind: "host", extern: unit.host.extern, args: fixed(unit.host.args), results: fixed(unit.host.results) }];
  }
  return unit.runs.map(({ kernel, bindings }): Step => ({
    kind: "run",
    kernel: kernels.add(kernel),
    bindings: bindings.map((binding) => shifted(binding.kind === "value" ? plan.placeOf(binding.value) : plan.scratchOf(unit), binding.byteOffset)),
  }));
}

const shifted = (at: Place, bytes: number): Place => (typeof at === "number" ? at + bytes : { ...at, base: at.base + bytes });

/** Both move by the same loops, outermost first. */
const samePlace = (a: Place, b: Place): boolean => {
  if (typeof a === "number" || typeof b === "number") return a === b;
  return a.base === b.base && a.perTurn.length === b.perTurn.length && a.perTurn.every(({ depth, by }, i) => depth === b.perTurn[i].depth && by === b.perTurn[i].by);
};
