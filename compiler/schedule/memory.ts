/**
 * Where everything lies. The module's memory is constants, states, then an arena that all entries share, one at a time.
 *
 * The new value of a state is made in the state's own place where nothing reads the old one afterwards and no host call
 * follows; else it is copied there at the end. The carries of a loop are to its body what states are to an entry: a carry
 * has one place, into which its initial value is copied (or made), and the next one is made there or copied at the end of
 * the turn. Slices of inputs are read where they lie, what a turn emits is made in its slice of the stacked result.
 */
import { elementCount } from "../ir/graph.ts";
import type { TensorType, ValueId } from "../ir/graph.ts";
import { byteSize } from "../program.ts";
import type { Moment, Occupancy, Origin } from "../program.ts";
import { planArena } from "./arena.ts";
import type { Arena } from "./arena.ts";
import type { Moving, Place, Placement } from "./kernel.ts";
import type { StateWrite } from "./order.ts";
import type { Prepared } from "./prepare.ts";
import { copyUnit, renameUnit, waitsForHost } from "./unit.ts";
import type { LoopRun, Unit } from "./unit.ts";

export { aligned, withinBank } from "./arena.ts";
export const bytesOf = ({ element, shape }: TensorType, boolBytes: 1 | 4 = 1): number => elementCount(shape) * byteSize(element, boolBytes);

export interface MemoryRequest {
  readonly prepared: Prepared;
  /** Params that lie outside of the arena, as states do, and where; the other params are arguments. */
  readonly fixed: ReadonlyMap<ValueId, Placement>;
  /** Places of the states that the first results replace. */
  readonly writes: readonly Placement[];
  readonly arenaAt: Placement;
  /** Default: 1. */
  readonly boolBytes?: 1 | 4;
  /** Nothing lies across a multiple of it. Default: there is none. */
  readonly bankBytes?: number;
}

/** A plan's steps, their values not yet placed. Names are those of the plan: region's own first, then those of bodies. */
export type Item =
  | { readonly kind: "unit"; readonly unit: Unit }
  | { readonly kind: "index"; readonly to: ValueId; readonly value: Moving }
  | { readonly kind: "until"; readonly test: ValueId }
  /** `writes`: what is made part by part. */
  | { readonly kind: "loop"; readonly turns: number; readonly count: ValueId | null; readonly writes: readonly ValueId[]; readonly body: readonly Item[] };

export interface MemoryPlan {
  readonly items: readonly Item[];
  /** Values whose bytes the caller reads after the end. */
  readonly results: readonly ValueId[];
  readonly arenaBytes: number;
  readonly occupancy: Pick<Occupancy, "blocks"> & { readonly moments: readonly Omit<Moment, "steps">[] };
  typeOf(value: ValueId): TensorType;
  placeOf(value: ValueId): Place;
  scratchOf(unit: Unit): Placement;
}

export function planMemory(request: MemoryRequest): MemoryPlan {
  return new Planner(request).plan();
}

/** Where a value lies that has no bytes of its own: in those of another, or (null) anywhere in memory. */
interface Location extends Moving {
  readonly within: ValueId | null;
}

const whole = (within: ValueId): Location => ({ within, base: 0, perTurn: [] });

/** What is decided together: an entry, or the body of a loop. */
interface Frame {
  readonly units: readonly Unit[];
  readonly writes: readonly (StateWrite & { readonly at: Location })[];
  /** Made where they are wanted, or copied there. */
  readonly emits: readonly { readonly value: ValueId; readonly at: Location }[];
  /** Needed after the last unit. */
  readonly kept: ReadonlySet<ValueId>;
  readonly arguments: readonly ValueId[];
  /** A call of the host may fail, and then nothing may have been written to `writes`. */
  readonly undoes: boolean;
}

class Planner implements Pick<MemoryPlan, "typeOf"> {
  private readonly types: TensorType[] = [];
  /** By name: which value it is in the graph; copies have none. */
  private readonly origins: (Origin | undefined)[] = [];
  private readonly locations = new Map<ValueId, Location>();

  constructor(private readonly request: MemoryRequest) {}

  plan(): MemoryPlan {
    const { prepared, fixed, writes, arenaAt, bankBytes } = this.request;
    const names = this.names(prepared);
    for (const [value, at] of fixed) this.locations.set(value, { within: null, base: at, perTurn: [] });
    const args = prepared.region.params.filter((param) => !fixed.has(param));
    const wanted = prepared.results.slice(writes.length);
    const { items, results } = this.frame({
      units: this.units(prepared, names, 0), emits: [], arguments: args, undoes: true,
      writes: prepared.writes.map((write, i) => ({ ...write, at: { within: null, base: writes[i], perTurn: [] } })),
      kept: new Set(prepared.results),
    }, wanted, 0);
    const arena = planArena({
      items, results, arguments: args, arenaAt, bankBytes,
      bytesOf: (value) => this.bytesOf(value),
      rootOf: (value) => this.locate(value).within,
    });
    return {
      items, results, arenaBytes: arena.bytes, occupancy: this.occupancy(arena),
      typeOf: (value) => this.types[value],
      placeOf: (value) => this.placeOf(value, arena),
      scratchOf: (unit) => arena.scratch.get(unit) ?? arenaAt,
    };
  }

  private occupancy({ blocks, moments }: Arena): MemoryPlan["occupancy"] {
    const { arenaAt } = this.request;
    return {
      moments: moments.map((unit): Omit<Moment, "steps"> => {
        const [run] = unit?.runs ?? [];
        if (run !== undefined) return { what: run.kernel.name, site: run.kernel.site };
        return { what: unit === null ? "loop" : unit.host?.extern ?? "copy", site: null };
      }),
      blocks: blocks.map(({ bytes, birth, death, at, holds }) => ({
        bytes, at: arenaAt + at, from: birth, to: death,
        holds: holds.map(({ value, from }) => ({ from, type: this.types[value], origin: this.origins[value] ?? null })),
      })),
    };
  }

  typeOf(value: ValueId): TensorType {
    return this.types[value];
  }

  private bytesOf(value: ValueId): number {
    return bytesOf(this.types[value], this.request.boolBytes);
  }

  // ---- names

  private define(type: TensorType): ValueId {
    return (this.types.push(type) - 1) as ValueId; // an index of `types`
  }

  private fresh(like: ValueId): ValueId {
    return this.define(this.types[like]);
  }

  /** Names for the values of a region, in its order; those of an entry keep theirs. Constants have their place at once. */
  private names({ region, constants }: Prepared): readonly ValueId[] {
    const names = region.types.map((type) => this.define(type));
    names.forEach((name, value) => { this.origins[name] = { region, value: value as ValueId }; }); // an index of the region's types
    for (const [value, at] of constants) this.locations.set(names[value], { within: null, base: at, perTurn: [] });
    return names;
  }

  /** The units of a region under the plan's names, each loop after the copies that start its carries. */
  private units({ units }: Prepared, names: readonly ValueId[], depth: number): Unit[] {
    return units.flatMap((local): Unit[] => {
      const unit = renameUnit(local, (value) => names[value]);
      if (unit.host !== undefined && depth > 0) return this.hostUnits(unit, unit.host);
      if (unit.loop === undefined) return [unit];
      const { node: { carries }, args, results } = unit.loop;
      const carried = results.slice(0, carries);
      const starts = carried.map((to, i): Unit => ({ ...copyUnit(args[i], to), inPlace: [{ output: to, input: args[i] }] }));
      return [...starts, { ...unit, reads: [...new Set([...carried, ...args.slice(carries)])], writes: results.slice(carries) }];
    });
  }

  /** In a loop the host gets copies, whose place is the same in every turn. */
  private hostUnits(unit: Unit, host: NonNullable<Unit["host"]>): Unit[] {
    const copies = host.args.map((arg) => copyUnit(arg, this.fresh(arg)));
    const args = copies.flatMap(({ writes }) => writes);
    return [...copies, { ...unit, reads: args, host: { ...host, args } }];
  }

  // ---- places

  /** Follows a value to the bytes that it lies in. */
  private locate(value: ValueId): Location {
    return this.follow(whole(value));
  }

  private follow(from: Location): Location {
    let found = from;
    for (;;) {
      const next: Location | undefined = found.within === null ? undefined : this.locations.get(found.within);
      if (next === undefined) return found;
      found = { within: next.within, base: found.base + next.base, perTurn: [...next.perTurn, ...found.perTurn] };
    }
  }

  private placeOf(value: ValueId, arena: Arena): Place {
    const { within, base, perTurn } = this.locate(value);
    const root = within === null ? 0 : arena.places.get(within);
    if (root === undefined) throw new Error(`internal: value ${value} has no place`);
    return perTurn.length === 0 ? root + base : { base: root + base, perTurn };
  }

  // ---- an entry or a body

  /** The items of a frame; `wanted` are values whose bytes its caller reads: they may get other names. */
  private frame(frame: Frame, wanted: readonly ValueId[], depth: number): { readonly items: readonly Item[]; readonly results: readonly ValueId[] } {
    const olds = new Set(frame.writes.flatMap(({ old }) => old ?? []));
    const early: Unit[] = [];
    const late: Unit[] = [];
    const saved = new Map<ValueId, ValueId>();
    /** The old value of a state that is overwritten, set aside. */
    const setAside = (value: ValueId): ValueId => {
      if (!olds.has(value)) return value;
      const known = saved.get(value);
      if (known !== undefined) return known;
      const copy = this.fresh(value);
      saved.set(value, copy);
      early.push(copyUnit(value, copy));
      return copy;
    };
    const copy = (from: ValueId, at: Location, list: Unit[]): void => {
      const to = this.fresh(from);
      this.locations.set(to, at);
      list.push(copyUnit(from, to));
    };
    const results = wanted.map(setAside);
    for (const { old, next, at } of frame.writes) {
      if (next !== old && !this.makeInPlace(frame, old, next, at)) copy(setAside(next), at, late);
    }
    for (const { value, at } of frame.emits) {
      if (this.makeInPlace(frame, null, value, at)) continue;
      const isMade = frame.units.some(({ writes }) => writes.includes(value));
      copy(value, at, isMade ? late : early);
    }
    const items = [...early, ...frame.units, ...late].map((unit): Item => (unit.loop === undefined ? { kind: "unit", unit } : this.loop(unit, unit.loop, depth)));
    return { items, results };
  }

  /**
   * Gives a new value the place of its state, if that is safe; then also what the value may lie on, so that a large
   * state needs no second buffer while it is made.
   */
  private makeInPlace(frame: Frame, old: ValueId | null, next: ValueId, at: Location): boolean {
    const { units } = frame;
    const maker = units.findIndex((unit) => unit.writes.includes(next));
    if (maker < 0 || this.locations.has(next) || !isFree(frame, old, next, maker)) return false;
    if (units[maker].host !== undefined && this.follow(at).perTurn.length > 0) return false;
    this.locations.set(next, at);
    let top = { value: next, maker };
    for (;;) {
      const under = units[top.maker].inPlace.find(({ output, input }) => output === top.value && this.mayLieUnder(frame, old, input, top.maker));
      if (under === undefined) return true;
      this.locations.set(under.input, at);
      top = { value: under.input, maker: units.findIndex((unit) => unit.writes.includes(under.input)) };
    }
  }

  /** Whether a value that only unit `reader` reads may be made in the place of the state that `reader` makes. */
  private mayLieUnder(frame: Frame, old: ValueId | null, value: ValueId, reader: number): boolean {
    const { units } = frame;
    if (this.locations.has(value) || frame.arguments.includes(value) || frame.kept.has(value)) return false;
    const maker = units.findIndex((unit) => unit.writes.includes(value));
    return maker >= 0 && units[maker].host === undefined && units.every((unit, i) => i === reader || !unit.reads.includes(value)) && isFree(frame, old, value, maker);
  }

  // ---- loops

  private loop(unit: Unit, loop: LoopRun, depth: number): Item {
    const { node, args, results, body, until } = loop;
    const { carries } = node;
    const names = this.names(body);
    const inputs = node.kind === "scan" ? node.inputs : 0;
    const reversed = node.kind === "scan" && node.reversed;
    const last = node.kind === "scan" ? node.length - 1 : 0;
    /** What stands at the index times `by`. */
    const atIndex = (by: number): Moving => (reversed ? { base: last * by, perTurn: [{ depth, by: -by }] } : { base: 0, perTurn: [{ depth, by }] });
    const slice = (within: ValueId, bytes: number): Location => (bytes === 0 ? whole(within) : { within, ...atIndex(bytes) });
    const [index, ...params] = body.region.params.map((param) => names[param]);
    const given = [...results.slice(0, carries), ...args.slice(carries)];
    params.forEach((param, i) => {
      const isSlice = i >= carries && i < carries + inputs;
      this.locations.set(param, isSlice ? slice(given[i], this.bytesOf(param)) : whole(given[i]));
    });
    const emits = body.results.slice(carries).map((result, i) => ({ value: names[result], at: slice(results[carries + i], this.bytesOf(names[result])) }));
    const frame = this.frame({
      units: this.units(body, names, depth + 1), emits, arguments: [index, ...params], undoes: false,
      writes: body.writes.map(({ next }, i) => ({ old: params[i], next: names[next], at: whole(results[i]) })),
      kept: new Set(body.results.map((result) => names[result])),
    }, [], depth + 1);
    const test = until === null ? null : this.until(until, [index, ...params], depth + 1);
    const items = [...(test ?? []), ...frame.items];
    return {
      kind: "loop",
      turns: node.kind === "scan" ? node.length : node.max,
      count: node.kind === "while" ? results[results.length - 1] : null,
      writes: unit.writes,
      body: readsAny(items, (value) => this.locate(value).within === index) ? [{ kind: "index", to: index, value: atIndex(1) }, ...items] : items,
    };
  }

  /** The test before a turn of a while. */
  private until(until: Prepared, params: readonly ValueId[], depth: number): Item[] {
    const names = this.names(until);
    until.region.params.forEach((param, i) => this.locations.set(names[param], whole(params[i])));
    const wanted = until.results.map((result) => names[result]);
    const { items, results: [test] } = this.frame({ units: this.units(until, names, depth), writes: [], emits: [], kept: new Set(wanted), arguments: [], undoes: false }, wanted, depth);
    return [...items, { kind: "until", test }];
  }
}

/** Whether a state's place may hold `next` from the unit that makes it on. */
function isFree({ units, undoes }: Frame, old: ValueId | null, next: ValueId, maker: number): boolean {
  return units.every((unit, i) => {
    if (undoes && waitsForHost(unit)) return i < maker;
    if (i < maker || old === null || !unit.reads.includes(old)) return true;
    return i === maker && unit.inPlace.some(({ output, input }) => output === next && input === old);
  });
}

const readsAny = (items: readonly Item[], wanted: (value: ValueId) => boolean): boolean => items.some((item) => {
  switch (item.kind) {
    case "unit": return item.unit.reads.some(wanted);
    case "index": return false;
    case "until": return wanted(item.test);
    case "loop": return readsAny(item.body, wanted);
  }
});
