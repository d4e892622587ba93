/**
 * `scan(checkpoint = ...)`: the turns in pieces. All pieces but a shorter last one are a loop over segments of a loop over
 * their turns: of the outer one the carries at the start of each segment are kept; the inner one is run again where its
 * derivative is taken (Chen et al. 2016, arXiv:1604.06174). A derivative comes to the shorter piece first: its turns are kept.
 *
 * A schedule with less kept (Griewank and Walther 2000, doi:10.1145/347837.347846) nests pieces of unequal lengths, and regions
 * cannot be shared: its code would grow with the length. Here the body stands once, or twice with a shorter piece.
 */
import { Builder } from "../ir/builder.ts";
import type { ValueId } from "../ir/graph.ts";
import type { LoopPolicy, OpenLoop, OpenScanNode } from "../ir/open-loop.ts";
import { sliceAxis } from "../ops/rules.ts";

/** Turns in each piece but the last, so that there are at most `checkpoint` pieces; "sqrt": about as many pieces as turns in one. */
export function pieceLength(length: number, checkpoint: number | "sqrt"): number {
  if (checkpoint !== "sqrt") return Math.ceil(length / checkpoint);
  const root = Math.ceil(Math.sqrt(length));
  // Pieces of one length need the body only once: a divisor near the root is better than the root.
  for (let turns = root; turns < 1.5 * root; turns++) if (length % turns === 0) return turns;
  return root;
}

export interface Segmented {
  /** Stand for the loop's results, in order. */
  readonly results: ValueId[];
  /** A value from outside that the body reads only later. */
  capture(outer: ValueId, param: ValueId): void;
}

/** A body that is run in several loops: its index is that of the loop's turn and the number of turns `before` the loop. */
interface Shared {
  readonly node: OpenScanNode;
  readonly turn: ValueId;
  readonly before: ValueId;
}

/** The loop in pieces of `turns` turns; `b` is the region around. */
export function inSegments(b: Builder, node: OpenScanNode, turns: number): Segmented {
  const { loop, length, reversed } = node;
  const inside = loop.builder;
  const turn = inside.parameter({ element: "i32", shape: [] });
  const before = inside.parameter({ element: "i32", shape: [] });
  inside.nodes.unshift({ kind: "op", op: "add", attributes: {}, args: [turn, before], results: [loop.index], site: node.site });
  const shared: Shared = { node, turn, before };
  const carries = loop.carries.length;
  const inputs = carries + loop.inputs.length;
  const rest = length % turns;
  // The shorter piece is the last to be run.
  const first = reversed ? rest : 0;
  const part = (args: readonly ValueId[], from: number, to: number): ValueId[] =>
    args.map((arg, i) => (i >= carries && i < inputs ? sliceAxis(b, arg, 0, from, to) : arg));
  const whole = segments(b, shared, part(node.args, first, first + length - rest), first, turns);
  if (rest === 0) return whole;
  const from = reversed ? 0 : length - rest;
  const begun = [...whole.results.slice(0, carries), ...node.args.slice(carries)];
  const last = piece(b, shared, part(begun, from, from + rest), b.constant({ element: "i32", shape: [] }, from), rest);
  return {
    results: last.results.map((result, i) => {
      if (i < carries) return result;
      return b.op("concat", reversed ? [result, whole.results[i]] : [whole.results[i], result], { axis: 0 });
    }),
    capture(value, param) {
      whole.capture(value, param);
      last.args.push(value);
      last.loop.captures.push(param);
    },
  };
}

/** A loop over segments; a turn's index begins at `first`. Args as those of the loop, inputs [segments * turns, ...]. */
function segments(b: Builder, shared: Shared, given: readonly ValueId[], first: number, turns: number): Segmented {
  const { site, length, reversed, loop } = shared.node;
  const count = Math.floor(length / turns);
  const body = new Builder();
  const index = body.parameter({ element: "i32", shape: [] });
  const carries = loop.carries.length;
  const isInput = (i: number): boolean => i >= carries && i < carries + loop.inputs.length;
  const args = given.map((arg, i) => (isInput(i) ? b.reshape(arg, [count, turns, ...b.typeOf(arg).shape.slice(1)]) : arg));
  const params = args.map((arg, i) => {
    const type = b.typeOf(arg);
    return body.parameter(isInput(i) ? { ...type, shape: type.shape.slice(1) } : type);
  });
  const number = (value: number): ValueId => body.constant({ element: "i32", shape: [] }, value);
  const before = body.op("mul", [index, number(turns)], {});
  const inner = piece(body, shared, params, first === 0 ? before : body.add(before, number(first)), turns);
  const outer = open(b, {
    kind: "openScan", site, length: count, reversed, policy: {}, args, results: [],
    loop: {
      builder: body, index, carries: loop.carries.map((_, j) => ({ param: params[j], next: inner.results[j] })),
      inputs: params.slice(carries, carries + loop.inputs.length), captures: params.slice(carries + loop.inputs.length), emits: inner.results.slice(carries),
    },
  });
  const results = outer.results.map((result, i) => {
    if (i < carries) return result;
    return b.reshape(result, [count * turns, ...b.typeOf(result).shape.slice(2)]);
  });
  return {
    results,
    capture(value, param) {
      const between = body.parameter(b.typeOf(value));
      outer.args.push(value);
      outer.loop.captures.push(between);
      inner.args.push(between);
      inner.loop.captures.push(param);
    },
  };
}

/** A loop over the turns of one piece. Captures and emits are its own, the body's nodes are those of all pieces. */
function piece(b: Builder, { node, turn, before }: Shared, given: readonly ValueId[], start: ValueId, length: number): OpenScanNode {
  const policy: LoopPolicy = { ...node.policy, checkpoint: undefined, recompute: true };
  const loop: OpenLoop = {
    ...node.loop, index: turn, counted: node.loop.index, carries: node.loop.carries.map((carry) => ({ ...carry })),
    inputs: [...node.loop.inputs], captures: [...node.loop.captures, before], emits: [...node.loop.emits],
  };
  return open(b, { kind: "openScan", site: node.site, length, reversed: node.reversed, policy, args: [...given, start], results: [], loop });
}

/** Puts a loop into a region, with results as its body says. */
export function open(b: Builder, node: OpenScanNode): OpenScanNode {
  const { loop, length } = node;
  for (const { param } of loop.carries) node.results.push(b.openResult(loop.builder.typeOf(param)));
  for (const emit of loop.emits) {
    const type = loop.builder.typeOf(emit);
    node.results.push(b.openResult({ ...type, shape: [length, ...type.shape] }));
  }
  b.open(node);
  return node;
}
