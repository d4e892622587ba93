/** Two entries of one sample, such as the step of a method and backpropagation's on the same net. */
import { readFileSync } from "node:fs";
import { compile, instantiate } from "../../dist/index.js";
import { agree, numbers } from "./numbers.mjs";

/**
 * `dims` of the sample, its own where absent; `names`: what the entries are called in the table; `batch` examples of `inputs` numbers.
 * `alike`: both entries answer the loss of equal nets.
 */
async function stepsOf({ sample, dims = {}, names, batch, inputs, lr, alike }) {
  const file = `${sample}.pull`;
  const built = await compile(readFileSync(new URL(`../../samples/${file}`, import.meta.url), "utf8"), { file, dims, selfTest: false });
  const x = numbers(batch * inputs, 1, 1);
  const y = Int32Array.from({ length: batch }, (_, i) => i % 10);
  const contenders = await Promise.all(Object.entries(names).map(async ([entry, name]) => {
    const module = await instantiate(built);
    return { name, run: () => module[entry](x, y, lr) };
  }));
  if (alike) agree(contenders.map(({ name, run }) => [name, run()]));
  return { contenders };
}

/** At the depth and batch at which the sample's test compares memory. */
export const forwardGradientCase = () => stepsOf({
  sample: "forward-gradient", dims: { B: 256, L: 8 }, names: { step: "forward gradient", exact_step: "backpropagation" }, batch: 256, inputs: 64, lr: 0.003, alike: true,
});

export const sparseCase = () => stepsOf({ sample: "sparse", names: { step: "sparse", full_step: "all weights" }, batch: 64, inputs: 784, lr: 0.01, alike: false });
