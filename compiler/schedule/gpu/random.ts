/** random_bits for a grid: an invocation for each counter, of four words. */
import type { OpNode, SiteId } from "../../ir/graph.ts";
import { elementCount } from "../../ir/graph.ts";
import { apply, KernelScope, literal, local, store } from "../expression.ts";
import type { Facts } from "../facts.ts";
import type { Index, Statement } from "../kernel.ts";
import { BufferTable } from "../lower/buffers.ts";
import { loadKey, Philox } from "../lower/random.ts";
import type { Unit } from "../unit.ts";
import { gridOf, gridScope, guarded, indexValue, numberIn } from "./grid.ts";

export function bitsForGrid(facts: Facts, node: OpNode<"random_bits">, name: string, site: SiteId): Unit {
  const scope = gridScope(new KernelScope());
  const buffers = new BufferTable(facts, scope);
  const key = buffers.input(facts.source(node.args[0]), { base: NaN, factors: [] }, false, 0);
  const target = buffers.target(node.results[0]);
  const count = elementCount(node.attributes.shape);
  const counters = Math.ceil(count / 4);
  const grid = gridOf(counters);
  const counter = numberIn(grid);
  const inside: Statement[] = [];
  const zero = literal(0, "u32");
  const words = new Philox(scope, 1, loadKey(scope, key, inside)).words([apply("bitsU32", "i32", 1, indexValue(counter)), zero, zero, zero], inside);
  words.forEach((word, i) => {
    const to: Index = { base: i, terms: counter.terms.map(([variable, by]) => [variable, 4 * by]) };
    const put = store(target, to, local(word));
    inside.push(i < (count % 4 || 4) ? put : { kind: "if", test: apply("lt", "i32", 1, indexValue(to), literal(count, "i32")), then: [put], else: [] });
  });
  const { locals, variables } = scope;
  const unit = buffers.unit({ name, buffers: scope.buffers, locals, variables, body: guarded(grid, counters, inside), site, grid });
  return count === 0 ? { ...unit, runs: [] } : unit;
}
