/** C = A B of square matrices that stay on the contender's side. */
import { compile, instantiate } from "../../dist/index.js";
import { numbers } from "./numbers.mjs";
import { jax, tf } from "./peers.mjs";

export async function productCase(n) {
  const [left, right] = [numbers(n * n, 1, 1), numbers(n * n, 1, 2)];
  const source = `
    var a: f32[${n}, ${n}] = 0
    var b: f32[${n}, ${n}] = 0
    var c: f32[${n}, ${n}] = 0
    export fn product() { c <- a @ b }`;
  const module = await instantiate(await compile(source, { file: "product.pull", selfTest: false }));
  module.parameters.a.write(left);
  module.parameters.b.write(right);
  const [ta, tb] = [tf.tensor2d(left, [n, n]), tf.tensor2d(right, [n, n])];
  const { jit, numpy: np } = jax;
  const [ja, jb] = [np.array(left.slice()).reshape([n, n]), np.array(right.slice()).reshape([n, n])];
  const multiply = jit((a, b) => np.matmul(a, b));
  module.product();
  const ours = module.parameters.c.read();
  const theirs = tf.tidy(() => ta.matMul(tb).dataSync());
  const worst = ours.reduce((most, value, i) => Math.max(most, Math.abs(value - theirs[i])), 0);
  if (!(worst < 1e-3)) throw new Error(`the products differ by ${worst}`);
  return {
    flops: 2 * n ** 3,
    contenders: [
      { name: "Pullback", run: () => module.product() },
      { name: "tfjs-wasm", run() { ta.matMul(tb).dispose(); } },
      { name: "jax-js", run() { multiply(ja.ref, jb.ref).dataSync(); } /* nothing runs before a result is asked for: its time holds the copy out */ },
    ],
  };
}
