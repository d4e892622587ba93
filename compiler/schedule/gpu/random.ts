/** random_bits for a grid: an invocation for each counter, of four words; random_fold: one for each key. */
import type { OpNode, SiteId } from "../../ir/graph.ts";
import { elementCount } from "../../ir/graph.ts";
import { apply, KernelScope, literal, load, local, store } from "../expression.ts";
import type { Facts } from "../facts.ts";
import type { Expression, Index, Statement } from "../kernel.ts";
import { BufferTable } from "../lower/buffers.ts";
import { loadKey, Philox } from "../lower/random.ts";
import type { Unit } from "../unit.ts";
import { gridOf, gridScope, guarded, indexValue, numberIn, split } from "./grid.ts";

/** The element `by * index + offset`. */
const strided = ({ base, terms }: Index, by: number, offset = 0): Index => ({ base: by * base + offset, terms: terms.map(([variable, factor]) => [variable, by * factor]) });
const sum = (a: Index, b: Index): Index => ({ base: a.base + b.base, terms: [...a.terms, ...b.terms] });

export function bitsForGrid(facts: Facts, node: OpNode<"random_bits">, name: string, site: SiteId): Unit {
  const scope = gridScope(new KernelScope());
  const buffers = new BufferTable(facts, scope);
  const keyBuffer = buffers.gathered(facts.source(node.args[0]));
  const target = buffers.target(node.results[0]);
  const keys = elementCount(facts.types[node.args[0]].shape) / 2;
  const count = elementCount(node.attributes.shape);
  const counters = Math.ceil(count / 4);
  const grid = gridOf(keys * counters);
  const inside: Statement[] = [];
  const [key, counter] = split(scope, numberIn(grid), [keys, counters], inside);
  const zero = literal(0, "u32");
  const words = new Philox(scope, 1, loadKey(scope, keyBuffer, strided(key, 2), inside)).words([apply("bitsU32", "i32", 1, indexValue(counter)), zero, zero, zero], inside);
  words.forEach((word, i) => {
    const element = strided(counter, 4, i);
    const put = store(target, sum(strided(key, count), element), local(word));
    inside.push(i < (count % 4 || 4) ? put : { kind: "if", test: apply("lt", "i32", 1, indexValue(element), literal(count, "i32")), then: [put], else: [] });
  });
  const { locals, variables } = scope;
  const unit = buffers.unit({ name, buffers: scope.buffers, locals, variables, body: guarded(grid, keys * counters, inside), site, grid });
  return keys * count === 0 ? { ...unit, runs: [] } : unit;
}

export function foldForGrid(facts: Facts, node: OpNode<"random_fold">, name: string, site: SiteId): Unit {
  const scope = gridScope(new KernelScope());
  const buffers = new BufferTable(facts, scope);
  const [keyBuffer, dataBuffer] = node.args.map((arg) => buffers.gathered(facts.source(arg)));
  const target = buffers.target(node.results[0]);
  const keys = elementCount(facts.types[node.args[0]].shape) / 2;
  const grid = gridOf(keys);
  const key = numberIn(grid);
  const inside: Statement[] = [];
  const counter: readonly [Expression, Expression, Expression, Expression] = [load(dataBuffer, key), literal(0, "u32"), literal(0, "u32"), literal(1, "u32")];
  const words = new Philox(scope, 1, loadKey(scope, keyBuffer, strided(key, 2), inside)).words(counter, inside);
  words.slice(0, 2).forEach((word, i) => inside.push(store(target, strided(key, 2, i), local(word))));
  const { locals, variables } = scope;
  const unit = buffers.unit({ name, buffers: scope.buffers, locals, variables, body: guarded(grid, keys, inside), site, grid });
  return keys === 0 ? { ...unit, runs: [] } : unit;
}
