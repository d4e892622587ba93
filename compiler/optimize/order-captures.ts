/**
 * Brings the captures of loops into the order in which their bodies read them, so that loops that differ in nothing else are
 * equal as text.
 *
 *     scan %h %b %a { ... = mul %a %h   ... = add .. %b }  ->  scan %h %a %b { ... }
 *
 * Not one of the optimizer's passes: it changes no work. Run it last.
 */
import { isLoop } from "../ir/graph.ts";
import type { LoopNode, Node, Region, ValueId } from "../ir/graph.ts";
import type { Pass } from "./pass.ts";
import { renumber } from "./sweep.ts";

export const orderCaptures: Pass = {
  name: "order-captures",
  doc: "Loops capture in the order in which their bodies read.",
  keeps: "exact",
  run(region) {
    const nodes = region.nodes.map((node): Node => (isLoop(node) ? ordered(node) : node));
    return nodes.some((node, i) => node !== region.nodes[i]) ? { ...region, nodes } : region;
  },
};

function ordered(node: LoopNode): LoopNode {
  const first = 1 + node.carries + (node.kind === "scan" ? node.inputs : 0);
  const captures = node.body.params.slice(first);
  const order = [...new Set([...readsOf(node.body, captures), ...captures])].map((param) => captures.indexOf(param));
  if (order.every((position, i) => position === i)) return node;
  const reorder = <T>(all: readonly T[], from: number): T[] => [...all.slice(0, from), ...order.map((position) => all[from + position])];
  const moved = (region: Region): Region => renumber({ ...region, params: reorder(region.params, first) });
  const args = reorder(node.args, first - 1);
  return node.kind === "scan" ? { ...node, args, body: moved(node.body) } : { ...node, args, body: moved(node.body), until: moved(node.until) };
}

/** Which of some params a region reads, in order. */
function readsOf(region: Region, params: readonly ValueId[]): ValueId[] {
  const wanted = new Set(params);
  return [...region.nodes.flatMap(({ args }) => args), ...region.results].filter((value) => wanted.has(value));
}
