/** cumsum, cumprod, cummax for a grid: an invocation for each line along the axis. */
import type { OpNode, SiteId } from "../../ir/graph.ts";
import { apply, KernelScope, literal, load, local, loop, setLocal, store } from "../expression.ts";
import type { Facts } from "../facts.ts";
import type { Index, Statement } from "../kernel.ts";
import { BufferTable } from "../lower/buffers.ts";
import { linesOf, type RunningOp } from "../lower/scan.ts";
import type { Unit } from "../unit.ts";
import { gridOf, gridScope, guarded, numberIn, split } from "./grid.ts";

export function runningForGrid(facts: Facts, node: OpNode<RunningOp>, name: string, site: SiteId): Unit {
  const { x, result, element, reversed, length, after, before, op, identity } = linesOf(facts, node);
  const scope = gridScope(new KernelScope());
  const buffers = new BufferTable(facts, scope);
  const whole = { base: 0, factors: [1] };
  const input = buffers.input(facts.source(x), whole, false, 0);
  const output = buffers.output(result, whole, 0);
  const grid = gridOf(before * after);
  const inside: Statement[] = [];
  const [line, column] = split(scope, numberIn(grid), [before, after], inside);
  const total = scope.local(element);
  const turn = scope.variable();
  const at: Index = {
    base: reversed ? (length - 1) * after : 0,
    terms: [...line.terms.map(([variable, by]) => [variable, by * length * after] as const), ...column.terms, [turn, reversed ? -after : after]],
  };
  inside.push(
    setLocal(total, literal(identity, element)),
    loop(turn, 0, length, 1, [
      setLocal(total, apply(op, element, 1, local(total), load(input, at))),
      store(output, at, local(total)),
    ]),
  );
  const { locals, variables } = scope;
  return buffers.unit({ name, buffers: scope.buffers, locals, variables, body: guarded(grid, before * after, inside), site, grid });
}
