/** A step of samples/forward-gradient.pull at its own size, and backpropagation's in the same module: the same net, optimizer and batch. */
import { readFileSync } from "node:fs";
import { compile, instantiate } from "../../dist/index.js";
import { agree, numbers } from "./numbers.mjs";

const [batch, pixels, lr] = [32, 64, 0.003];

export async function forwardGradientCase() {
  const source = readFileSync(new URL("../../samples/forward-gradient.pull", import.meta.url), "utf8");
  const built = await compile(source, { file: "forward-gradient.pull", selfTest: false });
  const x = numbers(batch * pixels, 1, 1);
  const y = Int32Array.from({ length: batch }, (_, i) => i % 10);
  const contender = async (name, entry) => {
    const module = await instantiate(built);
    return { name, run: () => module[entry](x, y, lr) };
  };
  const contenders = [await contender("forward gradient", "step"), await contender("backpropagation", "exact_step")];
  agree(contenders.map(({ name, run }) => [name, run()]));
  return { contenders };
}
