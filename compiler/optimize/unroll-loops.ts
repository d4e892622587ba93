/**
 * Writes several turns of a scan out in one, where the program asks for it; what is left of the turns is a loop of its own.
 *
 *     %2, %3 = scan %0 %1 {length=5 carries=1 inputs=1 unroll=2}        %2 = slice %1 [0:4], reshape to [2, 2, ...]
 *       body (%0, %1: f32[3], %2: f32[3]) -> (%3, %3)              ->   %3, %4 = scan %0 %2 {length=2 carries=1 inputs=1}
 *         %3 = mul %1 %2                                                  body (%0, %1: f32[3], %2: f32[2, 3]) -> (%6, %7)
 *                                                                           %4 = mul %1 %2[0], %6 = mul %4 %2[1], %7 = concat
 *                                                                       %5 = slice %1 [4:5]
 *                                                                       %6, %7 = scan %3 %5 {length=1 carries=1 inputs=1}
 *
 * Should run after what improves bodies: it copies them. Turns are written out as long as a body has at most `most` nodes.
 */
import type { Builder } from "../ir/builder.ts";
import type { Node, Region, ScanNode, ValueId } from "../ir/graph.ts";
import { Copier, nameOf, partsOf } from "./bodies.ts";
import type { Pass } from "./pass.ts";

const most = 20_000;

const asked = (node: Node): node is ScanNode => node.kind === "scan" && node.unroll > 1;

export const unrollLoops: Pass = {
  name: "unroll-loops",
  doc: "Writes as many turns of a loop out in one as the program asks for.",
  keeps: "exact",
  run(region) {
    if (!region.nodes.some(asked)) return region;
    const b = new Copier();
    const names = new Map(region.params.map((param) => [param, b.parameter(region.types[param])] as const));
    for (const node of region.nodes) {
      b.site = node.site;
      const results = asked(node) ? unrolled(b, node, node.args.map((arg) => nameOf(names, arg))) : b.copy(node, region.types, names);
      node.results.forEach((result, i) => names.set(result, results[i]));
    }
    return b.region(region.results.map((result) => nameOf(names, result)));
  },
};

/** x[from:to] along the first axis. */
function rows(b: Builder, x: ValueId, from: number, to: number): ValueId {
  const { shape } = b.typeOf(x);
  return from === 0 && to === shape[0] ? x : b.op("slice", [x], { start: shape.map((_, axis) => (axis === 0 ? from : 0)), limit: shape.map((size, axis) => (axis === 0 ? to : size)), step: shape.map(() => 1) });
}

function unrolled(b: Copier, node: ScanNode, args: readonly ValueId[]): readonly ValueId[] {
  const { length, reversed, carries, inputs } = node;
  const turns = Math.max(1, Math.min(node.unroll, length, Math.floor(most / Math.max(1, node.body.nodes.length))));
  const whole = length - (length % turns);
  const captures = args.slice(carries + inputs);
  const part = (start: readonly ValueId[], from: number, to: number, perTurn: number): readonly ValueId[] => {
    const count = (to - from) / perTurn;
    const given = args.slice(carries, carries + inputs).map((input) => {
      const cut = rows(b, input, from, to);
      return perTurn === 1 ? cut : b.reshape(cut, [count, perTurn, ...b.typeOf(input).shape.slice(1)]);
    });
    const results = b.scan([...start, ...given, ...captures], { length: count, reversed, carries, inputs, unroll: 1, body: bodyOf(node, from, perTurn) });
    return results.map((result, i) => (i < carries || perTurn === 1 ? result : b.reshape(result, [to - from, ...b.typeOf(result).shape.slice(2)])));
  };
  const parts = [[0, whole, turns], [whole, length, 1]].filter(([from, to]) => from < to);
  let current = args.slice(0, carries);
  const done = (reversed ? parts.toReversed() : parts).map(([from, to, perTurn]) => {
    const results = part(current, from, to, perTurn);
    current = results.slice(0, carries);
    return results.slice(carries);
  });
  const inOrder = reversed ? done.toReversed() : done;
  const stacks = node.results.slice(carries).map((_, i) => (inOrder.length === 1 ? inOrder[0][i] : b.op("concat", inOrder.map((stack) => stack[i]), { axis: 0 })));
  return [...current, ...stacks];
}

/** `turns` turns in one; the first index of all is `first`. */
function bodyOf(node: ScanNode, first: number, turns: number): Region {
  const { body, reversed } = node;
  const { carryParams, inputParams, captureParams, emits } = partsOf(node);
  const b = new Copier();
  b.site = node.site;
  const like = (param: ValueId): ValueId => b.parameter(body.types[param]);
  const index = like(body.params[0]);
  let carried = carryParams.map(like);
  const blocks = inputParams.map((param) => (turns === 1 ? like(param) : b.parameter({ ...body.types[param], shape: [turns, ...body.types[param].shape] })));
  const captured = captureParams.map(like);
  const made: ValueId[][] = emits.map(() => []);
  for (let turn = 0; turn < turns; turn++) {
    const at = reversed ? turns - 1 - turn : turn;
    const slices = blocks.map((block, i) => (turns === 1 ? block : b.reshape(rows(b, block, at, at + 1), body.types[inputParams[i]].shape)));
    const turnIndex = b.add(b.mul(index, b.like(index, turns)), b.like(index, first + at));
    const given = [turnIndex, ...carried, ...slices, ...captured];
    const results = b.inline(body, new Map(body.params.map((param, i) => [param, given[i]])));
    carried = results.slice(0, carryParams.length);
    results.slice(carryParams.length).forEach((emit, i) => { made[i][at] = emit; });
  }
  const stacks = made.map((values) => (turns === 1 ? values[0] : b.op("concat", values.map((value) => b.reshape(value, [1, ...b.typeOf(value).shape])), { axis: 0 })));
  return b.region([...carried, ...stacks]);
}
