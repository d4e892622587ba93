/** Removes the nodes that no result needs, and numbers the values that stay anew. Host nodes stay: the host sees them. */
import { callsHost } from "../ir/graph.ts";
import type { Node, Region, TensorType, ValueId } from "../ir/graph.ts";

/** Regions in which nothing was found dead: most passes change nothing and hand them on. */
const clean = new WeakSet<Region>();

/** The same object if nothing is dead. */
export function sweep(region: Region): Region {
  if (clean.has(region)) return region;
  const { nodes } = needed(region, region.results);
  const swept = nodes.length === region.nodes.length ? region : renumber({ ...region, nodes });
  clean.add(swept);
  return swept;
}

/** The nodes that some values need, in order, and (by id) whether a value is needed. */
export function needed({ nodes, types }: Region, values: readonly ValueId[]): { readonly nodes: Node[]; readonly live: Uint8Array } {
  const live = new Uint8Array(types.length);
  for (const value of values) live[value] = 1;
  const kept: Node[] = [];
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i];
    if (!callsHost(node) && !node.results.some((result) => live[result])) continue;
    for (const arg of node.args) live[arg] = 1;
    kept.push(node);
  }
  return { nodes: kept.reverse(), live };
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
