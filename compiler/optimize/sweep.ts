/** Removes the nodes that no result needs, and numbers the values that stay anew. Host nodes stay: the host sees them. */
import type { Node, Region, TensorType, ValueId } from "../ir/graph.ts";

/** Regions in which nothing was found dead: most passes change nothing and hand them on. */
const clean = new WeakSet<Region>();

/** The same object if nothing is dead. */
export function sweep(region: Region): Region {
  if (clean.has(region)) return region;
  const live = new Uint8Array(region.types.length);
  for (const result of region.results) live[result] = 1;
  const kept: Node[] = [];
  for (let i = region.nodes.length - 1; i >= 0; i--) {
    const node = region.nodes[i];
    if (node.kind !== "host" && !node.results.some((result) => live[result])) continue;
    for (const arg of node.args) live[arg] = 1;
    kept.push(node);
  }
  const swept = kept.length === region.nodes.length ? region : renumber({ ...region, nodes: kept.reverse() });
  clean.add(swept);
  return swept;
}

/** Dense ids, after nodes were left out whose results nobody uses. */
export function renumber(region: Region): Region {
  const types: TensorType[] = [];
  const renamed: ValueId[] = [];
  const define = (old: ValueId): ValueId => {
    renamed[old] = (types.push(region.types[old]) - 1) as ValueId; // an index of `types`
    return renamed[old];
  };
  const params = region.params.map(define);
  const nodes = region.nodes.map((node): Node => ({ ...node, args: node.args.map((arg) => renamed[arg]), results: node.results.map(define) }));
  return { params, nodes, results: region.results.map((result) => renamed[result]), types };
}
