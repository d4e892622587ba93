/** A condition known only at run time: both arms are computed, values and the versions of state are selected. */
import type { Expression, Span } from "../../grammar/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import type { ValueId } from "../ir/graph.ts";
import type { Cell, Frame } from "./context.ts";
import { selectPoint } from "./points.ts";
import { fail } from "./problem.ts";
import { asTensor, commonElement, elementwise, tensor } from "./tensors.ts";
import { combineTrees, isTree } from "./trees.ts";
import { describe, type Member, type ModelValue, ownShape, type TensorValue, type Value } from "./values.ts";

/** A scalar `bool`. */
export function conditionOf(frame: Frame, value: Value, condition: Expression): TensorValue {
  const test = asTensor(frame.context, value, condition.span);
  if (test.type.element !== "bool" || ownShape(test).length > 0) fail(say.conditionNotBool(condition.span, describe(test)));
  return test;
}

/** Runs both arms from the same versions of all state, then merges the versions that they leave behind. */
export function inArms<T>(frame: Frame, test: TensorValue, arms: readonly [(arm: Frame) => T, (arm: Frame) => T], at: { readonly span: Span }): [T, T] {
  const { context } = frame;
  const before = context.snapshot();
  const run = (arm: (inner: Frame) => T): { value: T; after: Map<Cell, ValueId> } => {
    for (const [cell, versions] of context.versions) {
      const start = before.get(cell) ?? versions[0];
      if (context.read(cell) !== start) context.assign(cell, start);
    }
    return { value: arm({ ...frame, conditional: true }), after: context.snapshot() };
  };
  const yes = run(arms[0]);
  const no = run(arms[1]);
  for (const [cell, [first]] of context.versions) {
    const a = yes.after.get(cell) ?? first;
    const b = no.after.get(cell) ?? first;
    if (a === b) continue;
    const merged = choose(frame, test, tensor(context, a, cell.axes), tensor(context, b, cell.axes), at);
    if (merged.kind === "tensor" && merged.id !== undefined) context.assign(cell, merged.id);
  }
  return [yes.value, no.value];
}

/** Selects between two values of one form by a scalar condition. */
export function choose(frame: Frame, test: TensorValue, yes: Value, no: Value, at: { readonly span: Span }): Value {
  if (yes.kind === "model" && no.kind === "model" && yes.declaration === no.declaration) return chooseModel(frame, test, yes, no, at);
  if (isTree(yes) || isTree(no)) return combineTrees(yes, no, (a, b) => choose(frame, test, a, b, at), at.span);
  if (yes === no) return yes;
  if (yes.kind === "point" || no.kind === "point") return selectPoint(frame.context, test, yes, no, at.span);
  const [a, b] = commonElement(frame.context, [yes, no], at.span);
  return elementwise(frame.context, "select", [test, a, b], {}, at.span);
}

/** Of two models one, its state too. Which it is shows at run time, so that nothing can be written back to it. */
function chooseModel(frame: Frame, test: TensorValue, yes: ModelValue, no: ModelValue, at: { readonly span: Span }): Value {
  const members = [...yes.members].map(([name, member]): [string, Member] => {
    const other = no.members.get(name);
    return [name, other ? { ...member, value: choose(frame, test, member.value, other.value, at) } : member];
  });
  return { ...yes, members: new Map(members), path: undefined, place: undefined, readOnly: "that a run-time `if` chooses" };
}
