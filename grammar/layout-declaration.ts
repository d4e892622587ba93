/** The layout of declarations. */
import {
  assertNever, type Body, type Declaration, type Generic, type Name, type Parameter, type Rule, type RulesDeclaration, type RuleSetItem,
  type TypeExpression,
} from "./ast.ts";
import { flatten, hardline, indent, join, mustBreak, type Doc } from "./doc.ts";
import { assignment, expressionDoc, parametersDoc, pathDoc, typeDoc } from "./layout-expression.ts";
import { bindingDoc, blockDoc, memberDoc } from "./layout-statement.ts";
import { braces, itemComments, list, suffixes, type Original } from "./layout.ts";

export function declarationDoc(declaration: Declaration, at: Original): Doc {
  switch (declaration.kind) {
    case "use":
      return `use "${declaration.path}"`;
    case "dim":
      return assignment(["dim ", declaration.name.text, " ="], declaration.value, at);
    case "const":
      return bindingDoc("const", declaration, at);
    case "var":
      return memberDoc(declaration.frozen ? "frozen var" : "var", declaration, at);
    case "type": {
      const { name, generics, type, tangent } = declaration;
      const own = tangent ? [" tangent ", typeDoc(tangent.type, at), " retract ", tangent.retract.text] : "";
      return ["type ", name.text, genericsDoc(generics, at), " = ", typeDoc(type, at), own];
    }
    case "fn": {
      const words = [declaration.exported ? "export " : "", declaration.train ? "train " : "", declaration.extern ? "extern " : "", "fn "];
      const head = [words, signatureDoc(declaration, at)];
      return declaration.body ? [bodyDoc(head, declaration.body, at), rulesDoc(declaration.rules, declaration.body, at)] : head;
    }
    case "model":
      return [bodyDoc(["model ", signatureDoc(declaration, at)], declaration.body, at), rulesDoc(declaration.rules, declaration.body, at)];
    case "optimizer":
      return ["optimizer ", declaration.name.text, parametersDoc(declaration.parameters, at), " ", blockDoc(declaration.body, at)];
    case "rules":
      return ruleSetDoc(declaration, at);
    default:
      return assertNever(declaration, "declarationDoc");
  }
}

interface Signature {
  readonly name: Name;
  readonly generics: readonly Generic[];
  readonly parameters: readonly Parameter[];
  readonly result?: TypeExpression;
}

/** Characters up to which a result type stays whole, so that the parameters before it break instead. */
const wholeResult = 80;

function signatureDoc({ name, generics, parameters, result }: Signature, at: Original): Doc {
  const type = result ? typeDoc(result, at) : "";
  const flat = mustBreak(type) ? "" : flatten(type);
  return [name.text, genericsDoc(generics, at), parametersDoc(parameters, at), result ? [" -> ", flat !== "" && flat.length <= wholeResult ? flat : type] : ""];
}

function genericsDoc(generics: readonly Generic[], at: Original): Doc {
  return generics.length === 0 ? "" : list("[", generics, "]", (generic) => genericDoc(generic, at), at);
}

function genericDoc({ pack, name, choices, bound, type, default: value }: Generic, at: Original): Doc {
  return [
    pack ? "..." : "",
    name.text,
    choices ? [" in {", join(", ", choices.map((choice) => expressionDoc(choice, at))), "}"] : "",
    bound ? [" <= ", expressionDoc(bound, at)] : "",
    type ? [": ", typeDoc(type, at)] : "",
    value ? [" = ", expressionDoc(value, at)] : "",
  ];
}

function bodyDoc(head: Doc, body: Body, at: Original): Doc {
  return body.kind === "block" ? [head, " ", blockDoc(body, at)] : assignment([head, " ="], body, at);
}

/** A rule stands behind the brace of the body before it, else on a line of its own. */
function rulesDoc(rules: readonly Rule[], body: Body | undefined, at: Original): Doc {
  return rules.map((rule, index): Doc => {
    const previous = index === 0 ? body : rules[index - 1].body;
    const comments = itemComments(rule, at);
    const doc = [comments, ruleDoc(rule, at), suffixes(at, "trailing", rule)];
    const staysBehind = previous === undefined || (previous.kind === "block" && !mustBreak(comments));
    return [suffixes(at, "opening", rule), staysBehind ? [" ", doc] : indent(hardline, doc)];
  });
}

function ruleDoc({ surrogate, mode, parameters, body }: Rule, at: Original): Doc {
  return bodyDoc([surrogate ? "surrogate " : "", mode, parametersDoc(parameters, at)], body, at);
}

/** The last line of a rule set, as an item among the others. */
interface Otherwise {
  readonly otherwise: Name;
  readonly span: Name["span"];
}

function ruleSetDoc(declaration: RulesDeclaration, at: Original): Doc {
  const { name, parameters, items, otherwise, span } = declaration;
  const rows: readonly (RuleSetItem | Otherwise)[] = otherwise ? [...items, { otherwise, span: otherwise.span }] : items;
  const head = ["rules ", name.text, parameters.length > 0 ? parametersDoc(parameters, at) : "", " "];
  // The comments of the declaration itself stand outside its braces: the braces are a node of their own.
  return [head, braces({ span }, rows, (row) => ("otherwise" in row ? ["else ", row.otherwise.text] : ruleSetItemDoc(row, at)), 1, at)];
}

function ruleSetItemDoc({ target, parameters, place, rules }: RuleSetItem, at: Original): Doc {
  return [target.text, parametersDoc(parameters, at), place ? [" in ", pathDoc(place, at)] : "", rulesDoc(rules, undefined, at)];
}
