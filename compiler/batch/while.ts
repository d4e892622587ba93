/**
 * A while loop over a batch. Where all elements stop together it is the same loop, mapped. Else it runs until all are
 * done; see Note [Frozen elements].
 */
import { Builder } from "../ir/builder.ts";
import type { Region, TensorType, ValueId, WhileNode } from "../ir/graph.ts";
import { batchedCarries, batchedResults } from "./depends.ts";
import { allOf, batchRegion } from "./nodes.ts";
import type { BatchOptions, Mapped } from "./nodes.ts";
import { batchedType, swapLeading } from "./scan.ts";

const index: TensorType = { element: "i32", shape: [] };

export function batchWhile(b: Builder, node: WhileNode, args: readonly Mapped[], size: number, options: BatchOptions): readonly Mapped[] {
  const batched = args.map((arg) => arg.batched);
  const carries = batchedCarries(node, batched);
  const captures = args.slice(node.carries);
  const starts = args.slice(0, node.carries).map((arg, i): Mapped => ({ id: carries[i] ? allOf(b, arg, size) : arg.id, batched: carries[i] }));
  const apart = batchedResults(node.until, [false, ...carries, ...batched.slice(node.carries)])[0];
  if (apart) return runUntilAll(b, node, starts, captures, size, options);
  let emitted: readonly Mapped[] = [];
  const map = (region: Region, isBody: boolean): Region => {
    const inner = new Builder();
    inner.site = node.site;
    const params = [{ id: inner.parameter(index), batched: false }, ...parametersLike(b, inner, [...starts, ...captures])];
    const results = batchRegion(inner, region, params, size, options);
    if (isBody) emitted = results.slice(node.carries);
    return inner.region(results.map((result, i) => (isBody && carries[i] ? allOf(inner, result, size) : result.id)));
  };
  const given = [...starts, ...captures].map(({ id }) => id);
  const results = b.while(given, { ...node, until: map(node.until, false), body: map(node.body, true) });
  return results.map((id, i) => (i < node.carries ? { id, batched: carries[i] } : stacked(b, id, emitted[i - node.carries]?.batched ?? false)));
}

/**
 * Note [Frozen elements]. Two carries are added, the turns taken and whether an element is done; whoever is done keeps
 * its carries. An element's own condition is tested once a turn, after it, for the next index; since a finished element
 * never wakes up, the index of those that run is that of the loop. Its turns go on with the start's carries, whose
 * results are not taken: no cotangent of them may be NaN (0 times infinity) because the last carries are a singular point.
 */
function runUntilAll(b: Builder, node: WhileNode, starts: readonly Mapped[], captures: readonly Mapped[], size: number, options: BatchOptions): readonly Mapped[] {
  const all = (element: "i32" | "bool"): TensorType => ({ element, shape: [size] });
  const isDone = (at: Builder, turn: ValueId, carries: readonly Mapped[], rest: readonly Mapped[]): ValueId =>
    allOf(at, batchRegion(at, node.until, [{ id: turn, batched: false }, ...carries, ...rest], size, options)[0], size);

  const count = starts.length;
  const inner = new Builder();
  inner.site = node.site;
  const turn = inner.parameter(index);
  const carries = parametersLike(b, inner, starts);
  const turns = inner.parameter(all("i32"));
  const done = inner.parameter(all("bool"));
  const innerCaptures = parametersLike(b, inner, captures);
  const innerStarts = parametersLike(b, inner, starts);
  const choose = (whenDone: ValueId, otherwise: ValueId): ValueId => {
    const { shape } = inner.typeOf(otherwise);
    return inner.select(inner.broadcast(done, shape, [0]), whenDone, otherwise);
  };
  const tried = carries.map(({ id }, i): Mapped => ({ id: choose(innerStarts[i].id, id), batched: true }));
  const results = batchRegion(inner, node.body, [{ id: turn, batched: false }, ...tried, ...innerCaptures], size, options);
  const emits = results.slice(count);
  const next = results.slice(0, count).map((result, i): Mapped => ({ id: choose(carries[i].id, allOf(inner, result, size)), batched: true }));
  const taken = inner.add(turns, choose(inner.like(turns, 0), inner.like(turns, 1)));
  const stops = isDone(inner, inner.add(turn, inner.like(turn, 1)), next, innerCaptures);
  const body = inner.region([...next.map(({ id }) => id), taken, inner.op("bit_or", [done, stops], {}), ...emits.map(({ id }) => id)]);

  const test = new Builder();
  test.site = node.site;
  const params = body.params.map((param) => test.parameter(body.types[param]));
  const until = test.region([test.op("reduce_min", [params[count + 2]], { axes: [0] })]);

  const doneAtStart = isDone(b, b.constant(index, 0), starts, captures);
  const given = [...starts.map(({ id }) => id), b.zeros(all("i32")), doneAtStart, ...[...captures, ...starts].map(({ id }) => id)];
  const last = b.while(given, { max: node.max, carries: count + 2, until, body });
  return [
    ...last.slice(0, count).map((id) => ({ id, batched: true })),
    ...emits.map(({ batched }, i) => stacked(b, last[count + 2 + i], batched)),
    { id: last[count], batched: true },
  ];
}

/** The loop's axis of an emit comes first in the loop, second outside. */
const stacked = (b: Builder, id: ValueId, batched: boolean): Mapped => ({ id: batched ? swapLeading(b, id) : id, batched });

/** Params of `inner` with the types of values of `b`. */
const parametersLike = (b: Builder, inner: Builder, values: readonly Mapped[]): Mapped[] =>
  values.map(({ id, batched }) => ({ id: inner.parameter(b.typeOf(id)), batched }));
