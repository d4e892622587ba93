/** Region -> units in running order: everything about a region but its memory. The bodies of loops are prepared with it. */
import { isLoop } from "../ir/graph.ts";
import type { LoopNode, Region, ValueId } from "../ir/graph.ts";
import { boolBytesOf } from "../program.ts";
import type { Machine } from "../program.ts";
import type { ConstantPool } from "./constants.ts";
import type { Demands } from "./demand.ts";
import { Facts, isConstant } from "./facts.ts";
import { fuse } from "./fuse.ts";
import type { Fused } from "./fuse.ts";
import type { Placement } from "./kernel.ts";
import { limited } from "./limit.ts";
import { lowerGroup } from "./lower/index.ts";
import { bytesOf } from "./memory.ts";
import { orderUnits } from "./order.ts";
import type { Ordered, StateWrite } from "./order.ts";
import type { Unit } from "./unit.ts";
import { heldBack } from "./waits.ts";

export interface Prepared {
  readonly region: Region;
  /** In running order. */
  readonly units: readonly Unit[];
  /** Of the states or carries that the first results replace. */
  readonly writes: readonly StateWrite[];
  /** The values whose bytes are the region's results. */
  readonly results: readonly ValueId[];
  readonly constants: ReadonlyMap<ValueId, Placement>;
}

/** `olds`: the old value of each state or carry that the first results replace, if it is read. `demands`: where a call tells a length. */
export function prepare(region: Region, olds: readonly (ValueId | null)[], machine: Machine, pool: ConstantPool, demands?: Demands): Prepared {
  const facts = new Facts(region, machine.lanes, boolBytesOf(machine), machine.parallel === true ? undefined : demands?.length);
  const loops = new Map<LoopNode, Unit>();
  const unitsOf = ({ groups, stored }: Fused): readonly Unit[] => groups.flatMap((group): readonly Unit[] => {
    const [node] = group.nodes;
    if (isLoop(node)) {
      const known = loops.get(node) ?? loopUnit(node, facts, machine, pool, demands?.loops.get(node));
      loops.set(node, known);
      return [known];
    }
    const unit = lowerGroup(facts, group, stored, machine);
    if (unit === null) return [];
    return [demands && machine.parallel !== true ? limited(unit, demands) : unit];
  });
  const results = region.results.map((result) => facts.source(result));
  const writes = olds.map((old, i): StateWrite => ({ old, next: results[i] }));
  const ordered = (fused: Fused): Ordered => orderUnits(unitsOf(fused), writes, (value) => bytesOf(region.types[value], facts.boolBytes));
  const fused = fuse(facts);
  const units = sparing(ordered(fused), heldBack(fused, facts), (apart) => ordered(fuse(facts, apart)));
  const constants = new Map<ValueId, Placement>();
  for (const value of [...units.flatMap(({ reads }) => reads), ...results]) {
    const node = facts.producers[value];
    if (isConstant(facts, value) && node?.kind === "op" && node.op === "constant" && !constants.has(value)) constants.set(value, pool.place(node));
  }
  return { region, units, writes, results, constants };
}

/** Kernels of their own for what others wait for cost time: they have to spare an eighth of the bytes. */
function sparing(plain: Ordered, apart: ReadonlySet<ValueId>, separate: (apart: ReadonlySet<ValueId>) => Ordered): readonly Unit[] {
  if (apart.size === 0) return plain.units;
  const other = separate(apart);
  return other.peakBytes <= plain.peakBytes * (7 / 8) ? other.units : plain.units;
}

/** `demands`: of what runs in a turn, a test first. */
function loopUnit(node: LoopNode, facts: Facts, machine: Machine, pool: ConstantPool, demands: readonly Demands[] = []): Unit {
  const args = node.args.map((arg) => facts.source(arg));
  const body = prepare(node.body, node.body.params.slice(1, 1 + node.carries), machine, pool, demands.at(-1));
  const until = node.kind === "while" ? prepare(node.until, [], machine, pool, demands[0]) : null;
  const loop = { node, args, results: node.results, body, until };
  return { runs: [], loop, reads: [...new Set(args)], writes: node.results, scratchBytes: 0, inPlace: [] };
}
