/**
 * `scan(checkpoint = ...)`: a loop over segments of a loop over their turns. Of the outer one the carries at the start of
 * each segment are kept; the inner one is run again where its derivative is taken (Chen et al. 2016, arXiv:1604.06174).
 */
import { Builder } from "../ir/builder.ts";
import type { ValueId } from "../ir/graph.ts";
import type { OpenScanNode } from "../ir/open-loop.ts";

/** Turns per segment: the divisor of the length nearest to its root, or to length / count; 1 for none. */
export function segmentLength(length: number, checkpoint: number | "sqrt"): number {
  const wanted = checkpoint === "sqrt" ? Math.sqrt(length) : length / checkpoint;
  const divisors: number[] = [];
  for (let n = 1; n * n <= length; n++) if (length % n === 0) divisors.push(n, length / n);
  divisors.sort((a, b) => a - b);
  return divisors.reduce((best, n) => (Math.abs(Math.log(n / wanted)) < Math.abs(Math.log(best / wanted)) ? n : best), 1);
}

export interface Segmented {
  /** Stand for the loop's results, in order. */
  readonly results: ValueId[];
  /** A value from outside that the body reads only later. */
  capture(outer: ValueId, param: ValueId): void;
}

/** The loop in segments; `b` is the region around. */
export function inSegments(b: Builder, node: OpenScanNode, turns: number): Segmented {
  const { loop, length } = node;
  const segments = length / turns;
  const body = new Builder();
  const index = body.parameter({ element: "i32", shape: [] });
  const carries = loop.carries.length;
  const cut = (outer: ValueId): ValueId => {
    const { shape } = b.typeOf(outer);
    return b.reshape(outer, [segments, turns, ...shape.slice(1)]);
  };
  const args = node.args.map((arg, i) => (i >= carries && i < carries + loop.inputs.length ? cut(arg) : arg));
  const params = args.map((arg, i) => {
    const type = b.typeOf(arg);
    return body.parameter(i >= carries && i < carries + loop.inputs.length ? { ...type, shape: type.shape.slice(1) } : type);
  });
  // A turn's index counts through all segments: the inner body gets the number of turns before.
  const start = body.op("mul", [index, body.constant({ element: "i32", shape: [] }, turns)], {});
  const inside = loop.builder;
  const turn = inside.parameter({ element: "i32", shape: [] });
  const before = inside.parameter({ element: "i32", shape: [] });
  inside.nodes.unshift({ kind: "op", op: "add", attributes: {}, args: [turn, before], results: [loop.index], site: node.site });
  const inner: OpenScanNode = {
    kind: "openScan", site: node.site, length: turns, reversed: node.reversed, policy: { ...node.policy, checkpoint: undefined, recompute: true },
    args: [...params, start], results: [],
    loop: { builder: inside, index: turn, carries: loop.carries, inputs: loop.inputs, captures: [...loop.captures, before], emits: loop.emits },
  };
  inner.results.push(
    ...loop.carries.map(({ param }) => body.openResult(inside.typeOf(param))),
    ...loop.emits.map((emit) => {
      const type = inside.typeOf(emit);
      return body.openResult({ ...type, shape: [turns, ...type.shape] });
    }),
  );
  body.open(inner);
  const outer: OpenScanNode = {
    kind: "openScan", site: node.site, length: segments, reversed: node.reversed, policy: {}, args, results: [],
    loop: {
      builder: body, index, carries: loop.carries.map((_, j) => ({ param: params[j], next: inner.results[j] })),
      inputs: params.slice(carries, carries + loop.inputs.length), captures: params.slice(carries + loop.inputs.length), emits: inner.results.slice(carries),
    },
  };
  outer.results.push(
    ...loop.carries.map(({ param }) => b.openResult(inside.typeOf(param))),
    ...loop.emits.map((emit) => {
      const type = inside.typeOf(emit);
      return b.openResult({ ...type, shape: [segments, turns, ...type.shape] });
    }),
  );
  b.open(outer);
  const results = outer.results.map((result, i) => {
    if (i < carries) return result;
    const { shape } = b.typeOf(result);
    return b.reshape(result, [length, ...shape.slice(2)]);
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
