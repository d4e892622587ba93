/** Walks over what a kernel reads and writes. */
import type { BufferId, Expression, Index, Lanes, Statement } from "../../compiler/schedule/kernel.ts";

type Visit = (buffer: BufferId, at: Index, lanes: Lanes, count: number | undefined) => void;

function accessesOf(expression: Expression, visit: Visit): void {
  if (expression.kind === "load") visit(expression.buffer, expression.at, expression.lanes, expression.count);
  else if (expression.kind === "apply") for (const arg of expression.args) accessesOf(arg, visit);
}

/** Calls `visit` for every load and store. */
export function eachAccess(body: readonly Statement[], visit: Visit): void {
  for (const statement of body) {
    switch (statement.kind) {
      case "loop":
        eachAccess(statement.body, visit);
        break;
      case "if":
        accessesOf(statement.test, visit);
        eachAccess(statement.then, visit);
        eachAccess(statement.else, visit);
        break;
      case "let":
      case "combine":
        accessesOf(statement.value, visit);
        break;
      case "store":
        accessesOf(statement.value, visit);
        visit(statement.buffer, statement.at, statement.lanes, statement.count);
        break;
      case "fence":
        break;
    }
  }
}
