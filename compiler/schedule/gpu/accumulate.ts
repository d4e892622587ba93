/** What an invocation holds of a reduction while elements go by, and how it takes in what another invocation holds. */
import type { Element, OpNode } from "../../ir/graph.ts";
import { apply, local, setLocal } from "../expression.ts";
import type { Expression, LocalId, Statement } from "../kernel.ts";
import { Partials, reductionOf, type ReduceOp, Search } from "../lower/reduce.ts";
import type { Operand, Registers } from "../lower/registers.ts";

export interface Accumulator {
  /** Of what it holds: a value; or an extreme and its position. */
  readonly elements: readonly Element[];
  held(): readonly LocalId[];
  /** Takes an element; `position`: along the reduced axis. */
  add(operand: Operand, position: Operand): void;
  /** Takes into `own` what another one holds. */
  absorb(own: readonly LocalId[], other: readonly Expression[]): readonly Statement[];
  /** Which of what it holds is the reduction's result. */
  readonly result: number;
}

export type ReductionOp = ReduceOp | SearchOp;
type SearchOp = "argmax" | "argmin";

export const isReduction = (node: OpNode): node is OpNode<ReductionOp> => isSearch(node) || node.op === "reduce_sum" || node.op === "reduce_prod" || node.op === "reduce_max" || node.op === "reduce_min";
const isSearch = (node: OpNode): node is OpNode<SearchOp> => node.op === "argmax" || node.op === "argmin";

/** What an accumulator holds; `element`: of what is reduced. */
export const heldBy = (node: OpNode<ReductionOp>, element: Element): readonly Element[] => (isSearch(node) ? [element, "i32"] : [element]);

/** `element`: of what is reduced. `looped`: it lives through a loop, which may have no turn. */
export function accumulatorOf(r: Registers, node: OpNode<ReductionOp>, element: Element, looped: boolean): Accumulator {
  const elements = heldBy(node, element);
  if (isSearch(node)) return { elements, ...searching(r, node.op, element) };
  const partials = new Partials(r, reductionOf(node.op, element), element, 1, looped ? [0] : []);
  return {
    elements,
    result: 0,
    held: () => [partials.at(0)],
    add: (operand) => partials.add(0, operand, undefined),
    absorb: ([own], [other]) => [setLocal(own, apply(partials.reduction.op, element, 1, local(own), other))],
  };
}

function searching(r: Registers, op: SearchOp, of: Element): Omit<Accumulator, "elements"> {
  const search = new Search(r, op, of, 1);
  const { element } = search;
  return {
    result: 1,
    held: () => [search.best, search.position],
    add: (operand, position) => search.add(operand, position),
    /** As if one invocation had met all elements: the first NaN, else the first of the extremes. */
    absorb([best, position], [otherBest, otherPosition]) {
      const [value, at, takes] = [r.scope.local(element), r.scope.local("i32"), r.scope.local("bool")];
      const isNaN = (id: LocalId): Expression => apply("ne", element, 1, local(id), local(id));
      const both = (op: "and" | "or", a: Expression, b: Expression): Expression => apply(op, "bool", 1, a, b);
      const beats = apply(op === "argmax" ? "gt" : "lt", element, 1, local(value), local(best));
      const ties = apply("eq", element, 1, local(value), local(best));
      const isFirst = apply("lt", "i32", 1, local(at), local(position));
      const wins = element !== "f32" && element !== "f64" ? both("or", beats, both("and", ties, isFirst))
        : apply("select", "bool", 1, isNaN(best), both("and", isNaN(value), isFirst), both("or", isNaN(value), both("or", beats, both("and", ties, isFirst))));
      return [
        setLocal(value, otherBest), setLocal(at, otherPosition), setLocal(takes, wins),
        setLocal(best, apply("select", element, 1, local(takes), local(value), local(best))),
        setLocal(position, apply("select", "i32", 1, local(takes), local(at), local(position))),
      ];
    },
  };
}
