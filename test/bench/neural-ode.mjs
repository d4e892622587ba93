/** A neural ODE: the state at time 1 by `steps` of the classical Runge-Kutta method, the gradient of what was computed (discrete adjoint). */
import { numbers } from "./numbers.mjs";
import { jax, tf } from "./peers.mjs";
import { trainingCase } from "./training.mjs";

export function neuralOdeCase({ batch: B, size: D, hidden: H, steps, lr }) {
  const dt = 1 / steps;
  return trainingCase({
    lr,
    source: `
      model Field(y: f32[${B}, ${D}]) -> f32[${B}, ${D}] {
        layer a = Linear[${D}, ${H}]
        layer b = Linear[${H}, ${D}]
        return y |> a |> tanh |> b
      }
      var field = Field
      export train fn step(x: f32[${B}, ${D}], target: f32[${B}, ${D}], lr: f32) -> f32 {
        let end = odesolve(rk4, steps = ${steps}) y = x for t in [0.0, 1.0] => field(y)
        let l = mean((end - target) ^ 2)
        minimize l over field with adam(lr = lr)
        return l
      }`,
    parameters: {
      w1: { path: "field.a.weight", shape: [D, H], values: numbers(D * H, 0.7, 1) }, b1: { path: "field.a.bias", shape: [H], values: numbers(H, 0.1, 2) },
      w2: { path: "field.b.weight", shape: [H, D], values: numbers(H * D, 0.2, 3) }, b2: { path: "field.b.bias", shape: [D], values: numbers(D, 0.1, 4) },
    },
    inputs: [{ shape: [B, D], values: numbers(B * D, 1, 5) }, { shape: [B, D], values: numbers(B * D, 1, 6) }],
    tfjs({ w1, b1, w2, b2 }, x, target) {
      const field = (y) => y.matMul(w1).add(b1).tanh().matMul(w2).add(b2);
      let y = x;
      for (let i = 0; i < steps; i++) {
        const k1 = field(y), k2 = field(y.add(k1.mul(dt / 2))), k3 = field(y.add(k2.mul(dt / 2))), k4 = field(y.add(k3.mul(dt)));
        y = y.add(k1.add(k2.mul(2)).add(k3.mul(2)).add(k4).mul(dt / 6));
      }
      return y.sub(target).square().mean();
    },
    jaxjs({ w1, b1, w2, b2 }, x, target) {
      const { numpy: np } = jax;
      const field = (y) => np.matmul(np.tanh(np.matmul(y, w1.ref).add(b1.ref)), w2.ref).add(b2.ref);
      let y = x;
      for (let i = 0; i < steps; i++) {
        const k1 = field(y.ref), k2 = field(y.ref.add(k1.ref.mul(dt / 2))), k3 = field(y.ref.add(k2.ref.mul(dt / 2))), k4 = field(y.ref.add(k3.ref.mul(dt)));
        y = y.add(k1.add(k2.mul(2)).add(k3.mul(2)).add(k4).mul(dt / 6));
      }
      for (const w of [w1, b1, w2, b2]) w.dispose();
      return np.mean(np.square(y.sub(target)));
    },
  });
}
