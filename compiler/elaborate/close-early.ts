/** Loops in the making that may end early, as the two regions of a while. */
import { Builder } from "../ir/builder.ts";
import { sameNode } from "../ir/copy-node.ts";
import type { Region, TensorType, ValueId, WhileNode } from "../ir/graph.ts";
import type { Early, OpenLoop } from "../ir/open-loop.ts";
import { finish } from "./finish.ts";

/**
 * `region` is the finished body: (index, carries, a slice of each input, captures) -> (next carries, emits). A while counts
 * its turns and takes no inputs: its body finds the index and cuts the slices.
 */
export function closeEarly(region: Region, loop: OpenLoop, early: Early, length: number, reversed: boolean): Pick<WhileNode, "until" | "body"> {
  const [index, ...params] = region.params.map((param) => region.types[param]);
  const first = loop.carries.length;
  const types = [index, ...params.map((type, i) => (i >= first && i < first + loop.inputs.length ? { ...type, shape: [length, ...type.shape] } : type))];
  const isPlain = loop.inputs.length === 0 && !reversed;
  return { until: untilOf(types, loop, early), body: isPlain ? region : withSlices(types, region, loop, early, reversed) };
}

/** The position of a param: behind the index, the carries and the inputs. */
const positionOf = (loop: OpenLoop, capture: ValueId): number => 1 + loop.carries.length + loop.inputs.length + loop.captures.indexOf(capture);

function untilOf(types: readonly TensorType[], loop: OpenLoop, early: Early): Region {
  if (early.kind === "turns") {
    const b = new Builder();
    const params = types.map((type) => b.parameter(type));
    return b.region([b.op("ge", [params[0], params[positionOf(loop, early.turns)]], {})]);
  }
  const { builder, index, carries, captures, result } = early.test;
  const known = [index, ...carries, ...captures];
  const params = [...known, ...types.slice(known.length).map((type) => builder.parameter(type))];
  return finish(builder, params, [result], "reachable").region;
}

function withSlices(types: readonly TensorType[], region: Region, loop: OpenLoop, early: Early, reversed: boolean): Region {
  const b = new Builder();
  const [turn, ...params] = types.map((type) => b.parameter(type));
  const last = early.kind === "turns" ? params[positionOf(loop, early.turns) - 1] : turn;
  const index = reversed ? b.sub(b.sub(last, turn), b.like(turn, 1)) : turn;
  const given = [index, ...params.map((param, i) => {
    const isInput = i >= loop.carries.length && i < loop.carries.length + loop.inputs.length;
    return isInput ? b.op("gather", [param, b.reshape(index, [1])], { batch: 0 }) : param;
  })];
  const names = new Map(region.params.map((param, i) => [param, given[i]] as const));
  const nameOf = (value: ValueId): ValueId => names.get(value) ?? value; // every value of a region is defined before it is used
  for (const node of region.nodes) {
    b.site = node.site;
    const results = sameNode(b, node, node.args.map(nameOf));
    node.results.forEach((result, i) => names.set(result, results[i]));
  }
  return b.region(region.results.map(nameOf));
}
