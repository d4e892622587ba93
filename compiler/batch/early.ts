/**
 * The end of a loop in the making that may end early, over a batch. Where all elements stop together it is mapped as it
 * is. Else the loop runs until the last is done, and who is done keeps its carries; see Note [Frozen elements] in
 * `while.ts`, which holds here too.
 */
import { Builder } from "../ir/builder.ts";
import type { TensorType, ValueId } from "../ir/graph.ts";
import type { Early, OpenScanNode } from "../ir/open-loop.ts";
import { allOf, BatchMap, batchValues, mappedIn } from "./nodes.ts";
import type { Mapped } from "./nodes.ts";

/** What the elements of a batch that stop at different turns add to the copy of a loop. */
export interface Apart {
  /** Whether an element takes part in a turn, bool[size]. */
  readonly awake: ValueId;
  /** Of the region around: turns of each element, i32[size], and of the loop, i32[]; for a loop of known turns. */
  readonly turns?: { readonly each: ValueId; readonly most: ValueId };
  /** The body is complete: its next carries are there. */
  finish(): void;
}

const scalar: TensorType = { element: "i32", shape: [] };

/** Gives the copy its end. `args`: what stands for the original's; `map`: for the values of its body. */
export function mapEarly(b: Builder, node: OpenScanNode, copy: OpenScanNode, map: BatchMap, args: readonly Mapped[], isApart: boolean, size: number): { early?: Early; apart?: Apart } {
  const { early, loop } = node;
  if (!early) return {};
  if (early.kind === "until") return isApart ? untilAll(b, node, early, copy, map, args, size) : { early: { ...early, test: sameTest(early, loop.carries.length, copy, size) } };
  if (!isApart) return { early: { kind: "turns", turns: mappedIn(map, early.turns).id } };
  const { builder, index } = copy.loop;
  const each = args[loop.carries.length + loop.inputs.length + loop.captures.indexOf(early.turns)].id;
  const most = b.op("reduce_max", [each], { axes: [0] });
  const turns = addCapture(copy, b, most);
  const awake = builder.op("lt", [builder.broadcast(index, [size], []), mappedIn(map, early.turns).id], {});
  return { early: { kind: "turns", turns }, apart: { awake, turns: { each, most }, finish: () => {} } };
}

type Until = Extract<Early, { kind: "until" }>;

function addCapture(copy: OpenScanNode, b: Builder, value: ValueId): ValueId {
  const param = copy.loop.builder.parameter(b.typeOf(value));
  copy.args.push(value);
  copy.loop.captures.push(param);
  return param;
}

/** The condition with its values in another builder. */
function tested(at: Builder, { test }: Until, index: ValueId, carries: readonly Mapped[], captures: readonly Mapped[], size: number): Mapped {
  const map = new BatchMap([
    [test.index, { id: index, batched: false }],
    ...test.carries.map((param, i): [ValueId, Mapped] => [param, carries[i]]),
    ...test.captures.map((param, i): [ValueId, Mapped] => [param, captures[i]]),
  ]);
  return batchValues(at, test.builder, [test.result], map, size)[0];
}

/** Params of a condition's own builder for what the copy's body has. */
function testParams(copy: OpenScanNode, count: number, captures: number): { builder: Builder; index: ValueId; carries: ValueId[]; captures: ValueId[] } {
  const builder = new Builder();
  const like = (value: ValueId): ValueId => builder.parameter(copy.loop.builder.typeOf(value));
  return { builder, index: builder.parameter(scalar), carries: copy.loop.carries.slice(0, count).map(({ param }) => like(param)), captures: copy.loop.captures.slice(0, captures).map(like) };
}

function sameTest(early: Until, carries: number, copy: OpenScanNode, size: number): Until["test"] {
  const params = testParams(copy, carries, early.test.captures.length);
  const batchedLike = (ids: readonly ValueId[], originals: readonly ValueId[]): Mapped[] =>
    ids.map((id, i) => ({ id, batched: params.builder.typeOf(id).shape.length > early.test.builder.typeOf(originals[i]).shape.length }));
  const { id } = tested(params.builder, early, params.index, batchedLike(params.carries, early.test.carries), batchedLike(params.captures, early.test.captures), size);
  return { ...params, result: id };
}

function untilAll(b: Builder, node: OpenScanNode, early: Until, copy: OpenScanNode, map: BatchMap, args: readonly Mapped[], size: number): { early: Early; apart: Apart } {
  const { carries, builder, index } = copy.loop;
  const count = node.loop.carries.length;
  const captures = node.loop.captures.slice(0, early.test.captures.length).map((capture) => mappedIn(map, capture));
  const starts = copy.args.slice(0, count);
  const all = (id: ValueId): Mapped => ({ id, batched: true });
  const given = args.slice(count + node.loop.inputs.length, count + node.loop.inputs.length + captures.length);
  const doneAtStart = allOf(b, tested(b, early, b.constant(scalar, 0), starts.map(all), given, size), size);
  const done = builder.parameter({ element: "bool", shape: [size] });
  const total = builder.parameter(scalar);
  // Who is done goes on from the start's carries, whose results are not taken.
  node.loop.carries.forEach(({ param }, i) => {
    const start = addCapture(copy, b, starts[i]);
    const type = builder.typeOf(start);
    map.set(param, all(builder.select(builder.broadcast(done, type.shape, [0]), start, carries[i].param)));
  });
  copy.args.splice(count, 0, doneAtStart, b.zeros(scalar));
  carries.push({ param: done, next: done }, { param: total, next: builder.add(total, builder.like(total, 1)) });
  const params = testParams(copy, count + 2, captures.length);
  const result = params.builder.op("reduce_min", [params.carries[count]], { axes: [0] });
  return {
    early: { kind: "until", count: count + 1, test: { ...params, result } },
    apart: {
      awake: builder.op("bit_not", [done], {}),
      finish() {
        const next = carries.slice(0, count).map((carry) => all(carry.next));
        const stops = allOf(builder, tested(builder, early, builder.add(index, builder.like(index, 1)), next, captures, size), size);
        carries[count].next = builder.op("bit_or", [done, stops], {});
      },
    },
  };
}

/** Each element's stack in the order of its own turns, where the loop began before some of them: x [size, length, ...]. */
export function inOwnOrder(b: Builder, x: ValueId, { each, most }: NonNullable<Apart["turns"]>): ValueId {
  const [size, length] = b.typeOf(x).shape;
  const late = b.sub(b.broadcast(most, [size], []), each);
  const at = b.add(b.broadcast(late, [size, length], [0]), b.op("iota", [], { shape: [size, length], axis: 1, element: "i32" }));
  const index = b.op("imod", [at, b.like(at, length)], {});
  return b.op("gather", [x, b.reshape(index, [size, length, 1])], { batch: 1 });
}
