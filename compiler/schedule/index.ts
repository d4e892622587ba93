/**
 * Graph -> Program: kernels, plans and the memory layout.
 *
 * Per region: facts about its values, fusion into groups, one unit of kernels for each group, an order, places in memory.
 */
import type { Entry, EntryParameter, Graph, Region, Tree, ValueId } from "../ir/graph.ts";
import { definitionOf } from "../ops/index.ts";
import type { OpName } from "../ops/index.ts";
import { boolBytesOf } from "../program.ts";
import type { Machine, PlacedTree, Program, ProgramEntry } from "../program.ts";
import { belowOf } from "./below.ts";
import { ConstantPool } from "./constants.ts";
import { Facts, isConstant } from "./facts.ts";
import { fuse } from "./fuse.ts";
import { copyKernel } from "./gpu/index.ts";
import type { Placement, Step } from "./kernel.ts";
import { KernelTable } from "./kernels.ts";
import { lowerGroup } from "./lower/index.ts";
import { aligned, bytesOf, planMemory } from "./memory.ts";
import type { MemoryPlan } from "./memory.ts";
import { orderUnits } from "./order.ts";
import type { StateWrite } from "./order.ts";
import type { Unit } from "./unit.ts";

export { belowOf } from "./below.ts";
export { refuseF64 } from "./gpu/index.ts";
export { printKernels, printPlan } from "./print.ts";

export function schedule(graph: Graph, machine: Machine): Program {
  const boolBytes = boolBytesOf(machine);
  const constants = new ConstantPool(boolBytes);
  const kernels = new KernelTable();
  const init = prepare(initEntry(graph, machine), machine, constants);
  const entries = graph.entries.map((entry) => prepare(entry, machine, constants));

  let top = constants.byteLength;
  const states = graph.states.map((state) => {
    const at = top;
    top += aligned(bytesOf(state.type, boolBytes));
    return { ...state, at };
  });
  const arenaAt = top;
  const places = states.map(({ at }) => at);
  const plans = [init, ...entries].map((prepared) => place(prepared, places, arenaAt, machine));
  const arenaBytes = Math.max(0, ...plans.map((plan) => plan.arenaBytes));
  const [initPlan, ...entryPlans] = plans;
  const symbols = symbolsOf(graph.entries);
  return {
    entries: entries.map((prepared, i) => programEntry(prepared, entryPlans[i], symbols[i], kernels, machine)),
    states,
    init: { plan: stepsOf(initPlan, kernels, machine), seedAt: placeOf(initPlan, init.entry.region.params[0]) },
    kernels: kernels.kernels,
    constants: constants.constants,
    externs: graph.externs,
    peakBytes: arenaAt + arenaBytes,
    memory: { constantBytes: constants.byteLength, stateBytes: arenaAt - constants.byteLength, arenaBytes },
    sites: graph.sites,
    ...(machine.parallel === true ? { initial: schedule({ ...graph, entries: [] }, oneProcessor) } : {}),
  };
}

/** Makes the initial values for a parallel machine: with these lanes they are the bits of every other target. */
const oneProcessor: Machine = { name: "js", lanes: 4 };

type Scheduled = Pick<Entry, "reads" | "writes" | "region">;

interface Prepared<E extends Scheduled = Scheduled> {
  readonly entry: E;
  readonly facts: Facts;
  readonly units: readonly Unit[];
  readonly writes: readonly StateWrite[];
  readonly constants: ReadonlyMap<ValueId, Placement>;
}

const initEntry = (graph: Graph, { parallel }: Machine): Scheduled =>
  parallel === true
    ? { reads: [], writes: [], region: { ...graph.init, nodes: [], results: [] } }
    : { reads: [], writes: graph.states.map((_, i) => i as Entry["writes"][number]), region: graph.init }; // states in order

/** Everything but the memory. */
function prepare<E extends Scheduled>(entry: E, machine: Machine, pool: ConstantPool): Prepared<E> {
  const { region } = entry;
  const facts = new Facts(region, machine.lanes, boolBytesOf(machine));
  const { groups, stored } = fuse(facts);
  const units = groups.flatMap((group) => lowerGroup(facts, group, stored, machine) ?? []);
  const writes = entry.writes.map((state, i): StateWrite => {
    const read = entry.reads.indexOf(state);
    return { old: read < 0 ? null : region.params[read], next: facts.source(region.results[i]) };
  });
  const constants = new Map<ValueId, Placement>();
  const wanted = [...units.flatMap(({ reads }) => reads), ...region.results.map((result) => facts.source(result))];
  for (const value of wanted) {
    const node = facts.producers[value];
    if (isConstant(facts, value) && node?.kind === "op" && node.op === "constant" && !constants.has(value)) constants.set(value, pool.place(node));
  }
  return { entry, facts, units: orderUnits(units, writes, (value) => bytesOf(facts.types[value], boolBytesOf(machine))), writes, constants };
}

interface Placed extends MemoryPlan {
  /** By leaf of the entry's result. */
  readonly resultPlaces: readonly Placement[];
}

function place({ entry, facts, units, writes, constants }: Prepared, statePlaces: readonly Placement[], from: Placement, machine: Machine): Placed {
  const { params, results } = entry.region;
  const boolBytes = boolBytesOf(machine);
  const fixed = new Map(constants);
  entry.reads.forEach((state, i) => fixed.set(params[i], statePlaces[state]));
  const given = params.slice(entry.reads.length);
  let arenaAt = from;
  // Side by side, so that one write brings them all.
  for (const value of machine.parallel === true ? given : []) {
    fixed.set(value, arenaAt);
    arenaAt += aligned(bytesOf(facts.types[value], boolBytes));
  }
  const plan = planMemory({
    types: facts.types, units, fixed, arenaAt, boolBytes,
    arguments: machine.parallel === true ? [] : given,
    results: results.slice(entry.writes.length).map((result) => facts.source(result)),
    writes: writes.map((write, i) => ({ ...write, at: statePlaces[entry.writes[i]] })),
  });
  return { ...plan, arenaBytes: arenaAt - from + plan.arenaBytes, resultPlaces: plan.results.map((result) => placeOf(plan, result)) };
}

function placeOf({ places }: MemoryPlan, value: ValueId): Placement {
  const at = places.get(value);
  if (at === undefined) throw new Error(`internal: value ${value} has no place`);
  return at;
}

function stepsOf(plan: Placed, kernels: KernelTable, machine: Machine): Step[] {
  return plan.units.flatMap((unit, i): Step[] => {
    if (unit.copy !== undefined) {
      const bytes = bytesOf(plan.typeOf(unit.copy.from), boolBytesOf(machine));
      const [from, to] = [placeOf(plan, unit.copy.from), placeOf(plan, unit.copy.to)];
      if (bytes === 0) return [];
      return machine.parallel === true ? [{ kind: "run", kernel: kernels.add(copyKernel(bytes)), bindings: [from, to] }] : [{ kind: "copy", from, to, bytes }];
    }
    if (unit.host !== undefined) {
      const { extern, args, results } = unit.host;
      return [{ kind: "host", extern, args: args.map((arg) => placeOf(plan, arg)), results: results.map((result) => placeOf(plan, result)) }];
    }
    return unit.runs.map(({ kernel, bindings }): Step => ({
      kind: "run",
      kernel: kernels.add(kernel),
      bindings: bindings.map((binding) => (binding.kind === "value" ? placeOf(plan, binding.value) : plan.scratch[i]) + binding.byteOffset),
    }));
  });
}

// ---- an entry's border

function programEntry(prepared: Prepared<Entry>, plan: Placed, symbol: string, kernels: KernelTable, machine: Machine): ProgramEntry {
  const { entry } = prepared;
  const { region, reads } = entry;
  const args = region.params.slice(reads.length).map((param) => ({ at: placeOf(plan, param), below: belowOf(region, param) }));
  const placedArgs = args[Symbol.iterator]();
  const placedResults = plan.resultPlaces.map((at) => ({ at, below: undefined }))[Symbol.iterator]();
  return {
    name: entry.name,
    symbol,
    ...(entry.doc === undefined ? {} : { doc: entry.doc }),
    train: entry.train,
    variant: entry.variant,
    parameters: entry.parameters.map(({ name, tree }: EntryParameter) => ({ name, tree: placeTree(tree, placedArgs) })),
    result: entry.result === null ? null : placeTree(entry.result, placedResults),
    plan: stepsOf(plan, kernels, machine),
    flops: regionFlops(region),
  };
}

/** Gives the leaves of a tree their places, depth first. */
function placeTree(tree: Tree, places: Iterator<{ readonly at: Placement; readonly below: number | undefined }>): PlacedTree {
  switch (tree.kind) {
    case "tensor": {
      const next = places.next();
      if (next.done === true) throw new Error("internal: an entry has more leaves than values");
      const { at, below } = next.value;
      return { kind: "tensor", type: tree.type, axes: tree.axes, at, ...(below === undefined ? {} : { below }) };
    }
    case "record": return { kind: "record", fields: tree.fields.map((field) => ({ name: field.name, tree: placeTree(field.tree, places) })) };
    case "tuple": return { kind: "tuple", items: tree.items.map((item) => placeTree(item, places)) };
  }
}

function regionFlops({ nodes, types }: Region): number {
  const typesOf = (values: readonly ValueId[]) => values.map((value) => types[value]);
  return nodes.reduce((total, node) => {
    if (node.kind !== "op") return total;
    const definition = definitionOf<OpName>(node.op);
    return total + definition.flops(typesOf(node.args), typesOf(node.results), node.attributes);
  }, 0);
}

/** `predict`, or `predict_32` where there are variants; made unique by a count if need be. */
function symbolsOf(entries: readonly Entry[]): string[] {
  const taken = new Set<string>(["init", "memory"]);
  return entries.map(({ name, variant }) => {
    const base = [name, ...Object.values(variant)].join("_");
    let symbol = base;
    for (let count = 2; taken.has(symbol); count++) symbol = `${base}_${count}`;
    taken.add(symbol);
    return symbol;
  });
}
