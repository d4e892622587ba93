/** What all invocations of a workgroup hold of reductions, combined into one that all get, in a fixed order and by two meetings. */
import { apply, at, literal, load, local, loop, setLocal, store } from "../expression.ts";
import { invocationVariable } from "../kernel.ts";
import type { BufferId, Index, LocalId, Statement } from "../kernel.ts";
import type { Registers } from "../lower/registers.ts";
import type { Accumulator } from "./accumulate.ts";
import { indexValue } from "./grid.ts";

/**
 * With n = r * r invocations: invocation i < r combines what i, i + r, i + 2r, ... hold, then each combines those r.
 * Outside of loops and branches. `invocations`: 64 or 256.
 * @returns for each accumulator what it holds then
 */
export function combineAcross(r: Registers, accumulators: readonly Accumulator[], invocations: number): readonly (readonly LocalId[])[] {
  if (accumulators.length === 0) return [];
  const { scope } = r;
  const width = Math.sqrt(invocations);
  const own = at(0, [invocationVariable, 1]);
  // Used again by every phase: what the one before reads of `all` it reads before its second meeting, of `few` before the next first one.
  const buffers = (role: string, length: number): (readonly BufferId[])[] => {
    let count = 0;
    return accumulators.map(({ elements }) => elements.map((element) => {
      const name = `${role}_${element}_${count++}`;
      const known = scope.buffers.findIndex((buffer) => buffer.name === name);
      return known < 0 ? scope.buffer(name, element, length, "workgroup") : (known as BufferId); // an index into the buffers
    }));
  };
  const totals = accumulators.map(({ elements }) => elements.map((element) => scope.local(element)));
  /** totals = from[first] op from[first + step] op ... */
  const chain = (which: number, from: readonly BufferId[], first: Index, step: number): Statement[] => {
    const variable = scope.variable();
    const next: Index = { ...first, terms: [...first.terms, [variable, step]] };
    return [
      ...totals[which].map((total, i) => setLocal(total, load(from[i], first))),
      loop(variable, 1, width, 1, accumulators[which].absorb(totals[which], from.map((buffer) => load(buffer, next)))),
    ];
  };
  const put = (to: readonly BufferId[], held: readonly LocalId[]): Statement[] => held.map((id, i) => store(to[i], own, local(id)));
  const all = buffers("all", invocations);
  r.push(...accumulators.flatMap((accumulator, i) => put(all[i], accumulator.held())), { kind: "barrier", over: "workgroup" });
  const few = buffers("few", width);
  r.push({
    kind: "if",
    test: apply("lt", "i32", 1, indexValue(own), literal(width, "i32")),
    then: accumulators.flatMap((_, i) => [...chain(i, all[i], own, width), ...put(few[i], totals[i])]),
    else: [],
  });
  r.push({ kind: "barrier", over: "workgroup" });
  r.push(...accumulators.flatMap((_, i) => chain(i, few[i], at(0), 1)));
  return totals;
}
