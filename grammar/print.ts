/** Single nodes as text on one line: what a diagnostic quotes. */
import type { Expression, Pattern, TypeExpression } from "./ast.ts";
import { flatten } from "./doc.ts";
import { expressionDoc, patternDoc, typeDoc } from "./layout-expression.ts";

export function printExpression(expression: Expression): string {
  return flatten(expressionDoc(expression, undefined));
}
export function printType(type: TypeExpression): string {
  return flatten(typeDoc(type, undefined));
}
export function printPattern(pattern: Pattern): string {
  return patternDoc(pattern);
}
