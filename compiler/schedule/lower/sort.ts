/**
 * sort: a bottom-up merge sort of each row, stable, NaN last, between the result and a scratch row.
 *
 *     for each row: for width = 1, 2, 4, ...: for each pair of sorted blocks: merge them, one element a turn
 */
import type { OpNode, SiteId } from "../../ir/graph.ts";
import { elementCount } from "../../ir/graph.ts";
import { apply, at, KernelScope, literal, load, local, loop, setLocal, store } from "../expression.ts";
import type { Facts } from "../facts.ts";
import type { BufferId, Expression, Index, LocalId, Statement, VariableId } from "../kernel.ts";
import type { Unit } from "../unit.ts";
import { BufferTable } from "./buffers.ts";

interface Rows {
  readonly keys: BufferId;
  readonly positions: BufferId;
  /** Whether the buffers hold all rows; else one. */
  readonly all: boolean;
}

export function lowerSort(facts: Facts, node: OpNode<"sort">, name: string, site: SiteId): Unit {
  const [x] = node.args;
  const [sorted, positions] = node.results;
  const { element, shape } = facts.types[x];
  const length = shape[shape.length - 1];
  const rows = elementCount(shape.slice(0, -1));
  const scope = new KernelScope();
  const buffers = new BufferTable(facts, scope);
  const source = buffers.gathered(facts.source(x));
  const result: Rows = { keys: buffers.target(sorted), positions: buffers.target(positions), all: true };
  const spare: Rows = { keys: buffers.scratch("keys", element, length), positions: buffers.scratch("positions", "i32", length), all: false };
  const row = scope.variable();
  const isFloat = element === "f32" || element === "f64";
  const type = element === "bool" ? "i32" : element;

  const i32 = (value: number): Expression => literal(value, "i32");
  const plus = (a: Expression, b: Expression): Expression => apply("add", "i32", 1, a, b);
  const least = (a: Expression, b: Expression): Expression => apply("min", "i32", 1, a, b);
  const index = ({ all }: Rows, offset: LocalId): Index => ({ base: 0, terms: all ? [[row, length]] : [], offset });
  const comparable = (value: Expression): Expression => (element === "bool" ? apply("toI32", "bool", 1, value) : value);
  const isNaN = (value: LocalId): Expression => apply("ne", type, 1, local(value), local(value));
  const and = (a: Expression, b: Expression): Expression => apply("and", "bool", 1, a, b);
  /** Whether the right block's head goes before the left's. */
  const goesFirst = (right: LocalId, left: LocalId): Expression => {
    const before = apply(node.attributes.descending ? "gt" : "lt", type, 1, local(right), local(left));
    return isFloat ? apply("or", "bool", 1, before, and(isNaN(left), apply("not", "bool", 1, isNaN(right)))) : before;
  };

  /** One pass: blocks of `width` of `from` become blocks of twice the width of `to`. */
  const pass = (from: Rows, to: Rows, width: number): Statement => {
    const start: VariableId = scope.variable();
    const turn: VariableId = scope.variable();
    const [left, right, leftEnd, rightEnd, out] = Array.from({ length: 5 }, () => scope.local("i32"));
    const leftKey = scope.local(type);
    const rightKey = scope.local(type);
    const takesRight = scope.local("bool");
    const head = (side: LocalId): Expression => comparable(load(from.keys, index(from, side)));
    const take = (side: LocalId): Statement[] => [
      store(to.keys, index(to, out), load(from.keys, index(from, side))),
      store(to.positions, index(to, out), load(from.positions, index(from, side))),
      setLocal(side, plus(local(side), i32(1))),
    ];
    const begin: Expression = { kind: "index", at: at(0, [start, 1]), lanes: 1 };
    const merge: Statement[] = [
      setLocal(takesRight, apply("ge", "i32", 1, local(left), local(leftEnd))),
      {
        kind: "if", test: and(apply("lt", "i32", 1, local(left), local(leftEnd)), apply("lt", "i32", 1, local(right), local(rightEnd))), else: [],
        then: [setLocal(leftKey, head(left)), setLocal(rightKey, head(right)), setLocal(takesRight, goesFirst(rightKey, leftKey))],
      },
      { kind: "if", test: local(takesRight), then: take(right), else: take(left) },
      setLocal(out, plus(local(out), i32(1))),
    ];
    // The last block may be short: its turns past the end do nothing.
    const guarded: Statement = { kind: "if", test: apply("lt", "i32", 1, local(out), local(rightEnd)), then: merge, else: [] };
    return loop(start, 0, length, 2 * width, [
      setLocal(left, begin),
      setLocal(leftEnd, least(plus(begin, i32(width)), i32(length))),
      setLocal(right, local(leftEnd)),
      setLocal(rightEnd, least(plus(begin, i32(2 * width)), i32(length))),
      setLocal(out, begin),
      loop(turn, 0, Math.min(2 * width, length), 1, [guarded]),
    ]);
  };

  const widths: number[] = [];
  for (let width = 1; width < length; width *= 2) widths.push(width);
  let [from, to] = widths.length % 2 === 0 ? [result, spare] : [spare, result];
  const fill: VariableId = scope.variable();
  const filled = (rowsOf: Rows): Index => ({ base: 0, terms: rowsOf.all ? [[row, length], [fill, 1]] : [[fill, 1]] });
  const body: Statement[] = [
    loop(fill, 0, length, 1, [
      store(from.keys, filled(from), load(source, at(0, [row, length], [fill, 1]))),
      store(from.positions, filled(from), { kind: "index", at: at(0, [fill, 1]), lanes: 1 }),
    ]),
  ];
  for (const width of widths) {
    body.push(pass(from, to, width));
    [from, to] = [to, from];
  }
  const { locals, variables } = scope;
  return buffers.unit({ name, buffers: scope.buffers, locals, variables, body: [loop(row, 0, rows, 1, body)], site });
}
