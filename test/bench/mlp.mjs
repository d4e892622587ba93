/** One hidden layer, relu and cross entropy ("classes") or tanh and mean square error ("regression"), plain SGD. */
import { compile, instantiate } from "../../dist/index.js";
import { agree, numbers } from "./numbers.mjs";
import { jax, tf } from "./peers.mjs";

export async function mlpCase({ sizes: [inputs, hidden, outputs], batch, lr, kind }) {
  const weights = {
    w1: numbers(inputs * hidden, 1 / Math.sqrt(inputs), 1), b1: numbers(hidden, 0.1, 2),
    w2: numbers(hidden * outputs, 1 / Math.sqrt(hidden), 3), b2: numbers(outputs, 0.1, 4),
  };
  const x = numbers(batch * inputs, 1, 5);
  const classes = Int32Array.from({ length: batch }, (_, i) => (i * 7) % outputs);
  const target = kind === "classes" ? classes : numbers(batch * outputs, 1, 6);
  const shape = { inputs, hidden, outputs, batch, lr, kind };
  const makers = [pullback, tfjs, jaxjs, ...(kind === "regression" ? [plain] : [])];
  const contenders = [];
  for (const make of makers) contenders.push(await make(shape, weights, x, target));
  agree(contenders.map((contender) => {
    for (let i = 0; i < 9; i++) contender.run();
    return [contender.name, contender.loss()];
  }));
  return { contenders };
}

async function pullback({ inputs, hidden, outputs, batch, lr, kind }, weights, x, target) {
  const source = `
    model Mlp(x: f32[${batch}, ${inputs}]) -> f32[${batch}, ${outputs}] {
      layer a = Linear[${inputs}, ${hidden}]
      layer b = Linear[${hidden}, ${outputs}]
      return x |> a |> ${kind === "classes" ? "relu" : "tanh"} |> b
    }
    var net = Mlp
    export train fn step(x: f32[${batch}, ${inputs}], y: ${kind === "classes" ? `i32[${batch}]` : `f32[${batch}, ${outputs}]`}, lr: f32) -> f32 {
      let l = ${kind === "classes" ? "mean(cross_entropy(net(x), y))" : "mean((net(x) - y) ^ 2)"}
      minimize l over net with sgd(lr = lr)
      return l
    }`;
  const result = await compile(source, { file: "bench.pull", selfTest: false });
  const module = await instantiate(result);
  module.parameters["net.a.weight"].write(weights.w1);
  module.parameters["net.a.bias"].write(weights.b1);
  module.parameters["net.b.weight"].write(weights.w2);
  module.parameters["net.b.bias"].write(weights.b2);
  return { name: "Pullback", run: () => module.step(x, target, lr), loss: () => module.step(x, target, lr) };
}

async function tfjs({ inputs, hidden, outputs, batch, lr, kind }, weights, x, target) {
  const w1 = tf.variable(tf.tensor2d(weights.w1.slice(), [inputs, hidden]));
  const b1 = tf.variable(tf.tensor1d(weights.b1.slice()));
  const w2 = tf.variable(tf.tensor2d(weights.w2.slice(), [hidden, outputs]));
  const b2 = tf.variable(tf.tensor1d(weights.b2.slice()));
  const input = tf.tensor2d(x, [batch, inputs]);
  const wanted = kind === "classes" ? tf.oneHot(tf.tensor1d(target, "int32"), outputs).toFloat() : tf.tensor2d(target, [batch, outputs]);
  const optimizer = tf.train.sgd(lr);
  const loss = () => {
    const h = input.matMul(w1).add(b1);
    const y = (kind === "classes" ? h.relu() : h.tanh()).matMul(w2).add(b2);
    return kind === "classes" ? tf.losses.softmaxCrossEntropy(wanted, y) : y.sub(wanted).square().mean();
  };
  return {
    name: "tfjs-wasm",
    run() { tf.tidy(() => { optimizer.minimize(loss); }); },
    loss: () => tf.tidy(() => optimizer.minimize(loss, true).dataSync()[0]),
  };
}

async function jaxjs({ inputs, hidden, outputs, batch, lr, kind }, weights, x, target) {
  const { jit, nn, numpy: np, valueAndGrad } = jax;
  const input = np.array(x.slice()).reshape([batch, inputs]);
  const wanted = kind === "classes" ? nn.oneHot(np.array(target.slice(), { dtype: np.int32 }), outputs) : np.array(target.slice()).reshape([batch, outputs]);
  const loss = ({ w1, b1, w2, b2 }, x, y) => {
    const h = np.matmul(x, w1).add(b1);
    const out = np.matmul(kind === "classes" ? nn.relu(h) : np.tanh(h), w2).add(b2);
    if (kind === "classes") return nn.logSoftmax(out).mul(y).sum().mul(-1 / batch);
    const d = out.sub(y);
    return np.mean(d.ref.mul(d));
  };
  const step = jit((params, x, y) => {
    const [l, g] = valueAndGrad(loss)({ w1: params.w1.ref, b1: params.b1.ref, w2: params.w2.ref, b2: params.b2.ref }, x, y);
    const move = (name) => params[name].sub(g[name].mul(lr));
    return [l, { w1: move("w1"), b1: move("b1"), w2: move("w2"), b2: move("b2") }];
  });
  let params = {
    w1: np.array(weights.w1.slice()).reshape([inputs, hidden]), b1: np.array(weights.b1.slice()),
    w2: np.array(weights.w2.slice()).reshape([hidden, outputs]), b2: np.array(weights.b2.slice()),
  };
  const once = () => {
    const [l, next] = step(params, input.ref, wanted.ref);
    params = next;
    return l;
  };
  // Nothing runs before a result is asked for.
  const run = () => once().dataSync()[0];
  return { name: "jax-js", run, loss: run };
}

/** Loops as one would write them by hand. */
async function plain({ inputs, hidden, outputs, batch, lr }, weights, x, target) {
  const w1 = weights.w1.slice(), b1 = weights.b1.slice(), w2 = weights.w2.slice(), b2 = weights.b2.slice();
  const h = new Float32Array(batch * hidden), d = new Float32Array(batch * outputs), dh = new Float32Array(batch * hidden);
  const run = () => {
    let loss = 0;
    for (let n = 0; n < batch; n++) {
      for (let j = 0; j < hidden; j++) {
        let sum = b1[j];
        for (let i = 0; i < inputs; i++) sum += x[n * inputs + i] * w1[i * hidden + j];
        h[n * hidden + j] = Math.tanh(sum);
      }
      for (let k = 0; k < outputs; k++) {
        let sum = b2[k];
        for (let j = 0; j < hidden; j++) sum += h[n * hidden + j] * w2[j * outputs + k];
        const e = sum - target[n * outputs + k];
        loss += e * e;
        d[n * outputs + k] = (2 * e) / (batch * outputs);
      }
    }
    for (let n = 0; n < batch; n++) {
      for (let j = 0; j < hidden; j++) {
        let sum = 0;
        for (let k = 0; k < outputs; k++) sum += d[n * outputs + k] * w2[j * outputs + k];
        const y = h[n * hidden + j];
        dh[n * hidden + j] = sum * (1 - y * y);
      }
    }
    for (let n = 0; n < batch; n++) {
      for (let k = 0; k < outputs; k++) {
        const g = lr * d[n * outputs + k];
        b2[k] -= g;
        for (let j = 0; j < hidden; j++) w2[j * outputs + k] -= g * h[n * hidden + j];
      }
      for (let j = 0; j < hidden; j++) {
        const g = lr * dh[n * hidden + j];
        b1[j] -= g;
        for (let i = 0; i < inputs; i++) w1[i * hidden + j] -= g * x[n * inputs + i];
      }
    }
    return loss / (batch * outputs);
  };
  return { name: "plain JavaScript", run, loss: run };
}
