/**
 * A region at three lengths as one region, of the bound's size, that takes the length as its last param. What it computes
 * below the length is what the region of that length does; beyond stands anything, which nothing below depends on.
 */
import { invariant } from "../diagnostics/diagnostic.ts";
import { Builder } from "../ir/builder.ts";
import { callsHost, type LoopNode, type Node, type OpNode, type Region, type RunTimeSize, type ValueId } from "../ir/graph.ts";
import type { OpName } from "../ops/attributes.ts";
import type { AtOne } from "./constants.ts";
import { Masks } from "./masks.ts";
import { operation, turnsOf } from "./operations.ts";
import { each, Probed, type Three, Unlike } from "./probes.ts";

export const withLength = (probed: Probed, atOne: AtOne): Region => regionWith(probed, atOne, (results) => results);

/** What a region gives, after a last change to it. */
type Ending = (results: readonly ValueId[], masks: Masks, params: readonly ValueId[]) => readonly ValueId[];

function regionWith(probed: Probed, atOne: AtOne, ending: Ending): Region {
  const b = new Builder();
  const [{ params, types, nodes, results }] = probed.regions;
  const given = params.map((param) => b.parameter(types[param]));
  const masks = new Masks(b, b.parameter({ element: "i32", shape: [] }));
  const values = new Map<ValueId, ValueId>(params.map((param, i) => [param, given[i]]));
  const at = (value: ValueId): ValueId => {
    const found = values.get(value);
    if (found === undefined) throw new Error(`internal: %${value} is used before it is defined`);
    return found;
  };
  nodes.forEach((node, i) => {
    b.site = node.site;
    const made = nodeWithLength(probed, probed.node(i), node.args.map(at), masks, atOne);
    node.results.forEach((result, r) => values.set(result, made[r]));
  });
  return b.region(ending(results.map(at), masks, given));
}

function nodeWithLength(probed: Probed, nodes: Three<Node>, x: readonly ValueId[], masks: Masks, atOne: AtOne): readonly ValueId[] {
  const [node] = nodes;
  const { b } = masks;
  if (node.kind === "leave") return x;
  if (node.kind === "op") {
    // Of one form: all three are the same op.
    const same = nodes as Three<OpNode<OpName>>;
    return operation({ masks, nodes: same, lengths: probed.lengths, atOne, x, from: node.args.map((arg) => probed.sizes(arg)), to: probed.sizes(node.results[0]) });
  }
  if (node.kind === "host") {
    if ([...node.args, ...node.results].some((value) => probed.sizes(value).some(({ times }) => times !== 0))) throw new Unlike(node.site, "form");
    return b.host(node.name, x, node.results.map((result) => probed.regions[0].types[result]));
  }
  return loopWithLength(probed, nodes as Three<LoopNode>, x, masks, atOne); // what is left, and all three are of one kind
}

const turnsIn = (loop: LoopNode): number => (loop.kind === "scan" ? loop.length : loop.max);

function loopWithLength(probed: Probed, nodes: Three<LoopNode>, x: readonly ValueId[], masks: Masks, atOne: AtOne): readonly ValueId[] {
  const [node] = nodes;
  const { b } = masks;
  const turns = turnsOf(probed.lengths, each(nodes, turnsIn));
  if (turns === undefined) throw new Unlike(node.site, "form");
  const body = probed.inside(each(nodes, (loop) => loop.body));
  const until = node.kind === "while" ? probed.inside(each(nodes, (loop) => (loop.kind === "while" ? loop.until : loop.body))) : undefined;
  const varies = turns.times !== 0;
  if (!varies && !body.varies && until?.varies !== true) return node.kind === "scan" ? b.scan(x, node) : b.while(x, node);
  if (varies && callsHost(node)) throw new Unlike(node.site, "form");
  const args = [...x, masks.length];
  if (node.kind === "scan") return b.scan(args, { ...node, body: varies ? regionWith(body, atOne, stopping(node.carries, turns)) : withLength(body, atOne) });
  invariant(until, () => "a loop without a test");
  return b.while(args, { ...node, body: withLength(body, atOne), until: varies ? regionWith(until, atOne, over(turns)) : withLength(until, atOne) });
}

/** In turns beyond the length the carries stay what they are. */
const stopping = (carries: number, turns: RunTimeSize): Ending => (results, masks, [index, ...given]) => {
  const { b } = masks;
  const counts = b.op("lt", [index, masks.value(turns)], {});
  return results.map((next, i) => (i < carries ? b.select(b.broadcast(counts, b.typeOf(next).shape, []), next, given[i]) : next));
};

/** The test of a loop that ends at the length, too. */
const over = (turns: RunTimeSize): Ending => ([test], masks, [index]) =>
  [masks.b.op("bit_or", [test, masks.b.op("ge", [index, masks.value(turns)], {})], {})];
