/** The layout of expressions, types and patterns. */
import {
  assertNever, type Argument, type BinaryExpression, type Body, type Bracket, type BracketItem, type Carry, type Expression, type Parameter,
  type Path, type Pattern, type TypeExpression,
} from "./ast.ts";
import { precedence, prefixPrecedence } from "./build-infix.ts";
import { brokenGroup, group, indent, join, line, mustBreak, softline, type Doc } from "./doc.ts";
import { blockDoc } from "./layout-statement.ts";
import { hugged, list, type Layout } from "./layout.ts";

/** Of what takes suffixes. */
const postfix = 10;

/** How tightly an expression holds together, in the scale of `precedence`; those that begin with a word need parentheses anywhere. */
function tightness(expression: Expression): number {
  switch (expression.kind) {
    case "binary": return precedence[expression.operator];
    case "unary": return prefixPrecedence;
    case "conditional": case "comprehension": case "lambda": case "map": case "scan": case "fixpoint": case "odesolve": return 0;
    default: return postfix;
  }
}

/** In parentheses where it is looser than its place allows; a tree from the parser has its own. */
function within(expression: Expression, least: number, at: Layout): Doc {
  const doc = expressionDoc(expression, at);
  return tightness(expression) < least ? ["(", doc, ")"] : doc;
}

export function expressionDoc(expression: Expression, at: Layout): Doc {
  const inner = (child: Expression): Doc => expressionDoc(child, at);
  switch (expression.kind) {
    case "number": case "name":
      return expression.text;
    case "error":
      return "...";
    case "parenthesized":
      return group("(", indent(softline, inner(expression.value)), softline, ")");
    case "tuple":
      return list("(", expression.items, ")", inner, at);
    case "list":
      return list("[", expression.items, "]", ({ spread, value }) => [spread ? "..." : "", inner(value)], at);
    case "record":
      return recordDoc(expression, at);
    case "field":
      return [within(expression.object, postfix, at), ".", expression.name.text];
    case "index":
      return [within(expression.object, postfix, at), bracketDoc(expression.bracket, at)];
    case "call":
      return [within(expression.callee, postfix, at), argumentsDoc(expression.arguments, at)];
    case "unary":
      return [expression.operator, within(expression.operand, prefixPrecedence, at)];
    case "binary":
      return binaryDoc(expression, at);
    case "conditional":
      return group("if ", inner(expression.condition), indent(line, "then ", inner(expression.then), line, "else ", inner(expression.else)));
    case "comprehension":
      return group("for ", bracketDoc(expression.bracket, at), " =>", indent(line, inner(expression.value)));
    case "lambda":
      return ["fn", parametersDoc(expression.parameters, at), inlineDoc(expression.body, at)];
    case "map":
      return ["map ", eachDoc(expression, at), inlineDoc(expression.body, at)];
    case "scan":
      return [
        loopDoc("scan", expression, at),
        group(indent(expression.carries.length > 0 ? line : " ", "for ", eachDoc(expression, at), expression.until ? [line, "until ", inner(expression.until)] : "")),
        " ",
        blockDoc(expression.body, at),
      ];
    case "fixpoint":
      return [loopDoc("fixpoint", expression, at), inlineDoc(expression.body, at)];
    case "odesolve":
      return [loopDoc("odesolve", expression, at), group(indent(line, "for ", eachDoc(expression, at))), inlineDoc(expression.body, at)];
    default:
      return assertNever(expression, "expressionDoc");
  }
}

function recordDoc(record: Extract<Expression, { kind: "record" }>, at: Layout): Doc {
  const doc = list("{", record.fields, "}", ({ name, value }) => (value ? [name.text, ": ", expressionDoc(value, at)] : name.text), at, line);
  // A record that its author began on a new line keeps a line for each field.
  const first = record.fields[0];
  const begun = at && first && /^\{[ \t\r]*\n/.test(at.source.slice(record.span.start, first.name.span.start));
  return begun ? brokenGroup(typeof doc === "object" && "kind" in doc && doc.kind === "group" ? doc.content : doc) : doc;
}

/** A run of operators of one level: breaks before each of them. */
function binaryDoc(expression: BinaryExpression, at: Layout): Doc {
  const level = precedence[expression.operator];
  if (expression.operator === "^") {
    return [within(expression.left, postfix, at), " ^ ", within(expression.right, prefixPrecedence, at)];
  }
  // Ranges and comparisons do not chain.
  const chains = expression.operator !== ".." && level !== precedence["=="];
  const rest: Doc[] = [];
  let first: Expression = expression;
  while (first.kind === "binary" && precedence[first.operator] === level && (chains || first === expression)) {
    const right = within(first.right, first.operator === "|>" ? postfix : level + 1, at);
    rest.unshift(first.operator === ".." ? ["..", right] : [line, first.operator, " ", right]);
    first = first.left;
  }
  return group(within(first, level + (chains ? 0 : 1), at), indent(rest));
}

/** A last argument with a bracket of its own takes the line break. */
function argumentsDoc(args: readonly Argument[], at: Layout): Doc {
  const doc = (argument: Argument): Doc => [argument.name ? `${argument.name.text} = ` : "", expressionDoc(argument.value, at)];
  const whole = list("(", args, ")", doc, at);
  const last = args.at(-1);
  if (!last || (at && args.some((argument) => isCommented(argument, at)))) return whole;
  const docs = args.map(doc);
  const holdsBlock = mustBreak(docs.at(-1) ?? "") && !docs.slice(0, -1).some(mustBreak) && bracketed(last.value);
  const onlyLiteral = args.length === 1 && !last.name && (last.value.kind === "record" || last.value.kind === "list");
  return holdsBlock || onlyLiteral ? hugged("(", docs, ")") : whole;
}

function isCommented(item: object, { places }: NonNullable<Layout>): boolean {
  return Object.values(places).some((map: ReadonlyMap<object, unknown>) => map.has(item));
}

function bracketed({ kind }: Expression): boolean {
  return kind === "record" || kind === "list" || kind === "lambda" || kind === "map" || kind === "scan";
}

export function bracketDoc(bracket: Bracket, at: Layout): Doc {
  return list("[", bracket.items, "]", (item) => bracketItemDoc(item, at), at);
}

function bracketItemDoc(item: BracketItem, at: Layout): Doc {
  switch (item.kind) {
    case "ellipsis":
      return `...${item.name?.text ?? ""}`;
    case "named":
      return [item.name.text, item.relation === "=" ? " = " : " in ", expressionDoc(item.value, at)];
    case "value":
      return expressionDoc(item.value, at);
    case "slice":
      return [
        item.start ? expressionDoc(item.start, at) : "",
        ":",
        item.stop ? expressionDoc(item.stop, at) : "",
        item.step ? [":", expressionDoc(item.step, at)] : "",
      ];
    default:
      return assertNever(item, "bracketItemDoc");
  }
}

export function eachDoc({ pattern, range }: { readonly pattern: Pattern; readonly range: Expression }, at: Layout): Doc {
  return [patternDoc(pattern), " in ", expressionDoc(range, at)];
}

function loopDoc(word: string, { options, carries }: { readonly options: readonly Argument[]; readonly carries: readonly Carry[] }, at: Layout): Doc {
  return [
    word,
    options.length > 0 ? argumentsDoc(options, at) : "",
    carries.length > 0 ? " " : "",
    join(", ", carries.map(({ name, value }) => [name.text, " = ", expressionDoc(value, at)])),
  ];
}

function inlineDoc(body: Body, at: Layout): Doc {
  return body.kind === "block" ? [" ", blockDoc(body, at)] : group(" =>", breaksItself(body) ? [" ", expressionDoc(body, at)] : indent(line, expressionDoc(body, at)));
}

/** `head = value`. Only a chain of operators moves to the next line whole; other values break inside. */
export function assignment(head: Doc, value: Expression, at: Layout): Doc {
  return breaksItself(value) ? [head, " ", expressionDoc(value, at)] : group(head, indent(line, expressionDoc(value, at)));
}
function breaksItself({ kind }: Expression): boolean {
  return kind !== "binary" && kind !== "unary";
}

export function parametersDoc(parameters: readonly Parameter[], at: Layout): Doc {
  return list("(", parameters, ")", ({ name, type, default: value }) => [name.text, type ? [": ", typeDoc(type, at)] : "", value ? [" = ", expressionDoc(value, at)] : ""], at);
}

export function typeDoc(type: TypeExpression, at: Layout): Doc {
  const inner = (child: TypeExpression): Doc => typeDoc(child, at);
  switch (type.kind) {
    case "namedType":
      return [type.name.text, type.bracket ? bracketDoc(type.bracket, at) : ""];
    case "tupleType":
      return group("(", indent(softline, join([",", line], type.items.map(inner))), softline, ")");
    case "recordType":
      return list("{", type.fields, "}", (field) => [field.name.text, ": ", inner(field.type)], at, line);
    case "functionType":
      return ["fn(", join(", ", type.parameters.map(inner)), ") -> ", inner(type.result)];
    default:
      return assertNever(type, "typeDoc");
  }
}

export function patternDoc(pattern: Pattern): string {
  return pattern.kind === "namePattern" ? pattern.name.text : `(${pattern.items.map(patternDoc).join(", ")})`;
}

export function pathDoc(path: Path, at: Layout): Doc {
  return [path.root.text, path.steps.map((step) => (step.kind === "field" ? `.${step.name.text}` : ["[", expressionDoc(step.index, at), "]"]))];
}
