/**
 * Maps nodes over a batch: each value that depends on a batched one gets a leading axis, by the op table's rules; all
 * others are computed once.
 *
 *     (x: f32[3], w: f32[3])            (x: f32[8, 3], w: f32[3])
 *     %2: f32[3] = exp %1               %2: f32[3] = exp %1
 *     %3: f32[3] = mul %0 %2            %3: f32[8, 3] = broadcast %2
 *                                       %4: f32[8, 3] = mul %0 %3
 */
import { invariant } from "../diagnostics/diagnostic.ts";
import type { Builder, BuildNode } from "../ir/builder.ts";
import type { LeaveNode, OpNode, Region, ValueId } from "../ir/graph.ts";
import { assertNever } from "../ir/graph.ts";
import type { OpenScanNode } from "../ir/open-loop.ts";
import { definitionOf, repeat } from "../ops/index.ts";
import type { AttributesOf, OpName } from "../ops/index.ts";
import { batchOpenScan } from "./open-scan.ts";
import type { MappedLoop } from "./open-scan.ts";
import { batchScan } from "./scan.ts";
import { batchWhile } from "./while.ts";

/** What stands for a value where it is mapped; batched: on the leading axis. */
export interface Mapped {
  readonly id: ValueId;
  readonly batched: boolean;
}

/** What stands for each value known so far. It grows, so that nodes may be mapped a few at a time. */
export class BatchMap extends Map<ValueId, Mapped> {
  /** What stands for loops in the making, which may have got emits and captures since they were mapped. */
  readonly loops = new Map<OpenScanNode, MappedLoop>();
}

export interface BatchOptions {
  /**
   * What a marker's results are, given what stands for its args; the default: just these. Its `place` may lie in the
   * body of a loop.
   */
  readonly onLeave?: (node: LeaveNode, args: readonly Mapped[], place: BatchPlace) => readonly Mapped[];
}

/** Where nodes are mapped. */
export interface BatchPlace {
  /** Where to append. */
  readonly b: Builder;
  /** Of the values before, the inputs of a marker's call among them. */
  readonly map: BatchMap;
  /** The original's builder; absent where nodes were given without, and in closed loops. */
  readonly source?: Builder;
}

/** Appends nodes of another region (or builder) to `b`, mapped over `size` elements; `map` gets their results. */
export function batchNodes(b: Builder, nodes: readonly BuildNode[], map: BatchMap, size: number, options: BatchOptions = {}): void {
  const site = b.site;
  for (const node of nodes) {
    b.site = node.site;
    const args = node.args.map((arg) => mappedIn(map, arg));
    const results = mapNode(b, node, args, map, size, options);
    node.results.forEach((result, i) => map.set(result, results[i]));
  }
  b.site = site;
}

/**
 * What stands for values of another builder; appends to `b` what is missing: the nodes that they need and that were not
 * mapped before. Asking again after more nodes were appended there maps just those.
 */
export function batchValues(
  b: Builder, source: Pick<Builder, "nodes">, wanted: readonly ValueId[], map: BatchMap, size: number, options: BatchOptions = {},
): Mapped[] {
  const needed = new Set(wanted);
  const missing: BuildNode[] = [];
  for (let at = source.nodes.length - 1; at >= 0; at--) {
    const node = source.nodes[at];
    if (!node.results.some((id) => needed.has(id) && !map.has(id))) continue;
    node.args.forEach((arg) => needed.add(arg));
    if (node.kind === "leave" && options.onLeave) node.call.inputs.forEach((input) => needed.add(input));
    missing.push(node);
  }
  batchNodes(b, missing.reverse(), map, size, options);
  return wanted.map((value) => mappedIn(map, value));
}

/** Inlines a region, mapped over the leading axis of the batched args. */
export function batchRegion(b: Builder, region: Region, args: readonly Mapped[], size: number, options: BatchOptions = {}): Mapped[] {
  invariant(args.length === region.params.length, () => `${args.length} args for ${region.params.length} params`);
  const map = new BatchMap(region.params.map((param, i) => [param, args[i]]));
  batchNodes(b, region.nodes, map, size, options);
  return region.results.map((result) => mappedIn(map, result));
}

/** The batched form of a value: an unbatched one is repeated. */
export const allOf = (b: Builder, { id, batched }: Mapped, size: number): ValueId => (batched ? id : repeat(b, id, size));

export function mappedIn(map: BatchMap, value: ValueId): Mapped {
  const found = map.get(value);
  invariant(found !== undefined, () => `nothing stands for %${value} in a batch`);
  return found;
}

function mapNode(b: Builder, node: BuildNode, args: readonly Mapped[], map: BatchMap, size: number, options: BatchOptions): readonly Mapped[] {
  const anyBatched = args.some(({ batched }) => batched);
  const ids = args.map(({ id }) => id);
  const once = (results: readonly ValueId[]): Mapped[] => results.map((id) => ({ id, batched: false }));
  switch (node.kind) {
    case "op":
      return anyBatched
        ? mapOp(b, node, args, size).map((id) => ({ id, batched: true }))
        : once(b.ops(node.op, ids, node.attributes));
    case "leave":
      return options.onLeave?.(node, args, { b, map }) ?? args;
    case "scan":
      return anyBatched ? batchScan(b, node, args, size, options) : once(b.scan(ids, node));
    case "openScan":
      return batchOpenScan(b, node, map, size, options);
    case "while":
      return anyBatched ? batchWhile(b, node, args, size, options) : once(b.while(ids, node));
    case "host":
      invariant(false, () => `the extern ${node.name} is called in a batch`);
      break;
    default:
      return assertNever(node, "batchNodes");
  }
}

function mapOp<K extends OpName>(b: Builder, node: OpNode<K>, args: readonly Mapped[], size: number): readonly ValueId[] {
  // K is one name, so node.attributes are its own; TypeScript cannot see it.
  const attributes = node.attributes as AttributesOf<K>;
  return definitionOf(node.op).batch({
    b, size, attributes,
    x: args.map(({ id }) => id),
    batched: args.map(({ batched }) => batched),
    apply: (others, changed) => b.ops(node.op, others, changed),
  });
}
