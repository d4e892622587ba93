/**
 * Gives one name to nodes that compute the same value: same op, args and attributes; a loop, also the same body.
 *
 *     %1 = exp %0                        %1 = exp %0
 *     %2 = exp %0              ->        %2 = add %1 %1
 *     %3 = add %1 %2                     return %2
 *     return %3
 *
 * Draws are pure functions of their key, so equal draws are one. The args of commutative ops may stand in either order.
 * Leaves host nodes alone. Needs nothing before it; the passes that match values by name need it before them.
 */
import type { Node, Region, ValueId } from "../ir/graph.ts";
import type { AttributesOf, OpName } from "../ops/index.ts";
import { commutative } from "./families.ts";
import type { Pass } from "./pass.ts";
import { stored } from "./rewrite.ts";
import { renumber } from "./sweep.ts";

export const commonSubexpressions: Pass = {
  name: "common-subexpressions",
  doc: "Computes equal expressions once.",
  keeps: "exact",
  run: shareEqualNodes,
};

function shareEqualNodes(region: Region): Region {
  const known = new Map<string, readonly ValueId[]>();
  const renamed = region.types.map((_, value) => value as ValueId); // ids are indices of `types`
  const nodes: Node[] = [];
  for (const node of region.nodes) {
    const args = node.args.map((arg) => renamed[arg]);
    const key = nodeKey(node, args);
    if (key !== null) {
      const earlier = known.get(key);
      if (earlier !== undefined) {
        node.results.forEach((result, i) => { renamed[result] = earlier[i]; });
        continue;
      }
      known.set(key, node.results);
    }
    nodes.push({ ...node, args });
  }
  if (nodes.length === region.nodes.length) return region;
  return renumber({ ...region, nodes, results: region.results.map((result) => renamed[result]) });
}

/** Equal for nodes that compute the same; null: not to be shared. */
export function nodeKey(node: Node, args: readonly ValueId[]): string | null {
  switch (node.kind) {
    case "op": return keyOf(node.op, args, node.attributes);
    case "leave": case "host": return null;
    case "scan": return joined([`scan ${args.join(" ")} ${node.length} ${node.reversed} ${node.carries} ${node.inputs} ${node.unroll}`, regionKey(node.body)]);
    case "while": return joined([`while ${args.join(" ")} ${node.max} ${node.carries}`, regionKey(node.until), regionKey(node.body)]);
  }
}

const joined = (keys: readonly (string | null)[]): string | null => (keys.includes(null) ? null : keys.join("\n"));

const regionKeys = new WeakMap<Region, string | null>();

/** Equal for bodies that do the same; their params have equal types where their loops have equal args. */
function regionKey(region: Region): string | null {
  let key = regionKeys.get(region);
  if (key === undefined) {
    const nodes = region.nodes.map((node) => nodeKey(node, node.args));
    key = joined([...nodes, `return ${region.results.join(" ")}`]);
    regionKeys.set(region, key);
  }
  return key;
}

function keyOf(op: OpName, args: readonly ValueId[], attributes: AttributesOf<OpName>): string {
  const ordered = commutative.has(op) && args[0] > args[1] ? [args[1], args[0]] : args;
  return `${op} ${ordered.join(" ")} ${attributesKey(op, attributes)}`;
}

/** Attributes outlive the nodes that passes copy, so each text is made once. */
const attributeKeys = new WeakMap<object, string>();

function attributesKey(op: OpName, attributes: AttributesOf<OpName>): string {
  let key = attributeKeys.get(attributes);
  if (key === undefined) {
    key = op === "constant"
      ? constantKey(attributes as AttributesOf<"constant">) // op and attributes are of one node
      : Object.entries(attributes).map(([name, value]) => `${name}=${String(value)}`).join(" ");
    attributeKeys.set(attributes, key);
  }
  return key;
}

/** Equal for numbers that are stored as the same bits; -0 differs from 0. */
function constantKey({ element, shape, data }: AttributesOf<"constant">): string {
  const numbers = data.map((number) => { const x = stored(element, number); return Object.is(x, -0) ? "-0" : String(x); });
  return `${element} ${shape.join()} ${numbers.join()}`;
}
