/**
 * sort for a grid: an invocation for each element counts the elements of its row that go before it, and puts it there. Stable,
 * NaN last. n comparisons for each of n elements, all independent.
 */
import type { OpNode, SiteId } from "../../ir/graph.ts";
import { elementCount } from "../../ir/graph.ts";
import { apply, at, KernelScope, literal, load, local, loop, setLocal, store } from "../expression.ts";
import type { Facts } from "../facts.ts";
import type { Expression, Index, LocalId, Statement } from "../kernel.ts";
import { BufferTable } from "../lower/buffers.ts";
import type { Unit } from "../unit.ts";
import { gridOf, gridScope, guarded, indexValue, numberIn, split } from "./grid.ts";

export function sortForGrid(facts: Facts, node: OpNode<"sort">, name: string, site: SiteId): Unit {
  const [x] = node.args;
  const [sorted, positions] = node.results;
  const { element, shape } = facts.types[x];
  const length = shape[shape.length - 1];
  const count = elementCount(shape);
  const scope = gridScope(new KernelScope());
  const buffers = new BufferTable(facts, scope);
  const source = buffers.input(facts.source(x), { base: NaN, factors: [] }, false, 0);
  const [keys, places] = [buffers.target(sorted), buffers.target(positions)];
  const isFloat = element === "f32" || element === "f64";
  const type = element === "bool" ? "i32" : element;
  const comparable = (value: Expression): Expression => (element === "bool" ? apply("toI32", "bool", 1, value) : value);
  const isNaN = (value: LocalId): Expression => apply("ne", type, 1, local(value), local(value));
  const and = (a: Expression, b: Expression): Expression => apply("and", "bool", 1, a, b);
  const or = (a: Expression, b: Expression): Expression => apply("or", "bool", 1, a, b);
  const not = (a: Expression): Expression => apply("not", "bool", 1, a);

  const grid = gridOf(count);
  const inside: Statement[] = [];
  const [row, column] = split(scope, numberIn(grid), [elementCount(shape.slice(0, -1)), length], inside);
  const start: Index["terms"] = row.terms.map(([variable, by]) => [variable, by * length]);
  const [own, other] = [scope.local(type), scope.local(type)];
  const rank = scope.local("i32");
  const turn = scope.variable();
  const goesBefore = (a: LocalId, b: LocalId): Expression => {
    const before = apply(node.attributes.descending ? "gt" : "lt", type, 1, local(a), local(b));
    return isFloat ? or(before, and(not(isNaN(a)), isNaN(b))) : before;
  };
  const earlier = apply("lt", "i32", 1, indexValue(at(0, [turn, 1])), indexValue(column));
  const first = or(goesBefore(other, own), and(earlier, not(goesBefore(own, other))));
  const target: Index = { base: 0, terms: start, offset: rank };
  inside.push(
    setLocal(own, comparable(load(source, { base: 0, terms: [...start, ...column.terms] }))),
    setLocal(rank, literal(0, "i32")),
    loop(turn, 0, length, 1, [
      setLocal(other, comparable(load(source, { base: 0, terms: [...start, [turn, 1]] }))),
      setLocal(rank, apply("add", "i32", 1, local(rank), apply("toI32", "bool", 1, first))),
    ]),
    store(keys, target, load(source, { base: 0, terms: [...start, ...column.terms] })),
    store(places, target, indexValue(column)),
  );
  const { locals, variables } = scope;
  const unit = buffers.unit({ name, buffers: scope.buffers, locals, variables, body: guarded(grid, count, inside), site, grid });
  return count === 0 ? { ...unit, runs: [] } : unit;
}
