/**
 * Forward mode: walks the nodes from the first to the last and appends the tangent of each value that both depends on
 * `wrt` and leads to `of`. The mirror image of `pull`.
 *
 *     %2 = mul %0 %1            %3 = mul %d %1      (tangent %d of %0)
 */
import { invariant } from "../diagnostics/diagnostic.ts";
import type { Builder, BuildNode } from "../ir/builder.ts";
import type { LeaveNode, OpNode, ValueId } from "../ir/graph.ts";
import { definitionOf } from "../ops/index.ts";
import type { AttributesOf, OpName } from "../ops/index.ts";
import { between, contributors, standIns } from "./requests.ts";
import { pushScan } from "./scan.ts";
import type { RequestOptions, StandIn } from "./requests.ts";

type Tangents = readonly (ValueId | null)[];

/**
 * Jacobian-vector product: tangents of `of` when `wrt` moves by `tangents`. null: it does not move. A requested
 * intermediate moves by its own tangent and by what reaches it from the others.
 *
 * Where a rule stands for a call, the tangents of the results come from those of the call's inputs by the rule.
 */
export function push(
  b: Builder, of: readonly ValueId[], wrt: readonly ValueId[], tangents: readonly ValueId[], options: RequestOptions = {},
): Tangents {
  const nodes = between(b, wrt, of);
  const standIn = standIns("tangent", options);
  const needed = contributors(b, of, nodes, standIn, options.leaves);
  const known = new Map<ValueId, ValueId>();
  const move = (value: ValueId, tangent: ValueId | null | undefined): void => {
    if (tangent === null || tangent === undefined || needed[value] !== 1) return;
    const before = known.get(value);
    known.set(value, before === undefined ? tangent : b.add(before, tangent));
  };
  wrt.forEach((value, i) => move(value, tangents[i]));
  const through = (node: BuildNode, given: Tangents): Tangents => {
    switch (node.kind) {
      case "op":
        return options.operation?.(b, node, "tangent")?.apply(given) ?? throughOp(b, node, given);
      case "leave":
        return throughCall(node, given, standIn(node), options);
      case "openScan":
        return pushScan(b, node, given, standIn, push, options);
      default:
        return []; // no credit passes the others: see `links`
    }
  };
  const site = b.site;
  for (const node of nodes) {
    if (node.kind === "host" || !node.results.some((result) => needed[result] === 1 && !options.leaves?.has(result))) continue;
    const sources = node.kind === "leave" && standIn(node) !== null ? node.call.inputs : node.args;
    const given = sources.map((source) => known.get(source) ?? null);
    if (given.every((tangent) => tangent === null)) continue;
    b.site = node.site;
    const answer = through(node, given);
    node.results.forEach((result, i) => { if (!options.leaves?.has(result)) move(result, answer[i]); });
  }
  b.site = site;
  return of.map((value) => known.get(value) ?? null);
}

function throughOp<K extends OpName>(b: Builder, node: OpNode<K>, given: Tangents): Tangents {
  // K is one name, so node.attributes are its own; TypeScript cannot see it.
  const attributes = node.attributes as AttributesOf<K>;
  return definitionOf(node.op).jvp?.({ b, x: node.args, y: node.results, attributes }, given) ?? [];
}

function throughCall(
  node: LeaveNode, given: Tangents, rule: ReturnType<StandIn>, options: RequestOptions,
): Tangents {
  if (rule === null) return given;
  if (rule === "none") {
    options.missing?.(node.call, "tangent");
    return [];
  }
  const answer = rule.apply(given);
  invariant(answer.length === node.results.length, () => `the rule of ${node.call.callee} answers ${answer.length} tangents for ${node.results.length} results`);
  return answer;
}
