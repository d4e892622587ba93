/** Draws: pure functions of seed, call counter and place. */
import type { Span } from "../../../grammar/index.ts";
import { say } from "../../diagnostics/catalogue.ts";
import { invariant } from "../../diagnostics/diagnostic.ts";
import type { ValueId } from "../../ir/graph.ts";
import { elementCount } from "../../ir/graph.ts";
import { type Cell, type Context, type Frame, mix } from "../context.ts";
import { fail } from "../problem.ts";
import { asTensor, broadcastTo, elementwise, floatTensor, idOf, tensor } from "../tensors.ts";
import { creditTree, isTree, mapTree, parameterTree } from "../trees.ts";
import { type Axis, describe, number, ownShape, type TensorValue, type Value } from "../values.ts";
import { infix } from "../operators.ts";
import type { Arguments } from "./arguments.ts";
import type { Builtin } from "./index.ts";

/** Tags that keep the streams of draws apart. */
const tags = { init: 0x696e6974, build: 0x6275696c, keyed: 0x6b657964 };
export const randomState = "$random";

/** The hidden state [seed, calls]. */
function randomCell(context: Context, span: Span): Cell {
  const { session } = context;
  return session.cellsByPath.get(randomState) ?? session.addCell({
    path: randomState, type: { element: "u32", shape: [2] }, axes: [{}], role: "random", span,
    initial(init) {
      const { builder } = init;
      invariant(init.seed !== undefined, () => "an init region without a seed");
      return builder.op("concat", [builder.reshape(init.seed, [1]), builder.constant({ element: "u32", shape: [1] }, 0)], { axis: 0 });
    },
  });
}

function seedOf(context: Context, span: Span): ValueId {
  const { builder } = context;
  if (context.kind === "build") return builder.constant({ element: "u32", shape: [1] }, context.session.seed);
  if (context.kind === "init") {
    invariant(context.seed !== undefined, () => "an init region without a seed");
    return builder.reshape(context.seed, [1]);
  }
  const both = context.read(randomCell(context, span));
  return builder.op("slice", [both], { start: [0], limit: [1], step: [1] });
}

/** The base key of a stream in this context. */
function baseKey(context: Context, stream: "draws" | "keyed", span: Span): ValueId {
  const known = context.keys.get(stream);
  if (known !== undefined) return known;
  const { builder, parent, turn } = context;
  let key: ValueId;
  if (parent) {
    key = context.capture(baseKey(parent, stream, span));
    if (stream === "draws" && turn) {
      const place = builder.op("random_fold", [key, builder.constant({ element: "u32", shape: [] }, turn.place)], {});
      key = builder.op("random_fold", [place, builder.op("bitcast", [turn.index], { to: "u32" })], {});
    }
  } else if (stream === "draws" && (context.kind === "entry" || context.kind === "trial")) key = context.read(randomCell(context, span));
  else {
    const tag = stream === "keyed" ? tags.keyed : context.kind === "init" ? tags.init : tags.build;
    key = builder.op("concat", [seedOf(context, span), builder.constant({ element: "u32", shape: [1] }, tag)], { axis: 0 });
  }
  context.keys.set(stream, key);
  return key;
}

/** Called when an entry is finished: the counter moves on where the entry drew. */
export function countCall(context: Context, span: Span): void {
  const key = context.keys.get("draws");
  if (key === undefined) return;
  const { builder } = context;
  context.assign(randomCell(context, span), builder.add(key, builder.constant({ element: "u32", shape: [2] }, 0, 1)));
}

/** The key of one draw: by its place, or replayed from `key = k`. */
/** `key = k`, and where it stands. */
interface KeyArgument {
  readonly value: Value;
  readonly span: Span;
}
const keyOf = (args: Arguments): KeyArgument | undefined => (args.has("key") ? { value: args.value("key"), span: args.spanOf("key") } : undefined);

function drawKey(frame: Frame, key: KeyArgument | undefined, span: Span): ValueId {
  const { context } = frame;
  const { builder } = context;
  if (key) {
    const k = asTensor(context, key.value, key.span, "u32");
    if (!["u32", "i32"].includes(k.type.element) || ownShape(k).length > 0) fail(say.randomKey(key.span, describe(k)));
    const id = builder.op("bitcast", [idOf(context, k, span)], { to: "u32" });
    return builder.op("random_fold", [baseKey(context, "keyed", span), k.type.element === "u32" ? idOf(context, k, span) : id], {});
  }
  let place = mix(frame.counters.place, frame.counters.ordinal++);
  while (context.usedPlaces.has(place)) place = mix(place, 1);
  context.usedPlaces.add(place);
  return builder.op("random_fold", [baseKey(context, "draws", span), builder.constant({ element: "u32", shape: [] }, place)], {});
}

/** u32 bits -> f32 in [0, 1), or (0, 1] with `open`. */
function unit(frame: Frame, bits: ValueId, open: boolean): ValueId {
  const { builder } = frame.context;
  const shifted = builder.op("shift_right", [bits, builder.like(bits, 8)], {});
  const moved = open ? builder.add(shifted, builder.like(shifted, 1)) : shifted;
  const float = builder.cast(moved, "f32");
  return builder.mul(float, builder.like(float, 2 ** -24));
}

interface Wanted {
  readonly shape: readonly number[];
  readonly axes: readonly Axis[];
}

/** Shape given first, or taken from what is expected: `normal([B, 2])`, `param w: f32[In, Out] = normal(0, 0.1)`. */
function wantedShape(args: Arguments): Wanted {
  if (args.has("shape")) return args.shape("shape");
  if (args.expected?.kind === "tensor") return args.expected.known;
  return { shape: [], axes: [] };
}

function uniformUnit(frame: Frame, wanted: Wanted, key: KeyArgument | undefined, span: Span, open = false): TensorValue {
  const bits = frame.context.builder.op("random_bits", [drawKey(frame, key, span)], { shape: wanted.shape });
  return tensor(frame.context, unit(frame, bits, open), wanted.axes);
}

/** Box and Muller 1958: one normal draw from two uniform ones. */
function normalUnit(frame: Frame, wanted: Wanted, key: KeyArgument | undefined, span: Span): TensorValue {
  const { builder } = frame.context;
  const count = elementCount(wanted.shape);
  const bits = builder.op("random_bits", [drawKey(frame, key, span)], { shape: [2, count] });
  const half = (at: number): ValueId =>
    builder.reshape(builder.op("slice", [bits], { start: [at, 0], limit: [at + 1, count], step: [1, 1] }), wanted.shape);
  const u = unit(frame, half(0), true);
  const v = unit(frame, half(1), false);
  const log = builder.op("log", [u], {});
  const radius = builder.op("sqrt", [builder.mul(log, builder.like(log, -2))], {});
  const angle = builder.mul(v, builder.like(v, 2 * Math.PI));
  return tensor(frame.context, builder.mul(radius, builder.op("cos", [angle], {})), wanted.axes);
}

/** x * scale + shift, leaving out what changes nothing. */
function affine(args: Arguments, x: Value, scale: Value, shift: Value): Value {
  const site = { span: args.span };
  const scaled = scale.kind === "number" && scale.value === 1 ? x : infix(args.frame, "*", x, scale, site);
  return shift.kind === "number" && shift.value === 0 ? scaled : infix(args.frame, "+", scaled, shift, site);
}

const uniform: Builtin = {
  names: ["shape", "low", "high", "key"],
  shapeFirst: true,
  run(args) {
    const low = args.optional("low") ?? number(0);
    const high = args.optional("high") ?? number(1);
    const u = uniformUnit(args.frame, wantedShape(args), keyOf(args), args.span);
    return affine(args, u, infix(args.frame, "-", high, low, { span: args.span }), low);
  },
};

const normal: Builtin = {
  names: ["shape", "mean", "deviation", "key"],
  shapeFirst: true,
  run(args) {
    const z = normalUnit(args.frame, wantedShape(args), keyOf(args), args.span);
    return affine(args, z, args.optional("deviation") ?? number(1), args.optional("mean") ?? number(0));
  },
};

const normalLike: Builtin = {
  names: ["x", "key"],
  run(args) {
    const one = (leaf: Value): Value => {
      const like = asTensor(args.frame.context, creditTree(leaf), args.spanOf("x"));
      return normalUnit(args.frame, { shape: ownShape(like), axes: like.axes }, keyOf(args), args.span);
    };
    const x = args.value("x");
    return isTree(x) ? mapTree(parameterTree(x), one, args.span) : one(x);
  },
};

const bernoulli: Builtin = {
  names: ["p", "shape", "key"],
  run(args) {
    const { context } = args.frame;
    const p = floatTensor(context, args.value("p"), args.spanOf("p"), "bernoulli");
    const wanted: Wanted = args.has("shape") ? args.shape("shape") : ownShape(p).length > 0 ? { shape: ownShape(p), axes: p.axes } : wantedShape(args);
    const u = uniformUnit(args.frame, wanted, keyOf(args), args.span);
    return elementwise(context, "lt", [u, broadcastTo(context, p, wanted.shape, wanted.axes, args.span)], {}, args.span);
  },
};

const randomBits: Builtin = {
  names: ["shape", "key"],
  run(args) {
    const wanted = wantedShape(args);
    const id = args.frame.context.builder.op("random_bits", [drawKey(args.frame, keyOf(args), args.span)], { shape: wanted.shape });
    return tensor(args.frame.context, id, wanted.axes);
  },
};

/** A fresh key for `key = k`. */
const randomKey: Builtin = {
  names: [],
  run: (args) => tensor(args.frame.context, args.frame.context.builder.op("random_bits", [drawKey(args.frame, undefined, args.span)], { shape: [] })),
};

export const randomBuiltins: Readonly<Record<string, Builtin>> = {
  uniform, normal, normal_like: normalLike, bernoulli, random_bits: randomBits, random_key: randomKey,
};

