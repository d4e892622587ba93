/**
 * Derivatives of loops. The derivative of a scan is a scan: reverse mode runs over the turns backwards with cotangents as
 * carries, forward mode along with them with tangents as carries. The request is made inside of the body, on its builder;
 * the nodes that it appends move into the new loop's body. What they read of a turn is an input there: the loop emits it.
 *
 *     h = scan ... { h <- tanh(h @ w) }      dh = scan reversed ... { dh <- (dh * (1 - h'^2)) @ w.T }   h': emitted by h
 *
 * What costs little is computed again rather than emitted: `residuals.ts` chooses.
 */
import { Builder, type BuildNode } from "../ir/builder.ts";
import { sameNode } from "../ir/copy-node.ts";
import type { TensorType, ValueId } from "../ir/graph.ts";
import type { Early, OpenLoop, OpenScanNode } from "../ir/open-loop.ts";
import { carriesCredit } from "../ops/index.ts";
import { contributors, dependents, type RequestOptions, type StandIn } from "./requests.ts";
import { repeatedNodes } from "./residuals.ts";

/** How a request is made inside of a body; handed in, because that module needs this one. */
export type InnerRequest = (
  b: Builder, of: readonly ValueId[], wrt: readonly ValueId[], given: readonly ValueId[], options: RequestOptions,
) => readonly (ValueId | null)[];

/** Body params that move when the args `moved` do; a carry moves if its next value does. */
function movedParams({ loop }: OpenScanNode, moved: readonly boolean[], standIn: StandIn): Set<ValueId> {
  const params = paramsOf(loop);
  const set = new Set(params.filter((param, i) => moved[i] && carriesCredit(loop.builder.typeOf(param).element)));
  for (let size = -1; size !== set.size; ) {
    size = set.size;
    const marked = dependents(loop.builder, [...set], loop.builder.nodes, standIn);
    for (const { param, next } of loop.carries) if (marked[next] === 1) set.add(param);
  }
  return set;
}

const paramsOf = (loop: OpenLoop): ValueId[] => [...loop.carries.map(({ param }) => param), ...loop.inputs, ...loop.captures];
const resultsOf = (loop: OpenLoop): ValueId[] => [...loop.carries.map(({ next }) => next), ...loop.emits];

interface Links {
  /** How many args and results the loop had. */
  readonly ends: readonly [number, number];
  readonly pairs: readonly (readonly [ValueId, ValueId])[];
}

/** By request. Loops in loops are asked for theirs once for each arg of the one around: without this, again and again. */
const knownLinks = new WeakMap<StandIn, WeakMap<OpenScanNode, Links>>();

/** Which results of a loop depend on which args. A body that grows changes no old pair; new ones come with new args or results. */
export function loopLinks(node: OpenScanNode, standIn: StandIn): Links["pairs"] {
  const ofRequest = knownLinks.get(standIn) ?? new WeakMap<OpenScanNode, Links>();
  knownLinks.set(standIn, ofRequest);
  const known = ofRequest.get(node);
  if (known?.ends[0] === node.args.length && known.ends[1] === node.results.length) return known.pairs;
  const { loop } = node;
  const results = resultsOf(loop);
  const pairs = node.args.flatMap((arg, i) => {
    const set = movedParams(node, node.args.map((_, at) => at === i), standIn);
    if (set.size === 0) return [];
    const marked = dependents(loop.builder, [...set], loop.builder.nodes, standIn);
    return node.results.flatMap((result, k) => (marked[results[k]] === 1 ? [[arg, result] as const] : []));
  });
  ofRequest.set(node, { ends: [node.args.length, node.results.length], pairs });
  return pairs;
}

// ---- the body of a derived loop

/** Builds a loop whose body is made of nodes appended to another body. */
class Derived {
  readonly builder = new Builder();
  readonly index: ValueId;
  readonly carries: { start: ValueId; param: ValueId; next: ValueId }[] = [];
  readonly inputs: { outer: ValueId; param: ValueId }[] = [];
  readonly captures: { outer: ValueId; param: ValueId }[] = [];
  readonly emits: ValueId[] = [];
  private readonly ids = new Map<ValueId, ValueId>();
  private readonly makers = new Map<ValueId, BuildNode>();
  /** Nodes of the loop's own that are computed again. */
  private repeated: ReadonlySet<BuildNode> = new Set();

  constructor(private readonly b: Builder, private readonly node: OpenScanNode, /** Nodes before this one are the loop's own. */ private readonly own: number) {
    this.index = this.builder.parameter({ element: "i32", shape: [] });
    this.ids.set(node.loop.index, this.index);
    for (const made of node.loop.builder.nodes) for (const result of made.results) this.makers.set(result, made);
  }

  carry(inner: ValueId | null, start: ValueId): { param: ValueId; next: ValueId } {
    const carry = { start, param: this.builder.parameter(this.b.typeOf(start)), next: 0 as ValueId };
    if (inner !== null) this.ids.set(inner, carry.param);
    this.carries.push(carry);
    return carry;
  }

  input(inner: ValueId, outer: ValueId): ValueId {
    const known = this.inputs.find((input) => input.outer === outer);
    const type = this.b.typeOf(outer);
    const param = known?.param ?? this.builder.parameter({ ...type, shape: type.shape.slice(1) });
    if (!known) this.inputs.push({ outer, param });
    this.ids.set(inner, param);
    return param;
  }

  captureAs(inner: ValueId | null, outer: ValueId): ValueId {
    const param = this.builder.parameter(this.b.typeOf(outer));
    this.captures.push({ outer, param });
    if (inner !== null) this.ids.set(inner, param);
    return param;
  }

  /** A value of the loop's body in the derived body. */
  get(inner: ValueId): ValueId {
    const known = this.ids.get(inner);
    if (known !== undefined) return known;
    const { loop, args } = this.node;
    const capture = loop.captures.indexOf(inner);
    if (capture >= 0) return this.captureAs(inner, args[loop.carries.length + loop.inputs.length + capture]);
    const input = loop.inputs.indexOf(inner);
    if (input >= 0) return this.input(inner, args[loop.carries.length + input]);
    const maker = this.makers.get(inner);
    if (maker && this.repeated.has(maker)) {
      this.copy(maker);
      return this.get(inner);
    }
    return this.input(inner, emitted(this.b, this.node, inner));
  }

  /** Copies a node; its args come by `get`. */
  copy(node: BuildNode): void {
    const args = node.args.map((arg) => this.get(arg));
    this.builder.site = node.site;
    node.results.forEach((result, i) => this.ids.set(result, this.copied(node, args)[i]));
  }

  private readonly done = new Map<BuildNode, readonly ValueId[]>();
  private copied(node: BuildNode, args: readonly ValueId[]): readonly ValueId[] {
    let results = this.done.get(node);
    if (!results) {
      results = sameNode(this.builder, node, args); // a rule's marker inside of a derivative is spent: its alias is what is left
      this.done.set(node, results);
    }
    return results;
  }

  /** Copies the nodes appended by the request as far as they are needed for `wanted`; what no cotangent goes into may be kept instead. */
  take(wanted: readonly ValueId[]): void {
    const { loop } = this.node;
    const appended = loop.builder.nodes.slice(this.own);
    const needed = new Set(wanted);
    const seeded = new Set([...this.ids.keys()].filter((id) => id !== loop.index));
    for (const node of appended) if (node.args.some((id) => seeded.has(id))) node.results.forEach((id) => seeded.add(id));
    const isSeeded = (node: BuildNode): boolean => node.results.some((id) => seeded.has(id));
    for (const node of appended.toReversed()) if (isSeeded(node) && node.results.some((id) => needed.has(id))) node.args.forEach((arg) => needed.add(arg));
    const own = loop.builder.nodes.slice(0, this.own);
    this.repeated = repeatedNodes(loop, own, appended.filter((node) => !isSeeded(node)), [...needed].filter((id) => !seeded.has(id)));
    for (const node of appended) if (isSeeded(node) && node.results.some((id) => needed.has(id))) this.copy(node);
  }

  /** Puts the loop into the region around; its results are the last carries, then the emits. */
  close(reversed: boolean): readonly ValueId[] {
    const { b, node } = this;
    const results = [
      ...this.carries.map(({ start }) => b.openResult(b.typeOf(start))),
      ...this.emits.map((emit) => {
        const type = this.builder.typeOf(emit);
        return b.openResult({ ...type, shape: [node.length, ...type.shape] });
      }),
    ];
    const early = node.early && this.sameTurns(node.early);
    b.open({
      kind: "openScan", site: b.site, length: node.length, reversed, policy: { unroll: node.policy.unroll }, early,
      args: [...this.carries.map(({ start }) => start), ...this.inputs.map(({ outer }) => outer), ...this.captures.map(({ outer }) => outer)],
      results: [...results],
      loop: {
        builder: this.builder, index: this.index, carries: this.carries.map(({ param, next }) => ({ param, next })),
        inputs: this.inputs.map(({ param }) => param), captures: this.captures.map(({ param }) => param), emits: [...this.emits],
      },
    });
    return results;
  }

  /** A loop of as many turns as another that ended early. */
  private sameTurns(early: Early): Early {
    const { loop } = this.node;
    return { kind: "turns", turns: this.captureAs(null, turnsOf(this.node, early)) };
  }
}

/** The values that a turn's `inner` had, stacked: an emit of the loop, which gets it if it has not. */
function emitted(b: Builder, node: OpenScanNode, inner: ValueId): ValueId {
  const { loop } = node;
  let at = loop.emits.indexOf(inner);
  if (at < 0) {
    at = loop.emits.push(inner) - 1;
    const type = loop.builder.typeOf(inner);
    node.results.push(b.openResult({ ...type, shape: [node.length, ...type.shape] }));
  }
  return byIndex(b, node, node.results[loop.carries.length + at], node.reversed);
}

/** How many turns a loop took that may have ended early. */
function turnsOf({ args, results, loop }: OpenScanNode, early: Early): ValueId {
  return early.kind === "until" ? results[early.count] : args[loop.carries.length + loop.inputs.length + loop.captures.indexOf(early.turns)];
}

/**
 * What a loop stacks stands at the turn's index; only one that began at the last of an unknown number of turns has it in
 * the order of the turns. From one to the other: [turns - 1, ..., 0, and the rest, which nobody reads]; its own inverse.
 */
function byIndex(b: Builder, node: OpenScanNode, stack: ValueId, reversed: boolean): ValueId {
  if (!node.early || !reversed) return stack;
  const shape = [node.length];
  const last = b.sub(turnsOf(node, node.early), b.constant({ element: "i32", shape: [] }, 1));
  const back = b.sub(b.broadcast(last, shape, []), b.op("iota", [], { shape, axis: 0, element: "i32" }));
  const index = b.op("imod", [back, b.like(back, node.length)], {});
  return b.op("gather", [stack, b.reshape(index, [node.length, 1])], { batch: 0 });
}

// ---- the two modes

/** Of a solver that is a part of a derivative the turns are no way to its next derivative: its rule is. */
function refuseCopied({ copied, policy: { solves } }: OpenScanNode, { refuse }: RequestOptions): void {
  if (copied && solves !== undefined) refuse?.(`the next derivative of ${solves} in a loop`);
}

/** Cotangents of a loop's args from those of its results; `moved[i]`: whether arg i's is asked for. */
export function pullScan(
  b: Builder, node: OpenScanNode, given: readonly (ValueId | null)[], moved: readonly boolean[], standIn: StandIn, request: InnerRequest, options: RequestOptions,
): readonly (ValueId | null)[] {
  const { loop } = node;
  refuseCopied(node, options);
  const inside = loop.builder;
  const carries = loop.carries.length;
  const movedSet = movedParams(node, moved, standIn);
  const credited = loop.emits.map((emit, k) => ({ emit, ct: given[carries + k] ?? null })).filter(({ ct }) => ct !== null);
  // A carry has a cotangent if a result with one depends on it, through later turns too.
  const active = new Set(loop.carries.map((_, j) => j).filter((j) => given[j] !== null && given[j] !== undefined && movedSet.has(loop.carries[j].param)));
  for (let size = -1; size !== active.size; ) {
    size = active.size;
    const of = [...[...active].map((j) => loop.carries[j].next), ...credited.map(({ emit }) => emit)];
    const marked = of.length === 0 ? null : contributors(inside, of, inside.nodes, standIn);
    loop.carries.forEach(({ param }, j) => { if (marked?.[param] === 1 && movedSet.has(param)) active.add(j); });
  }
  const order = [...active].sort((x, y) => x - y);
  const own = inside.nodes.length;
  const carrySeeds = order.map((j) => inside.parameter(inside.typeOf(loop.carries[j].param)));
  const emitSeeds = credited.map(({ emit }) => inside.parameter(inside.typeOf(emit)));
  const params = paramsOf(loop);
  const wrt = params.filter((param) => movedSet.has(param));
  const seeded = [...order.map((j) => loop.carries[j].next), ...credited.map(({ emit }) => emit)];
  const found = new Map<ValueId, ValueId | null>();
  if (seeded.length > 0 && wrt.length > 0) {
    const cts = request(inside, seeded, wrt, [...carrySeeds, ...emitSeeds], { ...options, leaves: undefined });
    wrt.forEach((param, i) => found.set(param, cts[i]));
  }
  const derived = new Derived(b, node, own);
  const starts = order.map((j) => given[j] ?? b.zeros(b.typeOf(node.args[j])));
  const carried = order.map((_, i) => derived.carry(carrySeeds[i], starts[i]));
  credited.forEach(({ ct }, i) => { if (ct !== null) derived.input(emitSeeds[i], byIndex(b, node, ct, node.reversed)); });
  const of = (param: ValueId): ValueId | null => found.get(param) ?? null;
  // Credit for captures adds up over the turns.
  const sums = loop.captures.map((param, c) => {
    const ct = of(param);
    const arg = node.args[carries + loop.inputs.length + c];
    return ct === null ? null : { ct, carry: derived.carry(null, b.zeros(b.typeOf(arg))) };
  });
  const inputs = loop.inputs.map((param) => of(param));
  derived.take([...order.map((j) => of(loop.carries[j].param)), ...inputs, ...sums.map((sum) => sum?.ct ?? null)].filter((id) => id !== null));
  order.forEach((j, i) => {
    const ct = of(loop.carries[j].param);
    const type = inside.typeOf(loop.carries[j].param);
    carried[i].next = ct === null ? derived.builder.zeros(type) : cut(derived, derived.get(ct), type, node);
  });
  for (const sum of sums) if (sum) sum.carry.next = derived.builder.add(sum.carry.param, derived.get(sum.ct));
  for (const ct of inputs) if (ct !== null) derived.emits.push(derived.get(ct));
  if (derived.carries.length === 0 && derived.emits.length === 0) return node.args.map(() => null);
  const results = derived.close(!node.reversed);
  let next = order.length;
  const sumResults = sums.map((sum) => (sum ? results[next++] : null));
  const inputResults = inputs.map((ct) => (ct === null ? null : byIndex(b, node, results[next++], !node.reversed)));
  return [
    ...loop.carries.map((_, j) => (order.includes(j) ? results[order.indexOf(j)] : null)),
    ...inputResults,
    ...sumResults,
  ];
}

/** Truncated backpropagation: no credit goes back past a turn whose index is a multiple of k (Williams and Peng 1990). */
function cut(derived: Derived, ct: ValueId, type: TensorType, { loop, policy: { truncate: every } }: OpenScanNode): ValueId {
  if (every === undefined) return ct;
  const { builder } = derived;
  const rest = builder.op("imod", [derived.get(loop.counted ?? loop.index), builder.constant({ element: "i32", shape: [] }, every)], {});
  const ends = builder.op("eq", [rest, builder.constant({ element: "i32", shape: [] }, 0)], {});
  return builder.select(builder.broadcast(ends, type.shape, []), builder.zeros(type), ct);
}

/** Tangents of a loop's results from those of its args. */
export function pushScan(
  b: Builder, node: OpenScanNode, given: readonly (ValueId | null)[], standIn: StandIn, request: InnerRequest, options: RequestOptions,
): readonly (ValueId | null)[] {
  const { loop } = node;
  refuseCopied(node, options);
  const inside = loop.builder;
  const carries = loop.carries.length;
  const movedSet = movedParams(node, given.map((tangent) => tangent !== null), standIn);
  const params = paramsOf(loop);
  const own = inside.nodes.length;
  const wrt = params.filter((param) => movedSet.has(param));
  const seeds = wrt.map((param) => inside.parameter(inside.typeOf(param)));
  const results = resultsOf(loop);
  const tangents = wrt.length === 0 ? results.map(() => null) : request(inside, results, wrt, seeds, { ...options, leaves: undefined });
  const derived = new Derived(b, node, own);
  const carried = loop.carries.map(({ param }, j) => {
    const at = wrt.indexOf(param);
    return at < 0 ? null : derived.carry(seeds[at], given[j] ?? b.zeros(b.typeOf(node.args[j])));
  });
  loop.inputs.forEach((param, i) => {
    const at = wrt.indexOf(param);
    const tangent = given[carries + i];
    if (at >= 0 && tangent !== null && tangent !== undefined) derived.input(seeds[at], tangent);
  });
  loop.captures.forEach((param, c) => {
    const at = wrt.indexOf(param);
    const tangent = given[carries + loop.inputs.length + c];
    if (at >= 0 && tangent !== null && tangent !== undefined) derived.captureAs(seeds[at], tangent);
  });
  derived.take(tangents.filter((id) => id !== null));
  carried.forEach((carry, j) => {
    if (!carry) return;
    const tangent = tangents[j];
    carry.next = tangent === null || tangent === undefined ? derived.builder.zeros(inside.typeOf(loop.carries[j].param)) : derived.get(tangent);
  });
  const emits = loop.emits.map((_, k) => tangents[carries + k] ?? null);
  for (const tangent of emits) if (tangent !== null) derived.emits.push(derived.get(tangent));
  if (derived.carries.length === 0 && derived.emits.length === 0) return node.results.map(() => null);
  const made = derived.close(node.reversed);
  let next = 0;
  const ofCarries = carried.map((carry) => (carry ? made[next++] : null));
  const ofEmits = emits.map((tangent) => (tangent === null ? null : made[next++]));
  return [...ofCarries, ...ofEmits];
}
