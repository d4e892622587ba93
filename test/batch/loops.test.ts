import { describe, expect, test } from "vitest";
import { BatchMap, batchValues } from "../../compiler/batch/index.ts";
import { pull, push } from "../../compiler/differentiate/index.ts";
import { finish } from "../../compiler/elaborate/finish.ts";
import { Builder } from "../../compiler/ir/builder.ts";
import type { Region, TensorType, ValueId } from "../../compiler/ir/graph.ts";
import type { OpenLoop } from "../../compiler/ir/open-loop.ts";
import { verify } from "../../compiler/ir/verify.ts";
import { evaluate } from "../../compiler/reference/index.ts";
import type { Tensor } from "../../compiler/reference/index.ts";
import { type } from "../ops/cases.ts";
import { Random } from "../ops/random.ts";
import { batchedRegion, checkBatch, element, expectClose, patterns, stack } from "./check.ts";

const size = 3;
const samples = { low: -1, high: 1 };
const counter = type("i32");

function regionOf(types: readonly TensorType[], build: (b: Builder, x: readonly ValueId[]) => readonly ValueId[]): Region {
  const b = new Builder();
  return b.region(build(b, types.map((each) => b.parameter(each))));
}

/** The region for every choice of batched args. */
function checkPatterns(region: Region, draw: (r: Random) => readonly Tensor[], what: string, tolerance = 1e-12): void {
  const r = new Random(5);
  const elements = Array.from({ length: size }, () => draw(r));
  for (const pattern of patterns(region.params.length)) {
    checkBatch(region, pattern.map((batched, i) => (batched ? elements.map((each) => each[i]) : elements[0][i])), size, tolerance, `${what} ${JSON.stringify(pattern)}`);
  }
}
const drawn = (region: Region) => (r: Random): Tensor[] => r.tensors(region.params.map((param) => region.types[param]), samples);

/** (h: f32[2], n: i32[], xs: f32[4, 2], w: f32[2]) -> last h, last n, stacked h * w, stacked index. */
const recurrence = (reversed: boolean): Region => regionOf([type("f32", 2), counter, type("f32", 4, 2), type("f32", 2)], (b, args) => {
  const body = regionOf([counter, type("f32", 2), counter, type("f32", 2), type("f32", 2)], (inner, [index, h, n, x, w]) => {
    const next = inner.op("tanh", [inner.add(inner.mul(h, w), inner.mul(x, inner.broadcast(inner.cast(index, "f32"), [2], [])))], {});
    return [next, inner.add(n, index), inner.mul(h, w), index];
  });
  return b.scan(args, { length: 4, reversed, carries: 2, inputs: 1, unroll: 1, body });
});

describe("scan", () => {
  test.each([false, true])("reversed: %s", (reversed) => {
    const region = recurrence(reversed);
    checkPatterns(region, drawn(region), "scan");
  });
  test("what no batched value reaches stays single", () => {
    const { batched, region } = batchedRegion(recurrence(false), [false, false, false, true], size);
    expect(batched).toEqual([true, false, true, false]);
    expect(region.types[region.results[3]]).toEqual(type("i32", 4));
  });
  test("a carry is batched because of another one, some turns later", () => {
    const region = regionOf([counter, counter, counter, counter], (b, args) => {
      const body = regionOf([counter, ...args.map(() => counter)], (inner, [, first, second, third, x]) => [second, third, inner.add(third, x)]);
      return b.scan(args, { length: 5, reversed: false, carries: 3, inputs: 0, unroll: 1, body });
    });
    checkPatterns(region, drawn(region), "chain");
    expect(batchedRegion(region, [false, false, false, true], size).batched).toEqual([true, true, true]);
    expect(batchedRegion(region, [true, false, false, false], size).batched).toEqual([true, false, false]);
  });
  test("loops in loops, and batches of batches", () => {
    const inside = recurrence(true);
    const region = regionOf([type("f32", 2), type("f32", 3, 4, 2), type("f32", 2)], (b, args) => {
      const body = regionOf([counter, type("f32", 2), type("f32", 4, 2), type("f32", 2)], (inner, [index, h, xs, w]) => {
        const [last, , stacked] = inner.scan([h, index, xs, w], { length: 4, reversed: true, carries: 2, inputs: 1, unroll: 1, body: bodyOf(inside) });
        return [last, stacked];
      });
      return b.scan(args, { length: 3, reversed: false, carries: 1, inputs: 1, unroll: 1, body });
    });
    checkPatterns(region, drawn(region), "nested");
    const once = batchedRegion(region, [true, false, true], 2).region;
    checkPatterns(once, drawn(once), "twice");
  });
});

function bodyOf(region: Region): Region {
  const [node] = region.nodes;
  if (node.kind !== "scan") throw new Error("no scan");
  return node.body;
}

/** (x: f32[], y: f32[2], limit: f32[], step: f32[]) -> x, y, turns: x grows by steps until it passes the limit, y follows. */
const climb = regionOf([type("f32"), type("f32", 2), type("f32"), type("f32")], (b, args) => {
  const state = [counter, type("f32"), type("f32", 2), type("f32"), type("f32")];
  const until = regionOf(state, (inner, [, x, , limit]) => [inner.op("gt", [x, limit], {})]);
  const body = regionOf(state, (inner, [index, x, y, , step]) => [
    inner.add(x, step), inner.add(inner.mul(y, inner.like(y, 0.5)), inner.broadcast(inner.mul(x, inner.cast(index, "f32")), [2], [])),
  ]);
  return b.while(args, { max: 6, carries: 2, until, body });
});

describe("while", () => {
  const drawClimb = (r: Random): Tensor[] => {
    const [x, y] = r.tensors([type("f32"), type("f32", 2)], samples);
    return [x, y, { type: type("f32"), data: Float64Array.of(r.uniform(-2, 4)) }, { type: type("f32"), data: Float64Array.of(r.uniform(0.2, 1)) }];
  };
  test("each element stops when it would alone", () => {
    for (let seed = 0; seed < 20; seed++) {
      const elements = Array.from({ length: 8 }, (_, i) => drawClimb(new Random(seed * 8 + i)));
      checkBatch(climb, climb.params.map((_, i) => elements.map((each) => each[i])), 8, 0, `seed ${seed}`);
    }
    checkPatterns(climb, drawClimb, "climb", 0);
  });
  test("a shared condition keeps its loop", () => {
    const { region, batched } = batchedRegion(climb, [false, true, false, false], size);
    expect(batched).toEqual([false, true, false]);
    expect(region.nodes.map(({ kind }) => kind)).toEqual(["while"]);
  });
  test("a finished element does not wake up where its condition turns false again", () => {
    const region = regionOf([counter, counter], (b, args) => {
      const until = regionOf([counter, counter, counter], (inner, [index, , at]) => [inner.op("eq", [index, at], {})]);
      const body = regionOf([counter, counter, counter], (inner, [, n]) => [inner.add(n, inner.like(n, 1))]);
      return b.while(args, { max: 5, carries: 1, until, body });
    });
    const ints = (values: readonly number[]): Tensor[] => values.map((value) => ({ type: counter, data: Float64Array.of(value) }));
    checkBatch(region, [ints([0, 10, 20, 30]), ints([0, 2, 4, 9])], 4, 0, "index");
    checkBatch(region, [ints([7])[0], ints([0, 2, 4, 9])], 4, 0, "index");
  });
  test("batches of batches", () => {
    const once = batchedRegion(climb, [true, false, true, false], 2).region;
    checkPatterns(once, drawn(once), "twice", 0);
  });
});

/** h <- tanh(h * w + x), which emits h * h: a loop in the making, as a request finds it. */
function openRecurrence(b: Builder, [h, xs, w]: readonly ValueId[]): readonly ValueId[] {
  const builder = new Builder();
  const index = builder.parameter(counter);
  const [hIn, x, wIn] = [h, xs, w].map((_, i) => builder.parameter(i === 1 ? type("f32", 2) : b.typeOf([h, xs, w][i])));
  const next = builder.op("tanh", [builder.add(builder.mul(hIn, wIn), x)], {});
  const loop: OpenLoop = { builder, index, carries: [{ param: hIn, next }], inputs: [x], captures: [wIn], emits: [builder.mul(next, next)] };
  const results = [b.openResult(type("f32", 2)), b.openResult(type("f32", 4, 2))];
  b.open({ kind: "openScan", args: [h, xs, w], results, site: b.site, length: 4, reversed: false, policy: {}, loop });
  return results;
}

describe("a loop in the making", () => {
  const types = [type("f32", 2), type("f32", 4, 2), type("f32", 2)];
  type Answer = (b: Builder, y: readonly ValueId[], x: readonly ValueId[]) => readonly (ValueId | null)[];
  const there = (ids: readonly (ValueId | null)[]): ValueId[] => ids.filter((id) => id !== null);
  const gradients: Answer = (b, y, x) => pull(b, y, x, y.map((value) => b.op("sin", [value], {})));
  const answers: Record<string, Answer> = {
    values: (_, y) => y,
    cotangents: gradients,
    tangents: (b, y, x) => push(b, y, x, x.map((value) => b.op("cos", [value], {}))),
    "second cotangents": (b, y, x) => {
      const first = there(gradients(b, y, x));
      return pull(b, first, x, first.map((value) => b.op("sin", [value], {})));
    },
  };
  const closed = (b: Builder, x: readonly ValueId[], results: readonly ValueId[]): Region => {
    const { region } = finish(b, x, results, "reachable");
    verify(region);
    return region;
  };
  const wantedOf = (answer: Answer): Region => {
    const b = new Builder();
    const x = types.map((each) => b.parameter(each));
    return closed(b, x, there(answer(b, openRecurrence(b, x), x)));
  };
  const args = Array.from({ length: size }, (_, i) => new Random(40 + i).tensors(types, samples));
  const expectElements = (actual: Region, each: Region): void => {
    const results = evaluate(actual, types.map((_, k) => stack(args.map((arg) => arg[k]))));
    for (let i = 0; i < size; i++) evaluate(each, args[i]).forEach((value, k) => expectClose(element(results[k], i), value, 1e-12, `result ${k} of element ${i}`));
  };
  /** The loop on a batch in another builder, all its args batched. */
  const mappedLoop = () => {
    const source = new Builder();
    const x = types.map((each) => source.parameter(each));
    const y = openRecurrence(source, x);
    const b = new Builder();
    const outer = types.map((each) => b.parameter({ ...each, shape: [size, ...each.shape] }));
    const map = new BatchMap(x.map((value, i) => [value, { id: outer[i], batched: true }]));
    return { source, x, y, b, outer, map };
  };

  test.each(Object.entries(answers))("%s taken before it is mapped", (_, answer) => {
    const { source, x, y, b, outer, map } = mappedLoop();
    const wanted = there(answer(source, y, x));
    expectElements(closed(b, outer, batchValues(b, source, wanted, map, size).map(({ id }) => id)), wantedOf(answer));
  });
  test.each(Object.entries(answers))("%s taken after it is mapped", (_, answer) => {
    const { source, y, b, outer, map } = mappedLoop();
    const mapped = batchValues(b, source, y, map, size).map(({ id }) => id);
    expectElements(closed(b, outer, there(answer(b, mapped, outer))), wantedOf(answer));
  });
  test.each(Object.entries(answers))("%s taken where it was mapped already, then mapped too", (_, answer) => {
    const { source, x, y, b, outer, map } = mappedLoop();
    batchValues(b, source, y, map, size);
    const before = b.nodes.length;
    const wanted = there(answer(source, y, x));
    const results = batchValues(b, source, wanted, map, size).map(({ id }) => id);
    expect(b.nodes.slice(before).filter(({ kind }) => kind === "openScan").length).toBe(source.nodes.filter(({ kind }) => kind === "openScan").length - 1);
    expectElements(closed(b, outer, results), wantedOf(answer));
  });
});
