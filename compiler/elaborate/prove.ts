/** `prove independent(l, p)`, `prove !transposed(w)`, `prove memory <= n`: a paper's claim as a check. */
import { type Expression, printExpression } from "../../grammar/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import { creditPath } from "../differentiate/index.ts";
import type { Frame } from "./context.ts";
import { evaluate } from "./expressions.ts";
import { nodeOf } from "./optimizers.ts";
import { fail } from "./problem.ts";
import { targetsOf } from "./requests.ts";
import { cellsOf } from "./states.ts";
import { idOf, staticNumber } from "./tensors.ts";
import { leaves } from "./trees.ts";

export function prove(frame: Frame, claim: Expression): void {
  if (claim.kind === "parenthesized") return prove(frame, claim.value);
  if (claim.kind === "unary" && claim.operator === "!" && claim.operand.kind === "call") {
    const { callee, arguments: given } = claim.operand;
    if (callee.kind === "name" && callee.text === "transposed" && given.length === 1) {
      const cells = cellsOf(nodeOf(frame, given[0].value)).filter(({ cell }) => cell.role === "trained" && !cell.isStep);
      frame.context.proofs.push({ kind: "transposed", states: cells.map(({ cell }) => cell.id), span: claim.span });
      return;
    }
  }
  if (claim.kind === "call" && claim.callee.kind === "name" && claim.callee.text === "independent" && claim.arguments.length === 2) {
    return proveIndependent(frame, claim.arguments[0].value, claim.arguments[1].value, claim);
  }
  if (claim.kind === "binary" && claim.operator === "<=" && claim.left.kind === "name" && claim.left.text === "memory") {
    const limit = staticNumber(evaluate(frame, claim.right));
    if (limit === undefined) return fail(say.sizeNotKnown(claim.right.span, printExpression(claim.right), "a run-time value"));
    frame.context.proofs.push({ kind: "memory", limit, span: claim.span });
    return;
  }
  fail(say.unknownClaim(claim.span, printExpression(claim)));
}

function proveIndependent(frame: Frame, loss: Expression, over: Expression, claim: Expression): void {
  const { context } = frame;
  const of = leaves(evaluate(frame, loss)).map(({ value }) => idOf(context, value, loss.span));
  const path = creditPath(context.builder, of, targetsOf(frame, over));
  if (!path) return;
  const steps = path.map((at) => {
    const site = frame.session.sites[at.site];
    return { span: site.span, path: site.path };
  });
  fail(say.notIndependent(claim.span, printExpression(loss), printExpression(over), steps));
}
