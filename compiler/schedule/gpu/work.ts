/** What one invocation of a kernel has to do. */
import { invocationVariable } from "../kernel.ts";
import type { Expression, Kernel, Statement } from "../kernel.ts";

/** Turns of a loop whose bounds change. */
const someTurns = 32;

/** Machine ops, loads and stores of an invocation, loops counted by their turns, of branches the longer one. */
export const workOf = ({ body }: Kernel): number => statements(body);

function statements(body: readonly Statement[]): number {
  return body.reduce((total, of): number => {
    switch (of.kind) {
      case "loop": return total + turnsOf(of) * (1 + statements(of.body));
      case "if": return total + expression(of.test) + Math.max(statements(of.then), statements(of.else));
      case "leave": return total + expression(of.test);
      case "fence":
      case "barrier": return total + 1;
      default: return total + 1 + expression(of.value);
    }
  }, 0);
}

function turnsOf({ from, to, step }: Extract<Statement, { kind: "loop" }>): number {
  const starts = from.terms.every(([variable]) => variable === invocationVariable);
  return starts && to.terms.length === 0 && to.offset === undefined ? Math.max(0, Math.ceil((to.base - from.base) / step)) : someTurns;
}

function expression(of: Expression): number {
  switch (of.kind) {
    case "literal":
    case "local":
    case "index": return 0;
    case "load": return 1;
    case "lane": return expression(of.of);
    case "apply": return of.args.reduce((total, arg) => total + expression(arg), 1);
  }
}
