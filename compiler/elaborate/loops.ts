/** `scan`: a body built once as a region of its own, with what it reads from outside captured and what it assigns carried. */
import type { Argument, Pattern, ScanExpression, Span } from "../../grammar/index.ts";
import { printExpression } from "../../grammar/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import type { ValueId } from "../ir/graph.ts";
import type { LoopPolicy, OpenScanNode } from "../ir/open-loop.ts";
import { inSegments, open, pieceLength } from "./checkpoint.ts";
import { type Cell, Context, type Frame, mix, newCounters, type TapRecorder } from "./context.ts";
import { evaluate } from "./expressions.ts";
import { completed } from "./models.ts";
import { fail, Problem } from "./problem.ts";
import { Scope } from "./scope.ts";
import { bindPattern, runBlock } from "./statements.ts";
import { asTensor, broadcastTo, idOf, staticNumber, tensor } from "./tensors.ts";
import { asTensors, leaves, replaceLeaves, slicesOf } from "./trees.ts";
import { type Axis, describe, nothing, ownShape, type TensorValue, tuple, type Value } from "./values.ts";

/** What one turn gets of the things that a loop goes over. */
type Each =
  /** The index itself, moved by `from`. */
  | { readonly kind: "index"; readonly from: number; readonly length: number }
  /** A slice of every leaf. */
  | { readonly kind: "slices"; readonly value: Value; readonly length: number }
  | { readonly kind: "tuple"; readonly items: readonly Each[]; readonly length: number };

/** Indices are i32. */
const maximumTurns = 2 ** 31 - 1;

/** A tree of tensors that a loop carries. */
interface Carried {
  readonly name: string;
  readonly span: Span;
  readonly initial: Value;
  readonly params: ValueId[];
  current: Value;
}

/** `solves`: what a loop of the compiler's own making finds. */
export function scan(frame: Frame, expression: ScanExpression, solves?: string): Value {
  const { policy: asked, reversed } = optionsOf(frame, expression.options);
  const policy: LoopPolicy = solves === undefined ? asked : { ...asked, solves };
  const carried = expression.carries.map(({ name, value, span }): Carried => {
    const initial = asTensors(frame.context, evaluate(frame, value), span);
    return { name: name.text, span: name.span, initial, params: [], current: initial };
  });
  const each = eachOf(frame, evaluate(frame, expression.range), expression.range.span);
  frame.context.builder.site = frame.session.site(expression.span, frame);
  return expression.until ? whileLoop(frame, expression, carried, each, policy) : scanLoop(frame, expression, carried, each, policy, reversed);
}

const optionNames = ["checkpoint", "truncate", "unroll", "reversed"] as const;

function optionsOf(frame: Frame, options: readonly Argument[]): { policy: LoopPolicy; reversed: boolean } {
  const policy: { -readonly [K in keyof LoopPolicy]: LoopPolicy[K] } = {};
  let reversed = false;
  for (const { name, value, span } of options) {
    const key = name?.text;
    const known = optionNames.find((option) => option === key);
    if (!known) return fail(say.unknownArgument(span, key ?? printExpression(value), "scan", optionNames));
    if (known === "reversed") {
      const order = evaluate(frame, value);
      reversed = order.kind === "boolean" ? order.value : fail(say.argumentNotStatic(value.span, known, "scan", printExpression(value)));
      continue;
    }
    if (key === "checkpoint" && value.kind === "name" && value.text === "sqrt") {
      policy.checkpoint = "sqrt";
      continue;
    }
    const given = staticNumber(evaluate(frame, value));
    if (given === undefined || !Number.isInteger(given) || given < 1) return fail(say.argumentNotStatic(value.span, known, "scan", printExpression(value)));
    policy[known] = Math.min(given, maximumTurns); // more than all turns is all turns
  }
  return { policy, reversed };
}

// ---- what a loop goes over

export function eachOf(frame: Frame, value: Value, span: Span): Each {
  switch (value.kind) {
    case "range": {
      const length = Math.max(0, value.to - value.from);
      const first = Math.abs(value.from);
      if (!(length + first <= maximumTurns)) return fail(say.loopTooLong(span, length));
      return { kind: "index", from: value.from, length };
    }
    case "tuple": {
      if (value.list) return eachOf(frame, asTensor(frame.context, value, span), span);
      const items = value.items.map((item) => eachOf(frame, item, span));
      const [first] = items;
      for (const item of items) if (item.length !== first.length) fail(say.loopLengths(span, items.map(({ length }) => length)));
      return { kind: "tuple", items, length: first.length };
    }
    case "poison":
      throw new Problem(null);
    default: {
      const whole = completed(frame, value, span);
      const all = leaves(whole, { states: true });
      const lengths = [...new Set(all.map(({ value: leaf }) => ownShape(leaf)[0]))];
      if (all.length === 0 || lengths.includes(undefined as never)) return fail(say.loopRange(span, describe(value)));
      if (value.kind === "model" && value.family === undefined) return fail(say.loopRange(span, describe(value)));
      if (lengths.length > 1) return fail(say.loopLengths(span, lengths));
      return { kind: "slices", value: whole, length: lengths[0] };
    }
  }
}

/** The value of one turn: slices become params, recorded with the outer values that they are cut from. */
export function turnValue(frame: Frame, outer: Frame, each: Each, index: ValueId, inputs: { readonly outer: ValueId; readonly param: ValueId }[], span: Span): Value {
  const { context } = frame;
  switch (each.kind) {
    case "index": {
      const id = each.from === 0 ? index : context.builder.add(index, context.builder.like(index, each.from));
      return tensor(context, id);
    }
    case "tuple":
      return tuple(each.items.map((item) => turnValue(frame, outer, item, index, inputs, span)));
    case "slices": {
      const cut = (leaf: TensorValue): TensorValue => {
        const id = idOf(outer.context, leaf, span);
        const shape = leaf.type.shape.slice(1);
        const param = context.builder.parameter({ element: leaf.type.element, shape });
        inputs.push({ outer: id, param });
        return tensor(context, param, leaf.axes.slice(1));
      };
      const value = slicesOf(each.value, "that a loop goes over", cut);
      return value.kind === "model" ? { ...value, family: undefined, path: undefined } : value;
    }
  }
}

// ---- bodies

interface Body {
  readonly frame: Frame;
  readonly context: Context;
  readonly index: ValueId;
  readonly inputs: { readonly outer: ValueId; readonly param: ValueId }[];
}

/** The frame of a body: names of its own, carries that `<-` moves, a region of its own. */
function openBody(frame: Frame, expression: ScanExpression, carried: readonly Carried[]): Body {
  const context = new Context(frame.session, frame.context.kind, frame.context.name, frame.context);
  const index = context.builder.parameter({ element: "i32", shape: [] });
  const place = mix(frame.counters.place, frame.counters.ordinal++);
  context.turn = { index, place };
  const scope = new Scope(frame.scope);
  // Nested layers are shared by all turns: they are named as the statements around are.
  const counters = { ...newCounters(place), layers: frame.counters.layers, optimizers: frame.counters.optimizers };
  const inner: Frame = { ...frame, context, scope, counters, free: new Set(), recorder: null, arm: false, conditional: false };
  for (const carry of carried) {
    carry.params.length = 0;
    carry.current = replaceLeaves(carry.initial, (leaf) => {
      const param = context.builder.parameter(leaf.type);
      carry.params.push(param);
      inner.free.add(param);
      return tensor(context, param, leaf.axes);
    });
    scope.define(carry.name, {
      span: carry.span,
      read: () => carry.current,
      assign: (value) => { carry.current = next(inner, carry, value, expression.span); },
    });
  }
  return { frame: inner, context, index, inputs: [] };
}

/** A value in the form and the types of another. */
export const inForm = (frame: Frame, value: Value, like: Value, span: Span): Value => next(frame, { name: "y", initial: like }, value, span);

/** The new value of a carry, in the type that it started with. */
function next(frame: Frame, carry: Pick<Carried, "name" | "initial">, value: Value, span: Span): Value {
  const wanted = leaves(carry.initial);
  const given = leaves(asTensors(frame.context, likeNumbers(value, carry.initial), span));
  const find = (path: readonly string[]): TensorValue | undefined => given.find((leaf) => leaf.path.join(".") === path.join("."))?.value;
  let at = 0;
  return replaceLeaves(carry.initial, (leaf) => {
    const { path } = wanted[at++];
    const moved = find(path);
    const fits = moved && moved.type.element === leaf.type.element && ownShape(moved).length <= ownShape(leaf).length;
    if (!moved || !fits) return fail(say.carryType(span, [carry.name, ...path].join("."), describe(leaf), describe(moved ?? value)));
    const shape = ownShape(leaf);
    const own = ownShape(moved);
    if (!own.every((size, i) => size === 1 || size === shape[shape.length - own.length + i])) return fail(say.carryType(span, [carry.name, ...path].join("."), describe(leaf), describe(moved)));
    return broadcastTo(frame.context, { ...moved, axes: moved.axes }, shape, leaf.axes, span);
  });
}

/** Compile-time numbers take the element of the carry that they replace. */
function likeNumbers(value: Value, like: Value): Value {
  if (value.kind === "number" && like.kind === "tensor") return { ...value, element: like.type.element };
  if (value.kind === "tuple" && like.kind === "tuple") return tuple(value.items.map((item, i) => likeNumbers(item, like.items[i] ?? item)), value.list);
  if (value.kind === "record" && like.kind === "record") {
    return { kind: "record", fields: new Map([...value.fields].map(([name, field]) => [name, likeNumbers(field, like.fields.get(name) ?? field)])) };
  }
  return value;
}

const ids = (context: Context, value: Value, span: Span): ValueId[] => leaves(value).map((leaf) => idOf(context, leaf.value, span));

/** States that the body assigned are carried; those that it only read are captured. */
function stateOf(body: Context, outer: Context): { carried: { cell: Cell; param: ValueId; next: ValueId }[]; read: { outer: ValueId; param: ValueId }[] } {
  const carried: { cell: Cell; param: ValueId; next: ValueId }[] = [];
  const read: { outer: ValueId; param: ValueId }[] = [];
  if (body.kind === "init") return { carried, read };
  for (const [cell, versions] of body.versions) {
    const [param] = versions;
    const last = versions[versions.length - 1];
    if (last === param) read.push({ outer: outer.read(cell), param });
    else carried.push({ cell, param, next: last });
  }
  return { carried, read };
}

function scanLoop(frame: Frame, expression: ScanExpression, carried: readonly Carried[], each: Each, policy: LoopPolicy, reversed: boolean): Value {
  const { context: outer } = frame;
  const { span } = expression;
  const body = openBody(frame, expression, carried);
  let emitted: Value | undefined;
  const emit = (value: Value, at: Span): void => {
    if (emitted) fail(say.emitTwice(at));
    emitted = asTensors(body.frame.context, value, at);
  };
  const taps = recordTaps(frame, body);
  const inner: Frame = { ...body.frame, emit, ...(taps ? { recorder: taps.recorder, tapPath: frame.tapPath } : {}) };
  bindPattern(inner, expression.pattern, turnValue(inner, frame, each, body.index, body.inputs, expression.range.span));
  for (const { param } of body.inputs) inner.free.add(param);
  runBlock(inner, expression.body);
  const own = emitted === undefined ? [] : ids(body.context, emitted, span);
  const tapped = taps ? [...taps.recorder.found.values()] : [];
  const emits = [...own, ...tapped.flatMap(({ values, span: at }) => values.flatMap((value) => ids(body.context, asTensors(body.frame.context, value, at), at)))];
  const nexts = carried.flatMap((carry) => ids(body.context, carry.current, span));
  const states = stateOf(body.context, outer);
  const starts = [...carried.flatMap((carry) => ids(outer, carry.initial, span)), ...states.carried.map(({ cell }) => outer.read(cell))];
  const captured = [...states.read, ...[...body.context.captures].map(([id, param]) => ({ outer: id, param }))];
  outer.builder.site = frame.session.site(span, frame);
  const node: OpenScanNode = {
    kind: "openScan", site: outer.builder.site, length: each.length, reversed, policy,
    args: [...starts, ...body.inputs.map((input) => input.outer), ...(taps?.zeros(each.length) ?? []), ...captured.map((capture) => capture.outer)],
    results: [],
    loop: {
      builder: body.context.builder, index: body.index,
      carries: [
        ...carried.flatMap((carry) => carry.params).map((param, i) => ({ param, next: nexts[i] })),
        ...states.carried.map(({ param, next: last }) => ({ param, next: last })),
      ],
      inputs: [...body.inputs.map(({ param }) => param), ...(taps?.params ?? [])], captures: captured.map(({ param }) => param), emits,
    },
  };
  const results = place(outer, node, body.context);
  let at = 0;
  const last = carried.map((carry) => replaceLeaves(carry.initial, (leaf) => tensor(outer, results[at++], leaf.axes)));
  for (const { cell } of states.carried) outer.assign(cell, results[at++]);
  const stack = (leaf: TensorValue): TensorValue => tensor(outer, results[at++], [{}, ...leaf.axes] satisfies Axis[]);
  const emittedValue = emitted as Value | undefined; // assigned in a closure, which control flow does not see
  const stacked = emittedValue === undefined ? undefined : replaceLeaves(emittedValue, stack);
  for (const { path, values, span: where } of tapped) {
    for (const value of values) {
      const whole = replaceLeaves(asTensors(body.frame.context, value, where), (leaf) => ({ ...stack(leaf), credit: taps?.creditOf(leaf) }));
      const key = path.join(".");
      const known = frame.recorder?.found.get(key);
      if (known) known.values.push(whole);
      else frame.recorder?.found.set(key, { path, values: [whole], span: where });
    }
  }
  return together(last, stacked);
}

/** Puts the loop into the region around, in pieces where checkpoints are asked for. */
function place({ builder }: Context, node: OpenScanNode, body: Context): readonly ValueId[] {
  const { loop, length, policy } = node;
  const turns = policy.checkpoint === undefined ? length : pieceLength(length, policy.checkpoint);
  if (turns < length) {
    const { results, capture } = inSegments(builder, node, turns);
    body.onCapture = capture;
    return results;
  }
  body.onCapture = (value, param) => {
    node.args.push(value);
    loop.captures.push(param);
  };
  return open(builder, node).results;
}

/** Taps of a body: what is tapped is emitted, and its derivative is that of zeros added in every turn. */
function recordTaps(frame: Frame, body: Body): { recorder: TapRecorder; params: ValueId[]; zeros(length: number): ValueId[]; creditOf(leaf: TensorValue): ValueId | undefined } | undefined {
  if (!frame.recorder) return undefined;
  const params: ValueId[] = [];
  const made: ValueId[] = [];
  const { builder } = body.context;
  return {
    recorder: {
      found: new Map(),
      perturb: (type) => {
        const param = builder.parameter(type);
        params.push(param);
        return param;
      },
    },
    params,
    zeros(length) {
      // Minus zero: adding it changes no bit, so that nothing is left of it where nobody asks.
      made.push(...params.map((param) => {
        const type = builder.typeOf(param);
        return frame.context.builder.constant({ ...type, shape: [length, ...type.shape] }, -0);
      }));
      return made;
    },
    creditOf(leaf) {
      const sum = builder.nodes.find((node) => node.results[0] === leaf.id);
      const at = sum ? params.indexOf(sum.args[1]) : -1;
      return at < 0 ? undefined : made[at];
    },
  };
}

/** `(last, emits)`; with one of the two missing the other comes alone. */
function together(last: readonly Value[], stacked: Value | undefined): Value {
  const carries = last.length === 1 ? last[0] : tuple(last);
  if (last.length === 0) return stacked ?? nothing;
  return stacked === undefined ? carries : tuple([carries, stacked]);
}

// ---- loops that end early

function whileLoop(frame: Frame, expression: ScanExpression, carried: readonly Carried[], each: Each, policy: LoopPolicy): Value {
  const { context: outer } = frame;
  const { span, until } = expression;
  if (each.kind !== "index") return fail(say.untilRange(expression.range.span));
  if (!until) return nothing;
  for (const option of ["checkpoint", "unroll", "reversed"]) {
    const given = expression.options.find(({ name }) => name?.text === option);
    if (given) return fail(say.untilOption(given.span, option));
  }
  const bind = (inner: Frame, body: Body, pattern: Pattern): void => bindPattern(inner, pattern, turnValue(inner, frame, each, body.index, body.inputs, expression.range.span));
  // The condition, on the carries as a turn finds them.
  const test = openBody(frame, expression, carried);
  bind(test.frame, test, expression.pattern);
  const condition = asTensor(test.context, evaluate(test.frame, until), until.span);
  if (condition.type.element !== "bool" || ownShape(condition).length > 0) fail(say.conditionNotBool(until.span, describe(condition)));
  const conditionId = idOf(test.context, condition, until.span);
  const testParams = carried.flatMap((carry) => carry.params.map((param) => param));
  // One turn.
  const body = openBody(frame, expression, carried);
  bind(body.frame, body, expression.pattern);
  runBlock({ ...body.frame, emit: (_, at) => fail(say.emitUntil(at)) }, expression.body);
  const nexts = carried.flatMap((carry) => ids(body.context, carry.current, span));
  const bodyParams = carried.flatMap((carry) => carry.params.map((param) => param));
  const states = stateOf(body.context, outer);
  const cells = states.carried.map(({ cell }) => cell);
  // Both take the same captures: what only one reads is a param of the other, too.
  const capturesOf = (context: Context): Map<ValueId, ValueId> => {
    const found = new Map(context.captures);
    for (const [cell, versions] of context.versions) if (!cells.includes(cell) && context.kind !== "init") found.set(outer.read(cell), versions[0]);
    return found;
  };
  const [ofTest, ofBody] = [capturesOf(test.context), capturesOf(body.context)];
  const captured = [...new Set([...ofTest.keys(), ...ofBody.keys()])];
  const parameter = (context: Context, id: ValueId): ValueId => context.builder.parameter(outer.builder.typeOf(id));
  const counted = body.context.builder.parameter({ element: "i32", shape: [] });
  outer.builder.site = frame.session.site(span, frame);
  const starts = [...carried.flatMap((carry) => ids(outer, carry.initial, span)), ...cells.map((cell) => outer.read(cell)), outer.builder.zeros({ element: "i32", shape: [] })];
  const carries = [
    ...bodyParams.map((param, i) => ({ param, next: nexts[i] })),
    ...states.carried.map(({ param, next: last }) => ({ param, next: last })),
    { param: counted, next: body.context.builder.add(counted, body.context.builder.like(counted, 1)) },
  ];
  const node: OpenScanNode = {
    kind: "openScan", site: outer.builder.site, length: each.length, reversed: false, policy,
    early: {
      kind: "until", count: carries.length - 1,
      test: {
        builder: test.context.builder, index: test.index, result: conditionId,
        carries: [...testParams, ...cells.map((cell) => test.context.versions.get(cell)?.[0] ?? parameter(test.context, outer.read(cell))), test.context.builder.parameter({ element: "i32", shape: [] })],
        captures: captured.map((id) => ofTest.get(id) ?? parameter(test.context, id)),
      },
    },
    args: [...starts, ...captured], results: [],
    loop: { builder: body.context.builder, index: body.index, carries, inputs: [], captures: captured.map((id) => ofBody.get(id) ?? parameter(body.context, id)), emits: [] },
  };
  const results = place(outer, node, body.context);
  let at = 0;
  const last = carried.map((carry) => replaceLeaves(carry.initial, (leaf) => tensor(outer, results[at++], leaf.axes)));
  for (const cell of cells) outer.assign(cell, results[at++]);
  return together(last, undefined);
}
