/** scatter of many updates, which are sorted first: WGSL against the updates one after the other, in every bit. */
import { describe, expect, test } from "vitest";
import { Builder } from "../../../compiler/ir/builder.ts";
import { tensor, type Tensor } from "../../../compiler/reference/index.ts";
import { difference } from "../../schedule/run.ts";
import { Random } from "../../ops/random.ts";
import { runRegion } from "./run.ts";
import { adapter } from "./watched.ts";

interface Case {
  readonly what: string;
  readonly element: "f32" | "i32";
  readonly batch: readonly number[];
  readonly places: number;
  readonly updates: readonly number[];
  readonly run: readonly number[];
  /** The indices lie in low .. high. */
  readonly indices: readonly [low: number, high: number];
}

const cases: readonly Case[] = [
  { what: "rows of a table", element: "f32", batch: [], places: 40, updates: [2100], run: [70], indices: [0, 40] },
  { what: "numbers, some of which go nowhere", element: "i32", batch: [], places: 33, updates: [25, 30], run: [], indices: [-5, 40] },
  { what: "all at one place", element: "f32", batch: [], places: 3, updates: [513], run: [2], indices: [1, 2] },
  { what: "in groups, many places empty", element: "i32", batch: [3], places: 2000, updates: [512], run: [2], indices: [0, 2000] },
  { what: "nowhere", element: "f32", batch: [], places: 4, updates: [512], run: [], indices: [4, 9] },
  { what: "into nothing", element: "f32", batch: [], places: 0, updates: [512], run: [3], indices: [0, 3] },
];

function drawn({ element, batch, places, updates, run, indices: [low, high] }: Case, r: Random): readonly Tensor[] {
  const make = (type: "f32" | "i32", shape: readonly number[], number: () => number): Tensor =>
    tensor({ element: type, shape }, Array.from({ length: shape.reduce((a, b) => a * b, 1) }, number));
  const value = (): number => (element === "f32" ? Math.fround(r.uniform(-1, 1)) : r.integer(-99, 99));
  return [make(element, [...batch, places, ...run], value), make("i32", [...batch, ...updates, 1], () => r.integer(low, high - 1)), make(element, [...batch, ...updates, ...run], value)];
}

const modes = { add: (old: number, update: number) => Math.fround(old + update), set: (_: number, update: number) => update, max: Math.max };

/** What is defined: the updates go on x in row-major order, those outside are dropped. */
function inOrder({ places, run }: Case, mode: keyof typeof modes, [x, indices, updates]: readonly Tensor[]): Tensor {
  const result = Float64Array.from(x.data);
  const width = run.reduce((a, b) => a * b, 1);
  const each = indices.data.length / (places === 0 ? 1 : x.data.length / (places * width));
  indices.data.forEach((place, update) => {
    for (let part = 0; part < width && place >= 0 && place < places; part++) {
      const to = (Math.floor(update / each) * places + place) * width + part;
      result[to] = modes[mode](result[to], updates.data[update * width + part]);
    }
  });
  return { type: x.type, data: result };
}

describe.skipIf(adapter === null)("scatter of many updates on WGSL", () => {
  const all = cases.flatMap((one) => (["add", "set", "max"] as const).map((mode) => [mode, one.what, one] as const));
  test.each(all)("%s, %s", async (mode, _, one) => {
    const args = drawn(one, new Random(3));
    const b = new Builder();
    const [x, indices, updates] = args.map(({ type }) => b.parameter(type));
    const region = b.region([b.op("scatter", [x, indices, updates], { batch: one.batch.length, mode })]);
    expect(difference([inOrder(one, mode, args)], await runRegion(region, args), 0)).toBeUndefined();
  });
});
