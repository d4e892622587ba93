/** Walks over what a kernel reads and writes. */
import type { BufferId, Expression, Index, Lanes, Statement, VariableId } from "../../compiler/schedule/kernel.ts";
import { foldIndex, isConstant } from "./fold-index.ts";

type Visit = (buffer: BufferId, at: Index, lanes: Lanes, count: number | undefined) => void;
type Loop = Extract<Statement, { kind: "loop" }>;

/** Turns of a loop whose bounds are constant. */
export const turnsOf = (from: Index, to: Index, step: number): number | undefined => (isConstant(from) && isConstant(to) ? Math.max(0, Math.ceil((to.base - from.base) / step)) : undefined);

function accessesOf(expression: Expression, visit: Visit): void {
  if (expression.kind === "load") visit(expression.buffer, expression.at, expression.lanes, expression.count);
  else if (expression.kind === "lane") accessesOf(expression.of, visit);
  else if (expression.kind === "apply") for (const arg of expression.args) accessesOf(arg, visit);
}

/** Calls `visit` for every load and store. `turn` is asked what to do with a loop: walk its body once, or at each of the given values. */
export function eachAccess(body: readonly Statement[], visit: Visit, turn?: (loop: Loop) => Iterable<unknown>): void {
  for (const statement of body) {
    switch (statement.kind) {
      case "loop":
        for (const _ of turn?.(statement) ?? [0]) eachAccess(statement.body, visit, turn);
        break;
      case "if":
        accessesOf(statement.test, visit);
        eachAccess(statement.then, visit, turn);
        eachAccess(statement.else, visit, turn);
        break;
      case "let":
      case "combine":
      case "bind":
        accessesOf(statement.value, visit);
        break;
      case "store":
        accessesOf(statement.value, visit);
        visit(statement.buffer, statement.at, statement.lanes, statement.count);
        break;
      case "leave":
        accessesOf(statement.test, visit);
        break;
      case "fence":
      case "barrier":
        break;
    }
  }
}

/** Whether an index of a buffer for which `of` holds uses the variable. */
export function indexes(body: readonly Statement[], variable: VariableId, of: (buffer: BufferId) => boolean): boolean {
  let found = false;
  eachAccess(body, (buffer, at) => {
    if (of(buffer) && at.terms.some(([term]) => term === variable)) found = true;
  });
  return found;
}

/** Every access to buffers for which `of` holds, with loops whose variables index them written out. */
export function eachUnrolledAccess(body: readonly Statement[], of: (buffer: BufferId) => boolean, visit: Visit): void {
  const known = new Map<VariableId, number>();
  const visitFolded: Visit = (buffer, at, lanes, count) => {
    if (of(buffer)) visit(buffer, foldIndex(at, known), lanes, count);
  };
  eachAccess(body, visitFolded, function* (loop) {
    const from = foldIndex(loop.from, known);
    const turns = turnsOf(from, foldIndex(loop.to, known), loop.step);
    if (turns === undefined || (turns > 1 && !(loop.mode === "unroll" && indexes(loop.body, loop.variable, of)))) return yield;
    for (let turn = 0; turn < turns; turn++) {
      known.set(loop.variable, from.base + turn * loop.step);
      yield;
    }
    known.delete(loop.variable);
  });
}
