/** From nothing to the first step: `create` of a module and its first step on a device that has seen none of its shaders. */
import { readFileSync } from "node:fs";
import { build } from "../../../targets/compile.ts";
import { disposableDevice } from "../../targets/wgsl/device.ts";
import { openModule } from "../../targets/wgsl/modules.ts";
import { numbers } from "../numbers.mjs";

/** Best and median of some devices, one after the other, in ms. The device itself is there before the clock starts. */
export async function firstStep(rounds) {
  const source = readFileSync(`${process.env.PULLBACK_SAMPLES}/digits.pull`, "utf8");
  const built = await build(source, { file: "digits.pull", targets: ["wgsl"], selfTest: false });
  const [x, y] = [numbers(32 * 64, 1, 1), Int32Array.from({ length: 32 }, (_, i) => i % 10)];
  const times = [];
  for (let round = 0; round < rounds; round++) {
    const device = await disposableDevice();
    const start = performance.now();
    const module = await openModule(built, { device });
    const { loss } = await module.step(x, y, 0.01);
    times.push(performance.now() - start);
    if (!(loss > 0 && loss < 10)) throw new Error(`digits: the first loss is ${loss}`);
    for (const count of [1, 32]) await module.predict(x.subarray(0, 64 * count)); // what is still being made in the background ends before the next round
    device.destroy();
  }
  times.sort((a, b) => a - b);
  return { best: times[0], median: times[times.length >> 1] };
}
