/** Products of windows, as convolutions make them: read in place, with the bits of a product of their copies. */
import { describe, expect, test } from "vitest";
import { Builder } from "../../compiler/ir/builder.ts";
import type { Region, ValueId } from "../../compiler/ir/graph.ts";
import { elementCount } from "../../compiler/ir/graph.ts";
import { evaluate } from "../../compiler/reference/index.ts";
import { js } from "../../targets/js/index.ts";
import { wasm } from "../../targets/wasm/index.ts";
import { Random } from "../ops/random.ts";
import { difference, programOf, runRegion } from "./run.ts";

interface Convolution {
  readonly x: readonly number[];
  readonly size: readonly number[];
  readonly stride?: number;
  readonly dilation?: number;
  readonly out: number;
}

const attributesOf = ({ x, size, stride = 1, dilation = 1 }: Convolution) => ({
  axes: size.map((_, i) => x.length - 1 - size.length + i), size, stride: size.map(() => stride), dilation: size.map(() => dilation),
});

/** Something computed has memory of its own. */
const inMemory = (b: Builder, windows: ValueId, copied: boolean): ValueId => (copied ? b.mul(windows, b.like(windows, 1)) : windows);

/** y[..., p..., o] = sum over k and c of x's windows [..., p..., k..., c] times w[k..., c, o]. */
function forward(of: Convolution, copied = false): Region {
  const b = new Builder();
  const { x, size, out } = of;
  const given = b.parameter({ element: "f32", shape: x });
  const w = b.parameter({ element: "f32", shape: [...size, x[x.length - 1], out] });
  const windows = inMemory(b, b.op("window", [given], attributesOf(of)), copied);
  const contract = [...size, 0].map((_, i) => x.length - 1 + i);
  return b.region([b.op("dot", [windows, w], { leftBatch: [], rightBatch: [], leftContract: contract, rightContract: contract.map((_, i) => i) })]);
}

/** The filters' credit: x's windows times ct over all places. */
function filters(of: Convolution, copied = false): Region {
  const b = new Builder();
  const { x, out } = of;
  const windows = inMemory(b, b.op("window", [b.parameter({ element: "f32", shape: x })], attributesOf(of)), copied);
  const places = b.typeOf(windows).shape.slice(0, x.length - 1);
  const ct = b.parameter({ element: "f32", shape: [...places, out] });
  const contract = places.map((_, i) => i);
  return b.region([b.op("dot", [windows, ct], { leftBatch: [], rightBatch: [], leftContract: contract, rightContract: contract })]);
}

const cases: readonly Convolution[] = [
  { x: [2, 9, 1], size: [3], out: 4 },
  { x: [3, 12, 5], size: [4], stride: 2, out: 7 },
  { x: [2, 8, 9, 1], size: [3, 3], out: 8 },
  { x: [2, 10, 7, 3], size: [3, 2], stride: 2, dilation: 2, out: 5 },
  { x: [1, 6, 6, 4], size: [5, 5], out: 1 },
  { x: [4, 16, 16, 8], size: [3, 3], out: 16 },
  { x: [3, 22, 22, 4], size: [3, 3], out: 33 },
  { x: [2, 9, 9, 24], size: [3, 3], out: 40 },
  { x: [5, 6, 5, 4, 3], size: [2, 3, 2], out: 6 },
  { x: [9, 9, 12], size: [2, 2], out: 130 },
];

async function check(build: (of: Convolution, copied?: boolean) => Region, of: Convolution): Promise<void> {
  const r = new Random(3);
  const region = build(of);
  const args = r.tensors(region.params.map((param) => region.types[param]), { low: -1, high: 1 });
  const actual = await runRegion(region, args, js);
  expect(difference(evaluate(region, args, { round: "f32" }), actual, 5e-5)).toBe(undefined);
  expect(difference(actual, await runRegion(build(of, true), args, js), 0)).toBe(undefined);
  expect(difference(actual, await runRegion(region, args, wasm), 0)).toBe(undefined);
  expect(difference(actual, await runRegion(region, args, js, 1), 0)).toBe(undefined);
}

describe.each(cases)("$x by $size to $out", (of) => {
  test("forward", () => check(forward, of));
  test("the filters' credit", () => check(filters, of));
});

test("no copy of the windows is in memory", () => {
  const of = { x: [4, 20, 20, 16], size: [3, 3], out: 24 };
  const forwards = programOf(forward(of));
  // x, w and y, and the filters once more, in panels
  const bytes = 4 * (elementCount(of.x) + 2 * 9 * 16 * 24 + 4 * 18 * 18 * 24);
  expect(forwards.peakBytes).toBeLessThanOrEqual(bytes);
  const backwards = programOf(filters(of));
  expect(backwards.peakBytes).toBeLessThanOrEqual(bytes + 4 * 1536 * 24);
});
