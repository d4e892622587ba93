/** Gives every loop of a region the run-time length, so that what runs in a turn can end at it. */
import { Builder } from "../ir/builder.ts";
import { isLoop, type LoopNode, type Region, type ValueId } from "../ir/graph.ts";
import { sameNode } from "../ir/copy-node.ts";

/** `length`: a param of the region. Only what has a loop is copied. */
export function passLengthOn(region: Region, length: ValueId): Region {
  if (!region.nodes.some(isLoop)) return region;
  return copy(region, (b, given) => {
    const [here] = given.slice(region.params.indexOf(length));
    return { b, length: here };
  });
}

/** A body with one more param, the length. */
const withParam = (body: Region): Region => copy(body, (b) => ({ b, length: b.parameter({ element: "i32", shape: [] }) }));

function copy(region: Region, start: (b: Builder, given: readonly ValueId[]) => { readonly b: Builder; readonly length: ValueId }): Region {
  const builder = new Builder();
  const given = region.params.map((param) => builder.parameter(region.types[param]));
  const { b, length } = start(builder, given);
  const at: ValueId[] = [];
  region.params.forEach((param, i) => { at[param] = given[i]; });
  for (const node of region.nodes) {
    b.site = node.site;
    const args = node.args.map((arg) => at[arg]);
    const results = node.kind === "host" ? b.host(node.name, args, node.results.map((result) => region.types[result]))
      : isLoop(node) ? loop(b, node, [...args, length]) : sameNode(b, node, args);
    node.results.forEach((result, i) => { at[result] = results[i]; });
  }
  return b.region(region.results.map((result) => at[result]));
}

const loop = (b: Builder, node: LoopNode, args: readonly ValueId[]): readonly ValueId[] =>
  (node.kind === "scan" ? b.scan(args, { ...node, body: withParam(node.body) }) : b.while(args, { ...node, body: withParam(node.body), until: withParam(node.until) }));
