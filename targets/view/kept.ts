/** What the forward pass leaves in memory for the backward pass, and which derivatives ask for it. */
import type { Site } from "../../compiler/ir/graph.ts";
import type { Occupancy } from "../../compiler/program.ts";
import type { Flat } from "./flat.ts";
import { makerOf, type Phase } from "./phases.ts";

export interface Reason {
  /** The operation of the backward pass. */
  readonly reader: number;
  /** The operation or call whose derivative that is. */
  readonly derivativeOf: string;
  /** What is made again of the kept value, there; absent: it is read itself. */
  readonly through?: string;
}

export interface Kept {
  readonly value: number;
  /** In the arena. */
  readonly bytes: number;
  readonly reasons: readonly Reason[];
}

/**
 * The values in memory that backward operations read, themselves or by way of values that have no bytes of their own, in
 * the order in which they are made. What the entry is given (arguments, states) lies there anyway and is not among them.
 */
export function keptValues(flat: Flat, phases: readonly Phase[], { blocks }: Occupancy, sites: readonly Site[]): readonly Kept[] {
  const stored = new Set(blocks.flatMap(({ holds }) => holds.flatMap(({ origin }) => (origin === null ? [] : flat.valueOf(origin) ?? []))));
  const isForward = (value: number): boolean => {
    const maker = makerOf(flat, value);
    return maker !== null && phases[maker] === "forward";
  };
  const sources = new Map<number, ReadonlySet<number>>();
  /** The values in memory that a forward value is, or is made of. */
  const sourcesOf = (value: number): ReadonlySet<number> => {
    const known = sources.get(value);
    if (known) return known;
    const { maker, across } = flat.values[value];
    const found = new Set<number>();
    if (!isForward(value)) return found;
    if (stored.has(value)) found.add(value);
    else for (const arg of across !== null ? [across.of] : maker === null ? [] : flat.operations[maker].args) for (const source of sourcesOf(arg)) found.add(source);
    sources.set(value, found);
    return found;
  };
  const reasons = new Map<number, Reason[]>();
  for (const { id, args, site } of flat.operations) {
    if (phases[id] !== "backward" && phases[id] !== "again") continue;
    for (const arg of args) {
      for (const source of sourcesOf(arg)) {
        const list = reasons.get(source) ?? [];
        reasons.set(source, list);
        if (list.some(({ reader }) => reader === id)) continue;
        const maker = makerOf(flat, arg);
        const through = makerOf(flat, source) === maker || maker === null ? {} : { through: flat.operations[maker].op };
        list.push({ reader: id, derivativeOf: sites[site].derivativeOf ?? flat.operations[id].op, ...through });
      }
    }
  }
  return [...reasons].sort(([a], [b]) => a - b).map(([value, list]) => ({ value, bytes: flat.values[value].bytes, reasons: list }));
}
