/** The reductions of a nest: partial results in registers, and how they are combined. */
import type { Element, OpNode } from "../../ir/graph.ts";
import { apply, literal, local, setLocal } from "../expression.ts";
import type { Expression, Lanes, LocalId, Monoid } from "../kernel.ts";
import type { Operand, Registers } from "./registers.ts";

export interface Reduction {
  readonly op: Monoid;
  readonly identity: number;
}

export type ReduceOp = "reduce_sum" | "reduce_prod" | "reduce_max" | "reduce_min";

/** Over bool: parity, all, any, all. */
export function reductionOf(op: ReduceOp, element: Element): Reduction {
  switch (op) {
    case "reduce_sum": return element === "bool" ? { op: "xor", identity: 0 } : { op: "add", identity: 0 };
    case "reduce_prod": return element === "bool" ? { op: "and", identity: 1 } : { op: "mul", identity: 1 };
    case "reduce_max": return element === "bool" ? { op: "or", identity: 0 } : { op: "max", identity: lowest(element) };
    case "reduce_min": return element === "bool" ? { op: "and", identity: 1 } : { op: "min", identity: highest(element) };
  }
}

export const lowest = (element: Element): number => (element === "i32" ? -2147483648 : element === "u32" ? 0 : -Infinity);
const highest = (element: Element): number => (element === "i32" ? 2147483647 : element === "u32" ? 4294967295 : Infinity);

/** Partials of one reduction, each of `lanes`. */
export class Partials {
  private readonly locals: (LocalId | undefined)[] = [];

  constructor(
    private readonly r: Registers,
    readonly reduction: Reduction,
    readonly element: Element,
    private readonly lanes: Lanes,
    /** Partials that live through loops: they start as the identity. */
    looped: readonly number[],
  ) {
    for (const slot of looped) this.start(slot, literal(reduction.identity, element, lanes));
  }

  add(slot: number, operand: Operand, count: number | undefined): void {
    const { r, lanes, element } = this;
    const value = this.masked(r.widen(operand.level < r.level ? r.settle(operand) : operand, lanes, r.level), count);
    const held = this.locals[slot];
    if (held === undefined) this.start(slot, value);
    else r.push(setLocal(held, apply(this.reduction.op, element, lanes, local(held), value)));
  }

  /** One partial by itself. */
  at(slot: number): LocalId {
    return this.locals[slot] ?? this.start(slot, literal(this.reduction.identity, this.element, this.lanes));
  }

  /** ((p0 op p1) op (p2 op p3)), then across lanes, in a local of 1 lane. */
  total(): LocalId {
    const { r, element, lanes, reduction } = this;
    let parts: Expression[] = this.locals.flatMap((id) => (id === undefined ? [] : [local(id)]));
    if (parts.length === 0) parts = [literal(reduction.identity, element, lanes)];
    while (parts.length > 1) {
      const halves: Expression[] = [];
      for (let i = 0; i < parts.length; i += 2) halves.push(i + 1 < parts.length ? apply(reduction.op, element, lanes, parts[i], parts[i + 1]) : parts[i]);
      parts = halves;
    }
    const result = r.scope.local(element, 1);
    r.push({ kind: "combine", local: result, op: reduction.op, type: element, value: parts[0] });
    return result;
  }

  private start(slot: number, value: Expression): LocalId {
    const id = this.r.scope.local(this.element, this.lanes);
    this.locals[slot] = id;
    this.r.push(setLocal(id, value));
    return id;
  }

  /** Lanes that do not exist hold the identity. A load gives them 0. */
  private masked(value: Operand, count: number | undefined): Expression {
    const { element, reduction } = this;
    if (count === undefined || this.lanes === 1) return value.expression;
    if (value.expression.kind === "load" && reduction.identity === 0) return value.expression;
    const lane: Expression = { kind: "index", at: { base: 0, terms: [] }, lanes: 4 };
    const exists = apply("lt", "i32", 4, lane, literal(count, "i32", 4));
    return apply("select", element, 4, exists, value.expression, literal(reduction.identity, element, 4));
  }
}

/** The first position of an extreme, one element after the other; a NaN is extreme. */
export class Search {
  readonly best: LocalId;
  readonly position: LocalId;
  /** Of `best`. */
  readonly element: Element;

  constructor(
    private readonly r: Registers,
    private readonly op: OpNode<"argmax" | "argmin">["op"],
    element: Element,
    private readonly lanes: Lanes,
  ) {
    this.element = element === "bool" ? "i32" : element;
    this.best = r.scope.local(this.element, lanes);
    this.position = r.scope.local("i32", lanes);
    const start = op === "argmax" ? lowest(this.element) : highest(this.element);
    r.push(setLocal(this.best, literal(start, this.element, lanes)), setLocal(this.position, literal(0, "i32", lanes)));
  }

  add(operand: Operand, at: Operand): void {
    const { r, element, lanes, best, position } = this;
    const number = operand.element === "bool" ? r.apply("toI32", "bool", "i32", operand) : operand;
    const value = r.settle(r.widen(number.level < r.level ? r.settle(number) : number, lanes, r.level)).expression;
    const index = r.widen(at, lanes, r.level).expression;
    const worse = apply("not", "bool", lanes, apply(this.op === "argmax" ? "le" : "ge", element, lanes, value, local(best)));
    const isFloat = element === "f32" || element === "f64";
    const test = isFloat ? apply("and", "bool", lanes, worse, apply("eq", element, lanes, local(best), local(best))) : worse;
    const better = r.scope.local("bool", lanes);
    r.push(
      setLocal(better, test),
      setLocal(best, apply("select", element, lanes, local(better), value, local(best))),
      setLocal(position, apply("select", "i32", lanes, local(better), index, local(position))),
    );
  }

  finish(): LocalId {
    return this.position;
  }
}
