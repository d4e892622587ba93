/**
 * Places in the arena. A value lives from the step that makes it to the last that reads it; what a loop uses but did not
 * make in the same turn lives to the loop's end, and what it adds to from turn to turn lives from its start. Values that
 * live at the same time do not overlap, but for an output on an input that dies there and may be overwritten
 * (`Unit.inPlace`).
 */
import type { ValueId } from "../ir/graph.ts";
import type { Placement } from "./kernel.ts";
import type { Item } from "./memory.ts";
import type { Unit } from "./unit.ts";

export interface ArenaRequest {
  readonly items: readonly Item[];
  /** There from before the first item. */
  readonly arguments: readonly ValueId[];
  /** Needed after the last. */
  readonly results: readonly ValueId[];
  readonly arenaAt: Placement;
  /** Nothing lies across a multiple of it. Default: there is none. */
  readonly bankBytes?: number;
  bytesOf(value: ValueId): number;
  /** The value in whose bytes a value lies; null: outside of the arena. */
  rootOf(value: ValueId): ValueId | null;
}

export interface Arena {
  /** By root. */
  readonly places: ReadonlyMap<ValueId, Placement>;
  readonly scratch: ReadonlyMap<Unit, Placement>;
  readonly bytes: number;
  readonly blocks: readonly Block[];
  /** What happens at each position of the linear order; null: nothing but the start or end of a loop. */
  readonly moments: readonly (Unit | null)[];
}

/** The first place from `at` on where so many bytes lie in one bank. */
export function withinBank(at: Placement, bytes: number, bankBytes = Infinity): Placement {
  const left = bankBytes - (at % bankBytes);
  return bytes <= left || left === bankBytes ? at : at + left;
}

export const aligned = (bytes: number): number => Math.ceil(bytes / 16) * 16;

/** A range that values lie in one after the other, each made in the place of the one before. */
interface Block {
  readonly bytes: number;
  readonly birth: number;
  death: number;
  at: Placement;
  /** Positions at which they are made; none: scratch. */
  readonly holds: { readonly value: ValueId; readonly from: number }[];
}

/** What happens at one position of the linear order. */
interface Event {
  readonly unit?: Unit;
  readonly reads: readonly ValueId[];
  readonly writes: readonly ValueId[];
}

export function planArena(request: ArenaRequest): Arena {
  const { events, deaths } = new Lifetimes(request);
  const blocks: Block[] = [];
  const blockOf = new Map<ValueId, Block>();
  const scratch = new Map<Unit, Block>();
  const add = (root: ValueId, birth: number): void => {
    const block = { bytes: aligned(request.bytesOf(root)), birth, death: Math.max(birth, deaths.get(root) ?? birth), at: 0, holds: [{ value: root, from: birth }] };
    blocks.push(block);
    blockOf.set(root, block);
  };
  for (const value of request.arguments) add(value, -1);
  events.forEach(({ unit, writes }, position) => {
    const taken = new Set<Block>();
    for (const output of writes) {
      if (blockOf.has(output)) continue;
      const over = unit?.inPlace.flatMap(({ output: candidate, input }) => {
        const root = candidate === output ? request.rootOf(input) : null;
        const block = root !== null && deaths.get(root) === position ? blockOf.get(root) : undefined;
        return block === undefined || block.death !== position || taken.has(block) ? [] : [block];
      }).at(0);
      if (over === undefined) add(output, position);
      else {
        taken.add(over);
        over.holds.push({ value: output, from: position });
        over.death = Math.max(position, deaths.get(output) ?? position);
        blockOf.set(output, over);
      }
    }
    if (unit === undefined || unit.scratchBytes === 0) return;
    const block = { bytes: aligned(unit.scratchBytes), birth: position, death: position, at: 0, holds: [] };
    blocks.push(block);
    scratch.set(unit, block);
  });
  const { arenaAt, bankBytes } = request;
  const bytes = bestFit(blocks, (at, length) => withinBank(arenaAt + at, length, bankBytes) - arenaAt);
  const placed = <K>(found: ReadonlyMap<K, Block>): Map<K, Placement> => new Map([...found].map(([key, { at }]) => [key, request.arenaAt + at]));
  return { places: placed(blockOf), scratch: placed(scratch), bytes, blocks, moments: events.map(({ unit }) => unit ?? null) };
}

/** Positions of all that happens, and the last at which each root is needed. */
class Lifetimes {
  readonly events: Event[] = [];
  readonly deaths = new Map<ValueId, number>();
  private readonly births = new Map<ValueId, number>();
  /** Of the loops around: the roots that it uses. */
  private readonly used: Set<ValueId>[] = [new Set()];

  constructor(private readonly request: ArenaRequest) {
    for (const value of request.arguments) this.births.set(value, -1);
    this.walk(request.items);
    for (const result of request.results) this.use(this.roots([result]));
  }

  private walk(items: readonly Item[]): void {
    for (const item of items) {
      switch (item.kind) {
        case "unit": this.happen({ unit: item.unit, reads: this.roots(item.unit.reads), writes: this.roots(item.unit.writes) }); break;
        case "index": this.happen({ reads: [], writes: this.roots([item.to]) }); break;
        case "until": this.happen({ reads: this.roots([item.test]), writes: [] }); break;
        case "loop": this.loop(item); break;
      }
    }
  }

  private loop({ writes, count, body }: Extract<Item, { kind: "loop" }>): void {
    const start = this.events.length;
    const counts = count === null ? [] : [count];
    this.happen({ reads: [], writes: this.roots([...writes, ...counts]) });
    this.used.push(new Set());
    this.walk(body);
    const outer = [...this.used.pop() ?? []].filter((root) => (this.births.get(root) ?? -1) <= start);
    this.happen({ reads: [...outer, ...this.roots(counts)], writes: [] });
  }

  private happen(event: Event): void {
    for (const root of event.writes) if (!this.births.has(root)) this.births.set(root, this.events.length);
    this.use([...event.reads, ...event.writes]);
    this.events.push(event);
  }

  private use(roots: readonly ValueId[]): void {
    for (const root of roots) {
      this.deaths.set(root, this.events.length);
      this.used.at(-1)?.add(root);
    }
  }

  private roots(values: readonly ValueId[]): ValueId[] {
    return values.flatMap((value) => this.request.rootOf(value) ?? []);
  }
}

/**
 * Offsets for blocks, the largest first, each in the tightest gap that is free all its life. Returns the high-water mark.
 * `clear`: the first place from an offset on where so many bytes may lie.
 */
function bestFit(blocks: readonly Block[], clear: (at: number, bytes: number) => number): number {
  const placed: Block[] = [];
  let top = 0;
  for (const block of [...blocks].sort((a, b) => b.bytes - a.bytes || a.birth - b.birth)) {
    const beside = placed.filter(({ birth, death }) => birth <= block.death && block.birth <= death).sort((a, b) => a.at - b.at);
    let end = 0;
    let best = Infinity;
    let at = -1;
    for (const other of beside) {
      const start = clear(end, block.bytes);
      const gap = other.at - start;
      if (gap >= block.bytes && gap < best) {
        best = gap;
        at = start;
      }
      end = Math.max(end, other.at + other.bytes);
    }
    block.at = at >= 0 ? at : clear(end, block.bytes);
    top = Math.max(top, block.at + block.bytes);
    placed.push(block);
  }
  return top;
}
