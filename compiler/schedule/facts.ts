/** What the schedule must know of each value of a region: who makes it, how it is used, and what it costs to make again. */
import { callsHost, elementCount } from "../ir/graph.ts";
import type { HostNode, LeaveNode, LoopNode, Node, OpNode, Region, TensorType, ValueId } from "../ir/graph.ts";
import type { OpName } from "../ops/index.ts";
import { isMovement } from "./coordinates.ts";
import type { Lanes } from "./kernel.ts";

/**
 * parameter: given. splat: a constant with one number, written as a literal. data: any other constant.
 * virtual: made by whoever reads it (movement, iota, arithmetic on single numbers, what is read once and in step). pointwise: each element of the
 * result by itself. reduction, dot: as named. alone: an op with a kernel of its own, a loop, or a call of the host.
 */
export type Role = "parameter" | "splat" | "data" | "virtual" | "pointwise" | "reduction" | "dot" | "alone";

/** A node as the schedule sees it: markers are gone. */
export type ScheduledNode = OpNode | HostNode | LoopNode;

const reductions = new Set<OpName>(["reduce_sum", "reduce_prod", "reduce_max", "reduce_min", "argmax", "argmin"]);
const aloneOps = new Set<OpName>(["concat", "pad", "overlap_add", "cumsum", "cumprod", "cummax", "sort", "random_bits", "random_fold"]);
/** Many instructions each: never made twice, never inside a product's epilogue. */
const expensive = new Set<OpName>(["exp", "expm1", "log", "log1p", "sin", "cos", "tanh", "erf", "logistic", "pow", "atan2"]);

export const isExpensive = (node: ScheduledNode): boolean => node.kind === "op" && expensive.has(node.op);

/** Whether each element of the result is made from the same element of each arg. */
const isElementwise = ({ op }: OpNode): boolean => op !== "gather" && op !== "scatter" && op !== "iota" && op !== "constant" && !isMovement(op);

/** Ops that may have no form of 4 lanes. */
export const isLaneByLane = ({ op }: OpNode): boolean => op === "idiv" || op === "imod" || op === "shift_left" || op === "shift_right";

/** A splat of at most so many elements lies in memory where its bytes are wanted; a larger one is filled in by a kernel. */
const smallSplat = 16;

/** Whether a value's bytes are there before anything runs. */
export function isConstant(facts: Facts, value: ValueId): boolean {
  const role = facts.roles[value];
  return role === "data" || (role === "splat" && elementCount(facts.types[value].shape) <= smallSplat);
}

/** Arithmetic on single numbers is repeated in every kernel that needs it, up to this many ops. */
const scalarChain = 8;

export class Facts {
  readonly types: readonly TensorType[];
  readonly producers: readonly (ScheduledNode | null)[];
  readonly roles: readonly Role[];
  /** How often each value is read, the region's results included. */
  readonly uses: readonly number[];
  /** The last op that reads each value. */
  readonly readers: ReadonlyMap<ValueId, OpNode>;
  /** Position of the producer in the region; -1 for params. */
  readonly positions: readonly number[];
  private readonly live: readonly ScheduledNode[];

  constructor(
    readonly region: Region,
    /** Of the machine's vectors. */
    readonly lanes: Lanes,
    readonly boolBytes: 1 | 4 = 1,
    /** The run-time length, where a call tells one. */
    readonly length?: ValueId,
  ) {
    this.types = region.types;
    const producers = new Array<ScheduledNode | null>(region.types.length).fill(null);
    const positions = new Array<number>(region.types.length).fill(-1);
    const uses = new Array<number>(region.types.length).fill(0);
    const readers = new Map<ValueId, OpNode>();
    const live = liveNodes(region);
    region.nodes.forEach((node, position) => {
      if (!live[position]) return;
      for (const arg of node.args) {
        uses[arg]++;
        if (node.kind === "op") readers.set(arg, node);
      }
      for (const result of node.results) {
        producers[result] = core(node);
        positions[result] = position;
      }
    });
    for (const result of region.results) uses[result]++;
    this.live = region.nodes.filter((_, position) => live[position]).map(core);
    this.producers = producers;
    this.positions = positions;
    this.uses = uses;
    this.readers = readers;
    this.roles = this.findRoles();
  }

  /** The nodes that matter, in order. */
  nodes(): readonly ScheduledNode[] {
    return this.live;
  }

  /** The value whose bytes a reshape of a reshape of ... shows. */
  source(value: ValueId): ValueId {
    let at = value;
    for (let node = this.producers[at]; node?.kind === "op" && node.op === "reshape"; node = this.producers[at]) at = node.args[0];
    return at;
  }

  /** The node behind a value that has one. */
  op(value: ValueId): OpNode {
    const node = this.producers[value];
    if (node?.kind !== "op") throw new Error(`internal: value ${value} has no op`);
    return node;
  }

  private findRoles(): Role[] {
    const roles: Role[] = this.types.map(() => "parameter");
    const weights = new Map<ValueId, number>();
    for (const node of this.nodes()) {
      const role = node.kind === "op" ? this.roleOf(node) : "alone";
      for (const result of node.results) roles[result] = role;
      if (role !== "pointwise" || elementCount(this.types[node.results[0]].shape) !== 1) continue;
      if (node.kind !== "op" || isExpensive(node) || node.op === "gather" || node.op === "scatter" || node.op === "transpose") continue;
      const weight = node.args.reduce((total, arg) => total + (weights.get(this.throughMovement(arg)) ?? 0), 1);
      if (weight > scalarChain) continue;
      weights.set(node.results[0], weight);
      roles[node.results[0]] = "virtual";
    }
    this.inlineChains(roles);
    return roles;
  }

  /** A cheap node whose one reader walks its elements in step is made by that reader; any whose one reader is a concat. */
  private inlineChains(roles: Role[]): void {
    for (const node of this.nodes()) {
      const [value] = node.results;
      if (node.kind !== "op" || roles[value] !== "pointwise" || this.uses[value] !== 1 || !isElementwise(node)) continue;
      const reader = this.readers.get(value);
      if (reader?.op === "concat") roles[value] = "virtual";
      if (reader === undefined || isExpensive(node)) continue;
      const inStep = (roles[reader.results[0]] === "pointwise" || roles[reader.results[0]] === "virtual") && isElementwise(reader);
      if (inStep || roles[reader.results[0]] === "reduction") roles[value] = "virtual";
    }
  }

  private throughMovement(value: ValueId): ValueId {
    let at = value;
    for (let node = this.producers[at]; node?.kind === "op" && isMovement(node.op); node = this.producers[at]) at = node.args[0];
    return at;
  }

  private roleOf(node: OpNode): Role {
    const { op } = node;
    if (op === "constant") return node.attributes.data.length === 1 ? "splat" : "data";
    if (op === "iota") return "virtual";
    if (op === "transpose") return movesLastAxis(node, this.types[node.args[0]]) ? "pointwise" : "virtual";
    if (isMovement(op)) return "virtual";
    if (op === "dot") return "dot";
    if (op === "scatter") return this.isSingleUpdate(node) ? "pointwise" : "alone";
    if (reductions.has(op)) return "reduction";
    return aloneOps.has(op) ? "alone" : "pointwise";
  }

  /** A scatter with one update per batch element: each element of the result compares its own place with the index. */
  private isSingleUpdate(node: OpNode<"scatter">): boolean {
    const indices = this.types[node.args[1]].shape;
    return elementCount(indices.slice(node.attributes.batch, -1)) === 1;
  }
}

/** Reading along the last axis of the result jumps: such a transpose is a copy of its own. */
function movesLastAxis(node: OpNode<"transpose">, from: TensorType): boolean {
  const order = node.attributes.permutation.filter((axis) => from.shape[axis] !== 1);
  return order.length > 0 && order.at(-1) !== Math.max(...order);
}

function liveNodes(region: Region): boolean[] {
  const needed = new Set<ValueId>(region.results);
  const live = region.nodes.map(() => false);
  for (let position = region.nodes.length - 1; position >= 0; position--) {
    const node = region.nodes[position];
    if (!callsHost(node) && !node.results.some((result) => needed.has(result))) continue;
    live[position] = true;
    for (const arg of node.args) needed.add(arg);
  }
  return live;
}

function core(node: Node): ScheduledNode {
  if (node.kind === "leave") return refuseMarker(node);
  return node;
}

function refuseMarker(node: LeaveNode): never {
  throw new Error(`internal: the mark of a call of ${node.call.callee} reached the schedule`);
}
