/** Visits every expression below one, outside in. */
import { assertNever, type Body, type Bracket, type Expression, type Statement } from "../../grammar/index.ts";

export function walkExpression(expression: Expression, visit: (expression: Expression) => void): void {
  visit(expression);
  const again = (inner: Expression | undefined): void => {
    if (inner) walkExpression(inner, visit);
  };
  switch (expression.kind) {
    case "number":
    case "name":
    case "error":
      return;
    case "parenthesized":
      return again(expression.value);
    case "tuple":
      return expression.items.forEach(again);
    case "list":
      return expression.items.forEach((item) => again(item.value));
    case "record":
      return expression.fields.forEach((field) => again(field.value));
    case "field":
      return again(expression.object);
    case "index":
      again(expression.object);
      return walkBracket(expression.bracket, visit);
    case "call":
      again(expression.callee);
      return expression.arguments.forEach((argument) => again(argument.value));
    case "unary":
      return again(expression.operand);
    case "binary":
      again(expression.left);
      return again(expression.right);
    case "conditional":
      again(expression.condition);
      again(expression.then);
      return again(expression.else);
    case "comprehension":
      walkBracket(expression.bracket, visit);
      return again(expression.value);
    case "lambda":
      return walkBody(expression.body, visit);
    case "map":
      again(expression.range);
      return walkBody(expression.body, visit);
    case "scan":
    case "fixpoint":
    case "odesolve":
      expression.options.forEach((option) => again(option.value));
      expression.carries.forEach((carry) => again(carry.value));
      if (expression.kind !== "fixpoint") again(expression.range);
      if (expression.kind === "scan") again(expression.until);
      return walkBody(expression.body, visit);
    default:
      return assertNever(expression, "walkExpression");
  }
}

function walkBracket(bracket: Bracket, visit: (expression: Expression) => void): void {
  for (const item of bracket.items) {
    if (item.kind === "value" || item.kind === "named") walkExpression(item.value, visit);
    if (item.kind === "slice") for (const part of [item.start, item.stop, item.step]) if (part) walkExpression(part, visit);
  }
}

export function walkBody(body: Body, visit: (expression: Expression) => void): void {
  if (body.kind === "block") body.statements.forEach((statement) => walkStatement(statement, visit));
  else walkExpression(body, visit);
}

export function walkStatement(statement: Statement, visit: (expression: Expression) => void): void {
  const again = (expression: Expression): void => walkExpression(expression, visit);
  switch (statement.kind) {
    case "let":
    case "member":
    case "return":
    case "emit":
    case "prove":
      return again(statement.value);
    case "assign":
      for (const step of statement.target.steps) if (step.kind === "index") again(step.index);
      return again(statement.value);
    case "minimize":
      return [statement.loss, statement.over, statement.optimizer].forEach(again);
    case "apply":
      return [statement.update, statement.target, statement.optimizer].forEach(again);
    case "if":
      again(statement.condition);
      walkBody(statement.then, visit);
      if (statement.else?.kind === "block") walkBody(statement.else, visit);
      else if (statement.else) walkStatement(statement.else, visit);
      return;
    case "staticFor":
      again(statement.range);
      return walkBody(statement.body, visit);
    default:
      return assertNever(statement, "walkStatement");
  }
}
