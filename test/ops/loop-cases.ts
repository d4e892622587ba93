/** Hand-written loops, one for each way in which a loop can use its parts. */
import { Builder } from "../../compiler/ir/builder.ts";
import type { Element, Region, TensorType, ValueId } from "../../compiler/ir/graph.ts";

const type = (element: Element, ...shape: number[]): TensorType => ({ element, shape });
const f32 = (...shape: number[]): TensorType => type("f32", ...shape);
const matrixProduct = { leftBatch: [], rightBatch: [], leftContract: [1], rightContract: [0] };

type Build = (b: Builder, ...params: ValueId[]) => readonly ValueId[];

export function region(params: readonly TensorType[], build: Build): Region {
  const b = new Builder();
  return b.region(build(b, ...params.map((param) => b.parameter(param))));
}

interface ScanSpec {
  readonly unroll?: number;
  readonly length: number;
  readonly reversed?: boolean;
  readonly carries?: readonly ValueId[];
  readonly inputs?: readonly ValueId[];
  readonly captures?: readonly ValueId[];
}

/** A scan; the body gets its index, carries, slices and captures and answers the next carries and the emits. */
export function scan(b: Builder, { length, reversed = false, carries = [], inputs = [], captures = [], unroll = 1 }: ScanSpec, body: Build): readonly ValueId[] {
  const slices = inputs.map((input): TensorType => ({ ...b.typeOf(input), shape: b.typeOf(input).shape.slice(1) }));
  const types = [type("i32"), ...carries.map((id) => b.typeOf(id)), ...slices, ...captures.map((id) => b.typeOf(id))];
  return b.scan([...carries, ...inputs, ...captures], { length, reversed, carries: carries.length, inputs: inputs.length, unroll, body: region(types, body) });
}

export function whileLoop(b: Builder, max: number, carries: readonly ValueId[], captures: readonly ValueId[], until: Build, body: Build): readonly ValueId[] {
  const types = [type("i32"), ...[...carries, ...captures].map((id) => b.typeOf(id))];
  return b.while([...carries, ...captures], { max, carries: carries.length, until: region(types, until), body: region(types, body) });
}

const one = (b: Builder, element: Element = "i32"): ValueId => b.constant(type(element), 1);

/** No test of these: they unroll. */
export const scans: Readonly<Record<string, () => Region>> = {
  "one carry, one input": () => region([f32(3), f32(4, 3)], (b, h, xs) =>
    scan(b, { length: 4, carries: [h], inputs: [xs] }, (c, _, h0, x) => [c.op("tanh", [c.add(c.mul(h0, x), x)], {})])),
  "a recurrent cell that emits its state": () => region([f32(2, 5), f32(6, 2, 3), f32(3, 5), f32(5, 5)], (b, h, xs, w, u) =>
    scan(b, { length: 6, carries: [h], inputs: [xs], captures: [w, u] }, (c, _, h0, x, w0, u0) => {
      const next = c.op("tanh", [c.add(c.op("dot", [x, w0], matrixProduct), c.op("dot", [h0, u0], matrixProduct))], {});
      return [next, next];
    })),
  "reversed": () => region([f32(3), f32(4, 3)], (b, h, xs) =>
    scan(b, { length: 4, reversed: true, carries: [h], inputs: [xs] }, (c, _, h0, x) => [c.sub(c.mul(h0, x), x), h0])),
  "the index counts": () => region([f32(3)], (b, h) =>
    scan(b, { length: 5, carries: [h] }, (c, index, h0) => [c.add(h0, c.broadcast(c.cast(index, "f32"), [3], [])), index])),
  "the index counts down": () => region([f32(3)], (b, h) =>
    scan(b, { length: 5, reversed: true, carries: [h] }, (c, index, h0) => [c.add(h0, c.broadcast(c.cast(index, "f32"), [3], [])), index])),
  "carries that swap places": () => region([f32(3), f32(3)], (b, x, y) => scan(b, { length: 3, carries: [x, y] }, (c, _, x0, y0) => [y0, c.add(x0, y0)])),
  "carries that only swap": () => region([f32(3), f32(3)], (b, x, y) => scan(b, { length: 3, carries: [x, y] }, (_, __, x0, y0) => [y0, x0])),
  "three carries in a ring, with emits of each": () => region([f32(3), f32(3), f32(3)], (b, x, y, z) =>
    scan(b, { length: 4, carries: [x, y, z] }, (c, _, x0, y0, z0) => [y0, z0, c.neg(x0), x0, y0, c.add(y0, z0)])),
  "one value for two carries and two emits": () => region([f32(3), f32(3)], (b, x, y) =>
    scan(b, { length: 3, carries: [x, y] }, (c, _, x0, y0) => { const s = c.op("sin", [c.add(x0, y0)], {}); return [s, s, s, s]; })),
  "a carry unchanged": () => region([f32(3), f32(3)], (b, x, y) => scan(b, { length: 3, carries: [x, y] }, (c, _, x0, y0) => [c.mul(x0, y0), y0, y0])),
  "emits of a slice, a capture and a constant": () => region([f32(3), f32(4, 2), f32(2)], (b, h, xs, k) =>
    scan(b, { length: 4, carries: [h], inputs: [xs], captures: [k] }, (c, _, h0, x, k0) => [c.neg(h0), x, k0, c.constant(f32(2), 3)])),
  "no carries": () => region([f32(4, 3), f32(3)], (b, xs, k) => scan(b, { length: 4, inputs: [xs], captures: [k] }, (c, _, x, k0) => [c.mul(x, k0)])),
  "one start for two carries, read afterwards too": () => region([f32(3)], (b, x) => {
    const start = b.op("exp", [x], {});
    return [...scan(b, { length: 2, carries: [start, start] }, (c, _, p, q) => [c.add(p, q), c.mul(p, q)]), b.add(start, x)];
  }),
  "a start that is captured too": () => region([f32(3)], (b, x) => {
    const start = b.op("exp", [x], {});
    return scan(b, { length: 3, carries: [start], captures: [start] }, (c, _, p, q) => [c.op("cos", [c.add(p, q)], {})]);
  }),
  "integers and truth": () => region([type("i32", 3), type("bool", 5), type("bool", 4, 5)], (b, n, t, ts) =>
    scan(b, { length: 4, carries: [n, t], inputs: [ts] }, (c, index, n0, t0, x) => {
      const next = c.op("bit_xor", [t0, x], {});
      return [c.add(c.mul(n0, c.broadcast(index, [3], [])), c.broadcast(one(c), [3], [])), next, next];
    })),
  "a running table, written at the index": () => region([f32(5), f32(5)], (b, table, xs) =>
    scan(b, { length: 5, carries: [table], inputs: [xs] }, (c, index, t, x) => {
      const at = c.reshape(index, [1, 1]);
      const before = c.reshape(c.op("gather", [t, at], { batch: 0 }), []);
      return [c.op("scatter", [t, at, c.reshape(c.add(before, x), [1])], { batch: 0, mode: "set" }), before];
    })),
  "a loop in a loop, over its carry and slices of slices": () => region([f32(3), f32(4, 2, 3)], (b, h, xs) =>
    scan(b, { length: 4, carries: [h], inputs: [xs] }, (c, index, h0, x) => {
      const [last, ys] = scan(c, { length: 2, carries: [h0], inputs: [x], captures: [index] }, (d, inner, g, y, outer) => {
        const next = d.op("sin", [d.add(d.mul(g, y), d.broadcast(d.cast(d.add(inner, outer), "f32"), [3], []))], {});
        return [next, next];
      });
      return [c.neg(last), ys, last];
    })),
  "a reversed loop in a loop over one input": () => region([f32(3), f32(2, 3)], (b, h, xs) =>
    scan(b, { length: 3, carries: [h], captures: [xs] }, (c, _, h0, all) => {
      const [last, before] = scan(c, { length: 2, reversed: true, carries: [h0], inputs: [all] }, (d, __, g, y) => [d.op("tanh", [d.add(g, y)], {}), g]);
      return [last, before];
    })),
  "two loops, one over what the other emits": () => region([f32(3), f32(4, 3)], (b, h, xs) => {
    const [last, emitted] = scan(b, { length: 4, carries: [h], inputs: [xs] }, (c, _, h0, x) => { const s = c.op("sin", [c.add(h0, x)], {}); return [s, s]; });
    const [back] = scan(b, { length: 4, reversed: true, carries: [last], inputs: [emitted] }, (c, _, g, x) => [c.mul(c.op("cos", [x], {}), g)]);
    return [last, back];
  }),
  "one turn": () => region([f32(3), f32(1, 3)], (b, h, xs) => scan(b, { length: 1, carries: [h], inputs: [xs] }, (c, index, h0, x) => [c.add(h0, x), c.mul(h0, c.broadcast(c.cast(index, "f32"), [3], []))])),
  "draws that fold in the index": () => region([type("u32", 2)], (b, key) =>
    scan(b, { length: 3, captures: [key] }, (c, index, k) => [c.op("random_bits", [c.op("random_fold", [k, c.cast(index, "u32")], {})], { shape: [5] })])),
};

const small = (limit: number): Build => (b, _, x) => [b.op("lt", [b.sum(b.mul(x, x), [0]), b.constant(f32(), limit)], {})];

export const whiles: Readonly<Record<string, () => Region>> = {
  "ends early": () => region([f32(3)], (b, x) => whileLoop(b, 50, [x], [], small(0.01), (c, _, y) => [c.mul(y, c.constant(f32(3), 0.5))])),
  "ends before the first turn": () => region([f32(3)], (b, x) => whileLoop(b, 50, [x], [], small(1000), (c, _, y) => [c.neg(y)])),
  "takes all turns": () => region([f32(3)], (b, x) => whileLoop(b, 7, [x], [], small(0), (c, _, y) => [c.mul(y, c.constant(f32(3), 0.5))])),
  "until a carry says so": () => region([type("i32"), type("bool")], (b, n, t) =>
    whileLoop(b, 20, [n, t], [], (_, __, ___, done) => [done], (c, index, m) => [c.add(m, index), c.op("ge", [index, c.constant(type("i32"), 5)], {})])),
  "until a capture says so": () => region([f32(3), type("bool")], (b, x, t) => whileLoop(b, 3, [x], [t], (_, __, ___, done) => [done], (c, _, y) => [c.neg(y)])),
  "by the index, with a capture": () => region([f32(3), type("i32")], (b, x, n) =>
    whileLoop(b, 9, [x], [n], (c, index, _, m) => [c.op("ge", [index, m], {})], (c, _, y) => [c.op("cos", [y], {})])),
  "of no turns at all": () => region([f32(3)], (b, x) => whileLoop(b, 0, [x], [], small(0), (c, _, y) => [c.neg(y)])),
  "in a scan, over its carry": () => region([f32(3), f32(4, 3)], (b, x, xs) =>
    scan(b, { length: 4, carries: [x], inputs: [xs] }, (c, _, y, slice) => {
      const [last, count] = whileLoop(c, 9, [c.add(y, slice)], [slice], small(0.5), (d, __, z, s) => [d.sub(d.mul(z, d.constant(f32(3), 0.4)), d.mul(s, d.constant(f32(3), 0.01)))]);
      return [last, count];
    })),
};
