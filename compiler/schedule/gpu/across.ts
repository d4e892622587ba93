/** Values of all invocations of a workgroup combined into one that all get, in a fixed order and by two meetings. */
import type { Element } from "../../ir/graph.ts";
import { apply, at, literal, load, local, loop, setLocal, store } from "../expression.ts";
import { invocationVariable } from "../kernel.ts";
import type { BufferId, LocalId, Monoid, Statement } from "../kernel.ts";
import type { Registers } from "../lower/registers.ts";
import { indexValue } from "./grid.ts";

export interface Contribution {
  readonly local: LocalId;
  readonly element: Element;
  readonly op: Monoid;
}

/**
 * With n = r * r invocations: invocation i < r combines the values of i, i + r, i + 2r, ..., then each combines those r.
 * Outside of loops and branches. `invocations`: 64 or 256.
 */
export function combineAcross(r: Registers, contributions: readonly Contribution[], invocations: number): readonly LocalId[] {
  if (contributions.length === 0) return [];
  const { scope } = r;
  const width = Math.sqrt(invocations);
  const own = at(0, [invocationVariable, 1]);
  // Used again by every phase: what the one before reads of `all` it reads before its second meeting, of `few` before the next first one.
  const buffers = (role: string, length: number): BufferId[] =>
    contributions.map(({ element }, i) => {
      const name = `${role}_${element}_${i}`;
      const known = scope.buffers.findIndex((buffer) => buffer.name === name);
      return known < 0 ? scope.buffer(name, element, length, "workgroup") : (known as BufferId); // an index into the buffers
    });
  const totals = contributions.map(({ element }) => scope.local(element));
  /** total = from[first] op from[first + step] op ... */
  const chain = (which: number, from: BufferId, first: ReturnType<typeof at>, step: number): Statement[] => {
    const { op, element } = contributions[which];
    const variable = scope.variable();
    const next = load(from, { ...first, terms: [...first.terms, [variable, step]] });
    return [
      setLocal(totals[which], load(from, first)),
      loop(variable, 1, width, 1, [setLocal(totals[which], apply(op, element, 1, local(totals[which]), next))]),
    ];
  };
  const all = buffers("all", invocations);
  contributions.forEach(({ local: mine }, i) => r.push(store(all[i], own, local(mine))));
  r.push({ kind: "barrier", over: "workgroup" });
  const few = buffers("few", width);
  r.push({
    kind: "if",
    test: apply("lt", "i32", 1, indexValue(own), literal(width, "i32")),
    then: contributions.flatMap((_, i) => [...chain(i, all[i], own, width), store(few[i], own, local(totals[i]))]),
    else: [],
  });
  r.push({ kind: "barrier", over: "workgroup" });
  contributions.forEach((_, i) => r.push(...chain(i, few[i], at(0), 1)));
  return totals;
}
