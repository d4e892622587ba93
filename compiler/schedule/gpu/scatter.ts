/**
 * scatter for a grid, without atomics and in a fixed order: as everywhere, updates go on x in row-major order, those outside are dropped.
 *
 *     many updates      they are sorted by their places first: scatter-sorted.ts
 *     wide updates      x is copied; an invocation for each element of an update goes through all updates, one after the other
 *     narrow updates    an invocation for each element of the result looks through all indices for its own
 */
import type { OpNode, SiteId } from "../../ir/graph.ts";
import { elementCount } from "../../ir/graph.ts";
import { apply, KernelScope, literal, load, local, loop, setLocal, store } from "../expression.ts";
import type { Facts } from "../facts.ts";
import type { Expression, Index, LocalId, Statement } from "../kernel.ts";
import { BufferTable } from "../lower/buffers.ts";
import { combinedUpdate, scatterSizes } from "../lower/scatter.ts";
import type { Unit } from "../unit.ts";
import { copyOf, joined } from "./box.ts";
import { sortedScatterForGrid } from "./scatter-sorted.ts";
import { longRow } from "./sort.ts";
import { gridOf, gridScope, guarded, indexValue, numberIn, scaled, split } from "./grid.ts";

/** Elements of all updates that go to different places, from which they are walked and not searched. */
const wideUpdates = 64;
/** Updates that one invocation walks at most: sorting takes a dozen kernels. */
const longWalk = 2048;

export function scatterForGrid(facts: Facts, node: OpNode<"scatter">, name: string, site: SiteId): Unit {
  const { x, indices, updates, result, element, shape, batch, components, batches, each, run, step } = scatterSizes(facts, node);
  const targets = shape.slice(batch, batch + components);
  const places = elementCount(targets);

  const walks = batches * run >= wideUpdates || places > each * each;
  if (components === 1 && each >= (walks ? longWalk : longRow)) return sortedScatterForGrid(facts, node, name, site);
  const scope = gridScope(new KernelScope());
  const buffers = new BufferTable(facts, scope);
  const target = buffers.target(result);
  const indexBuffer = buffers.gathered(facts.source(indices));
  const updateBuffer = buffers.gathered(facts.source(updates));
  const update = scope.variable();
  const inside: Statement[] = [];
  const count = batches * run * (walks ? 1 : places);
  const grid = gridOf(count);
  const [group, place, part] = split(scope, numberIn(grid), [batches, walks ? 1 : places, run], inside);
  const component = (j: number): Expression => load(indexBuffer, { base: j, terms: [...scaled(group, each * components), [update, components]] });
  const value = load(updateBuffer, { base: 0, terms: [...scaled(group, each * run), [update, run], ...part.terms] });
  const combined = (old: Expression): Expression => combinedUpdate(node, element, old, value);
  const { locals } = scope;
  const all = (tests: readonly Expression[]): Expression => tests.reduce((a, b) => apply("and", "bool", 1, a, b), literal(1, "bool"));

  if (walks) {
    const offset = scope.local("i32");
    const found = targets.map(() => scope.local("i32"));
    const to: Index = { base: 0, terms: [...scaled(group, places * run), ...part.terms], offset };
    inside.push(loop(update, 0, each, 1, [
      ...found.map((id, j) => setLocal(id, component(j))),
      {
        // As u32 a negative index is beyond any limit.
        kind: "if", test: all(found.map((id, j) => apply("lt", "u32", 1, apply("bitsU32", "i32", 1, local(id)), literal(targets[j], "u32")))), else: [],
        then: [
          setLocal(offset, found.map((id, j) => apply("mul", "i32", 1, local(id), literal(step[batch + j], "i32"))).reduce((a, b) => apply("add", "i32", 1, a, b), literal(0, "i32"))),
          store(target, to, combined(load(target, to))),
        ],
      },
    ]));
    const unit = buffers.unit({ name, buffers: scope.buffers, locals, variables: scope.variables, body: guarded(grid, count, inside), site, grid });
    return joined([copyOf(facts, x, result, `${name}_start`, site), count === 0 || each === 0 ? { ...unit, runs: [] } : unit]);
  }
  const source = buffers.gathered(facts.source(x));
  const own: LocalId = scope.local(element);
  const here: Index = { base: 0, terms: [...scaled(group, places * run), ...scaled(place, run), ...part.terms] };
  const coordinates = split(scope, place, targets, inside);
  inside.push(
    setLocal(own, load(source, here)),
    loop(update, 0, each, 1, [{
      kind: "if", test: all(coordinates.map((coordinate, j) => apply("eq", "i32", 1, component(j), indexValue(coordinate)))), else: [],
      then: [setLocal(own, combined(local(own)))],
    }]),
    store(target, here, local(own)),
  );
  const unit = buffers.unit({ name, buffers: scope.buffers, locals, variables: scope.variables, body: guarded(grid, count, inside), site, grid });
  return count === 0 ? { ...unit, runs: [] } : unit;
}
