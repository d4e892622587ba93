/** Concrete tree to syntax tree: blocks and statements. */
import type { CstNode } from "chevrotain";
import type { Block, Body, IfStatement, MemberStatement, Path, ReturnStatement, Statement } from "./ast.ts";
import {
  buildBracket, buildEach, buildExpression, buildPattern, expressionOf, typeAfterColon,
} from "./build-expression.ts";
import { compoundAssign } from "./build-infix.ts";
import { nameOf, newName, node, nodes, optionalNode, optionalToken, span, token, tokenSpan, wordChild, type Building } from "./cst.ts";
import * as t from "./tokens.ts";

/** Of a node with `= e`, `=> e` or a block. */
export function buildBody(cst: CstNode, at: Building): Body {
  const block = optionalNode(cst, "block");
  return block ? buildBlock(block, at) : expressionOf(cst, at);
}

export function buildBlock(cst: CstNode, at: Building): Block {
  return { kind: "block", span: span(cst, at), statements: nodes(cst, "statement").map((statement) => buildStatement(statement, at)) };
}

function buildStatement(cst: CstNode, at: Building): Statement {
  const [[rule, children]] = Object.entries(cst.children);
  const inner = children[0];
  if (!("children" in inner)) throw new Error(`internal: a statement of the token ${inner.image}`);
  const here = span(inner, at);
  switch (rule) {
    case "letStatement":
      return { kind: "let", span: here, constant: optionalToken(inner, t.words.const) !== undefined, ...buildBinding(inner, at) };
    case "memberStatement":
      return { kind: "member", span: here, role: memberRole(inner), ...buildMember(inner, at) };
    case "returnStatement":
      return { kind: returnKind(inner), span: here, value: expressionOf(inner, at) };
    case "assignStatement":
      reportDisguisedAssignment(inner, at);
      return { kind: "assign", span: here, target: buildPath(node(inner, "path"), at), value: expressionOf(inner, at) };
    case "minimizeStatement":
      return { kind: "minimize", span: here, loss: expressionOf(inner, at), over: expressionOf(inner, at, 1), optimizer: expressionOf(inner, at, 2) };
    case "applyStatement":
      return { kind: "apply", span: here, update: expressionOf(inner, at), target: expressionOf(inner, at, 1), optimizer: expressionOf(inner, at, 2) };
    case "ifStatement":
      return buildIf(inner, at, false);
    case "staticStatement": {
      const condition = optionalNode(inner, "ifStatement");
      if (condition) return { ...buildIf(condition, at, true), span: here };
      return { kind: "staticFor", span: here, ...buildEach(inner, at), body: buildBlock(node(inner, "block"), at) };
    }
    default:
      throw new Error(`internal: buildStatement does not know ${rule}`);
  }
}

function memberRole(cst: CstNode): MemberStatement["role"] {
  if (optionalToken(cst, t.words.param)) return "param";
  if (optionalToken(cst, t.words.state)) return "state";
  return optionalToken(cst, t.words.layer) ? "layer" : "tap";
}

function returnKind(cst: CstNode): ReturnStatement["kind"] {
  if (optionalToken(cst, t.words.return)) return "return";
  return optionalToken(cst, t.words.emit) ? "emit" : "prove";
}

/** The `else if` of a static `if` is decided at build too. */
function buildIf(cst: CstNode, at: Building, isStatic: boolean): IfStatement {
  const [then, otherwise] = nodes(cst, "block");
  const nested = optionalNode(cst, "ifStatement");
  return {
    kind: "if",
    span: span(cst, at),
    static: isStatic,
    condition: expressionOf(cst, at),
    then: buildBlock(then, at),
    ...(nested && { else: buildIf(nested, at, isStatic) }),
    ...(otherwise && { else: buildBlock(otherwise, at) }),
  };
}

/** Of a parent with a `binding`: `pattern: type = value`. */
export function buildBinding(parent: CstNode, at: Building) {
  const binding = node(parent, "binding");
  return { pattern: buildPattern(node(binding, "pattern"), at), ...typeAfterColon(binding, at), value: expressionOf(binding, at) };
}

/** Of a parent with a `member`: `name[...]: type = value`. */
export function buildMember(parent: CstNode, at: Building) {
  const member = node(parent, "member");
  const bracket = optionalNode(member, "bracket");
  return {
    name: newName(node(member, "newName"), at),
    ...(bracket && { bracket: buildBracket(bracket, at) }),
    ...typeAfterColon(member, at),
    value: expressionOf(member, at),
  };
}

export function buildPath(cst: CstNode, at: Building): Path {
  return {
    span: span(cst, at),
    root: nameOf(token(cst, t.Name), at),
    steps: nodes(cst, "pathStep").map((step) => {
      const index = optionalNode(step, "expression");
      return index
        ? { kind: "index", span: span(step, at), index: buildExpression(index, at) }
        : { kind: "field", span: span(step, at), name: wordChild(step, at) };
    }),
  };
}

/** `x = 1` and `x += 1`. */
function reportDisguisedAssignment(cst: CstNode, at: Building): void {
  const compound = optionalToken(cst, t.CompoundAssign);
  if (compound) at.problems.push(compoundAssign(compound, at));
  const equals = optionalToken(cst, t.Equals);
  if (!equals) return;
  const path = node(cst, "path");
  const name = token(path, t.Name).image;
  const isName = nodes(path, "pathStep").length === 0;
  at.problems.push({
    span: tokenSpan(equals, at),
    message: isName ? `\`${name} =\` begins no statement` : "a statement does not assign with `=`",
    help: isName ? `a new name is \`let ${name} = ...\`, an assignment \`${name} <- ...\`` : "an assignment is `<-`",
  });
}
