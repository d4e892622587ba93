/** concat and pad for a grid: a kernel for each part of the result, an invocation for each of its elements. */
import type { OpNode, SiteId, ValueId } from "../../ir/graph.ts";
import { elementCount } from "../../ir/graph.ts";
import { strides } from "../coordinates.ts";
import type { Affine } from "../coordinates.ts";
import { KernelScope, store } from "../expression.ts";
import type { Facts } from "../facts.ts";
import { atomsOf, Group } from "../group.ts";
import { leavesOf } from "../leaves.ts";
import { BufferTable } from "../lower/buffers.ts";
import { Evaluator } from "../lower/evaluate.ts";
import { mergeRuns } from "../lower/plan.ts";
import { Registers } from "../lower/registers.ts";
import type { Unit } from "../unit.ts";
import { gridOf, gridScope, guarded, numberIn, split } from "./grid.ts";

export function concatForGrid(facts: Facts, node: OpNode<"concat">, name: string, site: SiteId): Unit {
  const [result] = node.results;
  const steps = strides(facts.types[result].shape);
  let at = 0;
  const parts: Unit[] = [];
  for (const arg of node.args) {
    const { shape } = facts.types[arg];
    parts.push(fillBox(facts, arg, result, { base: at * steps[node.attributes.axis], steps, shape, scalar: false }, name, site));
    at += shape[node.attributes.axis];
  }
  return joined(parts);
}

export function padForGrid(facts: Facts, node: OpNode<"pad">, name: string, site: SiteId): Unit {
  const [x, value] = node.args;
  const [result] = node.results;
  const { low, interior } = node.attributes;
  const { shape } = facts.types[result];
  const steps = strides(shape);
  return joined([
    fillBox(facts, value, result, { base: 0, steps, shape, scalar: true }, name, site),
    fillBox(facts, x, result, {
      base: low.reduce((total, size, axis) => total + size * steps[axis], 0),
      steps: steps.map((by, axis) => by * (interior[axis] + 1)),
      shape: facts.types[x].shape, scalar: false,
    }, name, site),
  ]);
}

/** x as the start of what is then updated. */
export function copyOf(facts: Facts, x: ValueId, result: ValueId, name: string, site: SiteId): Unit {
  const { shape } = facts.types[result];
  return fillBox(facts, x, result, { base: 0, steps: strides(shape), shape, scalar: false }, name, site);
}

/** Units that run one after the other and make what they make together. What a later one reads is not overwritten. */
export function joined(parts: readonly Unit[]): Unit {
  return {
    runs: parts.flatMap(({ runs }) => runs),
    reads: [...new Set(parts.flatMap(({ reads }) => reads))],
    writes: [...new Set(parts.flatMap(({ writes }) => writes))],
    scratchBytes: Math.max(0, ...parts.map(({ scratchBytes }) => scratchBytes)),
    inPlace: parts.flatMap(({ inPlace }, i) => inPlace.filter(({ output, input }) => parts.every(({ reads, writes }, j) => j === i || (!writes.includes(output) && (j < i || !reads.includes(input)))))),
  };
}

interface Box {
  /** Where the first element goes, and how far apart neighbours along each axis are. */
  readonly base: number;
  readonly steps: readonly number[];
  readonly shape: readonly number[];
  /** Whether one number fills it. */
  readonly scalar: boolean;
}

function fillBox(facts: Facts, value: ValueId, result: ValueId, { base, steps, shape, scalar }: Box, name: string, site: SiteId): Unit {
  const sizes = atomsOf(shape);
  const walked = new Group("nest", sizes).fullPlace(shape);
  const place = scalar ? [] : walked;
  const index: Affine = { base, factors: sizes.map((_, atom) => walked.reduce((total, { factors }, axis) => total + factors[atom] * steps[axis], 0)) };
  const indices: Affine[] = [index];
  leavesOf(facts, value, place, sizes, (leaf) => {
    indices.push(leaf.kind === "value" ? leaf.index : leaf.at);
    if (leaf.kind === "value" && leaf.dynamic !== null) indices.push(...leaf.dynamic.flatMap((varies, atom) => (varies ? [{ base: 0, factors: sizes.map((_, other) => Number(other === atom)) }] : [])));
  });
  const runs = mergeRuns(sizes, indices);
  const r = new Registers(gridScope(new KernelScope()));
  const buffers = new BufferTable(facts, r.scope);
  const target = buffers.target(result);
  const evaluator = new Evaluator(facts, r, sizes, runs, { find: (of, at, dynamic) => ({ buffer: buffers.input(of, at, dynamic, 0), index: at }) });
  const count = elementCount(shape);
  const grid = gridOf(count);
  r.open();
  const bound = split(r.scope, numberIn(grid), runs.map(({ size }) => size), r.statementsAt(r.level));
  bound.forEach((at, run) => { evaluator.bindings[run] = { at, level: r.level, lanes: 1, vector: false }; });
  const { expression } = r.settle(evaluator.value(value, place));
  r.push(store(target, evaluator.index(index), expression));
  const body = r.close();
  r.push(...guarded(grid, count, body));
  const { locals, variables } = r.scope;
  const unit = buffers.unit({ name, buffers: r.scope.buffers, locals, variables, body: r.close(), site, grid });
  return count === 0 ? { ...unit, runs: [] } : unit;
}
