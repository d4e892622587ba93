/**
 * Reverse mode: walks the nodes from the last to the first and appends the cotangent of each value that both depends
 * on `wrt` and leads to `of`.
 *
 *     %2 = mul %0 %1            %3 = mul %s %1      (seed %s of %2)
 *
 * Nodes appended on the way, by op rules and by rules of calls, belong to the derivative and are not walked.
 */
import { invariant } from "../diagnostics/diagnostic.ts";
import type { Builder, BuildNode } from "../ir/builder.ts";
import type { LeaveNode, OpNode, RuleHandle, ValueId } from "../ir/graph.ts";
import { definitionOf, passesCredit } from "../ops/index.ts";
import type { AttributesOf, OpName } from "../ops/index.ts";
import { between, dependents, standIns } from "./requests.ts";
import { pullScan } from "./scan.ts";
import type { RequestOptions, StandIn } from "./requests.ts";

/**
 * Vector-Jacobian product: cotangents of `wrt` for the cotangents `seeds` of `of`. Derivatives are total: credit passes
 * on through a requested intermediate. null: no credit reaches it. Integers have no cotangent; those of bool are bool.
 *
 * Where a rule stands for a call, it takes the cotangents of the call's results to its inputs, and the nodes of the
 * body see nothing of them. Cotangents that reach the body's values in other ways, as through the nodes of a rule that
 * was applied earlier, pass through it exactly.
 */
export function pull(
  b: Builder, of: readonly ValueId[], wrt: readonly ValueId[], seeds: readonly ValueId[], options: RequestOptions = {},
): readonly (ValueId | null)[] {
  const nodes = between(b, wrt, of);
  const standIn = standIns("backward", options);
  const moved = dependents(b, wrt, nodes, standIn, options.leaves);
  const cotangents = new Map<ValueId, ValueId>();
  const credit = (value: ValueId, ct: ValueId | null | undefined): void => {
    if (ct === null || ct === undefined || moved[value] !== 1) return;
    const known = cotangents.get(value);
    cotangents.set(value, known === undefined ? ct : b.add(known, ct));
  };
  of.forEach((value, i) => credit(value, seeds[i]));
  const through = (node: BuildNode, given: Cotangents): readonly [readonly ValueId[], Cotangents] => {
    switch (node.kind) {
      case "op":
        return [node.args, throughOp(b, node, given, moved, options.operation?.(b, node, "backward"))];
      case "leave":
        return throughCall(node, given, moved, standIn(node), options);
      case "openScan":
        return [[...node.args], pullScan(b, node, given, node.args.map((arg) => moved[arg] === 1), standIn, pull, options)];
      default:
        return [node.args, []]; // no credit passes the others: see `links`
    }
  };
  const site = b.site;
  for (let at = nodes.length - 1; at >= 0; at--) {
    const node = nodes[at];
    if (node.kind === "host") continue;
    const given = node.results.map((result) => (options.leaves?.has(result) ? null : cotangents.get(result) ?? null));
    if (given.every((ct) => ct === null)) continue;
    b.site = options.derivativeSite?.(node) ?? node.site;
    const [targets, answer] = through(node, given);
    targets.forEach((target, i) => credit(target, answer[i]));
  }
  b.site = site;
  return wrt.map((value) => cotangents.get(value) ?? null);
}

type Cotangents = readonly (ValueId | null)[];

function throughOp<K extends OpName>(b: Builder, node: OpNode<K>, given: Cotangents, moved: Uint8Array, rule?: RuleHandle): Cotangents {
  const { vjp } = definitionOf(node.op);
  const wanted = node.args.map((arg, i) =>
    moved[arg] === 1 && node.results.some((result) => passesCredit(node.op, i, b.typeOf(arg), b.typeOf(result))));
  if (!wanted.includes(true)) return node.args.map(() => null);
  if (rule) return rule.apply(given, wanted).map((ct, i) => (wanted[i] ? ct : null));
  invariant(vjp !== undefined, () => `${node.op} has a tangent rule but no cotangent rule`);
  // K is one name, so node.attributes are its own; TypeScript cannot see it.
  const attributes = node.attributes as AttributesOf<K>;
  const answer = vjp({ b, x: node.args, y: node.results, attributes }, given, wanted);
  return answer.map((ct, i) => (wanted[i] ? ct : null));
}

/** Who gets credit at the end of a call, and how much. */
function throughCall(
  node: LeaveNode, given: Cotangents, moved: Uint8Array, rule: ReturnType<StandIn>, options: RequestOptions,
): readonly [readonly ValueId[], Cotangents] {
  if (rule === null) return [node.args, given];
  const { inputs } = node.call;
  if (!inputs.some((input) => moved[input] === 1)) return [inputs, []];
  if (rule === "none") {
    options.missing?.(node.call, "backward");
    return [inputs, []];
  }
  const answer = rule.apply(given, inputs.map((input) => moved[input] === 1));
  invariant(answer.length === inputs.length, () => `the rule of ${node.call.callee} answers ${answer.length} cotangents for ${inputs.length} inputs`);
  return [inputs, answer];
}
