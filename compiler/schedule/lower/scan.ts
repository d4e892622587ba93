/** cumsum, cumprod, cummax: one running value per line along the axis, neighbouring lines in lanes. */
import type { OpNode, SiteId } from "../../ir/graph.ts";
import { elementCount } from "../../ir/graph.ts";
import { apply, KernelScope, literal, load, local, loop, setLocal, store } from "../expression.ts";
import type { Facts } from "../facts.ts";
import type { Index, Lanes, Statement, VariableId } from "../kernel.ts";
import type { Unit } from "../unit.ts";
import { BufferTable } from "./buffers.ts";
import { reductionOf } from "./reduce.ts";

export type RunningOp = "cumsum" | "cumprod" | "cummax";
const reductions = { cumsum: "reduce_sum", cumprod: "reduce_prod", cummax: "reduce_max" } as const;

/** The lines that a running op goes along: [before, length, after], and what it does with an element. */
export function linesOf(facts: Facts, node: OpNode<RunningOp>) {
  const [x] = node.args;
  const { element, shape } = facts.types[x];
  const { axis, reversed } = node.attributes;
  return {
    x, result: node.results[0], element, reversed, length: shape[axis],
    after: elementCount(shape.slice(axis + 1)), before: elementCount(shape.slice(0, axis)),
    ...reductionOf(reductions[node.op], element),
  };
}

export function lowerRunning(facts: Facts, node: OpNode<RunningOp>, name: string, site: SiteId): Unit {
  const { x, result, element, reversed, length, after, before, op, identity } = linesOf(facts, node);
  const scope = new KernelScope();
  const buffers = new BufferTable(facts, scope);
  const source = facts.source(x);
  const whole = { base: 0, factors: [1] };
  const input = buffers.input(source, whole, false, 0);
  const output = buffers.output(result, whole, 0);
  const line = scope.variable();

  /** The lines from `base` (+ a variable) on, `lanes` at once. */
  const run = (base: number, terms: Index["terms"], lanes: Lanes, count?: number): Statement[] => {
    const total = scope.local(element, lanes);
    const turn = scope.variable();
    const first = reversed ? (length - 1) * after : 0;
    const at: Index = { base: base + first, terms: [[line, length * after], ...terms, [turn, reversed ? -after : after]] };
    return [
      setLocal(total, literal(identity, element, lanes)),
      loop(turn, 0, length, 1, [
        setLocal(total, apply(op, element, lanes, local(total), load(input, at, lanes, count))),
        store(output, at, local(total), lanes, count),
      ]),
    ];
  };
  const body: Statement[] = [];
  const wide = facts.lanes === 1 || element === "f64" || after < 4 ? 0 : after - (after % 4);
  if (wide > 0) {
    const column: VariableId = scope.variable();
    body.push(loop(column, 0, wide, 4, run(0, [[column, 1]], 4)));
  }
  if (wide > 0 && wide < after) body.push(...run(wide, [], 4, after - wide));
  if (wide === 0) {
    const column: VariableId = scope.variable();
    body.push(loop(column, 0, after, 1, run(0, [[column, 1]], 1)));
  }
  const { locals, variables } = scope;
  return buffers.unit({ name, buffers: scope.buffers, locals, variables, body: [loop(line, 0, before, 1, body)], site });
}
