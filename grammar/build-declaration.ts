/** Concrete tree to syntax tree: declarations. */
import type { CstNode } from "chevrotain";
import type { Declaration, Generic, Rule, TypeExpression } from "./ast.ts";
import { buildExpression, buildParameters, buildType, expressionOf, typeAfterColon } from "./build-expression.ts";
import { buildBinding, buildBlock, buildBody, buildMember, buildPath } from "./build-statement.ts";
import { nameOf, newName, node, nodes, optionalNode, optionalToken, span, token, tokenSpan, type Building } from "./cst.ts";
import * as t from "./tokens.ts";

export function buildDeclaration(cst: CstNode, at: Building): Declaration {
  const [[rule, children]] = Object.entries(cst.children);
  const inner = children[0];
  if (!("children" in inner)) throw new Error(`internal: a declaration of the token ${inner.image}`);
  const here = span(inner, at);
  switch (rule) {
    case "useDeclaration": {
      const path = token(inner, t.StringToken);
      return { kind: "use", span: here, path: path.image.replace(/^["']|["']$/g, ""), pathSpan: tokenSpan(path, at) };
    }
    case "dimDeclaration":
      return { kind: "dim", span: here, name: newName(node(inner, "newName"), at), value: expressionOf(inner, at) };
    case "constDeclaration":
      return { kind: "const", span: here, ...buildBinding(inner, at) };
    case "varDeclaration":
      return { kind: "var", span: here, frozen: optionalToken(inner, t.words.frozen) !== undefined, ...buildMember(inner, at) };
    case "typeDeclaration": {
      const [type, tangent] = nodes(inner, "typeExpression");
      return {
        kind: "type",
        span: here,
        name: newName(node(inner, "newName"), at),
        generics: buildGenerics(inner, at),
        type: buildType(type, at),
        ...(tangent && { tangent: { type: buildType(tangent, at), retract: nameOf(token(inner, t.Name), at) } }),
      };
    }
    case "fnDeclaration":
      return {
        kind: "fn",
        span: here,
        exported: optionalToken(inner, t.words.export) !== undefined,
        train: optionalToken(inner, t.words.train) !== undefined,
        extern: false,
        ...buildSignature(inner, at),
        body: buildBody(node(inner, "body"), at),
        rules: buildRules(inner, at),
      };
    case "externDeclaration":
      return { kind: "fn", span: here, exported: false, train: false, extern: true, ...buildSignature(inner, at), rules: [] };
    case "modelDeclaration":
      return { kind: "model", span: here, ...buildSignature(inner, at), body: buildBlock(node(inner, "block"), at), rules: buildRules(inner, at) };
    case "optimizerDeclaration":
      return {
        kind: "optimizer",
        span: here,
        name: newName(node(inner, "newName"), at),
        parameters: buildParameters(inner, at),
        body: buildBlock(node(inner, "block"), at),
      };
    case "rulesDeclaration": {
      const otherwise = optionalToken(inner, t.Name);
      return {
        kind: "rules",
        span: here,
        name: newName(node(inner, "newName"), at),
        parameters: buildParameters(inner, at),
        items: nodes(inner, "ruleSetItem").map((item) => {
          const place = optionalNode(item, "path");
          return {
            span: span(item, at),
            target: nameOf(token(item, t.Name), at),
            parameters: buildParameters(item, at),
            ...(place && { place: buildPath(place, at) }),
            rules: buildRules(item, at),
          };
        }),
        ...(otherwise && { otherwise: nameOf(otherwise, at) }),
      };
    }
    default:
      throw new Error(`internal: buildDeclaration does not know ${rule}`);
  }
}

function buildSignature(parent: CstNode, at: Building) {
  const signature = node(parent, "signature");
  const result = optionalNode(signature, "typeExpression");
  return {
    name: newName(node(signature, "newName"), at),
    generics: buildGenerics(signature, at),
    parameters: buildParameters(signature, at),
    ...(result && { result: buildType(result, at) }),
  };
}

function buildRules(parent: CstNode, at: Building): readonly Rule[] {
  return nodes(parent, "rule").map((rule) => ({
    span: span(rule, at),
    surrogate: optionalToken(rule, t.words.surrogate) !== undefined,
    mode: optionalToken(rule, t.words.backward) ? "backward" : "tangent",
    parameters: buildParameters(rule, at),
    body: buildBody(node(rule, "body"), at),
  }));
}

function buildGenerics(parent: CstNode, at: Building): readonly Generic[] {
  const list = optionalNode(parent, "generics");
  return (list ? nodes(list, "generic") : []).map((generic) => {
    const choices = nodes(generic, "expression").map((choice) => buildExpression(choice, at));
    const bound = optionalNode(generic, "bound");
    const value = optionalNode(generic, "defaultValue");
    return {
      span: span(generic, at),
      pack: optionalToken(generic, t.Ellipsis) !== undefined,
      name: newName(node(generic, "newName"), at),
      ...(choices.length > 0 && { choices }),
      ...(bound && { bound: expressionOf(bound, at) }),
      ...typeAfterColon(generic, at),
      ...(value && { default: expressionOf(value, at) }),
    };
  });
}
