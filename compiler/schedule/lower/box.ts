/** concat and pad: each part of the result is a box that one nest fills, making what it stores on the way. */
import type { OpNode, SiteId, ValueId } from "../../ir/graph.ts";
import { linear, strides } from "../coordinates.ts";
import type { Affine } from "../coordinates.ts";
import { loop, store } from "../expression.ts";
import { isLaneByLane } from "../facts.ts";
import type { Facts } from "../facts.ts";
import { atomsOf, Group } from "../group.ts";
import type { BufferId } from "../kernel.ts";
import { leavesOf } from "../leaves.ts";
import type { Leaf } from "../leaves.ts";
import type { Unit } from "../unit.ts";
import { BufferTable } from "./buffers.ts";
import { Evaluator } from "./evaluate.ts";
import { mergeRuns } from "./plan.ts";
import { Registers } from "./registers.ts";

export function lowerConcat(facts: Facts, node: OpNode<"concat">, name: string, site: SiteId): Unit {
  const [result] = node.results;
  const r = new Registers();
  const buffers = new BufferTable(facts, r.scope);
  const target = buffers.target(result);
  const step = strides(facts.types[result].shape);
  let at = 0;
  for (const arg of node.args) {
    fillBox(facts, r, buffers, arg, { buffer: target, base: at * step[node.attributes.axis], steps: step });
    at += facts.types[arg].shape[node.attributes.axis];
  }
  return finish(r, buffers, name, site);
}

export function lowerPad(facts: Facts, node: OpNode<"pad">, name: string, site: SiteId): Unit {
  const [x, value] = node.args;
  const [result] = node.results;
  const { low, interior } = node.attributes;
  const r = new Registers();
  const buffers = new BufferTable(facts, r.scope);
  const target = buffers.target(result);
  const { shape } = facts.types[result];
  const step = strides(shape);
  fillBox(facts, r, buffers, value, { buffer: target, base: 0, steps: step, shape });
  fillBox(facts, r, buffers, x, {
    buffer: target,
    base: low.reduce((total, size, axis) => total + size * step[axis], 0),
    steps: step.map((by, axis) => by * (interior[axis] + 1)),
  });
  return finish(r, buffers, name, site);
}

function finish(r: Registers, buffers: BufferTable, name: string, site: SiteId): Unit {
  const { scope } = r;
  return buffers.unit({ name, buffers: scope.buffers, locals: scope.locals, variables: scope.variables, body: r.close(), site });
}

export interface Box {
  readonly buffer: BufferId;
  /** Where the first element goes, and how far apart neighbours along each axis are. */
  readonly base: number;
  readonly steps: readonly number[];
  /** Of the box, where `value` is a scalar that fills it. */
  readonly shape?: readonly number[];
}

/** for each element of the box: target = value. */
export function fillBox(facts: Facts, r: Registers, buffers: BufferTable, value: ValueId, box: Box): void {
  const shape = box.shape ?? facts.types[value].shape;
  const sizes = atomsOf(shape);
  const walked = new Group("nest", sizes).fullPlace(shape);
  const place = box.shape === undefined ? walked : [];
  const index: Affine = {
    base: box.base,
    factors: sizes.map((_, atom) => walked.reduce((total, { factors }, axis) => total + factors[atom] * box.steps[axis], 0)),
  };
  const leaves: Affine[] = [index];
  let scalar = facts.lanes === 1 || facts.types[value].element === "f64";
  leavesOf(facts, value, place, sizes, (leaf: Leaf) => {
    leaves.push(leaf.kind === "value" ? leaf.index : leaf.at);
    scalar ||= leaf.kind === "value" && facts.types[leaf.value].element === "f64";
  }, (node) => {
    scalar ||= isLaneByLane(node) || node.results.some((made) => facts.types[made].element === "f64");
    return true;
  });
  const runs = mergeRuns(sizes, leaves);
  const last = sizes.length - 1;
  const lanes = !scalar && last >= 0 && leaves.every(({ factors }, i) => factors[last] === 1 || (i > 0 && factors[last] === 0));
  const evaluator = new Evaluator(facts, r, sizes, runs, {
    find: (of, at, dynamic) => ({ buffer: buffers.input(of, at, dynamic, 0), index: at }),
  });
  const turn = (): void => {
    const operand = evaluator.value(value, place);
    const { lanes: wide, count } = evaluator.reach(index);
    const { expression } = r.widen(operand.level < r.level ? r.settle(operand) : operand, wide, r.level);
    r.push(store(box.buffer, evaluator.index(index), expression, wide, wide === 4 ? count : undefined));
  };
  const walk = (run: number): void => {
    if (run === runs.length) {
      turn();
      return;
    }
    const { size } = runs[run];
    const vector = lanes && run === runs.length - 1 && size > 1;
    const whole = vector ? size - (size % 4) : size;
    const step = vector ? 4 : 1;
    const one = (base: number, count?: number): void => {
      evaluator.bindings[run] = { at: { base, terms: [] }, level: r.level, lanes: vector ? 4 : 1, count, vector };
      r.copy = r.freshCopy();
      walk(run + 1);
      r.copy = 0;
    };
    if (whole === step) one(0);
    else if (whole > 0) {
      const variable = r.scope.variable();
      r.open();
      evaluator.bindings[run] = { at: { base: 0, terms: [[variable, 1]] }, level: r.level, lanes: vector ? 4 : 1, vector };
      walk(run + 1);
      const statements = r.close();
      r.push(loop(variable, 0, whole, step, statements));
    }
    if (whole < size) one(whole, size - whole);
  };
  walk(0);
}
