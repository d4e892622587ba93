/**
 * `map` and `jacobian`. The body is built once for one element; then its nodes are written into the region around, mapped
 * over the batch by the op table's rules. Rules of calls in it work for one element too: where a request meets such a call,
 * the rule is elaborated in the body and its nodes are mapped like the others.
 */
import { printExpression } from "../../grammar/index.ts";
import type { Expression, MapExpression, Pattern, Span } from "../../grammar/index.ts";
import { BatchMap, batchNodes, batchValues, type BatchOptions, type Mapped } from "../batch/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import { dependents } from "../differentiate/index.ts";
import type { Builder, BuildNode } from "../ir/builder.ts";
import { elementCount, type CallSite, type LeaveNode, type RuleHandle, type ValueId } from "../ir/graph.ts";
import { Context, type Frame, mix, newCounters } from "./context.ts";
import { evaluate } from "./expressions.ts";
import { eachOf, turnValue } from "./loops.ts";
import { fail } from "./problem.ts";
import { stateOf } from "./optimizers.ts";
import { Scope } from "./scope.ts";
import { hasSlices, sliceNode } from "./slices.ts";
import { readNode } from "./states.ts";
import { bindPattern, runBody } from "./statements.ts";
import { asTensor, idOf, tensor } from "./tensors.ts";
import { asTensors, leaves, replaceLeaves } from "./trees.ts";
import { describe, ownShape, type TensorValue, tuple, type Value } from "./values.ts";

export function mapExpression(frame: Frame, expression: MapExpression): Value {
  const { context: outer } = frame;
  const { span } = expression;
  const each = eachOf(frame, evaluate(frame, expression.range), expression.range.span);
  const context = new Context(frame.session, outer.kind, outer.name, outer);
  const index = context.builder.parameter({ element: "i32", shape: [] });
  const place = mix(frame.counters.place, frame.counters.ordinal++);
  context.turn = { index, place };
  const scope = new Scope(frame.scope);
  const counters = { ...newCounters(place), layers: frame.counters.layers, optimizers: frame.counters.optimizers };
  const inner: Frame = { ...frame, context, scope, counters, free: new Set(), recorder: null, arm: false, conditional: false, emit: undefined, mayAssign: false };
  const inputs: { outer: ValueId; param: ValueId }[] = [];
  bindPattern(inner, expression.pattern, turnValue(inner, frame, each, index, inputs, expression.range.span));
  if (frame.mayAssign) bindSlices(inner, frame, expression.pattern, expression.range, each.length);
  for (const { param } of inputs) inner.free.add(param);
  const raw = runBody(inner, expression.body);
  const result = asTensors(inner.context, raw, span);
  const results = leaves(result).map(({ value }) => idOf(context, value, span)); // before the captures are read: it may be one
  outer.builder.site = frame.session.site(span, frame);
  const iota = outer.builder.op("iota", [], { shape: [each.length], axis: 0, element: "i32" });
  const map = new BatchMap([
    [index, { id: iota, batched: true }],
    ...inputs.map(({ outer: id, param }): [ValueId, Mapped] => [param, { id, batched: true }]),
    ...[...context.versions].map(([cell, [param]]): [ValueId, Mapped] => [param, { id: outer.read(cell.slice?.whole ?? cell), batched: cell.slice !== undefined }]),
    ...[...context.captures].map(([id, param]): [ValueId, Mapped] => [param, { id, batched: false }]),
  ]);
  context.onCapture = (id, param) => map.set(param, { id, batched: false });
  transfer(context.builder, outer.builder, map, each.length, context.builder.nodes.slice());
  for (const cell of context.written) {
    if (!cell.slice) fail(say.mapAssigns(span, cell.path));
    const mapped = map.get(context.read(cell));
    if (cell.slice && mapped) outer.assign(cell.slice.whole, spread(outer.builder, mapped, each.length));
  }
  let at = 0;
  return replaceLeaves(result, (leaf) => {
    const mapped = map.get(results[at++]) ?? fail(say.expectedTensor(span, describe(leaf)));
    return tensor(outer, spread(outer.builder, mapped, each.length), [{}, ...leaf.axes]);
  });
}

/** Names that stand for slices of state may be assigned. */
function bindSlices(inner: Frame, outer: Frame, pattern: Pattern, range: Expression, length: number): void {
  if (pattern.kind === "tuplePattern") {
    if (range.kind === "tuple") pattern.items.forEach((item, i) => bindSlices(inner, outer, item, range.items[i], length));
    return;
  }
  const whole = stateOf(outer, range);
  if (!whole || !hasSlices(outer.session, whole, range.span)) return;
  const node = sliceNode(inner.context, whole, length, range.span);
  const path = `${printExpression(range)}[]`;
  outer.session.roots.set(path, node);
  inner.scope.define(pattern.name.text, { read: (context) => readNode(context, node), span: pattern.name.span, target: { path, local: true } });
}

/** The batched form of a value; one that is the same for all elements is repeated. */
function spread(b: Builder, { id, batched }: Mapped, size: number): ValueId {
  if (batched) return id;
  const { shape } = b.typeOf(id);
  return b.op("broadcast", [id], { shape: [size, ...shape], axes: shape.map((_, axis) => axis + 1) });
}

/** Writes nodes of one builder into another, mapped; rules of calls stay in force. */
function transfer(from: Builder, to: Builder, map: BatchMap, size: number, nodes: readonly BuildNode[]): void {
  batchNodes(to, nodes, map, size, liftingRules(from, size));
}

/** Markers keep their rules; those in the body of a loop run on its builder. */
const liftingRules = (from: Builder, size: number): BatchOptions => ({
  onLeave: (node, args, { b, map, source }) => leave(source ?? from, b, map, size, node, args),
});

/** A call's marker in the region around, its rules lifted to the batch. */
function leave(from: Builder, to: Builder, map: BatchMap, size: number, node: LeaveNode, args: readonly Mapped[]): readonly Mapped[] {
  const inputs = node.call.inputs.map((input) => map.get(input) ?? { id: input, batched: false });
  const batched = args.some((arg) => arg.batched) || inputs.some((input) => input.batched);
  const full = args.map((arg) => (batched ? spread(to, arg, size) : arg.id));
  /** Runs a rule for one element and maps what it appended. */
  const lift = (handle: RuleHandle, mode: "backward" | "tangent"): RuleHandle => ({
    ...handle,
    apply(given, wanted) {
      const sources = mode === "backward" ? node.results : node.call.inputs;
      const params = given.map((id, i) => {
        if (id === null) return null;
        const param = from.parameter(from.typeOf(sources[i]));
        map.set(param, { id, batched: mode === "backward" ? batched : inputs[i].batched });
        return param;
      });
      const answer = handle.apply(params, wanted);
      batchValues(to, from, answer.filter((id) => id !== null), map, size, liftingRules(from, size));
      return answer.map((id, i): ValueId | null => {
        const mapped = id === null ? undefined : map.get(id);
        if (!mapped) return null;
        if (mode === "tangent") return batched ? spread(to, mapped, size) : mapped.id;
        if (inputs[i].batched || !batched) return inputs[i].batched ? spread(to, mapped, size) : mapped.id;
        // Every element credits the one input: the credits add up.
        return to.sum(spread(to, mapped, size), [0]);
      });
    },
  });
  const { call } = node;
  const lifted: CallSite = {
    ...call,
    inputs: inputs.map(({ id }) => id),
    backward: call.backward && lift(call.backward, "backward"),
    tangent: call.tangent && lift(call.tangent, "tangent"),
    lift: (handle, mode) => lift(call.lift ? call.lift(handle, mode) : handle, mode),
  };
  return to.leave(full, lifted).map((id) => ({ id, batched }));
}

// ---- requests about values of the region around

/** What stands for values of an outer builder in an inner one: whatever is asked for is captured. */
class Captured extends BatchMap {
  constructor(private readonly context: Context) {
    super();
  }
  override get(id: ValueId): Mapped {
    return super.get(id) ?? { id: this.context.capture(id), batched: false };
  }
}

/**
 * Copies the way from `wrt` to `of`, values of the region around, into this region, where a request can be made about
 * them with seeds of this region. What does not depend on `wrt` is captured.
 */
export function localize(context: Context, outer: Context, of: readonly ValueId[], wrt: readonly ValueId[]): { of: ValueId[]; wrt: ValueId[] } {
  const map = new Captured(context);
  const moved = dependents(outer.builder, wrt, outer.builder.nodes);
  const needed = new Set(of);
  const nodes = outer.builder.nodes.toReversed().filter((node) => {
    const isOnTheWay = node.results.some((id) => moved[id] === 1 && needed.has(id)) && !node.results.some((id) => wrt.includes(id));
    if (isOnTheWay) for (const id of node.kind === "leave" ? [...node.args, ...node.call.inputs] : node.args) needed.add(id);
    return isOnTheWay;
  }).reverse();
  const starts = wrt.map((id) => {
    const param = context.capture(id);
    map.set(id, { id: param, batched: false });
    return param;
  });
  transfer(outer.builder, context.builder, map, 1, nodes);
  return { of: of.map((id) => map.get(id).id), wrt: starts };
}

/**
 * `jacobian(y, x)`: d y[i] / d x[j] on axes [shape of y..., shape of x...]; undefined where there is no credit. `pull`
 * gives x's cotangent for one of y, which is that of `wrt`, or a part of it.
 */
export function jacobian(
  frame: Frame, y: TensorValue, x: TensorValue, wrt: ValueId, span: Span, pull: (inner: Frame, of: ValueId, wrt: ValueId, seed: ValueId) => ValueId | null,
): TensorValue | undefined {
  const { context: outer } = frame;
  const context = new Context(frame.session, outer.kind, outer.name, outer);
  const inner: Frame = { ...frame, context, free: new Set(), recorder: null };
  const seed = context.builder.parameter(y.type);
  const local = localize(context, outer, [idOf(outer, y, span)], [wrt]);
  const ct = pull(inner, local.of[0], local.wrt[0], seed);
  if (ct === null) return undefined;
  const size = elementCount(y.type.shape);
  const { builder } = outer;
  const iota = (axis: number): ValueId => builder.op("iota", [], { shape: [size, size], axis, element: "i32" });
  const basis = builder.reshape(builder.cast(builder.op("eq", [iota(0), iota(1)], {}), y.type.element), [size, ...y.type.shape]);
  const map = new BatchMap([
    [seed, { id: basis, batched: true }],
    ...[...context.versions].map(([cell, [param]]): [ValueId, Mapped] => [param, { id: outer.read(cell), batched: false }]),
    ...[...context.captures].map(([id, param]): [ValueId, Mapped] => [param, { id, batched: false }]),
  ]);
  transfer(context.builder, builder, map, size, context.builder.nodes.slice());
  const mapped = map.get(ct);
  if (!mapped) return undefined;
  const id = builder.reshape(spread(builder, mapped, size), [...ownShape(y), ...ownShape(x)]);
  return tensor(outer, id, [...y.axes, ...x.axes]);
}

