/** overlap_add: zeros, then each window goes onto its place; the elements behind the window axes lie side by side, in lanes. */
import type { OpNode, SiteId } from "../../ir/graph.ts";
import { elementCount } from "../../ir/graph.ts";
import { windowAxes } from "../../ops/index.ts";
import { nest, sum } from "../contraction/indices.ts";
import { strides } from "../coordinates.ts";
import { apply, at, KernelScope, literal, load, loop, store } from "../expression.ts";
import type { Facts } from "../facts.ts";
import type { Index, Lanes, Statement } from "../kernel.ts";
import type { Unit } from "../unit.ts";
import { BufferTable } from "./buffers.ts";
import { reductionOf } from "./reduce.ts";

/** An axis of the windows up to the last window axis: how far apart its elements lie in the windows, and in the result. */
interface Walked {
  readonly size: number;
  readonly from: number;
  readonly to: number;
}

/** What both kinds of machine must know of an overlap_add: the axes before, those inside of windows, and the run behind both. */
export function overlapSizes(facts: Facts, node: OpNode<"overlap_add">) {
  const [x] = node.args;
  const [result] = node.results;
  const { axes, stride, dilation } = node.attributes;
  const { element, shape } = facts.types[result];
  const counts = facts.types[x].shape;
  const inside = windowAxes(node.attributes);
  const [steps, resultSteps] = [strides(counts), strides(shape)];
  const before = shape.slice(0, inside[0]).map((_, axis): Walked => {
    const i = axes.indexOf(axis);
    return { size: counts[axis], from: steps[axis], to: resultSteps[axis] * (i < 0 ? 1 : stride[i]) };
  });
  const within = inside.map((axis, i): Walked => ({ size: counts[axis], from: steps[axis], to: resultSteps[axes[i]] * dilation[i] }));
  return { x, result, element, shape, axes, before, within, run: elementCount(shape.slice(inside[0])), add: reductionOf("reduce_sum", element).op };
}

export function lowerOverlap(facts: Facts, node: OpNode<"overlap_add">, name: string, site: SiteId): Unit {
  const { x, result, element, shape, axes, before, within, run, add } = overlapSizes(facts, node);
  const scope = new KernelScope();
  const buffers = new BufferTable(facts, scope);
  const target = buffers.target(result);
  const input = buffers.gathered(facts.source(x));
  const widest: Lanes = facts.lanes === 1 || element === "f64" || element === "bool" ? 1 : 4;

  /** Statements for `length` elements side by side. */
  const along = (length: number, body: (index: Index, lanes: Lanes, count?: number) => Statement): Statement[] => {
    const lanes = length < 4 ? 1 : widest;
    const whole = length - (length % lanes);
    const inner = scope.variable();
    return [
      loop(inner, 0, whole, lanes, [body(at(0, [inner, 1]), lanes)]),
      ...(whole < length ? [body(at(whole), lanes, length - whole)] : []),
    ];
  };
  const zeros = along(elementCount(shape), (index, lanes, count) => store(target, index, literal(0, element, lanes), lanes, count));
  const first = axes[0];
  const walked = [...before.slice(0, first), ...within, ...before.slice(first)];
  const pairs = (of: (axis: Walked) => number) => walked.map((axis) => ({ size: axis.size, stride: of(axis) }));
  const sums = nest(scope, [pairs(({ from }) => from), pairs(({ to }) => to)], ([from, to]) =>
    along(run, (index, lanes, count) => {
      const place = sum(to, index);
      return store(target, place, apply(add, element, lanes, load(target, place, lanes, count), load(input, sum(from, index), lanes, count)), lanes, count);
    }));
  const { locals, variables } = scope;
  return buffers.unit({ name, buffers: scope.buffers, locals, variables, body: [...zeros, ...sums], site });
}
