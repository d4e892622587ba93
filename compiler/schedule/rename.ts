/** The statements of a kernel under the names of another one. */
import type { BufferId, Expression, Index, LocalId, Statement, VariableId } from "./kernel.ts";

export interface Names {
  index(at: Index): Index;
  /** Where an element of a buffer lies; `at` has its new names. */
  place(buffer: BufferId, at: Index): readonly [BufferId, Index];
  local(id: LocalId): LocalId;
  /** Of a loop, or bound. */
  variable(id: VariableId): VariableId;
}

export const renamed = (body: readonly Statement[], names: Names): Statement[] => body.map((statement) => renameStatement(statement, names));

function renameStatement(of: Statement, names: Names): Statement {
  const value = (expression: Expression): Expression => renameExpression(expression, names);
  switch (of.kind) {
    case "loop": return { ...of, variable: names.variable(of.variable), from: names.index(of.from), to: names.index(of.to), body: renamed(of.body, names) };
    case "if": return { ...of, test: value(of.test), then: renamed(of.then, names), else: renamed(of.else, names) };
    case "let":
    case "combine": return { ...of, local: names.local(of.local), value: value(of.value) };
    case "store": {
      const [buffer, at] = names.place(of.buffer, names.index(of.at));
      return { ...of, buffer, at, value: value(of.value) };
    }
    case "bind": return { ...of, variable: names.variable(of.variable), value: value(of.value) };
    case "leave": return { ...of, test: value(of.test) };
    case "fence":
    case "barrier": return of;
  }
}

function renameExpression(of: Expression, names: Names): Expression {
  switch (of.kind) {
    case "literal": return of;
    case "local": return { ...of, local: names.local(of.local) };
    case "index": return { ...of, at: names.index(of.at) };
    case "load": {
      const [buffer, at] = names.place(of.buffer, names.index(of.at));
      return { ...of, buffer, at };
    }
    case "lane": return { ...of, of: renameExpression(of.of, names) };
    case "apply": return { ...of, args: of.args.map((arg) => renameExpression(arg, names)) };
  }
}
