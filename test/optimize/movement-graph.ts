/**
 * Random regions that are mostly movement, reductions and dots over few sizes, so that ops meet what their rules look for.
 * Over i32 every rule is exact, those that regroup sums too.
 */
import { Builder } from "../../compiler/ir/builder.ts";
import { elementCount, sameShape } from "../../compiler/ir/graph.ts";
import type { Element, ValueId } from "../../compiler/ir/graph.ts";
import { Random } from "../ops/random.ts";
import type { RandomGraph } from "../ops/random-graph.ts";

const largest = 200;
const numbers = [0, 1, -1, 2, 3];

export function movementGraph(seed: number, element: Element, nodes = 25): RandomGraph {
  const r = new Random(seed);
  const b = new Builder();
  const pool = [[2, 3], [3, 2], [6], [1, 4], [2, 1, 3], [2, 2, 2]].map((shape) => b.parameter({ element, shape }));
  const params = [...pool];
  const shapeOf = (x: ValueId): readonly number[] => b.typeOf(x).shape;
  const latest = (): ValueId => (r.chance(0.7) ? r.pick(pool.slice(-5)) : r.pick(pool));

  /** A shape with as many elements. */
  const refactored = (shape: readonly number[]): number[] => {
    const merged = [...shape];
    const at = r.integer(0, Math.max(0, merged.length - 2));
    if (merged.length > 1 && r.chance(0.5)) merged.splice(at, 2, merged[at] * merged[at + 1]);
    const even = merged.findIndex((size) => size % 2 === 0 && size > 2);
    if (even >= 0 && r.chance(0.5)) merged.splice(even, 1, 2, merged[even] / 2);
    if (r.chance(0.3)) merged.splice(r.integer(0, merged.length), 0, 1);
    const one = merged.indexOf(1);
    if (one >= 0 && r.chance(0.4)) merged.splice(one, 1);
    return merged;
  };

  const broadcast = (x: ValueId): ValueId => {
    const shape = shapeOf(x).map((size) => (size === 1 && r.chance(0.5) ? 2 : size));
    const axes = shape.map((_, i) => i);
    if (shape.length < 4) {
      const at = r.integer(0, shape.length);
      shape.splice(at, 0, r.integer(1, 4));
      for (let i = at; i < axes.length; i++) axes[i]++;
    }
    return b.op("broadcast", [x], { shape, axes });
  };

  /** A value of x's shape: of the pool, broadcast from one that fits along some axes, or a constant. */
  const partner = (x: ValueId): ValueId => {
    const shape = shapeOf(x);
    const axes = shape.map((_, i) => i).filter(() => r.chance(0.5));
    const fits = pool.find((id) => sameShape(shapeOf(id), axes.map((axis) => shape[axis])));
    if (fits !== undefined && r.chance(0.6)) return b.op("broadcast", [fits], { shape, axes });
    const same = pool.filter((id) => sameShape(shapeOf(id), shape));
    return r.chance(0.7) ? r.pick(same) : b.like(x, r.pick(numbers));
  };

  const dot = (x: ValueId): ValueId => {
    const y = r.pick(pool);
    const pairs: [number, number][] = [];
    shapeOf(x).forEach((size, i) => {
      const j = shapeOf(y).findIndex((other, axis) => other === size && !pairs.some(([, used]) => used === axis));
      if (j >= 0 && r.chance(0.7)) pairs.push([i, j]);
    });
    const shuffled = r.shuffled(pairs);
    const batch = shuffled.slice(0, r.integer(0, shuffled.length));
    const contract = shuffled.slice(batch.length);
    return b.op("dot", [x, y], {
      leftBatch: batch.map(([i]) => i), rightBatch: batch.map(([, j]) => j),
      leftContract: contract.map(([i]) => i), rightContract: contract.map(([, j]) => j),
    });
  };

  /** x cut in two along its first axis and put together as a sum. */
  const padded = (x: ValueId): ValueId => {
    const shape = shapeOf(x);
    const cut = r.integer(1, shape[0] - 1);
    const parts = [[0, cut], [cut, shape[0]]].map(([from, to]) => {
      const along = (count: number, others: number): number[] => shape.map((_, i) => (i === 0 ? count : others));
      const limit = shape.map((size, i) => (i === 0 ? to : size));
      const part = b.op("slice", [x], { start: along(from, 0), limit, step: shape.map(() => 1) });
      const value = b.constant({ element, shape: [] }, 0);
      return b.op("pad", [r.chance(0.5) ? b.neg(part) : part, value], { low: along(from, 0), high: along(shape[0] - to, 0), interior: along(0, 0) });
    });
    return r.chance(0.5) ? b.add(parts[0], parts[1]) : b.add(b.add(parts[1], x), parts[0]);
  };

  /** A parameter's numbers, over and over, in any shape. */
  const partnerOf = (shape: readonly number[]): ValueId => {
    const given = r.pick(params);
    const [count, each] = [elementCount(shape), elementCount(shapeOf(given))];
    const turns = Math.max(1, Math.ceil(count / each));
    const repeated = b.reshape(b.broadcast(b.reshape(given, [each]), [turns, each], [1]), [turns * each]);
    return b.reshape(b.op("slice", [repeated], { start: [0], limit: [count], step: [1] }), shape);
  };

  /** Windows along some axes, or what they add up to, by themselves or times filters. */
  const windowed = (x: ValueId): ValueId => {
    const shape = shapeOf(x);
    const axes = shape.map((_, i) => i).filter(() => r.chance(0.5));
    if (axes.length === 0) return x;
    const size = axes.map((axis) => r.integer(1, Math.min(3, shape[axis])));
    const dilation = axes.map((axis, i) => (size[i] > 1 && (size[i] - 1) * 2 < shape[axis] ? r.integer(1, 2) : 1));
    const windows = { axes, size, dilation, stride: axes.map((_, i) => (r.chance(0.5) ? 1 : r.pick([2, size[i]]))) };
    const taken = b.op("window", [x], windows);
    const extent = axes.map((axis) => shape[axis]);
    const last = axes[axes.length - 1] + 1;
    switch (r.integer(0, 3)) {
      case 0: return b.op("overlap_add", [taken], { ...windows, extent });
      case 1: {
        const places = shapeOf(taken).filter((_, i) => i < last || i >= last + axes.length);
        const credit = b.broadcast(partnerOf(places), shapeOf(taken), shapeOf(taken).map((_, i) => i).filter((i) => i < last || i >= last + axes.length));
        const rest = shapeOf(taken).slice(last);
        const filters = b.broadcast(partnerOf(rest), shapeOf(taken), rest.map((_, i) => i + last));
        return b.op("overlap_add", [b.mul(credit, filters)], { ...windows, extent });
      }
      case 2: {
        const credit = partnerOf([...shapeOf(taken).slice(0, last), 2]);
        const filters = partnerOf([...size, 4, 2]);
        const product = b.op("dot", [credit, filters], { leftBatch: [], rightBatch: [], leftContract: [last], rightContract: [size.length + 1] });
        return b.op("overlap_add", [product], { ...windows, extent });
      }
      default: return taken;
    }
  };

  const step = (): ValueId => {
    const x = latest();
    const shape = shapeOf(x);
    const some = shape.map((_, i) => i).filter(() => r.chance(0.5));
    const start = shape.map((size) => r.integer(0, Math.min(2, size - 1)));
    const limit = shape.map((size, i) => r.integer(start[i] + 1, size));
    switch (r.integer(0, 12)) {
      case 0: case 1: return b.op("reshape", [x], { shape: refactored(shape) });
      case 2: return broadcast(x);
      case 3: return b.op("transpose", [x], { permutation: r.shuffled(shape.map((_, i) => i)) });
      case 4: return b.op("slice", [x], { start, limit, step: shape.map(() => r.integer(1, 2)) });
      case 5: {
        const counts = (): number[] => shape.map(() => (r.chance(0.7) ? 0 : 1));
        return b.op("pad", [x, b.constant({ element, shape: [] }, r.pick(numbers))], { low: counts(), high: counts(), interior: counts() });
      }
      case 6: return shape.length === 0 ? x : b.op("concat", [x, partner(x)], { axis: r.integer(0, shape.length - 1) });
      case 7: return b.op("reverse", [x], { axes: some });
      case 8: return b.op(r.pick(["reduce_sum", "reduce_sum", "reduce_max", "reduce_prod"] as const), [x], { axes: r.shuffled(some) });
      case 9: return dot(x);
      case 11: return windowed(x);
      case 10: {
        if (shape.length > 0 && shape[0] > 1 && r.chance(0.4)) return padded(x);
        const sum = b.mul(x, partner(x));
        return b.op("reduce_sum", [sum], { axes: some });
      }
      default: return r.chance(0.2) ? b.neg(x) : b.op(r.pick(["add", "mul", "sub", "max"] as const), [x, partner(x)], {});
    }
  };

  for (let tries = 0; pool.length < params.length + nodes && tries < nodes * 10; tries++) {
    const made = step();
    if (elementCount(shapeOf(made)) <= largest && shapeOf(made).length <= 4) pool.push(made);
  }
  const args = params.map((id) => {
    const type = b.typeOf(id);
    return { type, data: new Float64Array(elementCount(type.shape)).map(() => r.pick([-3, -2, -1, -0, 0, 1, 2, 5])).map((x) => (element === "i32" ? x | 0 : x)) };
  });
  return { region: b.region(pool.slice(-8)), args };
}
