/** `+ - * / ^ @`, comparisons and logic: on compile-time numbers, tensors, and trees leaf by leaf. */
import { type BinaryOperator, printExpression, type BinaryExpression, type Span } from "../../grammar/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import { isLibrary } from "../diagnostics/diagnostic.ts";
import type { OpName } from "../ops/attributes.ts";
import type { Frame } from "./context.ts";
import { pointArithmetic } from "./points.ts";
import { fail, Problem } from "./problem.ts";
import { markOperator } from "./rules.ts";
import { asTensor, commonElement, elementwise, idOf, spread, tensor } from "./tensors.ts";
import { combineTrees, isTree, mapTree } from "./trees.ts";
import { type Axis, boolean, describe, isFloat, number, ownShape, type TensorValue, type Value } from "./values.ts";

type Arithmetic = "+" | "-" | "*" | "/" | "^" | "@";
type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=";
export type InfixOperator = Exclude<BinaryOperator, "|>" | ".."> ;

/** What rule sets call an operator. */
export const operatorNames: Readonly<Record<Arithmetic, string>> = { "+": "add", "-": "sub", "*": "mul", "/": "div", "^": "pow", "@": "matmul" };
const comparisons: Readonly<Record<Comparison, OpName>> = { "==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge" };
const isComparison = (operator: string): operator is Comparison => operator in comparisons;

/** Where an operator stands, and how its operands are quoted. */
export interface OperatorSite {
  readonly span: Span;
  readonly quoted?: readonly string[];
}
export const siteOf = (expression: BinaryExpression): OperatorSite => ({
  span: expression.span,
  // Names of the library's own say nothing to a user.
  quoted: isLibrary(expression.span.file) ? undefined : [printExpression(expression.left), printExpression(expression.right)],
});

/** Integers in a model are positions: not trained, and no arithmetic touches them. `0.9 * net` has those of `net`. */
const staysInModel = (leaf: Value): boolean => leaf.kind === "tensor" && (leaf.type.element === "i32" || leaf.type.element === "u32");

export function infix(frame: Frame, operator: InfixOperator, left: Value, right: Value, site: OperatorSite): Value {
  if (left.kind === "poison" || right.kind === "poison") throw new Problem(null);
  if (left.kind === "number" && right.kind === "number") {
    const result = staticInfix(operator, left.value, right.value, left.integer && right.integer, site);
    return result.kind === "number" && (left.madeUp || right.madeUp) ? { ...result, madeUp: true } : result;
  }
  if (left.kind === "boolean" && right.kind === "boolean") return staticLogic(operator, left.value, right.value, site);
  if (left.kind === "point" || (right.kind === "point" && !isTree(left))) {
    if (!isTree(right)) return pointArithmetic(frame, operator, left, right, site.span);
  }
  if (operator !== "@" && (isTree(left) || isTree(right))) {
    return combineTrees(left, right, (a, b) => {
      const own = left.kind === "model" ? a : right.kind === "model" ? b : undefined;
      return own && staysInModel(own) && !isComparison(operator) ? own : infix(frame, operator, a, b, site);
    }, site.span);
  }
  if (operator === "&&" || operator === "||") return logic(frame, operator, left, right, site);
  if (operator === "@") return matmul(frame, left, right, site);
  const [a, b] = commonElement(frame.context, [left, right], site.span, site.quoted);
  if (isComparison(operator)) return elementwise(frame.context, comparisons[operator], [a, b], {}, site.span, site.quoted);
  return markOperator(frame, operatorNames[operator], [a, b] as const, site.span, ([x, y]) => arithmetic(frame, operator, x, y, right, site));
}

function arithmetic(frame: Frame, operator: Exclude<Arithmetic, "@">, a: TensorValue, b: TensorValue, exponent: Value, site: OperatorSite): TensorValue {
  const { element } = a.type;
  switch (operator) {
    case "+":
      return elementwise(frame.context, "add", [a, b], {}, site.span, site.quoted);
    case "-":
      return elementwise(frame.context, "sub", [a, b], {}, site.span, site.quoted);
    case "*":
      return elementwise(frame.context, "mul", [a, b], {}, site.span, site.quoted);
    case "/":
      if (!isFloat(element)) fail(say.integerDivision(site.span, describe(a)));
      return elementwise(frame.context, "div", [a, b], {}, site.span, site.quoted);
    case "^":
      return power(frame, a, b, exponent, site);
  }
}

function power(frame: Frame, base: TensorValue, exponent: TensorValue, written: Value, site: OperatorSite): TensorValue {
  const { element } = base.type;
  if (written.kind === "number") {
    const n = written.value;
    if (Number.isInteger(n) && Math.abs(n) <= 64) {
      if (isFloat(element)) return elementwise(frame.context, "integer_pow", [base], { exponent: n }, site.span);
      if (element !== "bool" && n >= 0) return integerPower(frame, base, n, site);
    }
    if (n === 0.5 && isFloat(element)) return elementwise(frame.context, "sqrt", [base], {}, site.span);
  }
  if (!isFloat(element)) fail(say.integerPower(site.span, describe(base)));
  return elementwise(frame.context, "pow", [base, exponent], {}, site.span, site.quoted);
}

function integerPower(frame: Frame, base: TensorValue, exponent: number, site: OperatorSite): TensorValue {
  const { builder } = frame.context;
  const id = idOf(frame.context, base, site.span);
  let result = builder.like(id, 1);
  for (let i = 0; i < exponent; i++) result = builder.mul(result, id);
  return tensor(frame.context, result, base.axes, base.variables);
}

function logic(frame: Frame, operator: "&&" | "||", left: Value, right: Value, site: OperatorSite): Value {
  for (const [one, other] of [[left, right], [right, left]]) {
    if (one.kind === "boolean") return (operator === "&&") === one.value ? other : boolean(one.value);
  }
  const values = [left, right].map((value) => asTensor(frame.context, value, site.span));
  for (const value of values) if (value.type.element !== "bool") fail(say.needsBool(site.span, operator, describe(value)));
  return elementwise(frame.context, operator === "&&" ? "bit_and" : "bit_or", values, {}, site.span, site.quoted);
}

// ---- compile-time numbers

export function staticInfix(operator: InfixOperator, a: number, b: number, integers: boolean, site: OperatorSite): Value {
  switch (operator) {
    case "+":
      return number(a + b, integers);
    case "-":
      return number(a - b, integers);
    case "*":
      return number(a * b, integers);
    case "/":
      if (b === 0) fail(say.staticDivisionByZero(site.span));
      return number(a / b, false);
    case "^": {
      const value = a ** b;
      return number(value, integers && Number.isInteger(value));
    }
    case "==":
      return boolean(a === b);
    case "!=":
      return boolean(a !== b);
    case "<":
      return boolean(a < b);
    case "<=":
      return boolean(a <= b);
    case ">":
      return boolean(a > b);
    case ">=":
      return boolean(a >= b);
    default:
      return fail(say.operatorOnNumbers(site.span, operator));
  }
}

function staticLogic(operator: InfixOperator, a: boolean, b: boolean, site: OperatorSite): Value {
  switch (operator) {
    case "&&":
      return boolean(a && b);
    case "||":
      return boolean(a || b);
    case "==":
      return boolean(a === b);
    case "!=":
    case "+":
      return boolean(a !== b);
    case "*":
      return boolean(a && b);
    default:
      return fail(say.operatorOnBooleans(site.span, operator));
  }
}

export function negate(frame: Frame, value: Value, span: Span): Value {
  if (value.kind === "number") return { ...value, value: -value.value };
  if (isTree(value)) return mapTree(value, (leaf) => (value.kind === "model" && staysInModel(leaf) ? leaf : negate(frame, leaf, span)), span);
  const operand = asTensor(frame.context, value, span);
  return markOperator(frame, "neg", [operand], span, () => elementwise(frame.context, "neg", [operand], {}, span));
}

export function not(frame: Frame, value: Value, span: Span): Value {
  if (value.kind === "boolean") return boolean(!value.value);
  if (isTree(value)) return mapTree(value, (leaf) => not(frame, leaf, span), span);
  const operand = asTensor(frame.context, value, span);
  if (operand.type.element !== "bool") fail(say.needsBool(span, "!", describe(operand)));
  return elementwise(frame.context, "bit_not", [operand], {}, span);
}

// ---- matrix product

function matmul(frame: Frame, left: Value, right: Value, site: OperatorSite): Value {
  if (isTree(left) || isTree(right)) fail(say.expectedTensor(site.span, describe(isTree(left) ? left : right)));
  const [a, b] = commonElement(frame.context, [left, right], site.span, site.quoted);
  const shapes = [ownShape(a), ownShape(b)];
  for (const [i, shape] of shapes.entries()) {
    if (shape.length === 0) fail(say.scalarInMatmul(site.span, site.quoted?.[i] ?? "an operand"));
  }
  const inner = [shapes[0][shapes[0].length - 1], shapes[1].length === 1 ? shapes[1][0] : shapes[1][shapes[1].length - 2]];
  if (inner[0] !== inner[1]) fail(say.matmulAxes(site.span, site.quoted ?? ["left", "right"], a, b));
  return markOperator(frame, "matmul", [a, b] as const, site.span, ([x, y]) => product(frame, x, y, site));
}

function product(frame: Frame, a: TensorValue, b: TensorValue, site: OperatorSite): TensorValue {
  const { context } = frame;
  const { builder } = context;
  const [leftRank, rightRank] = [ownShape(a).length, ownShape(b).length];
  const columns: Axis[] = rightRank === 1 ? [] : [b.axes[rightRank - 1]];
  const noBatch = { leftBatch: [], rightBatch: [] };
  if (a.variables.length === 0 && b.variables.length === 0 && rightRank <= 2) {
    const id = builder.op("dot", [idOf(context, a, site.span), idOf(context, b, site.span)], {
      ...noBatch, leftContract: [leftRank - 1], rightContract: [0],
    });
    return tensor(context, id, [...a.axes.slice(0, -1), ...columns]);
  }
  // Batched: leading axes and index variables are brought to one shape first.
  const rows = leftRank === 1 ? 0 : 1;
  const lead = (value: TensorValue, kept: number): TensorValue => {
    const own = ownShape(value);
    const shape = [...value.variables.map((v) => v.range), ...own.slice(0, own.length - kept)];
    return { ...value, id: undefined, type: { ...value.type, shape }, axes: value.axes.slice(0, own.length - kept) };
  };
  const keptLeft = rows + 1;
  const keptRight = columns.length + 1;
  const batch = batchOf([lead(a, keptLeft), lead(b, keptRight)], site);
  const bring = (value: TensorValue, kept: number) => {
    const own = ownShape(value);
    return spread(context, value, batch.variables, [...batch.shape, ...own.slice(own.length - kept)], site.span);
  };
  const n = batch.shape.length;
  const axes = Array.from({ length: n }, (_, i) => i);
  const id = builder.op("dot", [bring(a, keptLeft), bring(b, keptRight)], {
    leftBatch: axes, rightBatch: axes, leftContract: [n + keptLeft - 1], rightContract: [n],
  });
  return tensor(context, id, [...batch.axes, ...(rows ? [a.axes[leftRank - 2]] : []), ...columns], batch.variables);
}

/** The common leading shape, by the rules of `align`, without building anything. */
function batchOf(values: readonly TensorValue[], site: OperatorSite): { shape: number[]; axes: Axis[]; variables: TensorValue["variables"] } {
  const variables = values.flatMap((value) => value.variables).filter((v, i, all) => all.findIndex((w) => w.name === v.name) === i);
  const rank = Math.max(...values.map((value) => ownShape(value).length));
  const shape: number[] = [];
  const axes: Axis[] = [];
  for (let i = 0; i < rank; i++) {
    let size = 1;
    let axis: Axis = {};
    for (const value of values) {
      const own = ownShape(value);
      const at = own.length - rank + i;
      if (at < 0) continue;
      if (own[at] !== 1 && size !== 1 && own[at] !== size) fail(say.cannotBroadcast(site.span, values, site.quoted, rank - i));
      if (own[at] !== 1) size = own[at];
      if (!axis.name) axis = value.axes[at] ?? {};
    }
    shape.push(size);
    axes.push(axis);
  }
  return { shape: [...variables.map((v) => v.range), ...shape], axes, variables };
}

