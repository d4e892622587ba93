/**
 * Plays a memory plan on bytes that hold symbols, and compares what its results hold with what the units mean.
 *
 * A unit's output is named after its kernels and all that it reads, so a byte that was overwritten too early, or is read
 * a turn too late, gives another name.
 */
import { expect } from "vitest";
import { sameShape } from "../../compiler/ir/graph.ts";
import type { Region, TensorType, ValueId } from "../../compiler/ir/graph.ts";
import { ConstantPool } from "../../compiler/schedule/constants.ts";
import type { Moving, Place } from "../../compiler/schedule/kernel.ts";
import { bytesOf, planMemory } from "../../compiler/schedule/memory.ts";
import type { Item, MemoryPlan } from "../../compiler/schedule/memory.ts";
import { prepare } from "../../compiler/schedule/prepare.ts";
import type { Prepared } from "../../compiler/schedule/prepare.ts";
import type { LoopRun, Unit } from "../../compiler/schedule/unit.ts";
import { machine } from "./run.ts";

/** A symbol for each byte. */
type Content = readonly string[];

const named = (name: string, bytes: number): Content => Array.from({ length: bytes }, (_, i) => `${name}.${i}`);

/** Numbers for texts. */
class Names {
  private readonly known = new Map<unknown, number>();
  of(thing: unknown): number {
    const number = this.known.get(thing) ?? this.known.size;
    this.known.set(thing, number);
    return number;
  }
}
const names = new Names();

/** What a unit makes of what it reads. */
function made(unit: Unit, reads: readonly Content[], typeOf: (value: ValueId) => TensorType): readonly Content[] {
  if (unit.copy !== undefined) return reads;
  const text = `${unit.runs.map(({ kernel }) => names.of(kernel)).join()}(${reads.map((content) => names.of(content.join())).join()})`;
  return unit.writes.map((value, i) => named(`u${names.of(text)}:${i}`, bytesOf(typeOf(value))));
}

/** The results without any memory. `until` is never true. */
function meaning({ region, units, results, constants }: Prepared, args: readonly Content[]): readonly Content[] {
  const values = new Map<ValueId, Content>(region.params.map((param, i) => [param, args[i]]));
  for (const [value, at] of constants) values.set(value, inMemory(at, bytesOf(region.types[value])));
  const get = (value: ValueId): Content => {
    const content = values.get(value);
    if (content === undefined) throw new Error(`%${value} was not made`);
    return content;
  };
  for (const unit of units) {
    const contents = unit.loop === undefined ? made(unit, unit.reads.map(get), (value) => region.types[value]) : turns(unit.loop, unit.loop.args.map(get));
    unit.writes.forEach((value, i) => values.set(value, contents[i]));
  }
  return results.map(get);
}

function turns({ node, body }: LoopRun, args: readonly Content[]): readonly Content[] {
  const { carries } = node;
  const [length, inputs, reversed] = node.kind === "scan" ? [node.length, node.inputs, node.reversed] : [node.max, 0, false];
  let state = args.slice(0, carries);
  const emitted: Content[][] = body.results.slice(carries).map(() => []);
  for (let turn = 0; turn < length; turn++) {
    const index = reversed ? length - 1 - turn : turn;
    const slices = args.slice(carries, carries + inputs).map((content) => content.slice(index * content.length / length, (index + 1) * content.length / length));
    const results = meaning(body, [named(`index${index}`, 4), ...state, ...slices, ...args.slice(carries + inputs)]);
    state = results.slice(0, carries);
    results.slice(carries).forEach((content, i) => { emitted[i][index] = content; });
  }
  return [...state, ...emitted.map((contents) => contents.flat()), ...(node.kind === "while" ? [named("count", 4)] : [])];
}

/** Memory before anything runs. */
const inMemory = (at: number, bytes: number): Content => Array.from({ length: bytes }, (_, i) => `m${at + i}`);

class Player {
  private readonly cells: string[] = [];
  /** Of the loops around. */
  private readonly turns: number[] = [];

  constructor(private readonly plan: MemoryPlan) {}

  private number(at: Place | Moving): number {
    if (typeof at === "number") return at;
    return at.perTurn.reduce((total, { depth, by }) => total + by * this.turns[depth], at.base);
  }

  get(value: ValueId): Content {
    const at = this.number(this.plan.placeOf(value));
    return inMemory(at, bytesOf(this.plan.typeOf(value))).map((untouched, i) => this.cells[at + i] ?? untouched);
  }

  put(value: ValueId, content: Content): void {
    const at = this.number(this.plan.placeOf(value));
    content.forEach((symbol, i) => { this.cells[at + i] = symbol; });
  }

  run(items: readonly Item[]): void {
    for (const item of items) {
      switch (item.kind) {
        case "unit": this.unit(item.unit); break;
        case "index": this.put(item.to, named(`index${this.number(item.value)}`, 4)); break;
        case "until": break;
        case "loop": {
          this.turns.push(0);
          for (let turn = 0; turn < item.turns; turn++) {
            this.turns[this.turns.length - 1] = turn;
            this.run(item.body);
          }
          this.turns.pop();
          if (item.count !== null) this.put(item.count, named("count", 4));
        }
      }
    }
  }

  private unit(unit: Unit): void {
    const scratch = this.plan.scratchOf(unit);
    for (let i = 0; i < unit.scratchBytes; i++) this.cells[scratch + i] = "garbage";
    const reads = unit.reads.map((value) => this.get(value));
    const contents = made(unit, reads, (value) => this.plan.typeOf(value));
    unit.writes.forEach((value, i) => this.put(value, contents[i]));
    // Two outputs do not overlap, nor an output and an input that may not.
    unit.writes.forEach((value, i) => expect(this.get(value)).toEqual(contents[i]));
    unit.reads.forEach((value, i) => {
      if (!unit.inPlace.some(({ input }) => input === value)) expect(this.get(value)).toEqual(reads[i]);
    });
  }
}

/** `states`: so many first params are states, which the first results replace. Returns the plan. */
export function play(region: Region, states = 0): MemoryPlan {
  const pool = new ConstantPool();
  const prepared = prepare(region, region.params.slice(0, states), machine, pool);
  const places = new Map<ValueId, number>();
  let top = pool.byteLength;
  for (const param of region.params.slice(0, states)) {
    places.set(param, top);
    top += 16 * Math.ceil(bytesOf(region.types[param]) / 16);
  }
  const plan = planMemory({ prepared, fixed: places, writes: [...places.values()], arenaAt: top });
  const player = new Player(plan);
  const args = region.params.map((param, i) => named(`arg${i}`, bytesOf(region.types[param])));
  region.params.forEach((param, i) => player.put(param, args[i]));
  player.run(plan.items);
  const expected = meaning(prepared, args);
  prepared.results.slice(states).forEach((_, i) => expect(player.get(plan.results[i])).toEqual(expected[states + i]));
  region.params.slice(0, states).forEach((param, i) => {
    expect(sameShape(region.types[param].shape, region.types[region.results[i]].shape)).toBe(true);
    expect(player.get(param)).toEqual(expected[i]);
  });
  return plan;
}
