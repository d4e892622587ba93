/**
 * Which values of a turn the derivative of a loop finds stacked, and which it computes again. A minimum cut decides: it
 * parts what is there for nothing (captures, the slices of inputs, the index, what the loop emits anyway) or must be kept if it
 * is to be had at all (carries, products, reductions, draws, functions that take long) from what the derivative reads, and
 * what it crosses is kept, at its bytes a turn. Between the cut and the derivative stand arithmetic and movement alone, the
 * same ones as in the loop, so that no bit changes.
 *
 *     m = x * w    h = max(m, 0) + h'    reads m > 0, h'         kept: h' alone; x * w and m > 0 are made again
 *
 * As in the partitioner of PyTorch's AOTAutograd (Horace He and Shangdi Yu 2022); max-flow by Dinitz 1970. Of several least
 * cuts the one nearest to the derivative is taken, which computes the least again.
 */
import type { Builder, BuildNode } from "../ir/builder.ts";
import { elementCount, type TensorType, type ValueId } from "../ir/graph.ts";
import type { OpenLoop } from "../ir/open-loop.ts";
import { definitionOf, isPointwise, type OpName } from "../ops/index.ts";
import { byteSize } from "../program.ts";

/** Movement, which says where to read. */
const movement: ReadonlySet<OpName> = new Set<OpName>(["broadcast", "reshape", "transpose", "slice", "reverse", "stop"]);
/** Operations an element that cost no more than to write and read it. */
const cheap = 1;

/** Whether a derivative may compute the node again rather than read what a turn of the loop stacked. */
function isRepeatable(b: Builder, node: BuildNode): boolean {
  if (node.kind === "openScan") return node.policy.recompute === true; // the segments of a loop with checkpoints, by request
  if (node.kind !== "op") return false;
  if (node.args.length === 0) return node.op === "constant" || node.op === "iota";
  if (movement.has(node.op)) return true;
  const types = node.results.map((result) => b.typeOf(result));
  const { flops } = definitionOf<OpName>(node.op);
  return isPointwise(node.op) && flops(node.args.map((arg) => b.typeOf(arg)), types, node.attributes) <= cheap * elementCount(types[0].shape);
}

const bytesOf = ({ element, shape }: TensorType): number => byteSize(element) * elementCount(shape);

/**
 * Which nodes of a loop's body to compute again so that `read` can be had; what else it takes is kept. `added`: nodes of the
 * derivative that need no cotangent. They run once wherever they stand, and of their values only those that carry no credit, as
 * the sign of something, may be kept: the others are made where the next derivative looks for them.
 */
export function repeatedNodes(loop: OpenLoop, own: readonly BuildNode[], added: readonly BuildNode[], read: readonly ValueId[]): ReadonlySet<BuildNode> {
  const b = loop.builder;
  const makers = new Map([...own, ...added].flatMap((node) => node.results.map((result) => [result, node] as const)));
  const isAdded = new Set(added);
  const canRepeat = (node: BuildNode | undefined): node is BuildNode => node !== undefined && (isAdded.has(node) || isRepeatable(b, node));
  const canKeep = (node: BuildNode | undefined, { element }: TensorType): boolean =>
    node === undefined || (isAdded.has(node) ? element === "bool" && node.kind === "op" : node.kind !== "openScan" || !canRepeat(node));
  const carries = new Set(loop.carries.map(({ param }) => param));
  const emitted = new Set(loop.emits);
  const network = new Network();
  /** null: there for nothing. */
  const vertices = new Map<ValueId, { readonly entry: number; readonly exit: number } | null>();
  const vertexOf = (value: ValueId): { readonly entry: number; readonly exit: number } | null => {
    const known = vertices.get(value);
    if (known !== undefined) return known;
    const maker = makers.get(value);
    const repeatable = canRepeat(maker);
    const sources = repeatable ? maker.args.flatMap((arg) => vertexOf(arg) ?? []) : [];
    const isFree = (maker === undefined && !carries.has(value)) || (repeatable && sources.length === 0) || (emitted.has(value) && canKeep(maker, b.typeOf(value)));
    const vertex = isFree ? null : { entry: network.vertex(), exit: network.vertex() };
    vertices.set(value, vertex);
    if (vertex === null) return null;
    network.edge(vertex.entry, vertex.exit, canKeep(maker, b.typeOf(value)) ? bytesOf(b.typeOf(value)) : Infinity);
    if (!repeatable) network.edge(source, vertex.entry, Infinity);
    for (const { exit } of sources) network.edge(exit, vertex.entry, Infinity);
    return vertex;
  };
  for (const value of read) {
    const vertex = vertexOf(value);
    if (vertex) network.edge(vertex.exit, sink, Infinity);
  }
  const behind = network.sinkSide();
  const repeated = new Set<BuildNode>();
  for (const [value, vertex] of vertices) {
    const maker = makers.get(value);
    if (!canRepeat(maker)) continue;
    if (vertex === null ? !emitted.has(value) || maker.args.length === 0 : behind[vertex.entry]) repeated.add(maker);
  }
  return repeated;
}

const source = 0;
const sink = 1;

/** A network in which the greatest flow from `source` to `sink` is looked for. */
class Network {
  private readonly to: number[] = [];
  /** What an edge can still take; edge e ^ 1 is e the other way round. */
  private readonly room: number[] = [];
  private readonly edges: number[][] = [[], []];

  vertex(): number {
    return this.edges.push([]) - 1;
  }

  edge(from: number, to: number, capacity: number): void {
    this.edges[from].push(this.to.push(to) - 1);
    this.room.push(capacity);
    this.edges[to].push(this.to.push(from) - 1);
    this.room.push(0);
  }

  /** The vertices from which the sink can be reached when nothing more flows: behind the least cut that is nearest to it. */
  sinkSide(): readonly boolean[] {
    for (let level = this.levels(); level[sink] >= 0; level = this.levels()) {
      const next = this.edges.map(() => 0);
      while (this.augment(source, Infinity, level, next) > 0);
    }
    const reaches = this.edges.map((_, vertex) => vertex === sink);
    for (const waiting = [sink]; waiting.length > 0; ) {
      const vertex = waiting.pop() ?? sink;
      for (const e of this.edges[vertex]) {
        const from = this.to[e];
        if (reaches[from] || this.room[e ^ 1] === 0) continue;
        reaches[from] = true;
        waiting.push(from);
      }
    }
    return reaches;
  }

  /** Distances from the source along edges that have room; -1: it cannot be reached. */
  private levels(): number[] {
    const level = this.edges.map(() => -1);
    level[source] = 0;
    const queue = [source];
    for (const vertex of queue) {
      for (const e of this.edges[vertex]) {
        if (this.room[e] === 0 || level[this.to[e]] >= 0) continue;
        level[this.to[e]] = level[vertex] + 1;
        queue.push(this.to[e]);
      }
    }
    return level;
  }

  /** Sends at most `most` from a vertex on to the sink, level by level; `next`: the edge of each vertex to try first. */
  private augment(vertex: number, most: number, level: readonly number[], next: number[]): number {
    if (vertex === sink) return most;
    for (; next[vertex] < this.edges[vertex].length; next[vertex]++) {
      const e = this.edges[vertex][next[vertex]];
      if (this.room[e] === 0 || level[this.to[e]] !== level[vertex] + 1) continue;
      const sent = this.augment(this.to[e], Math.min(most, this.room[e]), level, next);
      if (sent === 0) continue;
      this.room[e] -= sent;
      this.room[e ^ 1] += sent;
      return sent;
    }
    return 0;
  }
}
