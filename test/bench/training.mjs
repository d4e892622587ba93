/**
 * A training step with Adam by Pullback and the peers: the same parameters, inputs and loss.
 *
 * parameters: { short name: { path in the module, shape, values } }; inputs: [{ shape, values }], Int32Array for indices. `tfjs` and
 * `jaxjs` give the loss of (parameters by short name, inputs); jax-js moves what it is given, so a second use asks for `.ref`.
 */
import { compile, instantiate } from "../../dist/index.js";
import { agree } from "./numbers.mjs";
import { jax, tf } from "./peers.mjs";

const [b1, b2, eps] = [0.9, 0.999, 1e-8];

export async function trainingCase({ source, lr, parameters, inputs, tfjs, jaxjs }) {
  const contenders = [await pullback(source, lr, parameters, inputs), tfjsStep(tfjs, lr, parameters, inputs), jaxjsStep(jaxjs, lr, parameters, inputs)];
  agree(contenders.map((contender) => {
    for (let i = 0; i < 9; i++) contender.run();
    return [contender.name, contender.loss()];
  }));
  return { contenders };
}

async function pullback(source, lr, parameters, inputs) {
  const module = await instantiate(await compile(source, { file: "bench.pull", selfTest: false }));
  for (const { path, values } of Object.values(parameters)) module.parameters[path].write(values);
  const args = inputs.map(({ values }) => values);
  const run = () => module.step(...args, lr);
  return { name: "Pullback", run, loss: run };
}

function tfjsStep(lossOf, lr, parameters, inputs) {
  const variables = Object.fromEntries(Object.entries(parameters).map(([name, { shape, values }]) => [name, tf.variable(tf.tensor(values.slice(), shape))]));
  const given = inputs.map(({ shape, values }) => tf.tensor(values, shape, values instanceof Int32Array ? "int32" : "float32"));
  const optimizer = tf.train.adam(lr, b1, b2, eps);
  const loss = () => lossOf(variables, ...given);
  return {
    name: "tfjs-wasm",
    run() { tf.tidy(() => { optimizer.minimize(loss); }); },
    loss: () => tf.tidy(() => optimizer.minimize(loss, true).dataSync()[0]),
  };
}

function jaxjsStep(lossOf, lr, parameters, inputs) {
  const { jit, numpy: np, tree, valueAndGrad } = jax;
  const names = Object.keys(parameters);
  const arrayOf = ({ shape, values }) => np.array(values.slice(), { dtype: values instanceof Int32Array ? np.int32 : np.float32 }).reshape(shape);
  const given = inputs.map(arrayOf);
  const step = jit((state, ...xs) => {
    const [l, g] = valueAndGrad(lossOf)(tree.ref(state.p), ...xs);
    const c1 = state.c1.mul(b1), c2 = state.c2.mul(b2);
    const next = { p: {}, m: {}, v: {}, c1: c1.ref, c2: c2.ref };
    for (const name of names) {
      const m = state.m[name].mul(b1).add(g[name].ref.mul(1 - b1));
      const v = state.v[name].mul(b2).add(np.square(g[name]).mul(1 - b2));
      const move = m.ref.div(np.subtract(1, c1.ref)).div(np.sqrt(v.ref.div(np.subtract(1, c2.ref))).add(eps));
      next.p[name] = state.p[name].sub(move.mul(lr));
      next.m[name] = m;
      next.v[name] = v;
    }
    tree.dispose([c1, c2]);
    return [l, next];
  });
  const each = (make) => Object.fromEntries(names.map((name) => [name, make(parameters[name])]));
  const zeros = () => each(({ shape }) => np.zeros(shape));
  let state = { p: each(arrayOf), m: zeros(), v: zeros(), c1: np.array(1), c2: np.array(1) };
  // Nothing runs before a result is asked for.
  const run = () => {
    const [l, next] = step(state, ...given.map((x) => x.ref));
    state = next;
    return l.dataSync()[0];
  };
  return { name: "jax-js", run, loss: run };
}
