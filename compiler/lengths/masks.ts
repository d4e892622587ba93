/** Values of the run-time length, and tensors with what lies beyond it replaced. */
import { repeat } from "../ops/index.ts";
import type { Builder } from "../ir/builder.ts";
import type { Element, RunTimeSize, ValueId } from "../ir/graph.ts";

export class Masks {
  /** By times and plus. */
  readonly #values = new Map<string, ValueId>();

  constructor(readonly b: Builder, /** i32[] */ readonly length: ValueId) {}

  /** times * n + plus, i32[]. */
  value({ times, plus }: RunTimeSize): ValueId {
    const { b, length } = this;
    const key = `${times} ${plus}`;
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const number = (value: number): ValueId => b.constant({ element: "i32", shape: [] }, value);
    const product = times === 1 ? length : b.mul(length, number(times));
    const value = plus === 0 ? product : b.add(product, number(plus));
    this.#values.set(key, value);
    return value;
  }

  /** bool[shape]: whether a place counts along an axis. */
  inside(shape: readonly number[], axis: number, size: RunTimeSize): ValueId {
    const { b } = this;
    const index = b.op("iota", [], { shape: [shape[axis]], axis: 0, element: "i32" });
    const below = b.op("lt", [index, repeat(b, this.value(size), shape[axis])], {});
    return b.broadcast(below, shape, [axis]);
  }

  /** x, with `fill` (a number or a scalar) where an index is not below its axis's size. */
  keep(x: ValueId, sizes: readonly RunTimeSize[], axes: readonly number[], fill: number | { readonly value: ValueId }): ValueId {
    const { b } = this;
    const type = b.typeOf(x);
    return axes.filter((axis) => sizes[axis].times !== 0).reduce<ValueId>((kept, axis) => {
      const beyond = typeof fill === "number" ? b.constant(type, fill) : b.broadcast(fill.value, type.shape, []);
      return b.select(this.inside(type.shape, axis, sizes[axis]), kept, beyond);
    }, x);
  }

  /** Some numbers that are affine in n, as a vector of the element. */
  vector(sizes: readonly RunTimeSize[], element: Element): ValueId {
    const { b } = this;
    const type = { element: "i32", shape: [sizes.length] } as const;
    const slopes = b.constant(type, ...sizes.map(({ times }) => times));
    const starts = b.constant(type, ...sizes.map(({ plus }) => plus));
    return b.cast(b.add(b.mul(slopes, repeat(b, this.length, sizes.length)), starts), element);
  }
}
