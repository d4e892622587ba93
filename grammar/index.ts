/** Text to syntax tree and back. Imports nothing of ours. */
export * from "./ast.ts";
export { parse, type ParseResult, type SyntaxProblem } from "./parse.ts";
export { format, type FormatResult } from "./format.ts";
export { printExpression, printPattern, printType } from "./print.ts";
