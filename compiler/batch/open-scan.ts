/**
 * A loop in the making over a batch: again a loop in the making, so that derivatives can be taken through it. It follows
 * the emits and captures that its original gets later.
 */
import { Builder } from "../ir/builder.ts";
import type { ValueId } from "../ir/graph.ts";
import type { OpenScanNode } from "../ir/open-loop.ts";
import { batchedCarries, stopsApart } from "./depends.ts";
import { inOwnOrder, mapEarly } from "./early.ts";
import type { Apart } from "./early.ts";
import { allOf, BatchMap, batchValues, mappedIn } from "./nodes.ts";
import type { BatchOptions, Mapped } from "./nodes.ts";
import { batchedType, swapLeading } from "./scan.ts";

export interface MappedLoop {
  readonly copy: OpenScanNode;
  /** Of the body's values. */
  readonly map: BatchMap;
  /** What stands for the original's results; grows with them. */
  readonly results: Mapped[];
  /** Where the elements stop at different turns. */
  readonly apart?: Apart;
}

/** What stands for the loop's results by now. */
export function batchOpenScan(b: Builder, node: OpenScanNode, map: BatchMap, size: number, options: BatchOptions): readonly Mapped[] {
  let mapped = map.loops.get(node);
  if (mapped === undefined) {
    mapped = mapLoop(b, node, map, size, options);
    map.loops.set(node, mapped);
  }
  addCaptures(node, mapped, map, size);
  addEmits(b, node, mapped, size, options);
  return mapped.results;
}

/** Markers in the body are told where it is built. */
function inside({ onLeave }: BatchOptions, source: Builder): BatchOptions {
  return onLeave ? { onLeave: (node, args, place) => onLeave(node, args, { source, ...place }) } : {};
}

/** The loop without captures and emits, but with the nodes that its carries need. */
function mapLoop(b: Builder, node: OpenScanNode, outer: BatchMap, size: number, options: BatchOptions): MappedLoop {
  const { loop } = node;
  const args = node.args.map((arg) => mappedIn(outer, arg));
  const batched = args.map((arg) => arg.batched);
  const carries = batchedCarries(node, batched);
  const builder = new Builder();
  const map = new BatchMap();
  const parameter = (value: ValueId, batched: boolean): ValueId => {
    const id = builder.parameter(batchedType(loop.builder.typeOf(value), batched, size));
    map.set(value, { id, batched });
    return id;
  };
  const copy: OpenScanNode = {
    ...node,
    args: args.slice(0, carries.length + loop.inputs.length).map((arg, i) => {
      if (i < carries.length) return carries[i] ? allOf(b, arg, size) : arg.id;
      return arg.batched ? swapLeading(b, arg.id) : arg.id;
    }),
    results: [],
    loop: {
      builder,
      index: parameter(loop.index, false),
      carries: loop.carries.map(({ param }, i) => {
        const id = parameter(param, carries[i]);
        return { param: id, next: id };
      }),
      inputs: loop.inputs.map((input, i) => parameter(input, args[carries.length + i].batched)),
      captures: [],
      emits: [],
    },
  };
  addCaptures(node, { copy, map }, outer, size);
  const { early, apart } = mapEarly(b, node, copy, map, args, stopsApart(node, carries, batched), size);
  const whole: OpenScanNode = { ...copy, early };
  const mapped: MappedLoop = { copy: whole, map, results: [], apart };
  const next = batchValues(builder, loop.builder, loop.carries.map((carry) => carry.next), map, size, inside(options, loop.builder));
  const settled = (id: ValueId, before: ValueId): ValueId =>
    apart === undefined ? id : builder.select(builder.broadcast(apart.awake, builder.typeOf(id).shape, [0]), id, before);
  loop.carries.forEach((_, i) => {
    const carry = copy.loop.carries[i];
    carry.next = carries[i] ? settled(allOf(builder, next[i], size), carry.param) : next[i].id;
  });
  apart?.finish();
  copy.loop.carries.forEach((carry, i) => {
    const id = b.openResult(builder.typeOf(carry.param));
    copy.results.push(id);
    if (i >= carries.length) return; // the copy's own
    mapped.results.push({ id, batched: carries[i] });
  });
  // Opened once all its args exist; emits and what stands for them outside come behind it.
  b.open(whole);
  return mapped;
}

function addCaptures({ args, loop }: OpenScanNode, { copy, map }: Pick<MappedLoop, "copy" | "map">, outer: BatchMap, size: number): void {
  args.slice(loop.carries.length + loop.inputs.length).forEach((arg, at) => {
    const capture = loop.captures[at];
    if (map.has(capture)) return;
    const { id, batched } = mappedIn(outer, arg);
    const param = copy.loop.builder.parameter(batchedType(loop.builder.typeOf(capture), batched, size));
    map.set(capture, { id: param, batched });
    copy.args.push(id);
    copy.loop.captures.push(param);
  });
}

function addEmits(b: Builder, node: OpenScanNode, { copy, map, results, apart }: MappedLoop, size: number, options: BatchOptions): void {
  const { loop, length } = node;
  const added = loop.emits.slice(results.length - loop.carries.length, node.results.length - loop.carries.length);
  const { builder } = copy.loop;
  const rolled = node.reversed ? apart?.turns : undefined;
  for (const found of batchValues(builder, loop.builder, added, map, size, inside(options, loop.builder))) {
    const { id, batched } = rolled ? { id: allOf(builder, found, size), batched: true } : found;
    const type = builder.typeOf(id);
    const stacked = b.openResult({ ...type, shape: [length, ...type.shape] });
    copy.loop.emits.push(id);
    copy.results.push(stacked);
    const own = batched ? swapLeading(b, stacked) : stacked;
    results.push({ id: rolled ? inOwnOrder(b, own, rolled) : own, batched });
  }
}
