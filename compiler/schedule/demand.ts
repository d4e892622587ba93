/**
 * How much of each value anybody looks at, where a call tells how many rows count.
 *
 *     %2 = exp %x                        rows below n, if that is asked of %2
 *     %5 = select (iota < n) %2 0        rows below n of %2, whatever is asked of %5
 *     %6 = reduce_sum %5 {axes=[0]}
 *
 * A *prefix* is a number of elements in row-major order, affine in n. Reshapes keep it, what works row by row passes it
 * on from its result to its args.
 */
import { elementCount, isLoop, type LoopNode, type OpNode, type Region, type RunTimeSize, type ValueId } from "../ir/graph.ts";
import { isPointwise } from "../ops/index.ts";
import type { Facts } from "./facts.ts";

/** undefined: nobody looks. */
export type Demand = RunTimeSize | "all" | undefined;

export interface Demands {
  /** The run-time length, i32[]. */
  readonly length: ValueId;
  /** By value. */
  readonly of: readonly Demand[];
  /** Those of the bodies of loops, in the order of `bodiesOf`. */
  readonly loops: ReadonlyMap<LoopNode, readonly Demands[]>;
}

const both = (a: Demand, b: Demand): Demand => {
  if (a === undefined || b === undefined) return a ?? b;
  return a !== "all" && b !== "all" && a.times === b.times && a.plus === b.plus ? a : "all";
};

const scaled = ({ times, plus }: RunTimeSize, factor: number): RunTimeSize => ({ times: times * factor, plus: plus * factor });

/** `results`: what is asked of the region's results. */
export function demandsOf(region: Region, length: ValueId, results: readonly Demand[]): Demands {
  const demands = new Array<Demand>(region.types.length).fill(undefined);
  const loops = new Map<LoopNode, readonly Demands[]>();
  const makers = new Map(region.nodes.flatMap((node) => node.results.map((result) => [result, node] as const)));
  const ask = (value: ValueId, demand: Demand): void => { demands[value] = both(demands[value], demand); };
  region.results.forEach((result, i) => ask(result, results[i]));
  for (const node of region.nodes.toReversed()) {
    const asked = node.results.map((result) => demands[result]);
    if (isLoop(node)) {
      const inside = insideLoop(node, length, asked);
      if (inside.bodies) loops.set(node, inside.bodies);
      node.args.forEach((arg, i) => ask(arg, inside.args[i]));
    } else if (node.kind !== "op" || asked[0] === undefined || asked.length > 1) node.args.forEach((arg) => ask(arg, "all"));
    else passOn(node, asked[0], region, (value) => { const maker = makers.get(value); return maker?.kind === "op" ? maker : undefined; }, length).forEach((demand, i) => ask(node.args[i], demand));
  }
  return { length, of: demands, loops };
}

/** What is asked of the args of a loop: what a turn asks of its carries, it asks of the turn before. */
function insideLoop(node: LoopNode, length: ValueId, asked: readonly Demand[]): { readonly args: readonly Demand[]; readonly bodies?: readonly Demands[] } {
  const at = node.args.indexOf(length);
  const fixed = node.carries + (node.kind === "scan" ? node.inputs : 0);
  if (at < fixed) return { args: node.args.map(() => "all") };
  let carries: readonly Demand[] = asked.slice(0, node.carries);
  for (;;) {
    const emits = node.body.results.slice(node.carries).map((): Demand => "all");
    const bodies = [demandsOf(node.body, node.body.params[1 + at], [...carries, ...emits])];
    if (node.kind === "while") bodies.unshift(demandsOf(node.until, node.until.params[1 + at], ["all"]));
    const params = node.args.map((_, i) => bodies.map(({ of }) => of[node.body.params[1 + i]]).reduce(both));
    const next = carries.map((carry, i) => both(carry, params[i]));
    const stays = next.every((carry, i) => carry === carries[i] || JSON.stringify(carry) === JSON.stringify(carries[i]));
    carries = next;
    if (!stays) continue;
    const ofInputs = (i: number): boolean => i >= node.carries && i < fixed;
    return { bodies, args: node.args.map((_, i) => (i < node.carries ? carries[i] : ofInputs(i) ? "all" : params[i])) };
  }
}

/** The op that makes a value. */
export type Maker = (value: ValueId) => OpNode | undefined;

/** What an op asks of its args. */
function passOn(node: OpNode, asked: RunTimeSize | "all", region: Region, maker: Maker, length: ValueId): readonly Demand[] {
  const shapeOf = (value: ValueId): readonly number[] => region.types[value].shape;
  const [result] = node.results;
  const all = node.args.map((): Demand => "all");
  if (node.op === "select") {
    const rows = maskedRows(node.args[0], shapeOf, maker, length);
    const kept = rows && scaled(rows, elementCount(shapeOf(result).slice(1)));
    return [asked, asked === "all" ? kept ?? asked : asked, asked];
  }
  if (asked === "all") return all;
  const perRow = elementCount(shapeOf(result).slice(1));
  /** The same rows of an arg. */
  const rowsOf = (arg: ValueId): Demand => {
    const inner = elementCount(shapeOf(arg).slice(1));
    const rows = { times: asked.times / perRow, plus: asked.plus / perRow };
    return Number.isInteger(rows.times) && Number.isInteger(rows.plus) ? scaled(rows, inner) : "all";
  };
  if (node.op === "reshape" || isPointwise(node.op)) return node.args.map(() => asked);
  switch (node.op) {
    case "broadcast": {
      const [first] = node.attributes.axes;
      return [first === 0 && shapeOf(node.args[0])[0] === shapeOf(result)[0] ? rowsOf(node.args[0]) : "all"];
    }
    case "transpose":
      return [node.attributes.permutation[0] === 0 ? rowsOf(node.args[0]) : "all"];
    case "reduce_sum": case "reduce_prod": case "reduce_max": case "reduce_min":
      return [node.attributes.axes.includes(0) ? "all" : rowsOf(node.args[0])];
    case "argmax": case "argmin":
      return [node.attributes.axis === 0 ? "all" : rowsOf(node.args[0])];
    case "dot": {
      const { leftBatch, rightBatch, leftContract } = node.attributes;
      if (leftBatch.length > 0) return [leftBatch[0] === 0 ? rowsOf(node.args[0]) : "all", rightBatch[0] === 0 ? rowsOf(node.args[1]) : "all"];
      return [leftContract.includes(0) || shapeOf(node.args[0]).length === leftContract.length ? "all" : rowsOf(node.args[0]), "all"];
    }
    case "gather":
      return [node.attributes.batch === 0 ? "all" : rowsOf(node.args[0]), shapeOf(node.args[1]).length > 1 ? rowsOf(node.args[1]) : "all"];
    case "slice": {
      const { start, limit, step } = node.attributes;
      return [start[0] === 0 && step[0] === 1 && limit[0] === shapeOf(node.args[0])[0] ? rowsOf(node.args[0]) : "all"];
    }
    case "pad": {
      const { low, high, interior } = node.attributes;
      return [low[0] === 0 && high[0] === 0 && interior[0] === 0 ? rowsOf(node.args[0]) : "all", "all"];
    }
    case "concat":
      return node.args.map((arg) => (node.attributes.axis === 0 ? "all" : rowsOf(arg)));
    case "cumsum": case "cumprod": case "cummax":
      return [node.attributes.axis === 0 ? "all" : rowsOf(node.args[0])];
    default:
      return all;
  }
}

/** How many rows of a value may be anything: the others are 0. */
export function rowsBeforeZeros({ types, producers }: Pick<Facts, "types" | "producers">, value: ValueId, length: ValueId): RunTimeSize | undefined {
  const maker: Maker = (of) => {
    const node = producers[of];
    return node?.kind === "op" ? node : undefined;
  };
  const node = maker(value);
  if (node?.op !== "select") return undefined;
  const other = maker(node.args[2]);
  const isZero = other?.op === "constant" && other.attributes.data.every((number) => number === 0);
  return isZero ? maskedRows(node.args[0], (of) => types[of].shape, maker, length) : undefined;
}

/** How many rows a condition lets through: those below a number that is affine in the length. */
function maskedRows(condition: ValueId, shapeOf: (value: ValueId) => readonly number[], maker: Maker, length: ValueId): RunTimeSize | undefined {
  /** Whether a value counts along an axis of its own. */
  const counts = (value: ValueId, axis: number): boolean => {
    const node = maker(value);
    if (node?.op === "iota") return node.attributes.axis === axis;
    if (node?.op !== "broadcast") return false;
    const inner = node.attributes.axes.indexOf(axis);
    return inner >= 0 && counts(node.args[0], inner);
  };
  const below = (value: ValueId, axis: number): RunTimeSize | undefined => {
    const node = maker(value);
    if (node?.op === "broadcast") {
      const inner = node.attributes.axes.indexOf(axis);
      return inner < 0 || shapeOf(node.args[0])[inner] !== shapeOf(value)[axis] ? undefined : below(node.args[0], inner);
    }
    return node?.op === "lt" && counts(node.args[0], axis) ? affine(node.args[1], maker, length) : undefined;
  };
  return below(condition, 0);
}

/** A number, or what is filled with one, that is affine in the length. */
export function affine(value: ValueId, maker: Maker, length: ValueId): RunTimeSize | undefined {
  if (value === length) return { times: 1, plus: 0 };
  const node = maker(value);
  if (node === undefined) return undefined;
  if (node.op === "broadcast" || node.op === "reshape") return affine(node.args[0], maker, length);
  if (node.op === "constant") return node.attributes.data.length === 1 ? { times: 0, plus: node.attributes.data[0] } : undefined;
  if (node.op !== "add" && node.op !== "mul") return undefined;
  const [a, b] = node.args.map((arg) => affine(arg, maker, length));
  if (!a || !b) return undefined;
  if (node.op === "add") return { times: a.times + b.times, plus: a.plus + b.plus };
  if (a.times !== 0 && b.times !== 0) return undefined;
  return a.times === 0 ? scaled(b, a.plus) : scaled(a, b.plus);
}
