/** C = A B of square matrices that stay on the device. A contender's `run(n)` submits n products and waits for the last. */
import { build } from "../../../targets/compile.ts";
import { openDevice } from "../../targets/wgsl/device.ts";
import { openModule } from "../../targets/wgsl/modules.ts";
import { numbers } from "../numbers.mjs";
import { jax, tf } from "./peers.mjs";

export async function productCase(n) {
  const [left, right] = [numbers(n * n, 1, 1), numbers(n * n, 1, 2)];
  const source = `
    var a: f32[${n}, ${n}] = 0
    var b: f32[${n}, ${n}] = 0
    var c: f32[${n}, ${n}] = 0
    export fn product() { c <- a @ b }`;
  const module = await openModule(await build(source, { file: "product.pull", targets: ["wgsl"], selfTest: false }));
  await module.parameters.a.write(left);
  await module.parameters.b.write(right);
  const { queue } = await openDevice();
  const [ta, tb] = [tf.tensor2d(left, [n, n]), tf.tensor2d(right, [n, n])];
  const { jit, numpy: np } = jax;
  const [ja, jb] = [np.array(left.slice()).reshape([n, n]), np.array(right.slice()).reshape([n, n])];
  const multiply = jit((a, b) => np.matmul(a, b));
  await module.product();
  const found = [["Pullback", await module.parameters.c.read()], ["tfjs-webgpu", await ta.matMul(tb).data()], ["jax-js", await multiply(ja.ref, jb.ref).data()]];
  for (const i of [0, n + 1, (n * n) >> 1, n * n - 1]) {
    let sum = 0;
    for (let k = 0; k < n; k++) sum += left[n * Math.floor(i / n) + k] * right[n * k + (i % n)];
    for (const [name, values] of found) if (!(Math.abs(values[i] - sum) < 1e-3)) throw new Error(`${name}: element ${i} of the product of ${n} is ${values[i]}, not ${sum}`);
  }
  return {
    flops: 2 * n ** 3,
    contenders: [
      {
        name: "Pullback",
        async run(calls) {
          for (let i = 0; i < calls; i++) void module.product();
          await queue.onSubmittedWorkDone();
        },
      },
      {
        name: "tfjs-webgpu",
        async run(calls) {
          let last;
          for (let i = 0; i < calls; i++) {
            last?.dispose();
            last = ta.matMul(tb);
          }
          const corner = last.slice([0, 0], [1, 1]);
          await corner.data(); // submits what was held back, and waits
          corner.dispose();
          last.dispose();
        },
      },
      {
        name: "jax-js",
        async run(calls) {
          const all = []; // a product that nobody waits for is never made
          for (let i = 0; i < calls; i++) all.push(multiply(ja.ref, jb.ref));
          for (const one of all) {
            await one.blockUntilReady();
            one.dispose();
          }
        },
      },
    ],
  };
}
