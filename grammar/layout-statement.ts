/** The layout of blocks and statements. */
import { assertNever, type Block, type Bracket, type Expression, type IfStatement, type Name, type Pattern, type Statement, type TypeExpression } from "./ast.ts";
import { group, indent, line, type Doc } from "./doc.ts";
import { assignment, bracketDoc, eachDoc, expressionDoc, pathDoc, patternDoc, typeDoc } from "./layout-expression.ts";
import { braces, type Layout } from "./layout.ts";

export function blockDoc(block: Block, at: Layout): Doc {
  return braces(block, block.statements, (statement) => statementDoc(statement, at), 2, at);
}

function statementDoc(statement: Statement, at: Layout): Doc {
  switch (statement.kind) {
    case "let":
      return bindingDoc(statement.constant ? "const" : "let", statement, at);
    case "member":
      return memberDoc(statement.role, statement, at);
    case "return": case "emit": case "prove":
      return [statement.kind, " ", expressionDoc(statement.value, at)];
    case "assign":
      return assignment([pathDoc(statement.target, at), " <-"], statement.value, at);
    case "minimize":
      return updateDoc("minimize", statement.loss, "over", statement.over, statement.optimizer, at);
    case "apply":
      return updateDoc("apply", statement.update, "to", statement.target, statement.optimizer, at);
    case "if":
      return [statement.static ? "static " : "", ifDoc(statement, at)];
    case "staticFor":
      return ["static for ", eachDoc(statement, at), " ", blockDoc(statement.body, at)];
    default:
      return assertNever(statement, "statementDoc");
  }
}

function updateDoc(word: string, value: Expression, preposition: string, target: Expression, optimizer: Expression, at: Layout): Doc {
  const tail = [preposition, " ", expressionDoc(target, at), " with ", expressionDoc(optimizer, at)];
  return group(word, " ", expressionDoc(value, at), indent(line, tail));
}

function ifDoc({ condition, then, else: otherwise }: IfStatement, at: Layout): Doc {
  const head = ["if ", expressionDoc(condition, at), " ", blockDoc(then, at)];
  if (!otherwise) return head;
  return [head, " else ", otherwise.kind === "if" ? ifDoc(otherwise, at) : blockDoc(otherwise, at)];
}

interface Binding {
  readonly pattern: Pattern;
  readonly type?: TypeExpression;
  readonly value: Expression;
}

export function bindingDoc(word: string, { pattern, type, value }: Binding, at: Layout): Doc {
  return assignment([word, " ", patternDoc(pattern), type ? [": ", typeDoc(type, at)] : "", " ="], value, at);
}

interface Member {
  readonly name: Name;
  readonly bracket?: Bracket;
  readonly type?: TypeExpression;
  readonly value: Expression;
}

export function memberDoc(word: string, { name, bracket, type, value }: Member, at: Layout): Doc {
  return assignment([word, " ", name.text, bracket ? bracketDoc(bracket, at) : "", type ? [": ", typeDoc(type, at)] : "", " ="], value, at);
}
