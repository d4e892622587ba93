/**
 * Writes out loops of one turn, and drops those of none.
 *
 *     %2, %3 = scan %0 %1 {length=1 carries=1 inputs=1}
 *       body (%0, %1: f32[3], %2: f32[3]) -> (%3, %3)         ->        %2 = reshape %1
 *         %3 = mul %1 %2                                                %3 = mul %0 %2
 *                                                                       %4 = reshape %3
 *
 * Leaves a while of one turn alone: its test decides. Must run after erase-markers: the end of a call names values that
 * are not copied with it.
 */
import { isLoop } from "../ir/graph.ts";
import type { LoopNode, Region, ValueId } from "../ir/graph.ts";
import { Copier, nameOf } from "./bodies.ts";
import type { Pass } from "./pass.ts";
import { sweep } from "./sweep.ts";

export const inlineLoops: Pass = {
  name: "inline-loops",
  doc: "Writes out loops of one turn and drops those of none.",
  keeps: "exact",
  run: (region) => (region.nodes.some((node) => isLoop(node) && turns(node) <= inlined(node)) ? inline(region) : region),
};

const turns = (node: LoopNode): number => (node.kind === "scan" ? node.length : node.max);
const inlined = (node: LoopNode): number => (node.kind === "scan" ? 1 : 0);

function inline(region: Region): Region {
  const b = new Copier();
  const names = new Map(region.params.map((param) => [param, b.parameter(region.types[param])] as const));
  return sweep(b.region(append(b, region, names)));
}

/** Appends a region's nodes, its loops written out; returns its results. */
function append(b: Copier, region: Region, names: Map<ValueId, ValueId>): readonly ValueId[] {
  for (const node of region.nodes) {
    b.site = node.site;
    const isShort = isLoop(node) && turns(node) <= inlined(node);
    const results = isShort ? writeOut(b, node, region, node.args.map((arg) => nameOf(names, arg))) : b.copy(node, region.types, names);
    node.results.forEach((result, i) => names.set(result, results[i]));
  }
  return region.results.map((result) => nameOf(names, result));
}

function writeOut(b: Copier, node: LoopNode, region: Region, args: readonly ValueId[]): readonly ValueId[] {
  const types = node.results.map((result) => region.types[result]);
  if (turns(node) === 0) return [...args.slice(0, node.carries), ...types.slice(node.carries).map((type) => b.zeros(type))];
  const { body } = node;
  const index = b.constant({ element: "i32", shape: [] }, 0);
  const given = [index, ...args.map((arg, i) => b.reshape(arg, body.types[body.params[1 + i]].shape))];
  const results = append(b, body, new Map(body.params.map((param, i) => [param, given[i]])));
  return results.map((result, i) => b.reshape(result, types[i].shape));
}
