/** overlap_add for a grid: an invocation for each element of the result goes through the places that it has in windows. */
import type { OpNode, SiteId } from "../../ir/graph.ts";
import { elementCount } from "../../ir/graph.ts";
import { sum } from "../contraction/indices.ts";
import { apply, at, KernelScope, literal, load, local, loop, setLocal, store } from "../expression.ts";
import type { Facts } from "../facts.ts";
import type { Expression, Statement } from "../kernel.ts";
import { BufferTable } from "../lower/buffers.ts";
import { overlapSizes } from "../lower/overlap.ts";
import type { Unit } from "../unit.ts";
import { gridOf, gridScope, guarded, indexValue, numberIn, split } from "./grid.ts";

const integer = (value: number): Expression => literal(value, "i32");
const i32 = (op: "add" | "sub" | "mul" | "idiv" | "eq", a: Expression, b: Expression): Expression => apply(op, "i32", 1, a, b);

export function overlapForGrid(facts: Facts, node: OpNode<"overlap_add">, name: string, site: SiteId): Unit {
  const { x, result, element, shape, axes, before, within, run, add } = overlapSizes(facts, node);
  const { stride, dilation } = node.attributes;
  const scope = gridScope(new KernelScope());
  const buffers = new BufferTable(facts, scope);
  const target = buffers.target(result);
  const input = buffers.gathered(facts.source(x));
  const count = elementCount(shape);
  const grid = gridOf(count);
  const inside: Statement[] = [];
  const [offset, total] = [scope.local("i32"), scope.local(element)];
  const places = split(scope, numberIn(grid), [...shape.slice(0, before.length), run], inside);
  const taps = within.map(() => scope.variable());
  const windows = within.map(() => scope.local("i32"));
  // The axis' place is window * stride + tap * dilation: no such window where the division leaves a rest, or beyond the last.
  const found = axes.map((axis, i): Expression => i32("idiv", i32("sub", indexValue(places[axis]), indexValue(at(0, [taps[i], dilation[i]]))), integer(stride[i])));
  const holds = axes.map((axis, i): Expression => apply("and", "bool", 1,
    i32("eq", indexValue(places[axis]), i32("add", i32("mul", local(windows[i]), integer(stride[i])), indexValue(at(0, [taps[i], dilation[i]])))),
    // As u32 a negative window is beyond any limit.
    apply("lt", "u32", 1, apply("bitsU32", "i32", 1, local(windows[i])), literal(before[axis].size, "u32"))));
  const fixed = sum(...before.map(({ from }, axis) => (axes.includes(axis) ? at(0) : at(0, ...places[axis].terms.map(([variable, by]) => [variable, by * from] as const)))),
    places[before.length], at(0, ...taps.map((tap, i) => [tap, within[i].from] as const)));
  const turn: Statement[] = [
    ...windows.map((window, i) => setLocal(window, found[i])),
    {
      kind: "if", test: holds.reduce((a, b) => apply("and", "bool", 1, a, b)), else: [],
      then: [
        setLocal(offset, axes.map((axis, i) => i32("mul", local(windows[i]), integer(before[axis].from))).reduce((a, b) => i32("add", a, b))),
        setLocal(total, apply(add, element, 1, local(total), load(input, { ...fixed, offset }))),
      ],
    },
  ];
  inside.push(
    setLocal(total, literal(0, element)),
    ...taps.reduceRight<Statement[]>((body, tap, i) => [loop(tap, 0, within[i].size, 1, body)], turn),
    store(target, numberIn(grid), local(total)),
  );
  const { locals, variables } = scope;
  const unit = buffers.unit({ name, buffers: scope.buffers, locals, variables, body: guarded(grid, count, inside), site, grid });
  return count === 0 ? { ...unit, runs: [] } : unit;
}
