/**
 * cumsum, cumprod, cummax for a grid.
 *
 *     short lines     an invocation for each line along the axis
 *     long lines      a workgroup for each: invocation i has the i-th of equal stretches; it combines its elements, meets the others in
 *                     workgroup memory, and goes over its stretch again from what the stretches before came to
 */
import type { OpNode, SiteId } from "../../ir/graph.ts";
import { apply, at, KernelScope, literal, load, local, loop, setLocal, store } from "../expression.ts";
import type { Facts } from "../facts.ts";
import { type Grid, type Index, invocationVariable, type LocalId, type Statement, workgroupVariable } from "../kernel.ts";
import { BufferTable } from "../lower/buffers.ts";
import { linesOf, type RunningOp } from "../lower/scan.ts";
import type { Unit } from "../unit.ts";
import { gridOf, gridScope, guarded, indexValue, numberIn, split } from "./grid.ts";

/** Elements from which a line has a workgroup of its own, unless there are so many lines that each may have but an invocation. */
const longLine = 256;
const manyLines = 1024;
/** Elements from which that workgroup is a large one. */
const veryLongLine = 8192;

export function runningForGrid(facts: Facts, node: OpNode<RunningOp>, name: string, site: SiteId): Unit {
  const { x, result, element, reversed, length, after, before, op, identity } = linesOf(facts, node);
  const scope = gridScope(new KernelScope());
  const buffers = new BufferTable(facts, scope);
  const whole = { base: 0, factors: [1] };
  const input = buffers.input(facts.source(x), whole, false, 0);
  const output = buffers.output(result, whole, 0);
  const lines = before * after;
  const isLong = length >= longLine && lines < manyLines;
  const invocations = length >= veryLongLine ? 256 : 64;
  const grid: Grid = isLong ? { workgroups: lines, invocations } : gridOf(lines);
  const out: Statement[] = [];
  const [line, column] = split(scope, isLong ? at(0, [workgroupVariable, 1]) : numberIn(grid), [before, after], out);
  const by = reversed ? -after : after;
  /** Element `position` of the line, in running order. */
  const place = (position: Index): Index => ({
    base: (reversed ? (length - 1) * after : 0) + by * position.base,
    terms: [...line.terms.map(([variable, factor]) => [variable, factor * length * after] as const), ...column.terms, ...position.terms.map(([variable, factor]) => [variable, factor * by] as const)],
  });
  const total = scope.local(element);
  const combine = (onto: LocalId, position: Index): Statement => setLocal(onto, apply(op, element, 1, local(onto), load(input, place(position))));
  const start = (of: LocalId): Statement => setLocal(of, literal(identity, element));
  const finished = (body: readonly Statement[]): Unit => {
    const { locals, variables } = scope;
    return buffers.unit({ name, buffers: scope.buffers, locals, variables, body, site, grid });
  };
  if (!isLong) {
    const turn = scope.variable();
    const here = at(0, [turn, 1]);
    out.push(start(total), loop(turn, 0, length, 1, [combine(total, here), store(output, place(here), local(total))]));
    return finished(guarded(grid, lines, out));
  }
  const each = Math.ceil(length / invocations);
  const stretch = (body: (position: Index) => readonly Statement[]): Statement => {
    const turn = scope.variable();
    const position = at(0, [invocationVariable, each], [turn, 1]);
    const inside = body(position);
    return loop(turn, 0, each, 1, each * invocations === length ? inside
      : [{ kind: "if", test: apply("lt", "i32", 1, indexValue(position), literal(length, "i32")), then: inside, else: [] }]);
  };
  const sums = scope.buffer("stretches", element, invocations, "workgroup");
  const own = scope.local(element);
  out.push(start(own), stretch((position) => [combine(own, position)]), store(sums, at(0, [invocationVariable, 1]), local(own)), { kind: "barrier", over: "workgroup" });
  const earlier = scope.variable();
  const sum = setLocal(total, apply(op, element, 1, local(total), load(sums, at(0, [earlier, 1]))));
  out.push(
    start(total),
    { kind: "loop", mode: "serial", variable: earlier, from: at(0), to: at(0, [invocationVariable, 1]), step: 1, body: [sum] },
    stretch((position) => [combine(total, position), store(output, place(position), local(total))]),
  );
  return finished(out);
}
