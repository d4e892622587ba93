import { describe, expect, test } from "vitest";
import { Builder } from "../../compiler/ir/builder.ts";
import type { Element, ValueId } from "../../compiler/ir/graph.ts";
import { printRegion } from "../../compiler/ir/print.ts";
import type { OpName } from "../../compiler/ops/index.ts";
import { passes, runPasses } from "../../compiler/optimize/index.ts";
import { evaluate } from "../../compiler/reference/index.ts";
import { printKernels } from "../../compiler/schedule/index.ts";
import { js } from "../../targets/js/index.ts";
import { wasm } from "../../targets/wasm/index.ts";
import { Random } from "../ops/random.ts";
import { difference, programOf, runRegion } from "./run.ts";

type Build = (b: Builder, x: (element: Element, ...shape: readonly number[]) => ValueId) => readonly ValueId[];

/** Builds a region, runs it on both targets, raw and optimized. */
async function check(build: Build, tolerance = 1e-4): Promise<void> {
  const b = new Builder();
  const region = b.region(build(b, (element, ...shape) => b.parameter({ element, shape })));
  const args = new Random(7).tensors(region.params.map((param) => region.types[param]), { low: -3, high: 3 });
  for (const made of [region, runPasses(region, passes, { fastMath: false })]) {
    try {
      const first = await runRegion(made, args, js);
      expect(difference(evaluate(region, args, { round: "f32" }), first, tolerance)).toBe(undefined);
      expect(difference(first, await runRegion(made, args, wasm), 0)).toBe(undefined);
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.stack : String(error)}\n${printRegion(made)}\n${printKernels(programOf(made))}`, { cause: error });
    }
  }
}

const last = (b: Builder, x: ValueId): number => b.typeOf(x).shape.length - 1;

function along(b: Builder, op: "reduce_max" | "reduce_sum", x: ValueId): ValueId {
  const { shape } = b.typeOf(x);
  const axes = shape.slice(0, -1).map((_, axis) => axis);
  return b.broadcast(b.op(op, [x], { axes: [last(b, x)] }), shape, axes);
}

function softmax(b: Builder, x: ValueId): ValueId {
  const e = b.op("exp", [b.sub(x, along(b, "reduce_max", x))], {});
  return b.div(e, along(b, "reduce_sum", e));
}

const lengths = [1, 3, 4, 5, 8, 13, 16, 17, 31, 33, 67, 130];

describe("rows of every length", () => {
  test.each(lengths)("softmax over %i", (n) => check((b, x) => [softmax(b, x("f32", 3, n))]));
  test.each(lengths)("layer norm over %i", (n) => check((b, x) => {
    const rows = x("f32", 5, n);
    const scale = b.constant({ element: "f32", shape: [5, n] }, 1 / n);
    const centered = b.sub(rows, b.mul(along(b, "reduce_sum", rows), scale));
    const variance = b.mul(along(b, "reduce_sum", b.mul(centered, centered)), scale);
    const normal = b.div(centered, b.op("sqrt", [b.add(variance, b.like(variance, 1e-5))], {}));
    return [b.add(b.mul(normal, b.broadcast(x("f32", n), [5, n], [1])), b.broadcast(x("f32", n), [5, n], [1]))];
  }));
  test.each(lengths)("log softmax of %i classes, its pick and its gradient", (n) => check((b, x) => {
    const logits = x("f32", 6, n);
    const labels = b.op("min", [b.op("abs", [x("i32", 6)], {}), b.constant({ element: "i32", shape: [6] }, n - 1)], {});
    const centered = b.sub(logits, along(b, "reduce_max", logits));
    const p = b.sub(centered, b.op("log", [along(b, "reduce_sum", b.op("exp", [centered], {}))], {}));
    const index = b.reshape(labels, [6, 1]);
    const picked = b.op("gather", [p, index], { batch: 1 });
    const given = b.op("scatter", [b.zeros({ element: "f32", shape: [6, n] }), index, b.constant({ element: "f32", shape: [6] }, 1)], { batch: 1, mode: "add" });
    const gradient = b.sub(b.op("exp", [p], {}), given);
    return [b.sum(picked, [0]), b.sum(gradient, [0]), b.op("argmax", [logits], { axis: 1 })];
  }));
  test.each(lengths)("columns of %i: a bias gradient and its step, a mask and its use", (n) => check((b, x) => {
    const [value, credit, bias, rate] = [x("f32", 9, n), x("f32", 9, n), x("f32", n), x("f32")];
    const masked = b.select(b.op("gt", [value, b.like(value, 0)], {}), credit, b.like(credit, 0));
    const step = b.sub(bias, b.mul(b.broadcast(rate, [n], []), b.sum(masked, [0])));
    return [masked, step, b.op("reduce_max", [masked], { axes: [0] }), b.op("argmin", [masked], { axis: 0 })];
  }));
});

describe("every length", () => {
  test.each(lengths)("chains over %i of every element", (n) => check((b, x) => {
    const [f, i, u, t] = [x("f32", n), x("i32", n), x("u32", n), x("bool", n)];
    const unsigned = b.op("add", [b.op("shift_right", [u, b.like(u, 3)], {}), b.op("mul_high", [u, b.like(u, 0x9e3779b9)], {})], {});
    return [
      b.select(t, b.op("tanh", [f], {}), b.neg(f)), b.select(t, i, b.op("sign", [i], {})), unsigned,
      b.op("bit_xor", [t, b.op("lt", [i, b.like(i, 0)], {})], {}), b.cast(t, "f32"), b.cast(f, "bool"), b.op("idiv", [i, b.like(i, 3)], {}),
      b.cast(b.op("exp", [b.cast(f, "f64")], {}), "f32"),
    ];
  }));
  test.each(lengths)("reductions of all kinds over %i", (n) => check((b, x) => {
    const [f, i, t] = [x("f32", 2, n, 3), x("i32", n, 2), x("bool", n)];
    const reduce = (op: OpName, value: ValueId, axes: readonly number[]): ValueId => b.op(op as "reduce_sum", [value], { axes }); // all reductions take axes
    return [
      reduce("reduce_sum", f, [1]), reduce("reduce_sum", f, [0, 2]), reduce("reduce_max", f, [0, 1, 2]), reduce("reduce_min", i, [0]), reduce("reduce_sum", i, [0, 1]),
      reduce("reduce_sum", t, [0]), reduce("reduce_max", t, [0]), reduce("reduce_min", t, [0]), b.op("argmax", [f], { axis: 1 }),
    ];
  }));
  test.each(lengths)("movement of %i", (n) => check((b, x) => {
    const [f, g, value] = [x("f32", 3, n), x("f32", n, 3), x("f32")];
    const turned = b.transpose(f, [1, 0]);
    return [
      b.add(turned, g), b.op("concat", [f, b.neg(f), b.transpose(g, [1, 0])], { axis: 1 }), b.op("concat", [g, turned], { axis: 0 }),
      b.op("pad", [f, value], { low: [1, 2], high: [0, 3], interior: [0, 1] }), b.op("reverse", [b.op("exp", [f], {})], { axes: [1] }),
      b.op("slice", [f], { start: [0, 0], limit: [3, n], step: [2, 2] }), b.reshape(b.add(turned, g), [3 * n]), b.reshape(b.broadcast(value, [n, 4], []), [4 * n]),
    ];
  }));
  test.each(lengths)("running values, sorting and random bits of %i", (n) => check((b, x) => {
    const [f, g] = [x("f32", 2, n), x("f32", n, 5)];
    const key = b.constant({ element: "u32", shape: [2] }, 3, 4);
    const [sorted, positions] = b.ops("sort", [f], { descending: false });
    const [falling, falls] = b.ops("sort", [b.op("round", [f], {})], { descending: true });
    const bits = b.op("random_bits", [key], { shape: [n] });
    const uniform = b.mul(b.cast(b.op("shift_right", [bits, b.like(bits, 8)], {}), "f32"), b.constant({ element: "f32", shape: [n] }, 2 ** -24));
    return [b.op("cumsum", [f], { axis: 1, reversed: true }), b.op("cummax", [g], { axis: 0, reversed: false }), sorted, positions, falling, falls, bits, uniform, b.op("random_bits", [x("u32", 3, 2)], { shape: [n] })];
  }));
  test.each(lengths)("tables of rows of %i", (n) => check((b, x) => {
    const [table, ids, updates] = [x("f32", 7, n), b.op("abs", [x("i32", 4, 1)], {}), x("f32", 4, n)];
    const rows = b.op("gather", [table, ids], { batch: 0 });
    return [
      b.op("tanh", [rows], {}), b.op("scatter", [b.zeros({ element: "f32", shape: [7, n] }), ids, updates], { batch: 0, mode: "add" }),
      b.op("scatter", [b.neg(table), ids, updates], { batch: 0, mode: "set" }), b.op("scatter", [table, ids, updates], { batch: 0, mode: "max" }),
    ];
  }));
  test.each(lengths)("products with %i columns and what follows them", (n) => check((b, x) => {
    const [left, right, bias, weight] = [x("f32", 6, 9), x("f32", 9, n), x("f32", n), x("f32", 6, n)];
    const product = b.op("dot", [left, right], { leftBatch: [], rightBatch: [], leftContract: [1], rightContract: [0] });
    const shifted = b.add(product, b.broadcast(bias, [6, n], [1]));
    const active = b.op("max", [shifted, b.like(shifted, 0)], {});
    const gradient = b.op("dot", [b.transpose(right, [1, 0]), left], { leftBatch: [], rightBatch: [], leftContract: [1], rightContract: [1] });
    return [active, b.op("gt", [active, b.like(active, 0)], {}), b.sub(weight, b.mul(active, b.like(active, 0.1))), b.op("tanh", [shifted], {}), gradient];
  }));
});
