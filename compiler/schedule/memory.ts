/**
 * Where everything lies. The module's memory is constants, states, then an arena that all entries share, one at a time.
 *
 * A value lives from the step that makes it to the last that reads it; arguments from before the first step, results to
 * the end. Values that live at the same time do not overlap, but for an output on an input that dies there and may be
 * overwritten (`Unit.inPlace`). The new value of a state is made in the state's own place where nothing reads the old one
 * afterwards and no host call follows; else it is copied there at the end.
 */
import { elementCount } from "../ir/graph.ts";
import type { TensorType, ValueId } from "../ir/graph.ts";
import { byteSize } from "../program.ts";
import type { Placement } from "./kernel.ts";
import type { StateWrite } from "./order.ts";
import type { Unit } from "./unit.ts";

export const aligned = (bytes: number): number => Math.ceil(bytes / 16) * 16;
export const bytesOf = ({ element, shape }: TensorType, boolBytes: 1 | 4 = 1): number => elementCount(shape) * byteSize(element, boolBytes);

export interface MemoryRequest {
  readonly types: readonly TensorType[];
  /** In running order. */
  readonly units: readonly Unit[];
  /** States read and constants, and where they lie. */
  readonly fixed: ReadonlyMap<ValueId, Placement>;
  readonly arguments: readonly ValueId[];
  /** Values whose bytes the caller reads after the end. */
  readonly results: readonly ValueId[];
  readonly writes: readonly (StateWrite & { readonly at: Placement })[];
  readonly arenaAt: Placement;
  /** Default: 1. */
  readonly boolBytes?: 1 | 4;
}

export interface MemoryPlan {
  readonly units: readonly Unit[];
  readonly places: ReadonlyMap<ValueId, Placement>;
  /** The scratch of each unit. */
  readonly scratch: readonly Placement[];
  readonly results: readonly ValueId[];
  readonly arenaBytes: number;
  typeOf(value: ValueId): TensorType;
}

export function planMemory(request: MemoryRequest): MemoryPlan {
  return new Planner(request).plan();
}

interface Block {
  readonly bytes: number;
  birth: number;
  death: number;
  at: Placement;
}

class Planner {
  private readonly types: TensorType[];
  private readonly places: Map<ValueId, Placement>;
  private readonly states: ReadonlySet<ValueId>;
  /** What must survive to the end. */
  private readonly kept: ReadonlySet<ValueId>;

  constructor(private readonly request: MemoryRequest) {
    this.types = [...request.types];
    this.places = new Map(request.fixed);
    this.kept = new Set([...request.results, ...request.writes.map(({ next }) => next)]);
    this.states = new Set(request.writes.flatMap(({ old }) => (old === null ? [] : [old])));
  }

  plan(): MemoryPlan {
    const early: Unit[] = [];
    const late: Unit[] = [];
    const saved = new Map<ValueId, ValueId>();
    /** The old value of a state that is overwritten, set aside. */
    const setAside = (value: ValueId): ValueId => {
      if (!this.states.has(value)) return value;
      const known = saved.get(value);
      if (known !== undefined) return known;
      const copy = this.fresh(value);
      saved.set(value, copy);
      early.push(copyUnit(value, copy));
      return copy;
    };
    const results = this.request.results.map(setAside);
    for (const { old, next, at } of this.request.writes) {
      if (next === old || this.makeInPlace(old, next, at)) continue;
      const from = setAside(next);
      const to = this.fresh(next);
      this.places.set(to, at);
      late.push(copyUnit(from, to));
    }
    const units = [...early, ...this.request.units, ...late];
    return { units, results, typeOf: (value) => this.types[value], ...this.place(units, results) };
  }

  private fresh(like: ValueId): ValueId {
    this.types.push(this.types[like]);
    return (this.types.length - 1) as ValueId; // past the region's own values
  }

  /**
   * Gives a new value the place of its state, if that is safe; then also what the value may lie on, so that a large
   * state needs no second buffer while it is made.
   */
  private makeInPlace(old: ValueId | null, next: ValueId, at: Placement): boolean {
    const { units } = this.request;
    const maker = units.findIndex((unit) => unit.writes.includes(next));
    if (maker < 0 || this.places.has(next) || !this.isFree(old, next, maker)) return false;
    this.places.set(next, at);
    let top = { value: next, maker };
    for (;;) {
      const under = units[top.maker].inPlace.find(({ output, input }) => output === top.value && this.mayLieUnder(old, input, top.maker));
      if (under === undefined) return true;
      this.places.set(under.input, at);
      top = { value: under.input, maker: units.findIndex((unit) => unit.writes.includes(under.input)) };
    }
  }

  /** Whether a state's place may hold `next` from the unit that makes it on. */
  private isFree(old: ValueId | null, next: ValueId, maker: number): boolean {
    return this.request.units.every((unit, i) => {
      if (unit.host !== undefined) return i < maker;
      if (i < maker || old === null || !unit.reads.includes(old)) return true;
      return i === maker && unit.inPlace.some(({ output, input }) => output === next && input === old);
    });
  }

  /** Whether a value that only unit `reader` reads may be made in the place of the state that `reader` makes. */
  private mayLieUnder(old: ValueId | null, value: ValueId, reader: number): boolean {
    const { units } = this.request;
    if (this.places.has(value) || this.request.arguments.includes(value) || this.kept.has(value)) return false;
    const maker = units.findIndex((unit) => unit.writes.includes(value));
    return maker >= 0 && units.every((unit, i) => i === reader || !unit.reads.includes(value)) && this.isFree(old, value, maker);
  }

  // ---- the arena

  private place(units: readonly Unit[], results: readonly ValueId[]): Pick<MemoryPlan, "places" | "scratch" | "arenaBytes"> {
    const deaths = new Map<ValueId, number>();
    units.forEach((unit, i) => { for (const value of unit.reads) deaths.set(value, i); });
    for (const result of results) deaths.set(result, units.length);
    const blocks: Block[] = [];
    const blockOf = new Map<ValueId, Block>();
    const add = (value: ValueId, birth: number): void => {
      const block = { bytes: aligned(bytesOf(this.types[value], this.request.boolBytes)), birth, death: Math.max(birth, deaths.get(value) ?? birth), at: 0 };
      blocks.push(block);
      blockOf.set(value, block);
    };
    for (const value of this.request.arguments) add(value, -1);
    const scratch = units.map((unit, i): Block => {
      const taken = new Set<Block>();
      for (const output of unit.writes) {
        if (this.places.has(output)) continue;
        const over = unit.inPlace.flatMap(({ output: candidate, input }) => {
          const block = candidate === output && deaths.get(input) === i ? blockOf.get(input) : undefined;
          return block === undefined || block.death !== i || taken.has(block) ? [] : [block];
        }).at(0);
        if (over === undefined) add(output, i);
        else {
          taken.add(over);
          over.death = Math.max(i, deaths.get(output) ?? i);
          blockOf.set(output, over);
        }
      }
      const block = { bytes: aligned(unit.scratchBytes), birth: i, death: i, at: 0 };
      if (block.bytes > 0) blocks.push(block);
      return block;
    });
    const arenaBytes = bestFit(blocks);
    for (const [value, { at }] of blockOf) this.places.set(value, this.request.arenaAt + at);
    return { places: this.places, scratch: scratch.map(({ at }) => this.request.arenaAt + at), arenaBytes };
  }
}

/** Offsets for blocks, the largest first, each in the tightest gap that is free all its life. Returns the high-water mark. */
function bestFit(blocks: readonly Block[]): number {
  const placed: Block[] = [];
  let top = 0;
  for (const block of [...blocks].sort((a, b) => b.bytes - a.bytes || a.birth - b.birth)) {
    const beside = placed.filter(({ birth, death }) => birth <= block.death && block.birth <= death).sort((a, b) => a.at - b.at);
    let end = 0;
    let best = Infinity;
    let at = -1;
    for (const other of beside) {
      const gap = other.at - end;
      if (gap >= block.bytes && gap < best) {
        best = gap;
        at = end;
      }
      end = Math.max(end, other.at + other.bytes);
    }
    block.at = at >= 0 ? at : end;
    top = Math.max(top, block.at + block.bytes);
    placed.push(block);
  }
  return top;
}

const copyUnit = (from: ValueId, to: ValueId): Unit => ({ runs: [], copy: { from, to }, reads: [from], writes: [to], scratchBytes: 0, inPlace: [] });
