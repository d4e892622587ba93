/** Concrete tree to syntax tree: expressions, brackets, patterns and types. */
import type { CstNode } from "chevrotain";
import type { Argument, Bracket, BracketItem, Carry, Expression, Parameter, Pattern, Span, TypeExpression } from "./ast.ts";
import { buildBlock, buildBody } from "./build-statement.ts";
import { buildInfix } from "./build-infix.ts";
import {
  nameOf, newName, node, nodes, optionalNode, optionalToken, reservedName, span, token, tokens, tokenSpan, wordChild, type Building,
} from "./cst.ts";
import * as t from "./tokens.ts";

/** Expressions inside one another; whoever walks the tree recurses. */
const maxDepth = 200;

export function buildExpression(cst: CstNode, at: Building): Expression {
  if (at.depth >= maxDepth) return tooDeep(span(cst, at), at);
  at.depth++;
  const expression = buildShallow(cst, at);
  at.depth--;
  return expression;
}

export function tooDeep(here: Span, at: Building): Expression {
  at.problems.push({ span: here, message: "this expression is nested too deeply", help: "name parts of it with `let`" });
  return { kind: "error", span: here };
}

function buildShallow(cst: CstNode, at: Building): Expression {
  const [[rule, children]] = Object.entries(cst.children);
  const inner = children[0];
  if (!("children" in inner)) throw new Error(`internal: an expression of the token ${inner.image}`);
  switch (rule) {
    case "infix":
      return buildInfix(inner, at);
    case "conditional":
      return {
        kind: "conditional",
        span: span(inner, at),
        condition: expressionOf(inner, at),
        then: expressionOf(inner, at, 1),
        else: expressionOf(inner, at, 2),
      };
    case "comprehension":
      return { kind: "comprehension", span: span(inner, at), bracket: buildBracket(node(inner, "bracket"), at), value: expressionOf(inner, at) };
    case "lambda":
      return { kind: "lambda", span: span(inner, at), parameters: buildParameters(inner, at), body: buildBody(node(inner, "inline"), at) };
    case "mapExpression":
      return { kind: "map", span: span(inner, at), ...buildEach(inner, at), body: buildBody(node(inner, "inline"), at) };
    case "scanExpression": {
      const until = optionalNode(inner, "expression");
      return {
        kind: "scan",
        span: span(inner, at),
        ...loopHead(inner, at),
        ...buildEach(inner, at),
        ...(until && { until: buildExpression(until, at) }),
        body: buildBlock(node(inner, "block"), at),
      };
    }
    case "fixpointExpression":
      return { kind: "fixpoint", span: span(inner, at), ...loopHead(inner, at), body: buildBody(node(inner, "inline"), at) };
    case "odesolveExpression":
      return { kind: "odesolve", span: span(inner, at), ...loopHead(inner, at), ...buildEach(inner, at), body: buildBody(node(inner, "inline"), at) };
    default:
      throw new Error(`internal: buildExpression does not know ${rule}`);
  }
}

export function expressionOf(cst: CstNode, at: Building, index = 0): Expression {
  return buildExpression(node(cst, "expression", index), at);
}

function loopHead(cst: CstNode, at: Building): { options: readonly Argument[]; carries: readonly Carry[] } {
  const options = optionalNode(cst, "args");
  const carries = optionalNode(cst, "carries");
  return {
    options: options ? buildArguments(options, at) : [],
    carries: (carries ? nodes(carries, "carry") : []).map((carry) => ({ span: span(carry, at), name: wordChild(carry, at), value: expressionOf(carry, at) })),
  };
}

/** Of a parent with an `each`: `pattern in range`. */
export function buildEach(parent: CstNode, at: Building): { pattern: Pattern; range: Expression } {
  const each = node(parent, "each");
  return { pattern: buildPattern(node(each, "pattern"), at), range: expressionOf(each, at) };
}

/** An operand without its prefixes, which are the caller's. */
export function buildPostfix(operand: CstNode, at: Building): Expression {
  let object = buildPrimary(node(operand, "primary"), at);
  const suffixes = nodes(operand, "suffix");
  if (suffixes.length > maxDepth) return tooDeep(span(operand, at), at);
  for (const suffix of suffixes) {
    const whole = { ...span(suffix, at), start: object.span.start };
    const bracket = optionalNode(suffix, "bracket");
    const args = optionalNode(suffix, "args");
    if (bracket) object = { kind: "index", span: whole, object, bracket: buildBracket(bracket, at) };
    else if (args) object = { kind: "call", span: whole, callee: object, arguments: buildArguments(args, at) };
    else object = { kind: "field", span: whole, object, name: wordChild(suffix, at) };
  }
  return object;
}

function buildPrimary(cst: CstNode, at: Building): Expression {
  const here = span(cst, at);
  const number = optionalToken(cst, t.NumberToken);
  if (number) return { kind: "number", span: here, text: canonicalNumber(number.image) };
  const name = optionalToken(cst, t.Name);
  if (name) return { kind: "name", span: here, text: name.image };
  const parenthesized = optionalNode(cst, "parenthesized");
  if (parenthesized) {
    const items = nodes(parenthesized, "expression").map((item) => buildExpression(item, at));
    return items.length === 1 ? { kind: "parenthesized", span: here, value: items[0] } : { kind: "tuple", span: here, items };
  }
  const list = optionalNode(cst, "list");
  if (list) {
    const items = nodes(list, "listItem").map((item) => ({ spread: optionalToken(item, t.Ellipsis) !== undefined, value: expressionOf(item, at) }));
    return { kind: "list", span: here, items };
  }
  const record = optionalNode(cst, "record");
  if (record) return { kind: "record", span: here, fields: nodes(record, "recordField").map((field) => buildRecordField(field, at)) };
  const string = optionalToken(cst, t.StringToken);
  if (string?.tokenType === t.StringToken) {
    at.problems.push({ span: here, message: "there are no strings in the language", help: "only `use` takes one: `use \"blocks.pull\"`" });
  }
  return { kind: "error", span: here };
}

/** `1.` and `.5` have been reported; the tree holds the number that is meant. */
function canonicalNumber(image: string): string {
  if (image.startsWith(".")) return `0${image}`;
  return image.replace(/\.(?!\d)/, ".0");
}

function buildRecordField(cst: CstNode, at: Building): { name: ReturnType<typeof nameOf>; value?: Expression } {
  const word = token(cst, t.Word);
  const value = optionalNode(cst, "expression");
  if (value) return { name: nameOf(word, at), value: buildExpression(value, at) };
  if (word.tokenType !== t.Name) at.problems.push(reservedName(word.image, tokenSpan(word, at)));
  return { name: nameOf(word, at) };
}

export function buildArguments(cst: CstNode, at: Building): readonly Argument[] {
  return nodes(cst, "argument").map((argument) => {
    const name = optionalToken(argument, t.Word);
    return { span: span(argument, at), ...(name && { name: nameOf(name, at) }), value: expressionOf(argument, at) };
  });
}

export function buildBracket(cst: CstNode, at: Building): Bracket {
  return { span: span(cst, at), items: nodes(cst, "bracketItem").map((item) => buildBracketItem(item, at)) };
}

function buildBracketItem(cst: CstNode, at: Building): BracketItem {
  const here = span(cst, at);
  if (optionalToken(cst, t.Ellipsis)) {
    const name = optionalToken(cst, t.Name);
    return { kind: "ellipsis", span: here, ...(name && { name: nameOf(name, at) }) };
  }
  const name = optionalToken(cst, t.Word);
  if (name) {
    return { kind: "named", span: here, name: nameOf(name, at), relation: optionalToken(cst, t.Equals) ? "=" : "in", value: expressionOf(cst, at) };
  }
  const start = optionalNode(cst, "start");
  if (start && tokens(cst, t.Colon).length === 0) return { kind: "value", span: here, value: expressionOf(start, at) };
  const stop = optionalNode(cst, "stop");
  const stepNode = optionalNode(cst, "step");
  const step = stepNode && optionalNode(stepNode, "expression");
  return {
    kind: "slice",
    span: here,
    ...(start && { start: expressionOf(start, at) }),
    ...(stop && { stop: expressionOf(stop, at) }),
    ...(step && { step: buildExpression(step, at) }),
  };
}

export function buildPattern(cst: CstNode, at: Building): Pattern {
  const name = optionalNode(cst, "newName");
  if (name) return { kind: "namePattern", span: span(cst, at), name: newName(name, at) };
  const items = nodes(cst, "pattern").map((item) => buildPattern(item, at));
  // `(a)` binds what `a` binds.
  return items.length === 1 ? items[0] : { kind: "tuplePattern", span: span(cst, at), items };
}

/** Of a parent with `parameters`, which may be absent. */
export function buildParameters(parent: CstNode, at: Building): readonly Parameter[] {
  const list = optionalNode(parent, "parameters");
  return (list ? nodes(list, "parameter") : []).map((parameter) => {
    const value = optionalNode(parameter, "defaultValue");
    return {
      span: span(parameter, at),
      name: newName(node(parameter, "newName"), at),
      ...typeAfterColon(parameter, at),
      ...(value && { default: expressionOf(value, at) }),
    };
  });
}

/** Of a parent with at most one type. */
export function typeAfterColon(parent: CstNode, at: Building): { type?: TypeExpression } {
  const type = optionalNode(parent, "typeExpression");
  return type ? { type: buildType(type, at) } : {};
}

export function buildType(cst: CstNode, at: Building): TypeExpression {
  const here = span(cst, at);
  const name = optionalToken(cst, t.Name, t.words.model);
  if (name) {
    const bracket = optionalNode(cst, "bracket");
    return { kind: "namedType", span: here, name: nameOf(name, at), ...(bracket && { bracket: buildBracket(bracket, at) }) };
  }
  const tuple = optionalNode(cst, "tupleType");
  if (tuple) {
    const items = nodes(tuple, "typeExpression").map((item) => buildType(item, at));
    return items.length === 1 ? items[0] : { kind: "tupleType", span: here, items };
  }
  const record = optionalNode(cst, "recordType");
  if (record) {
    const types = nodes(record, "typeExpression");
    const fields = tokens(record, t.Word).map((word, index) => ({ name: nameOf(word, at), type: buildType(types[index], at) }));
    return { kind: "recordType", span: here, fields };
  }
  const fn = node(cst, "functionType");
  const parameters = nodes(fn, "typeExpression").map((item) => buildType(item, at));
  return { kind: "functionType", span: here, parameters, result: buildType(node(node(fn, "result"), "typeExpression"), at) };
}
