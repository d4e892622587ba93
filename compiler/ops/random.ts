/** Random bits as pure functions of a key. */
import type { TensorType } from "../ir/graph.ts";
import type { OpTable } from "./define.ts";
import { nonDifferentiable } from "./families.ts";
import { philox } from "./philox.ts";
import { describe, need, needSizes } from "./shapes.ts";
import { newTensor } from "./tensors.ts";

const needKey = (key: TensorType): void =>
  need(key.element === "u32" && key.shape.length === 1 && key.shape[0] === 2, () => `the key is ${describe(key)}, expected u32[2]`);

export const random: OpTable<"random_bits" | "random_fold"> = {
  random_bits: nonDifferentiable({
    doc: "(key u32[2]) -> u32[shape]: element e is word e mod 4 of philox(counter = [e div 4, 0, 0, 0], key).",
    arity: 1,
    infer: ([key], { shape }) => {
      needKey(key);
      needSizes(shape);
      return [{ element: "u32", shape }];
    },
    reference: ([key], _, [type]) => {
      const y = newTensor(type);
      const words = [...key.data];
      for (let e = 0; e < y.data.length; e += 4) {
        philox([e / 4, 0, 0, 0], words).forEach((word, i) => { if (e + i < y.data.length) y.data[e + i] = word; });
      }
      return [y];
    },
    samples: { low: 0, high: 4e9 },
  }),
  random_fold: nonDifferentiable({
    doc: "(key u32[2], data u32) -> u32[2]: the first two words of philox(counter = [data, 0, 0, 1], key).",
    arity: 2,
    infer: ([key, data]) => {
      needKey(key);
      need(data.element === "u32" && data.shape.length === 0, () => `the data is ${describe(data)}, expected u32[]`);
      return [key];
    },
    reference: ([key, data], _, [type]) => [
      { type, data: Float64Array.from(philox([data.data[0], 0, 0, 1], [...key.data]).slice(0, 2)) },
    ],
    samples: { low: 0, high: 4e9 },
  }),
};
