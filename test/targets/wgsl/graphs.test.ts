/** Whole graphs on WGSL: integers, truth values and random bits as the reference has them, floats within a band. */
import { describe, expect, test } from "vitest";
import { Builder } from "../../../compiler/ir/builder.ts";
import { evaluate, tensor } from "../../../compiler/reference/index.ts";
import { optimize } from "../../../compiler/optimize/index.ts";
import { schedule } from "../../../compiler/schedule/index.ts";
import { emitShaders, wgsl } from "../../../targets/wgsl/index.ts";
import { movementGraph } from "../../optimize/movement-graph.ts";
import { randomGraph, type RandomGraph } from "../../ops/random-graph.ts";
import { Random } from "../../ops/random.ts";
import { difference, graphOf } from "../../schedule/run.ts";
import { adapter } from "./watched.ts";
import { runRegion } from "./run.ts";

async function compare({ region, args }: RandomGraph, tolerance: number, shares = false): Promise<string | undefined> {
  return difference(evaluate(region, args, { round: "f32" }), await runRegion(region, args, shares), tolerance);
}

describe.skipIf(adapter === null)("random graphs on WGSL", () => {
  test("of continuous ops agree with the reference", async () => {
    for (let seed = 0; seed < 30; seed++) expect(await compare(randomGraph(seed, { nodes: 40, kind: "continuous" }), 1e-4), `seed ${seed}`).toBeUndefined();
  });

  test("of all ops agree with the reference", async () => {
    for (let seed = 0; seed < 30; seed++) expect.soft(await compare(randomGraph(seed, { nodes: 40 }), 1e-4), `seed ${seed}`).toBeUndefined();
  });

  test("of movement, integer sums and dots are the reference's in every bit", async () => {
    for (let seed = 0; seed < 30; seed++) expect(await compare(movementGraph(seed, "i32"), 0), `seed ${seed}`).toBeUndefined();
  });
});

/** max(x w + bias, 0), operands transposed by the bits of `layout`. */
function denseLayer(rows: number, depth: number, columns: number, layout: number): RandomGraph {
  const b = new Builder();
  const shapes = [layout & 1 ? [depth, rows] : [rows, depth], layout & 2 ? [columns, depth] : [depth, columns], [columns]];
  const types = shapes.map((shape) => ({ element: "f32" as const, shape }));
  const [x, w, bias] = types.map((type) => b.parameter(type));
  const product = b.op("dot", [x, w], { leftBatch: [], rightBatch: [], leftContract: [layout & 1 ? 0 : 1], rightContract: [layout & 2 ? 1 : 0] });
  const shifted = b.add(product, b.broadcast(bias, [rows, columns], [1]));
  return { region: b.region([b.op("max", [shifted, b.like(shifted, 0)], {})]), args: new Random(rows).tensors(types, { low: -1, high: 1 }) };
}

describe.skipIf(adapter === null)("on WGSL", () => {
  test.each([64, 100, 1024, 3000])("softmax and norms of rows of %i", async (length) => {
    const r = new Random(length);
    const type = { element: "f32", shape: [5, length] } as const;
    const b = new Builder();
    const x = b.parameter(type);
    const along = (row: number) => b.broadcast(row as never, type.shape, [0]); // a ValueId by construction
    const exponent = b.op("exp", [b.sub(x, along(b.op("reduce_max", [x], { axes: [1] })))], {});
    const softmax = b.div(exponent, along(b.sum(exponent, [1])));
    const centred = b.sub(x, along(b.div(b.sum(x, [1]), b.constant({ element: "f32", shape: [5] }, length))));
    const variance = b.sum(b.mul(centred, centred), [1]);
    const norm = b.div(centred, along(b.op("sqrt", [variance], {})));
    const columns = b.sum(b.mul(x, x), [0]);
    const total = b.sum(x, [0, 1]);
    const region = b.region([softmax, norm, variance, columns, total, b.op("argmax", [x], { axis: 1 })]);
    const args = r.tensors([type], { low: -2, high: 2 });
    expect(await compare({ region, args }, 1e-4)).toBeUndefined();
  });

  test.each([[1, 40, 7], [4, 4, 4], [5, 8, 12], [33, 17, 20], [64, 100, 64], [7, 64, 130], [70, 3, 9]])("products of %i x %i x %i in all layouts", async (rows, depth, columns) => {
    for (const layout of [0, 1, 2, 3]) expect(await compare(denseLayer(rows, depth, columns, layout), 1e-5), `layout ${layout}`).toBeUndefined();
  });

  // A driver on a processor takes seconds to compile each.
  test.each([[20, 258, 208, 0], [24, 256, 176, 1], [20, 258, 208, 1], [24, 256, 176, 2], [24, 256, 176, 3], [130, 300, 432, 0], [144, 300, 400, 1]])("products of %i x %i x %i, layout %i, in large tiles", async (rows, depth, columns, layout) => {
    expect(await compare(denseLayer(rows, depth, columns, layout), 1e-4)).toBeUndefined();
  });

  test.each([[64, 32, 64, 0], [68, 40, 100, 1], [70, 36, 68, 2]])("products of %i x %i x %i, layout %i, through workgroup memory", async (rows, depth, columns, layout) => {
    expect(await compare(denseLayer(rows, depth, columns, layout), 1e-5, true)).toBeUndefined();
  });

  test.each([[3, 256, 1], [2, 1001, 3], [1, 700, 2], [1, 9001, 2]])("running sums and maxima of %i x %i x %i along the middle", async (before, length, after) => {
    const b = new Builder();
    const [type, whole] = [{ element: "f32", shape: [before, length, after] }, { element: "i32", shape: [before, length, after] }] as const;
    const [x, n] = [b.parameter(type), b.parameter(whole)];
    const running = (op: "cumsum" | "cummax", of: typeof x, reversed: boolean) => b.op(op, [of], { axis: 1, reversed });
    const region = b.region([running("cumsum", x, false), running("cumsum", x, true), running("cummax", x, true), running("cumsum", n, false)]);
    expect(await compare({ region, args: new Random(length).tensors([type, whole], { low: -1, high: 1 }) }, 1e-4)).toBeUndefined();
  });

  test.each([[2, 511], [3, 512], [2, 700], [1, 3000]])("%i rows of %i are sorted, equal elements in their order", async (rows, length) => {
    for (const descending of [false, true]) {
      const b = new Builder();
      const types = (["f32", "i32"] as const).map((element) => ({ element, shape: [rows, length] }));
      const sorted = types.flatMap((type) => b.ops("sort", [b.parameter(type)], { descending }));
      const [x, n] = new Random(length).tensors(types, { low: -40, high: 40 });
      x.data.forEach((value, i) => { x.data[i] = i % 97 === 0 ? NaN : Math.round(value); });
      expect(await compare({ region: b.region(sorted), args: [x, n] }, 0), `descending: ${descending}`).toBeUndefined();
    }
  });

  test.each([0, 1, 2])("parts of many sizes, one of them empty, one made on the way, are joined along axis %i by one kernel", async (axis) => {
    const b = new Builder();
    const types = [3, 0, 1, 40, 7].map((size) => ({ element: "f32" as const, shape: [4, 5, 6].with(axis, size) }));
    const parts = types.map((type) => b.parameter(type));
    const joined = b.op("concat", [...parts, b.op("reverse", [parts[3]], { axes: [0, 2] })], { axis });
    const region = b.region([joined]);
    expect(emitShaders(schedule(optimize(graphOf(region)), wgsl.machine)).shaders.length).toBe(1);
    expect(await compare({ region, args: new Random(axis).tensors(types, { low: -1, high: 1 }) }, 0)).toBeUndefined();
  });

  test("random bits are those of the reference", async () => {
    const b = new Builder();
    const key = b.parameter({ element: "u32", shape: [2] });
    const folded = b.op("random_fold", [key, b.constant({ element: "u32", shape: [] }, 7)], {});
    const region = b.region([b.op("random_bits", [folded], { shape: [1001] }), folded]);
    expect(await compare({ region, args: [tensor({ element: "u32", shape: [2] }, [0xdeadbeef, 3])] }, 0)).toBeUndefined();
  });
});
