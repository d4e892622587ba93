/** Values out of nothing. */
import { elementCount } from "../ir/graph.ts";
import { repeat } from "./batching.ts";
import type { BatchContext, OpTable } from "./define.ts";
import { nonDifferentiable } from "./families.ts";
import { need, needAxes, needElement, needSizes, numbers } from "./shapes.ts";
import { newTensor, offsets } from "./tensors.ts";

const copies = <A>({ b, size, attributes, apply }: BatchContext<A>) => apply([], attributes).map((value) => repeat(b, value, size));

export const sources: OpTable<"iota" | "constant"> = {
  iota: nonDifferentiable({
    doc: "The index along `axis`, as numbers of the element.",
    arity: 0, batch: copies,
    infer: (_, { shape, axis, element }) => {
      needSizes(shape);
      needAxes([axis], shape.length);
      needElement({ element, shape }, numbers);
      return [{ element, shape }];
    },
    reference: (_, { shape, axis }, [type]) => [
      { type, data: Float64Array.from(offsets(shape, shape.map((_, i) => Number(i === axis)))) },
    ],
  }),
  constant: nonDifferentiable({
    doc: "Row-major numbers; a single one fills the shape. bool is 0 or 1.",
    arity: 0, batch: copies,
    infer: (_, { element, shape, data }) => {
      needSizes(shape);
      need(data.length === 1 || data.length === elementCount(shape), () => `${data.length} numbers for [${shape.join(", ")}]`);
      const fits = {
        f32: () => true,
        f64: () => true,
        i32: (x: number) => x === (x | 0),
        u32: (x: number) => x === x >>> 0,
        bool: (x: number) => x === 0 || x === 1,
      }[element];
      const bad = data.find((x) => !fits(x));
      need(bad === undefined, () => `${bad} is no ${element}`);
      return [{ element, shape }];
    },
    reference: (_, { data }, [type]) => {
      const y = newTensor(type);
      if (data.length === y.data.length) y.data.set(data);
      else y.data.fill(data[0]);
      return [y];
    },
  }),
};
