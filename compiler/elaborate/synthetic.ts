/** Syntax made by the compiler, for forms that are sugar over others. Names with `$` cannot meet the user's. */
import type { Argument, BinaryOperator, Carry, Expression, LambdaExpression, NameExpression, NumberExpression, Pattern, Span, Statement } from "../../grammar/index.ts";

export const name = (text: string, span: Span): NameExpression => ({ kind: "name", text, span });
export const numeral = (text: string, span: Span): NumberExpression => ({ kind: "number", text, span });
export const call = (callee: string, given: readonly Expression[], span: Span): Expression => ({
  kind: "call", span, callee: name(callee, span), arguments: given.map((value) => ({ span: value.span, value })),
});
export const binary = (operator: BinaryOperator, left: Expression, right: Expression): Expression => ({
  kind: "binary", span: left.span, operatorSpan: left.span, operator, left, right,
});
export const lambda = (parameter: string, body: LambdaExpression["body"], span: Span): LambdaExpression => ({
  kind: "lambda", span, parameters: [{ span, name: { text: parameter, span } }], body,
});
/** `a`, or `(a, b)` of several names. */
export function pattern(names: readonly string[], span: Span): Pattern {
  const items = names.map((text): Pattern => ({ kind: "namePattern", span, name: { text, span } }));
  return items.length === 1 ? items[0] : { kind: "tuplePattern", span, items };
}
export const bind = (names: readonly string[], value: Expression, span: Span): Statement => ({ kind: "let", constant: false, span, pattern: pattern(names, span), value });
export const assign = (target: string, value: Expression, span: Span): Statement => ({ kind: "assign", span, target: { span, root: { text: target, span }, steps: [] }, value });
export const option = (key: string, value: Expression, span: Span): Argument => ({ span, name: { text: key, span }, value });
export const carries = (given: Readonly<Record<string, Expression>>, span: Span): Carry[] =>
  Object.entries(given).map(([text, value]) => ({ span, name: { text, span }, value }));
