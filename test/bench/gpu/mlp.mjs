/**
 * Training steps of multilayer perceptrons: relu and cross entropy ("classes"), or tanh and mean square error ("regression");
 * SGD or Adam. A contender's `run(n)` submits n steps and waits for the loss of the last.
 */
import { build } from "../../../targets/compile.ts";
import { openModule } from "../../targets/wgsl/modules.ts";
import { agree, numbers } from "../numbers.mjs";
import { jax, tf } from "./peers.mjs";
import { mlpSource } from "./source.mjs";

const [b1, b2, eps] = [0.9, 0.999, 1e-8];

/** Weights and biases by layer, inputs, targets. */
function dataOf({ sizes, batch, kind }) {
  const layers = sizes.slice(1).map((out, l) => ({
    weight: numbers(sizes[l] * out, 1 / Math.sqrt(sizes[l]), 2 * l + 1), bias: numbers(out, 0.1, 2 * l + 2), shape: [sizes[l], out],
  }));
  const outputs = sizes.at(-1);
  const x = numbers(batch * sizes[0], 1, 50);
  const y = kind === "classes" ? Int32Array.from({ length: batch }, (_, i) => (i * 7) % outputs) : numbers(batch * outputs, 1, 60);
  return { layers, x, y };
}

export async function mlpCase(shape) {
  const data = dataOf(shape);
  const contenders = [];
  for (const make of [pullback, tfjs, jaxjs]) contenders.push(await make(shape, data));
  const losses = [];
  for (const contender of contenders) losses.push([contender.name, await contender.run(10)]);
  agree(losses);
  const weights = data.layers.reduce((total, { weight }) => total + weight.length, 0);
  return { contenders, flops: 6 * shape.batch * weights, loss: losses[0][1] };
}

async function pullback(shape, { layers, x, y }) {
  const module = await openModule(await build(mlpSource(shape), { file: "bench.pull", targets: ["wgsl"], selfTest: false }));
  for (const [l, { weight, bias }] of layers.entries()) {
    await module.parameters[`net.l${l}.weight`].write(weight);
    await module.parameters[`net.l${l}.bias`].write(bias);
  }
  return {
    name: "Pullback",
    async run(steps) {
      let last;
      for (let i = 0; i < steps; i++) last = module.step(x, y);
      return last;
    },
  };
}

function tfjs({ sizes, batch, lr, kind, optimizer: optimizerName }, { layers, x, y }) {
  const variables = layers.map(({ weight, bias, shape }) => ({ weight: tf.variable(tf.tensor2d(weight.slice(), shape)), bias: tf.variable(tf.tensor1d(bias.slice())) }));
  const outputs = sizes.at(-1);
  const input = tf.tensor2d(x, [batch, sizes[0]]);
  const wanted = kind === "classes" ? tf.oneHot(tf.tensor1d(y, "int32"), outputs).toFloat() : tf.tensor2d(y, [batch, outputs]);
  const optimizer = optimizerName === "adam" ? tf.train.adam(lr, b1, b2, eps) : tf.train.sgd(lr);
  const loss = () => {
    let h = input;
    variables.forEach(({ weight, bias }, l) => {
      h = h.matMul(weight).add(bias);
      if (l < variables.length - 1) h = kind === "classes" ? h.relu() : h.tanh();
    });
    return kind === "classes" ? tf.losses.softmaxCrossEntropy(wanted, h) : h.sub(wanted).square().mean();
  };
  return {
    name: "tfjs-webgpu",
    async run(steps) {
      let last;
      for (let i = 0; i < steps; i++) {
        last?.dispose();
        last = tf.tidy(() => optimizer.minimize(loss, true));
      }
      const [value] = await last.data();
      last.dispose();
      return value;
    },
  };
}

function jaxjs({ sizes, batch, lr, kind, optimizer }, { layers, x, y }) {
  const { jit, nn, numpy: np, valueAndGrad } = jax;
  const outputs = sizes.at(-1);
  const input = np.array(x.slice()).reshape([batch, sizes[0]]);
  const wanted = kind === "classes" ? nn.oneHot(np.array(y.slice(), { dtype: np.int32 }), outputs) : np.array(y.slice()).reshape([batch, outputs]);
  const names = layers.flatMap((_, l) => [`w${l}`, `b${l}`]);
  const each = (make) => Object.fromEntries(names.map((name) => [name, make(name)]));
  const loss = (params, x, y) => {
    let h = x;
    layers.forEach((_, l) => {
      h = np.matmul(h, params[`w${l}`]).add(params[`b${l}`]);
      if (l < layers.length - 1) h = kind === "classes" ? nn.relu(h) : np.tanh(h);
    });
    if (kind === "classes") return nn.logSoftmax(h).mul(y).sum().mul(-1 / batch);
    const d = h.sub(y);
    return np.mean(d.ref.mul(d));
  };
  const sgd = jit((params, x, y) => {
    const [l, g] = valueAndGrad(loss)(each((name) => params[name].ref), x, y);
    return [l, each((name) => params[name].sub(g[name].mul(lr)))];
  });
  // `scales`: 1 / (1 - b^t) of both moments, numbers that change from step to step.
  const adam = jit((params, m, v, scales, x, y) => {
    const [l, g] = valueAndGrad(loss)(each((name) => params[name].ref), x, y);
    const nextM = each((name) => m[name].mul(b1).add(g[name].ref.mul(1 - b1)));
    const nextV = each((name) => v[name].mul(b2).add(g[name].ref.mul(g[name]).mul(1 - b2)));
    const [first, second] = [scales.ref.slice(0), scales.slice(1)];
    const next = each((name) => params[name].sub(nextM[name].ref.mul(first.ref).mul(lr).div(np.sqrt(nextV[name].ref.mul(second.ref)).add(eps))));
    first.dispose();
    second.dispose();
    return [l, next, nextM, nextV];
  });
  const array = (values, shape) => np.array(values).reshape(shape);
  let params = Object.fromEntries(layers.flatMap(({ weight, bias, shape }, l) => [[`w${l}`, array(weight.slice(), shape)], [`b${l}`, np.array(bias.slice())]]));
  const zeros = () => Object.fromEntries(layers.flatMap(({ shape }, l) => [[`w${l}`, np.zeros(shape)], [`b${l}`, np.zeros([shape[1]])]]));
  let [m, v, t] = optimizer === "adam" ? [zeros(), zeros(), 0] : [];
  const once = () => {
    let l;
    if (optimizer === "adam") {
      t++;
      [l, params, m, v] = adam(params, m, v, np.array([1 / (1 - b1 ** t), 1 / (1 - b2 ** t)]), input.ref, wanted.ref);
    } else [l, params] = sgd(params, input.ref, wanted.ref);
    return l;
  };
  return {
    name: "jax-js",
    async run(steps) {
      let last;
      for (let i = 0; i < steps; i++) {
        last?.dispose();
        last = once();
      }
      return (await last.data())[0];
    },
  };
}
