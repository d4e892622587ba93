/**
 * Decides which nodes share a kernel, and which values go to memory.
 *
 * Nodes are taken in order; each joins the group of something it reads, or a group that reads what it reads, where both
 * walk the same space and no cycle arises; else it opens a group. Movement, iota and arithmetic on single numbers belong
 * to no group: they are made again by every reader. A value is stored where another group, a product, an op with a
 * kernel of its own, or the region's result needs its bytes.
 *
 *     %3 = dot %x %w          group 0, a dot; %4 reads %3 at its own place and is cheap
 *     %4 = max %3 0           group 0, stored
 *     %5 = exp %4             group 1: no transcendentals inside a product
 *     %6 = reduce_sum %5      group 1, rows now
 *     %7 = div %5 (bcast %6)  group 1, a second pass over each row
 */
import { callsHost, elementCount } from "../ir/graph.ts";
import type { OpNode, ValueId } from "../ir/graph.ts";
import type { Affine } from "./coordinates.ts";
import { keyOf } from "./coordinates.ts";
import { isConstant, isExpensive } from "./facts.ts";
import type { Facts } from "./facts.ts";
import { atomsOf, Group, sameSizes } from "./group.ts";
import { leavesOf, leavesUnder } from "./leaves.ts";
import type { Leaf } from "./leaves.ts";
import { windowsOf } from "./view.ts";

export interface Fused {
  readonly groups: readonly Group[];
  /** Values that go to memory; never a reshape (its source does). */
  readonly stored: ReadonlySet<ValueId>;
  readonly groupOf: ReadonlyMap<ValueId, Group>;
}

/** Below this many elements it does not matter whether lanes are used. */
export const fewElements = 16;

/** `apart`: results of nodes that share no kernel with others. */
export function fuse(facts: Facts, apart: ReadonlySet<ValueId> = new Set()): Fused {
  const fusion = new Fusion(facts, apart);
  fusion.run();
  return fusion;
}

interface Seat {
  readonly sizes: readonly number[];
  readonly place: readonly Affine[];
  readonly kept: boolean;
  readonly inner: readonly boolean[] | null;
  readonly leaves: readonly Leaf[];
  /** The node and what is made for it on the way. */
  readonly nodes: readonly OpNode[];
}

class Fusion implements Fused {
  readonly groups: Group[] = [];
  readonly stored = new Set<ValueId>();
  readonly groupOf = new Map<ValueId, Group>();
  /** Groups that load a value, for nodes that load it too. */
  private readonly readers = new Map<ValueId, Group[]>();
  private lastHost: Group | null = null;

  constructor(private readonly facts: Facts, private readonly apart: ReadonlySet<ValueId>) {}

  run(): void {
    const { facts } = this;
    for (const node of facts.nodes()) {
      if (node.kind !== "op") {
        this.addAlone(node);
        continue;
      }
      const role = facts.roles[node.results[0]];
      if (role === "pointwise" || role === "reduction") this.addFusible(node);
      else if (role === "dot") this.addDot(node);
      else if (role === "alone") this.addAlone(node);
    }
    for (const result of facts.region.results) this.store(result, true);
  }

  // ---- values in memory

  /**
   * Sees to it that the bytes of a value exist. Returns whose they are. `joins`: a virtual value may be made in an
   * existing group; not where a group is about to wait for it, which it might join.
   */
  private store(value: ValueId, joins: boolean): ValueId {
    const { facts } = this;
    const source = facts.source(value);
    const role = facts.roles[source];
    if (role === "parameter" || role === "data" || isConstant(facts, source) || this.stored.has(source)) return source;
    if (!this.groupOf.has(source)) this.addFusible(facts.op(source), joins ? undefined : []);
    this.stored.add(source);
    return source;
  }

  /** `group` loads a value. */
  private load(group: Group, value: ValueId, joins: boolean): void {
    const source = this.store(value, joins);
    group.reads.add(source);
    const maker = this.groupOf.get(source);
    if (maker !== undefined && maker !== group) group.depends.add(maker);
    const readers = this.readers.get(source);
    if (readers === undefined) this.readers.set(source, [group]);
    else if (!readers.includes(group)) readers.push(group);
  }

  // ---- nodes

  private open(group: Group, node: Group["nodes"][number]): Group {
    this.groups.push(group);
    group.add(node, this.position(node));
    for (const result of node.results) this.groupOf.set(result, group);
    return group;
  }

  private position(node: Group["nodes"][number]): number {
    return this.facts.positions[node.results[0]] ?? this.facts.region.nodes.length;
  }

  private addAlone(node: Group["nodes"][number]): void {
    const group = new Group("alone", []);
    for (const arg of node.args) {
      if (node.kind === "op" && (node.op === "concat" || node.op === "pad")) this.readPieces(group, arg);
      else this.load(group, arg, true);
    }
    if (callsHost(node)) {
      if (this.lastHost !== null) group.depends.add(this.lastHost);
      this.lastHost = group;
    }
    this.open(group, node);
    for (const result of node.results) this.stored.add(result);
  }

  /** concat and pad make their args on the way: what is virtual needs no bytes. */
  private readPieces(group: Group, arg: ValueId): void {
    const { shape } = this.facts.types[arg];
    const sizes = atomsOf(shape);
    const place = new Group("nest", sizes).fullPlace(shape);
    leavesOf(this.facts, arg, place, sizes, (leaf) => { if (leaf.kind === "value") this.load(group, leaf.value, true); });
  }

  private addDot(node: OpNode): void {
    const [result] = node.results;
    const { element, shape } = this.facts.types[result];
    const group = new Group("dot", atomsOf(shape));
    group.scalar = element === "f64" || element === "bool";
    for (const arg of node.args) this.load(group, windowsOf(this.facts, arg)?.source ?? arg, true);
    this.open(group, node);
    group.places.set(result, group.fullPlace(shape));
  }

  /** A pointwise node or a reduction; also a virtual value whose bytes are wanted. */
  private addFusible(node: OpNode, candidates?: readonly Group[]): void {
    const { facts } = this;
    const isReduction = facts.roles[node.results[0]] === "reduction";
    const walked = facts.types[isReduction ? node.args[0] : node.results[0]].shape;
    const own = new Group("nest", atomsOf(walked));
    const ownSeat = this.seat(own, node);
    if (ownSeat === null) throw new Error(`internal: ${node.op} has no place in its own space`);
    for (const group of candidates ?? this.candidates(own, ownSeat.leaves)) {
      const seat = this.seat(group, node);
      if (seat === null || this.apart.has(group.nodes[0].results[0]) !== this.apart.has(node.results[0]) || !this.accepts(group, seat)) continue;
      this.join(group, node, seat);
      return;
    }
    this.groups.push(own);
    this.join(own, node, ownSeat);
  }

  /** Groups that the node may join: of what it reads, the newest first, then those that read the same. */
  private candidates(own: Group, leaves: readonly Leaf[]): Group[] {
    const makers = new Set<Group>();
    const siblings = new Set<Group>();
    for (const leaf of leaves) {
      if (leaf.kind !== "value") continue;
      const maker = this.groupOf.get(leaf.value);
      if (maker !== undefined && maker.kind !== "alone") makers.add(maker);
      // A single number read by both brings two nests together only if that is all they walk.
      const shared = own.sizes.length === 0 || elementCount(this.facts.types[leaf.value].shape) > 1;
      if (shared) for (const reader of this.readers.get(leaf.value) ?? []) if (reader.kind === "nest") siblings.add(reader);
    }
    const newestFirst = [...makers].sort((a, b) => b.last - a.last || b.first - a.first);
    return [...newestFirst, ...[...siblings].filter((group) => !makers.has(group))];
  }

  /** Where a node would stand in a group; null: it walks another space. */
  private seat(group: Group, node: OpNode): Seat | null {
    const { facts } = this;
    const [result] = node.results;
    const leaves: Leaf[] = [];
    const nodes: OpNode[] = [];
    if (facts.roles[result] === "reduction") {
      const { shape } = facts.types[node.args[0]];
      if (group.kind !== "nest" || !sameSizes(atomsOf(shape), group.sizes)) return null;
      const inner = innerAtoms(shape, reducedAxes(node));
      if (group.inner !== null && !inner.every((is, atom) => is === group.inner?.[atom])) return null;
      leavesOf(facts, node.args[0], group.fullPlace(shape), group.sizes, (leaf) => leaves.push(leaf), (made) => nodes.push(made) > 0);
      nodes.push(node);
      const keptShape = facts.types[result].shape;
      return { sizes: group.sizes, place: group.keptPlace(keptShape, inner), kept: true, inner, leaves, nodes };
    }
    const { shape } = facts.types[result];
    const sizes = atomsOf(shape);
    const full = sameSizes(sizes, group.sizes);
    const kept = !full && group.inner !== null && sameSizes(sizes, group.outerAtoms().map((atom) => group.sizes[atom]));
    if (!full && !kept) return null;
    const place = full ? group.fullPlace(shape) : group.keptPlace(shape);
    leavesUnder(facts, node, place, group.sizes, (leaf) => leaves.push(leaf), (made) => nodes.push(made) > 0);
    return { sizes: group.sizes, place, kept, inner: group.inner, leaves, nodes };
  }

  private accepts(group: Group, seat: Seat): boolean {
    if (group.kind === "dot") {
      if (!this.fitsEpilogue(group, seat)) return false;
    } else if (this.needsScalar(seat, group.sizes.length - 1) !== group.scalar && elementCount(group.sizes) > fewElements) return false;
    for (const leaf of seat.leaves) {
      if (leaf.kind !== "value") continue;
      const place = group.places.get(leaf.value);
      if (place !== undefined) {
        if (leaf.coordinates === null || keyOf(leaf.coordinates) !== keyOf(place)) return false;
        continue;
      }
      for (const maker of this.makers(leaf.value)) if (maker === group || this.reaches(maker, group)) return false;
    }
    return true;
  }

  /** The groups that a load of a value would wait for. */
  private makers(value: ValueId): readonly Group[] {
    const source = this.facts.source(value);
    const maker = this.groupOf.get(source);
    if (maker !== undefined) return [maker];
    if (this.facts.roles[source] !== "virtual") return [];
    const { shape } = this.facts.types[source];
    const own = new Group("nest", atomsOf(shape));
    const found: Group[] = [];
    leavesUnder(this.facts, this.facts.op(source), own.fullPlace(shape), own.sizes, (leaf) => {
      if (leaf.kind === "value") found.push(...this.makers(leaf.value));
    });
    return found;
  }

  /** Whether a node may work on the finished values of a product: cheap, and it reads what it reads in step with them. */
  private fitsEpilogue(group: Group, seat: Seat): boolean {
    if (seat.nodes.some((made) => isExpensive(made) || made.op === "gather" || made.op === "scatter")) return false;
    const dot = group.nodes[0];
    if (dot.kind !== "op" || dot.op !== "dot") return false;
    const runs = dotRuns(dot, this.facts);
    if (group.scalar || this.needsScalar(seat, runs[2].at(-1) ?? runs[1].at(-1))) return false;
    return seat.leaves.every((leaf) => {
      const { factors } = leaf.kind === "value" ? leaf.index : leaf.at;
      return runs.every((run) => run.every((atom, i) => i === 0 || factors[run[i - 1]] === factors[atom] * group.sizes[atom]));
    });
  }

  /** Whether `from` depends on `to`, by way of other groups. */
  private reaches(from: Group, to: Group): boolean {
    const seen = new Set<Group>();
    const visit = (group: Group): boolean => {
      if (group === to) return true;
      if (seen.has(group)) return false;
      seen.add(group);
      for (const next of group.depends) if (visit(next)) return true;
      return false;
    };
    return visit(from);
  }

  private join(group: Group, node: OpNode, seat: Seat): void {
    const [result] = node.results;
    if (group.kind === "nest") group.scalar ||= this.needsScalar(seat, group.sizes.length - 1);
    group.inner = seat.inner;
    group.add(node, this.position(node));
    group.places.set(result, seat.place);
    if (seat.kept) group.kept.add(result);
    this.groupOf.set(result, group);
    for (const leaf of seat.leaves) {
      if (leaf.kind === "value" && !group.has(leaf.value)) this.load(group, leaf.value, false);
    }
  }

  /** Whether a node cannot work on 4 neighbours along an atom at once. */
  private needsScalar(seat: Seat, along: number | undefined): boolean {
    const { types } = this.facts;
    if (seat.nodes.some(({ op, args, results }) => op === "idiv" || op === "imod" || [...args, ...results].some((value) => types[value].element === "f64"))) return true;
    if (along === undefined || along < 0) return false;
    if (seat.nodes.some(({ op, args }) => (op === "shift_left" || op === "shift_right") && this.varies(args[1], seat, along))) return true;
    return seat.leaves.some((leaf) => {
      if (leaf.kind === "coordinate") return !isUnit(leaf.at.factors[along]);
      return types[leaf.value].element === "f64" || !isUnit(leaf.index.factors[along]) || (leaf.dynamic?.[along] ?? false);
    });
  }

  private varies(value: ValueId, { place, sizes }: Seat, along: number): boolean {
    let found = false;
    leavesOf(this.facts, value, place, sizes, (leaf) => {
      found ||= (leaf.kind === "value" ? leaf.index : leaf.at).factors[along] !== 0;
    });
    return found;
  }
}

/** Whether lanes along an atom read neighbours, or all the same. */
const isUnit = (factor: number): boolean => factor === 0 || factor === 1;

export function reducedAxes(node: OpNode): readonly number[] {
  if (node.op === "argmax" || node.op === "argmin") return [node.attributes.axis];
  if (node.op === "reduce_sum" || node.op === "reduce_prod" || node.op === "reduce_max" || node.op === "reduce_min") return node.attributes.axes;
  throw new Error(`internal: ${node.op} reduces nothing`);
}

function innerAtoms(shape: readonly number[], axes: readonly number[]): boolean[] {
  return shape.flatMap((size, axis) => (size === 1 ? [] : [axes.includes(axis)]));
}

/** The atoms of a product's result by what they stand for: batch, rows, columns. */
export function dotRuns(node: OpNode<"dot">, facts: Facts): number[][] {
  const { leftBatch, leftContract, rightBatch, rightContract } = node.attributes;
  const left = facts.types[node.args[0]].shape;
  const right = facts.types[node.args[1]].shape;
  const free = (shape: readonly number[], batch: readonly number[], contract: readonly number[]): number[] =>
    shape.filter((_, axis) => !batch.includes(axis) && !contract.includes(axis));
  let atom = 0;
  return [leftBatch.map((axis) => left[axis]), free(left, leftBatch, leftContract), free(right, rightBatch, rightContract)]
    .map((sizes) => atomsOf(sizes).map(() => atom++));
}
