/** The table of precedence: a flat run of operands and operators becomes a tree. */
import type { CstNode, IToken } from "chevrotain";
import type { BinaryOperator, Expression } from "./ast.ts";
import { buildPostfix, tooDeep } from "./build-expression.ts";
import { between, nodes, span, tokens, tokenSpan, type Building } from "./cst.ts";
import { Infix, Prefix } from "./tokens.ts";

/** Loosest first; `printExpression` puts back the parentheses that this table needs. */
export const precedence: Readonly<Record<BinaryOperator, number>> = {
  "|>": 1,
  "||": 2,
  "&&": 3,
  "==": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4,
  "..": 5,
  "+": 6, "-": 6,
  "*": 7, "/": 7, "@": 7,
  "^": 9,
};
/** Of the prefix operators: `-x ^ 2` is `-(x ^ 2)`, `-x * y` is `(-x) * y`. */
export const prefixPrecedence = 8;

const comparisonLevel = precedence["=="];
const rangeLevel = precedence[".."];

/** What an operator of another language, or a slip, is taken for; it has been or is reported. */
const meant: Readonly<Record<string, BinaryOperator>> = {
  "**": "^", "%": "/", "&": "&&", "|": "||", "=": "==", "<-": "<", "+=": "+", "-=": "-", "*=": "*", "/=": "/",
};

/** Operators in one expression: a chain nests to the left, and whoever walks the tree recurses. */
const maxOperators = 1000;

export function buildInfix(cst: CstNode, at: Building): Expression {
  const operands = nodes(cst, "operand");
  const operators = tokens(cst, Infix);
  if (operators.length + operands.reduce((count, operand) => count + tokens(operand, Prefix).length, 0) > maxOperators) return tooDeep(span(cst, at), at);
  let next = 0;

  const operatorAt = (index: number): BinaryOperator => meant[operators[index].image] ?? asOperator(operators[index]);

  /** An operand whose first `skip` prefixes are already applied; `^` binds tighter than they do. */
  const unary = (skip: number): Expression => {
    const operand = operands[next];
    const sign = tokens(operand, Prefix)[skip];
    if (sign) {
      const value = unary(skip + 1);
      const operator = sign.image === "!" ? "!" : "-";
      return { kind: "unary", span: { ...value.span, start: sign.startOffset }, operator, operand: value };
    }
    const base = buildPostfix(operand, at);
    if (next >= operators.length || operatorAt(next) !== "^") return base;
    const operatorSpan = tokenSpan(operators[next++], at);
    const exponent = unary(0);
    return { kind: "binary", span: between(base, exponent), operator: "^", operatorSpan, left: base, right: exponent };
  };

  const climb = (minimum: number): Expression => {
    let left = unary(0);
    while (next < operators.length) {
      const operator = operatorAt(next);
      const level = precedence[operator];
      if (level < minimum) break;
      const symbol = operators[next++];
      if (operator === "|>") requirePostfix(operands[next], at);
      const right = climb(level + 1);
      reportSlip(symbol, left, right, at);
      if (level === comparisonLevel || level === rangeLevel) reportChain(symbol, operator, left, at);
      left = { kind: "binary", span: between(left, right), operator, operatorSpan: tokenSpan(symbol, at), left, right };
    }
    return left;
  };
  return climb(0);
}

function asOperator(token: IToken): BinaryOperator {
  if (!Object.hasOwn(precedence, token.image)) throw new Error(`internal: no precedence for ${token.image}`);
  return token.image as BinaryOperator; // a key of `precedence`, as the line before has made sure
}

/** The right side of a pipe is a call: `x |> f(a)` has no signs. */
function requirePostfix(operand: CstNode, at: Building): void {
  const sign = tokens(operand, Prefix)[0];
  if (!sign) return;
  at.problems.push({
    span: tokenSpan(sign, at),
    message: `expected a function after \`|>\`, found \`${sign.image}\``,
    help: "`x |> f(a)` stands for `f(x, a)`",
  });
}

function reportSlip(symbol: IToken, left: Expression, right: Expression, at: Building): void {
  const span = tokenSpan(symbol, at);
  switch (symbol.image) {
    case "<-":
      at.problems.push({ span, message: "`<-` assigns and cannot stand in an expression", help: "a comparison with a negative number needs a space: `x < -1`" });
      return;
    case "=":
      at.problems.push({ span, message: "`=` does not compare", help: "equality is `==`" });
      return;
    case "+=": case "-=": case "*=": case "/=":
      at.problems.push(compoundAssign(symbol, at));
      return;
  }
}

export function compoundAssign(symbol: IToken, at: Building) {
  return { span: tokenSpan(symbol, at), message: `\`${symbol.image}\` is not part of the language`, help: `write \`x <- x ${symbol.image[0]} 1\`` };
}

function reportChain(symbol: IToken, operator: BinaryOperator, left: Expression, at: Building): void {
  if (left.kind !== "binary" || precedence[left.operator] !== precedence[operator]) return;
  at.problems.push({
    span: tokenSpan(symbol, at),
    message: operator === ".." ? "ranges do not chain" : "comparisons do not chain",
    help: operator === ".." ? "a slice has a step: `x[0:10:2]`" : "write `a < b && b < c`",
  });
}
