/**
 * Rule sets that end in `else core` speak of the operations of the graph, by their names in `core`, however these came to
 * be: written, by index notation, by broadcasting, in the library. Where a request meets an operation, its line is
 * elaborated there.
 */
import type { Span } from "../../grammar/index.ts";
import type { Mode } from "../differentiate/index.ts";
import type { Builder } from "../ir/builder.ts";
import type { OpNode, RuleHandle, ValueId } from "../ir/graph.ts";
import { type CallRecord, applyRule, findRule, ruleHandle, ruleScope, silent } from "./rules.ts";
import { type Context, contextOf, type Frame } from "./context.ts";
import { operationName } from "./operation-names.ts";
import { definitionOf } from "../ops/index.ts";
import { tensor } from "./tensors.ts";
import { isFloat, type RulesValue, tuple } from "./values.ts";

/** The rule for an operation; undefined where its derivative counts: it moves no floats. */
export function operationHandle(frame: Frame, set: RulesValue, b: Builder, node: OpNode, mode: Mode, request: Span): RuleHandle | undefined {
  if (!isFloat(b.typeOf(node.results[0]).element)) return undefined;
  const name = operationName(node);
  const { path } = frame.session.sites[node.site];
  const found = findRule(set, name, path, mode);
  if (!found) return silent(set, name, request);
  const context = contextOf(b, frame.context);
  return ruleHandle(found, (given, wanted) => {
    const operation = again({ ...frame, context, path }, context, node, name);
    const answer = applyRule(operation, found.rule, ruleScope(set, operation, found.item), given.slice(0, 1), found.item, wanted?.filter((_, i) => isCredited(b, node, i)));
    if (mode === "tangent") return answer;
    let next = 0;
    return node.args.map((_, i) => (isCredited(b, node, i) ? answer[next++] : null));
  });
}

const isCredited = (b: Builder, { args }: OpNode, i: number): boolean => isFloat(b.typeOf(args[i]).element);

/**
 * The operation once more, on operands of its own: a request in the rule, `pull(result, a, r)`, is about this operation
 * alone, also where one value is both operands, or leads to another. It folds into the first later. The operands of an
 * operation of any number of them are one tuple.
 */
function again(frame: Frame, context: Context, node: OpNode, name: string): CallRecord {
  const { builder } = context;
  const ids = operands(frame, context, node, name);
  const [result] = builder.ops(node.op, ids, node.attributes);
  const values = ids.map((id) => tensor(context, id));
  const isList = definitionOf(node.op).arity === null;
  const inputs = isList ? [{ name: "0", value: tuple(values) }] : values.map((value, i) => ({ name: String(i), value }));
  const leaves = values.flatMap((value, i) => {
    if (!isCredited(builder, node, i)) return [];
    return [isList ? { path: [String(i)], value, input: "0" } : { path: [], value, input: String(i) }];
  });
  return { callee: name, frame, inputs, self: null, result: tensor(context, result), leaves, kind: "operator", requests: 0 };
}

/** Other names for the operands: a marker without a rule. */
function operands(frame: Frame, { builder }: Context, node: OpNode, name: string): readonly ValueId[] {
  return builder.leave(node.args, { callee: name, path: frame.path, inputs: [], frame: undefined });
}
