/** An LSTM over time, a linear layer on each of its outputs, mean square error: backpropagation through all of time. */
import { numbers } from "./numbers.mjs";
import { jax, tf } from "./peers.mjs";
import { trainingCase } from "./training.mjs";

export function lstmCase({ batch: B, times: T, inputs: D, hidden: H, lr }) {
  const scale = 1 / Math.sqrt(H);
  return trainingCase({
    lr,
    source: `
      model Net(x: f32[${B}, ${T}, ${D}]) -> f32[${B}, ${T}, ${D}] {
        layer lstm = LSTM[${D}, ${H}]
        layer out = Linear[${H}, ${D}]
        let (h, _last) = lstm(x)
        return out(h)
      }
      var net = Net
      export train fn step(x: f32[${B}, ${T}, ${D}], y: f32[${B}, ${T}, ${D}], lr: f32) -> f32 {
        let l = mean((net(x) - y) ^ 2)
        minimize l over net with adam(lr = lr)
        return l
      }`,
    parameters: {
      wx: { path: "net.lstm.cell.wx", shape: [D, 4 * H], values: numbers(D * 4 * H, scale, 1) },
      wh: { path: "net.lstm.cell.wh", shape: [H, 4 * H], values: numbers(H * 4 * H, scale, 2) },
      b: { path: "net.lstm.cell.bias", shape: [4 * H], values: numbers(4 * H, scale, 3) },
      wo: { path: "net.out.weight", shape: [H, D], values: numbers(H * D, scale, 4) },
      bo: { path: "net.out.bias", shape: [D], values: numbers(D, scale, 5) },
    },
    inputs: [{ shape: [B, T, D], values: numbers(B * T * D, 1, 6) }, { shape: [B, T, D], values: numbers(B * T * D, 1, 7) }],
    tfjs({ wx, wh, b, wo, bo }, x, y) {
      const zx = x.reshape([B * T, D]).matMul(wx).add(b).reshape([B, T, 4 * H]).unstack(1);
      let h = tf.zeros([B, H]), c = tf.zeros([B, H]);
      const hs = zx.map((z) => {
        const [i, f, g, o] = z.add(h.matMul(wh)).split(4, 1);
        c = f.sigmoid().mul(c).add(i.sigmoid().mul(g.tanh()));
        h = o.sigmoid().mul(c.tanh());
        return h;
      });
      return tf.stack(hs, 1).reshape([B * T, H]).matMul(wo).add(bo).sub(y.reshape([B * T, D])).square().mean();
    },
    jaxjs({ wx, wh, b, wo, bo }, x, y) {
      const { nn, numpy: np } = jax;
      const zx = np.unstack(np.matmul(x.reshape([B * T, D]), wx).add(b).reshape([B, T, 4 * H]), 1);
      let h = np.zeros([B, H]), c = np.zeros([B, H]);
      const hs = zx.map((z) => {
        const [i, f, g, o] = np.split(z.add(np.matmul(h, wh.ref)), 4, 1);
        c = nn.sigmoid(f).mul(c).add(nn.sigmoid(i).mul(np.tanh(g)));
        h = nn.sigmoid(o).mul(np.tanh(c.ref));
        return h.ref;
      });
      h.dispose();
      c.dispose();
      wh.dispose();
      return np.mean(np.square(np.matmul(np.stack(hs, 1).reshape([B * T, H]), wo).add(bo).sub(y.reshape([B * T, D]))));
    },
  });
}
