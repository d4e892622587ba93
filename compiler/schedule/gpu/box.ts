/** concat and pad for a grid: an invocation for each element of each part of the result. The parts of a pad overlap, and have a kernel each. */
import type { OpNode, SiteId, ValueId } from "../../ir/graph.ts";
import { elementCount } from "../../ir/graph.ts";
import { sum } from "../contraction/indices.ts";
import { strides } from "../coordinates.ts";
import type { Affine } from "../coordinates.ts";
import { apply, at, KernelScope, literal, store } from "../expression.ts";
import type { Facts } from "../facts.ts";
import { atomsOf, Group } from "../group.ts";
import type { BufferId, Index } from "../kernel.ts";
import { leavesOf } from "../leaves.ts";
import { BufferTable } from "../lower/buffers.ts";
import { Evaluator } from "../lower/evaluate.ts";
import { mergeRuns } from "../lower/plan.ts";
import { Registers } from "../lower/registers.ts";
import type { Unit } from "../unit.ts";
import { gridOf, gridScope, guarded, indexValue, numberIn, split } from "./grid.ts";

export function concatForGrid(facts: Facts, node: OpNode<"concat">, name: string, site: SiteId): Unit {
  const [result] = node.results;
  const steps = strides(facts.types[result].shape);
  let place = 0;
  const boxes = node.args.map((value): Box => {
    const { shape } = facts.types[value];
    const base = place * steps[node.attributes.axis];
    place += shape[node.attributes.axis];
    return { value, base, steps, shape, scalar: false };
  });
  return fill(facts, boxes, result, name, site);
}

export function padForGrid(facts: Facts, node: OpNode<"pad">, name: string, site: SiteId): Unit {
  const [x, value] = node.args;
  const [result] = node.results;
  const { low, interior } = node.attributes;
  const { shape } = facts.types[result];
  const steps = strides(shape);
  return joined([
    fill(facts, [{ value, base: 0, steps, shape, scalar: true }], result, name, site),
    fill(facts, [{
      value: x,
      base: low.reduce((total, size, axis) => total + size * steps[axis], 0),
      steps: steps.map((by, axis) => by * (interior[axis] + 1)),
      shape: facts.types[x].shape, scalar: false,
    }], result, name, site),
  ]);
}

/** x as the start of what is then updated. */
export function copyOf(facts: Facts, x: ValueId, result: ValueId, name: string, site: SiteId): Unit {
  const { shape } = facts.types[result];
  return fill(facts, [{ value: x, base: 0, steps: strides(shape), shape, scalar: false }], result, name, site);
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
  readonly value: ValueId;
  /** Where the first element goes, and how far apart neighbours along each axis are. */
  readonly base: number;
  readonly steps: readonly number[];
  readonly shape: readonly number[];
  /** Whether one number fills it. */
  readonly scalar: boolean;
}

/** Boxes that do not overlap, side by side in one grid. */
function fill(facts: Facts, boxes: readonly Box[], result: ValueId, name: string, site: SiteId): Unit {
  const r = new Registers(gridScope(new KernelScope()));
  const buffers = new BufferTable(facts, r.scope);
  const target = buffers.target(result);
  const counts = boxes.map(({ shape }) => elementCount(shape));
  const all = counts.reduce((total, count) => total + count, 0);
  const grid = gridOf(all);
  let from = 0;
  boxes.forEach((box, i) => {
    const number = sum(numberIn(grid), at(-from));
    from += counts[i];
    if (counts[i] === 0) return;
    r.open();
    fillBox(facts, r, buffers, target, box, number);
    const then = r.close();
    // As u32 a number before the box's first is beyond its last.
    const isInside = apply("lt", "u32", 1, apply("bitsU32", "i32", 1, indexValue(number)), literal(counts[i], "u32"));
    r.push(...(counts[i] === all ? guarded(grid, all, then) : [{ kind: "if", test: isInside, then, else: [] } as const]));
  });
  const { locals, variables } = r.scope;
  const unit = buffers.unit({ name, buffers: r.scope.buffers, locals, variables, body: r.close(), site, grid });
  return all === 0 ? { ...unit, runs: [] } : unit;
}

/** Element `number` of a box, in the innermost open body. */
function fillBox(facts: Facts, r: Registers, buffers: BufferTable, target: BufferId, { value, base, steps, shape, scalar }: Box, number: Index): void {
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
  const evaluator = new Evaluator(facts, r, sizes, runs, { find: (of, at, dynamic) => ({ buffer: buffers.input(of, at, dynamic, 0), index: at }) });
  const bound = split(r.scope, number, runs.map(({ size }) => size), r.statementsAt(r.level));
  bound.forEach((at, run) => { evaluator.bindings[run] = { at, level: r.level, lanes: 1, vector: false }; });
  const { expression } = r.settle(evaluator.value(value, place));
  r.push(store(target, evaluator.index(index), expression));
}
