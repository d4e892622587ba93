/** Random bits as pure functions of a key. */
import { sameShape } from "../ir/graph.ts";
import type { TensorType } from "../ir/graph.ts";
import { pointwise } from "./batching.ts";
import type { OpTable } from "./define.ts";
import { nonDifferentiable } from "./families.ts";
import { philox } from "./philox.ts";
import { describe, need, needSizes } from "./shapes.ts";
import { newTensor } from "./tensors.ts";

/** The axes of a batch of keys. @throws ShapeError for what is no u32[..., 2] */
function keysOf(key: TensorType): readonly number[] {
  need(key.element === "u32" && key.shape.at(-1) === 2, () => `the key is ${describe(key)}, expected u32[..., 2]`);
  return key.shape.slice(0, -1);
}

export const random: OpTable<"random_bits" | "random_fold"> = {
  random_bits: nonDifferentiable({
    doc:
      "(key u32[K..., 2]) -> u32[K..., shape]: for each key, element e of the shape is word e mod 4 of " +
      "philox(counter = [e div 4, 0, 0, 0], key).",
    arity: 1, batch: pointwise,
    infer: ([key], { shape }) => {
      const keys = keysOf(key);
      needSizes(shape);
      return [{ element: "u32", shape: [...keys, ...shape] }];
    },
    reference: ([key], _, [type]) => {
      const y = newTensor(type);
      const keyCount = key.data.length / 2;
      const count = keyCount === 0 ? 0 : y.data.length / keyCount;
      for (let k = 0; k < keyCount; k++) {
        const drawn = y.data.subarray(k * count, (k + 1) * count);
        const words = [...key.data.subarray(2 * k, 2 * k + 2)];
        for (let e = 0; e < count; e += 4) drawn.set(philox([e / 4, 0, 0, 0], words).slice(0, count - e), e);
      }
      return [y];
    },
    samples: { low: 0, high: 4e9 },
  }),
  random_fold: nonDifferentiable({
    doc: "(key u32[K..., 2], data u32[K...]) -> u32[K..., 2]: the first two words of philox(counter = [data, 0, 0, 1], key), for each key.",
    arity: 2, batch: pointwise,
    infer: ([key, data]) => {
      const keys = keysOf(key);
      need(data.element === "u32" && sameShape(data.shape, keys), () => `the data is ${describe(data)}, expected u32[${keys.join(", ")}]`);
      return [key];
    },
    reference: ([key, data], _, [type]) => {
      const y = newTensor(type);
      data.data.forEach((number, k) => y.data.set(philox([number, 0, 0, 1], [...key.data.subarray(2 * k, 2 * k + 2)]).slice(0, 2), 2 * k));
      return [y];
    },
    samples: { low: 0, high: 4e9 },
  }),
};
