/**
 * Gives one name to nodes that compute the same value: same op, args and attributes.
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
    if (node.kind === "op") {
      const key = keyOf(node.op, args, node.attributes);
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
