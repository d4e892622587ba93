/** A region cut open for numerical derivatives: chosen values become params, so that a value can be moved and all that follows from it. */
import type { Node, Region, TensorType, ValueId } from "../ir/graph.ts";

export interface CutRegion {
  /** params: those of the original, then the values cut; results: `of`. Only what `of` needs is kept. */
  readonly region: Region;
  readonly cuts: readonly ValueId[];
}

/** Makes params of `wrt` and of what every `stop` gives: it is held at its value, as the derivative holds it. */
export function cutRegion(region: Region, wrt: readonly ValueId[], of: readonly ValueId[]): CutRegion {
  const isParam = new Set<ValueId>(region.params);
  const held = region.nodes.flatMap((node) => (node.kind === "op" && node.op === "stop" ? node.results : []));
  const cuts = [...new Set([...wrt.filter((id) => !isParam.has(id)), ...held])];
  const cut = new Set(cuts);
  const needed = new Set<ValueId>(of);
  const kept: Node[] = [];
  for (let i = region.nodes.length - 1; i >= 0; i--) {
    const node = region.nodes[i];
    const wanted = node.results.some((id) => needed.has(id) && !cut.has(id));
    if (!wanted) continue;
    for (const arg of node.args) needed.add(arg);
    kept.push(node);
  }
  kept.reverse();
  return { region: renumber(region, kept, cuts, of), cuts };
}

/** Ids dense and in definition order again; a node's result that is cut gets an id that nobody reads. */
function renumber(region: Region, nodes: readonly Node[], cuts: readonly ValueId[], of: readonly ValueId[]): Region {
  const types: TensorType[] = [];
  const ids = new Map<ValueId, ValueId>();
  const fresh = (old: ValueId): ValueId => {
    types.push(region.types[old]);
    return (types.length - 1) as ValueId; // dense
  };
  const define = (old: ValueId): ValueId => {
    const id = fresh(old);
    if (!ids.has(old)) ids.set(old, id);
    return id;
  };
  const known = (old: ValueId): ValueId => {
    const id = ids.get(old);
    if (id === undefined) throw new Error(`internal: %${old} is used before it is defined`);
    return id;
  };
  const params = [...region.params, ...cuts].map(define);
  const renamed = nodes.map((node): Node => ({ ...node, args: node.args.map(known), results: node.results.map(define) }));
  return { params, nodes: renamed, results: of.map(known), types };
}
