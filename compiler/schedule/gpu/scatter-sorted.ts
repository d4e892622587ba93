/**
 * scatter of many updates for a grid, without atomics and in a fixed order: the updates are sorted by their places, stably, so that those
 * of a place follow one another in row-major order.
 *
 *     order    the positions of the updates, sorted
 *     starts   an invocation for each place finds by bisection where its updates begin
 *     sums     an invocation for each element of the result puts the updates of its place on x
 */
import type { OpNode, SiteId } from "../../ir/graph.ts";
import { apply, at, KernelScope, literal, load, local, loop, setLocal, store } from "../expression.ts";
import type { Facts } from "../facts.ts";
import type { BufferId, Expression, Index, Statement } from "../kernel.ts";
import { BufferTable } from "../lower/buffers.ts";
import { combinedUpdate, scatterSizes } from "../lower/scatter.ts";
import type { Unit } from "../unit.ts";
import { joined } from "./box.ts";
import { gridOf, gridScope, guarded, indexValue, numberIn, scaled, split } from "./grid.ts";
import { orderBuffer, sortRows } from "./sort.ts";

/** For a scatter with one index an update. */
export function sortedScatterForGrid(facts: Facts, node: OpNode<"scatter">, name: string, site: SiteId): Unit {
  const { indices, batches, each } = scatterSizes(facts, node);
  const order = sortRows(facts, { keys: indices, rows: batches, length: each, descending: false }, `${name}_order`, site);
  return joined([order, startsKernel(facts, node, `${name}_starts`, site), sumsKernel(facts, node, name, site)]);
}

/** The scratch memory that the kernels hand on, at the same bytes in each. */
function handedOn(facts: Facts, node: OpNode<"scatter">, buffers: BufferTable): { order: BufferId; starts: BufferId } {
  const { shape, batch, batches, each } = scatterSizes(facts, node);
  return { order: orderBuffer(buffers, batches * each), starts: buffers.scratch("starts", "i32", batches * (shape[batch] + 1)) };
}

/** starts[group, place] = how many updates of the group have an index below place, for places 0 .. and one past the last. */
function startsKernel(facts: Facts, node: OpNode<"scatter">, name: string, site: SiteId): Unit {
  const { indices, shape, batch, batches, each } = scatterSizes(facts, node);
  const scope = gridScope(new KernelScope());
  const buffers = new BufferTable(facts, scope);
  const { order, starts } = handedOn(facts, node, buffers);
  const keys = buffers.gathered(facts.source(indices));
  const count = batches * (shape[batch] + 1);
  const grid = gridOf(count);
  const inside: Statement[] = [];
  const [group, place] = split(scope, numberIn(grid), [batches, shape[batch] + 1], inside);
  const [low, high, middle, position] = Array.from({ length: 4 }, () => scope.local("i32"));
  const i32 = (op: "add" | "shr", a: Expression, b: Expression): Expression => apply(op, "i32", 1, a, b);
  const isLess = (a: Expression, b: Expression): Expression => apply("lt", "i32", 1, a, b);
  inside.push(
    setLocal(low, literal(0, "i32")),
    setLocal(high, literal(each, "i32")),
    loop(scope.variable(), 0, Math.floor(Math.log2(each)) + 1, 1, [{
      kind: "if", test: isLess(local(low), local(high)), else: [],
      then: [
        setLocal(middle, i32("shr", i32("add", local(low), local(high)), literal(1, "i32"))),
        setLocal(position, load(order, { base: 0, terms: scaled(group, each), offset: middle })),
        {
          kind: "if", test: isLess(load(keys, { base: 0, terms: scaled(group, each), offset: position }), indexValue(place)),
          then: [setLocal(low, i32("add", local(middle), literal(1, "i32")))], else: [setLocal(high, local(middle))],
        },
      ],
    }]),
    store(starts, numberIn(grid), local(low)),
  );
  const { locals, variables } = scope;
  const unit = buffers.unit({ name, buffers: scope.buffers, locals, variables, body: guarded(grid, count, inside), site, grid });
  return count === 0 ? { ...unit, runs: [] } : unit;
}

function sumsKernel(facts: Facts, node: OpNode<"scatter">, name: string, site: SiteId): Unit {
  const { x, updates, result, element, shape, batch, batches, each, run } = scatterSizes(facts, node);
  const scope = gridScope(new KernelScope());
  const buffers = new BufferTable(facts, scope);
  const { order, starts } = handedOn(facts, node, buffers);
  const target = buffers.target(result);
  const source = buffers.gathered(facts.source(x));
  const updateBuffer = buffers.gathered(facts.source(updates));
  const places = shape[batch];
  const count = batches * places * run;
  const grid = gridOf(count);
  const inside: Statement[] = [];
  const [group, place, part] = split(scope, numberIn(grid), [batches, places, run], inside);
  const [first, end, position] = Array.from({ length: 3 }, () => scope.local("i32"));
  const own = scope.local(element);
  const update = scope.variable();
  const here: Index = { base: 0, terms: [...scaled(group, places * run), ...scaled(place, run), ...part.terms] };
  const start = (further: number): Expression => load(starts, { base: further, terms: [...scaled(group, places + 1), ...place.terms] });
  const value = load(updateBuffer, { base: 0, terms: [...scaled(group, each * run), ...part.terms], offset: position });
  inside.push(
    setLocal(first, start(0)),
    setLocal(end, start(1)),
    setLocal(own, load(source, here)),
    {
      kind: "loop", mode: "serial", variable: update, from: { base: 0, terms: [], offset: first }, to: { base: 0, terms: [], offset: end }, step: 1,
      body: [
        setLocal(position, apply("mul", "i32", 1, load(order, { base: 0, terms: [...scaled(group, each), [update, 1]] }), literal(run, "i32"))),
        setLocal(own, combinedUpdate(node, element, local(own), value)),
      ],
    },
    store(target, here, local(own)),
  );
  const { locals, variables } = scope;
  const unit = buffers.unit({ name, buffers: scope.buffers, locals, variables, body: guarded(grid, count, inside), site, grid });
  return count === 0 ? { ...unit, runs: [] } : unit;
}
