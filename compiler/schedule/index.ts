/**
 * Graph -> Program: kernels, plans and the memory layout.
 *
 * Per region: facts about its values, fusion into groups, one unit of kernels for each group, an order, places in memory.
 */
import type { Entry, EntryParameter, Graph, Region, RunTimeSize, Tree, ValueId } from "../ir/graph.ts";
import { elementCount, isLoop } from "../ir/graph.ts";
import { definitionOf } from "../ops/index.ts";
import type { OpName } from "../ops/index.ts";
import { boolBytesOf } from "../program.ts";
import type { Machine, PlacedTree, Program, ProgramEntry } from "../program.ts";
import { belowOf, belowRowsOf } from "./below.ts";
import { ConstantPool } from "./constants.ts";
import { type Demand, type Demands, demandsOf } from "./demand.ts";
import type { Placement } from "./kernel.ts";
import { KernelTable } from "./kernels.ts";
import { aligned, bytesOf, planMemory, withinBank } from "./memory.ts";
import type { MemoryPlan } from "./memory.ts";
import { prepare } from "./prepare.ts";
import type { Prepared } from "./prepare.ts";
import { stepsOf } from "./steps.ts";

export { belowOf } from "./below.ts";
export { refuseForDevice } from "./gpu/index.ts";
export { printKernels, printPlan } from "./print.ts";

export function schedule(graph: Graph, machine: Machine): Program {
  const boolBytes = boolBytesOf(machine);
  const constants = new ConstantPool(boolBytes);
  const init = ready(initEntry(graph, machine), machine, constants);
  const entries = graph.entries.map((entry) => ready(entry, machine, constants));
  const layOut = (bankBytes: number): Layout => {
    let top = constants.byteLength;
    const take = (bytes: number): Placement => {
      const at = withinBank(top, bytes, bankBytes);
      top = at + bytes;
      return at;
    };
    const places = graph.states.map(({ type }) => take(aligned(bytesOf(type, boolBytes))));
    const plans = [init, ...entries].map((entry) => place(entry, places, top, machine, bankBytes));
    return { places, plans, arenaAt: top, arenaBytes: Math.max(0, ...plans.map((plan) => plan.arenaBytes)) };
  };

  const { bankBytes, layout: { places, plans, arenaAt, arenaBytes } } = inBanks(layOut, machine, [...[init, ...entries].map(({ entry }) => entry.region), graph.init], constants.byteLength);
  const kernels = new KernelTable();
  const [initPlan, ...entryPlans] = plans;
  const symbols = symbolsOf(graph.entries);
  const placed: Machine = { ...machine, bankBytes };
  return {
    entries: entries.map(({ entry }, i) => programEntry(entry, entryPlans[i], symbols[i], kernels, placed)),
    states: graph.states.map((state, i) => ({ ...state, at: places[i] })),
    init: { ...stepsOf(initPlan, kernels, placed), seedAt: borderPlace(initPlan, init.entry.region.params[0]) },
    kernels: kernels.kernels,
    constants: constants.constants,
    externs: graph.externs,
    peakBytes: arenaAt + arenaBytes,
    memory: { constantBytes: constants.byteLength, stateBytes: arenaAt - constants.byteLength, arenaBytes },
    sites: graph.sites,
    ...(machine.parallel === true ? { bankBytes, initial: schedule({ ...graph, entries: [] }, oneProcessor) } : {}),
  };
}

interface Layout {
  /** Of the states. */
  readonly places: readonly Placement[];
  readonly plans: readonly MemoryPlan[];
  readonly arenaAt: Placement;
  readonly arenaBytes: number;
}

/** Kernels bind no more banks than every device allows. */
const mostBanks = 8;

/** The layout in as small banks as the machine asks for, if there are not too many and every value fits into one; else they double. */
function inBanks(layOut: (bankBytes: number) => Layout, { bankBytes: wanted = Infinity }: Machine, regions: readonly Region[], constantBytes: number): { readonly bankBytes: number; readonly layout: Layout } {
  const whole = layOut(Infinity);
  if (whole.arenaAt + whole.arenaBytes <= wanted) return { bankBytes: wanted, layout: whole };
  const largest = Math.max(constantBytes, ...regions.map(largestValue));
  for (let bankBytes = wanted; ; bankBytes *= 2) {
    if (bankBytes < largest) continue;
    const layout = layOut(bankBytes);
    if (layout.arenaAt + layout.arenaBytes <= mostBanks * bankBytes) return { bankBytes, layout };
  }
}

/** Bytes of the largest value of a region, those of its loops included. */
const largestValue = ({ types, nodes }: Region): number =>
  Math.max(16, ...types.map((type) => aligned(bytesOf(type, 4))), ...nodes.map((node) => (isLoop(node) ? Math.max(largestValue(node.body), node.kind === "while" ? largestValue(node.until) : 0) : 0)));

/** Makes the initial values for a parallel machine: with these lanes they are the bits of every other target. */
const oneProcessor: Machine = { name: "js", lanes: 4 };

type Scheduled = Pick<Entry, "reads" | "writes" | "region"> & Partial<Pick<Entry, "length" | "result">>;

interface Ready<E extends Scheduled = Scheduled> {
  readonly entry: E;
  readonly prepared: Prepared;
}

const initEntry = (graph: Graph, { parallel }: Machine): Scheduled =>
  parallel === true
    ? { reads: [], writes: [], region: { ...graph.init, nodes: [], results: [] } }
    : { reads: [], writes: graph.states.map((_, i) => i as Entry["writes"][number]), region: graph.init }; // states in order

/** Everything but the memory. */
function ready<E extends Scheduled>(entry: E, machine: Machine, pool: ConstantPool): Ready<E> {
  const { reads, writes, region } = entry;
  const olds = writes.map((state) => region.params[reads.indexOf(state)] ?? null);
  return { entry, prepared: prepare(region, olds, machine, pool, entryDemands(entry)) };
}

/** Of an entry's results the rows that count are looked at, of the states all. */
function entryDemands({ length, writes, result, region }: Scheduled): Demands | undefined {
  if (length === undefined) return undefined;
  const leaves = (tree: Tree): readonly Demand[] => {
    if (tree.kind === "record") return tree.fields.flatMap((field) => leaves(field.tree));
    if (tree.kind === "tuple") return tree.items.flatMap(leaves);
    const inner = elementCount(tree.type.shape.slice(1));
    return [tree.rows ? { times: tree.rows.times * inner, plus: tree.rows.plus * inner } : "all"];
  };
  return demandsOf(region, lastParam(region), [...writes.map((): Demand => "all"), ...(result ? leaves(result) : [])]);
}

function place({ entry, prepared }: Ready, statePlaces: readonly Placement[], from: Placement, machine: Machine, bankBytes: number): MemoryPlan {
  const { params, types } = entry.region;
  const boolBytes = boolBytesOf(machine);
  const fixed = new Map(entry.reads.map((state, i) => [params[i], statePlaces[state]]));
  let arenaAt = from;
  // A parallel machine has its arguments side by side, so that one write brings them all.
  for (const value of machine.parallel === true ? params.slice(entry.reads.length) : []) {
    const bytes = aligned(bytesOf(types[value], boolBytes));
    arenaAt = withinBank(arenaAt, bytes, bankBytes);
    fixed.set(value, arenaAt);
    arenaAt += bytes;
  }
  const plan = planMemory({ prepared, fixed, writes: entry.writes.map((state) => statePlaces[state]), arenaAt, boolBytes, bankBytes });
  return { ...plan, arenaBytes: arenaAt - from + plan.arenaBytes };
}

/** The place of a value at the border: no loop is around it. */
function borderPlace(plan: MemoryPlan, value: ValueId): Placement {
  const at = plan.placeOf(value);
  if (typeof at !== "number") throw new Error(`internal: value ${value} moves`);
  return at;
}

// ---- an entry's border

function programEntry(entry: Entry, plan: MemoryPlan, symbol: string, kernels: KernelTable, machine: Machine): ProgramEntry {
  const { region, reads } = entry;
  const args = region.params.slice(reads.length).map((param): LeafPlace =>
    ({ at: borderPlace(plan, param), below: belowOf(region, param), belowRows: entry.length && belowRowsOf(region, param, lastParam(region)) }));
  const placedArgs = args[Symbol.iterator]();
  const placedResults = plan.results.map((result): LeafPlace => ({ at: borderPlace(plan, result) }))[Symbol.iterator]();
  return {
    name: entry.name,
    symbol,
    ...(entry.doc === undefined ? {} : { doc: entry.doc }),
    train: entry.train,
    variant: entry.variant,
    ...(entry.length && { length: { ...entry.length, at: borderPlace(plan, lastParam(region)) } }),
    parameters: entry.parameters.map(({ tree, ...parameter }: EntryParameter) => ({ ...parameter, tree: placeTree(tree, placedArgs) })),
    result: entry.result === null ? null : placeTree(entry.result, placedResults),
    ...stepsOf(plan, kernels, machine),
    flops: regionFlops(region),
  };
}

const lastParam = ({ params }: Region): ValueId => params[params.length - 1];

/** What becomes of a leaf. */
interface LeafPlace {
  readonly at: Placement;
  readonly below?: number;
  readonly belowRows?: RunTimeSize;
}

/** Gives the leaves of a tree their places, depth first. */
function placeTree(tree: Tree, places: Iterator<LeafPlace>): PlacedTree {
  switch (tree.kind) {
    case "tensor": {
      const next = places.next();
      if (next.done === true) throw new Error("internal: an entry has more leaves than values");
      const { at, below, belowRows } = next.value;
      return { kind: "tensor", type: tree.type, axes: tree.axes, ...(tree.of !== undefined && { of: tree.of }), at, ...(below === undefined ? {} : { below }), ...(belowRows && { belowRows }), ...(tree.rows && { rows: tree.rows }) };
    }
    case "record": return { kind: "record", fields: tree.fields.map((field) => ({ name: field.name, tree: placeTree(field.tree, places) })) };
    case "tuple": return { kind: "tuple", items: tree.items.map((item) => placeTree(item, places)) };
  }
}

/** Of all turns that a loop may take. */
function regionFlops({ nodes, types }: Region): number {
  const typesOf = (values: readonly ValueId[]) => values.map((value) => types[value]);
  return nodes.reduce((total, node) => {
    if (node.kind === "scan") return total + node.length * regionFlops(node.body);
    if (node.kind === "while") return total + node.max * (regionFlops(node.until) + regionFlops(node.body));
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
