/** A small convolutional network: two convolutions of 3 x 3 that keep the size, each with relu and pooling by 2, and a linear layer. */
import { numbers } from "./numbers.mjs";
import { jax, tf } from "./peers.mjs";
import { trainingCase } from "./training.mjs";

export function cnnCase({ batch: B, size: S, channels: [C, D], classes, lr }) {
  const [half, quarter] = [S / 2, S / 4];
  return trainingCase({
    lr,
    source: `
      model Net(x: f32[${B}, ${S}, ${S}, 1]) -> f32[${B}, ${classes}] {
        layer first = Conv2d[1, ${C}, K = 3, padding = same]
        layer second = Conv2d[${C}, ${D}, K = 3, padding = same]
        let pooled = x |> first |> relu |> max_pool([2, 2])
        return pooled |> second |> relu |> max_pool([2, 2]) |> flatten(axes = 3) |> Linear[_, ${classes}]
      }
      var net = Net
      export train fn step(x: f32[${B}, ${S}, ${S}, 1], y: i32[${B}], lr: f32) -> f32 {
        let l = mean(cross_entropy(net(x), y))
        minimize l over net with adam(lr = lr)
        return l
      }`,
    parameters: {
      w1: { path: "net.first.weight", shape: [3, 3, 1, C], values: numbers(9 * C, 0.5, 1) },
      b1: { path: "net.first.bias", shape: [C], values: numbers(C, 0.1, 2) },
      w2: { path: "net.second.weight", shape: [3, 3, C, D], values: numbers(9 * C * D, 0.2, 3) },
      b2: { path: "net.second.bias", shape: [D], values: numbers(D, 0.1, 4) },
      wo: { path: "net.linear0.weight", shape: [quarter * quarter * D, classes], values: numbers(quarter * quarter * D * classes, 0.05, 5) },
      bo: { path: "net.linear0.bias", shape: [classes], values: numbers(classes, 0.1, 6) },
    },
    inputs: [{ shape: [B, S, S, 1], values: numbers(B * S * S, 1, 7) }, { shape: [B], values: Int32Array.from({ length: B }, (_, i) => (7 * i) % classes) }],
    // Its 2-D convolution has no gradient for filters on this backend: the 3-D one over images one deep.
    tfjs({ w1, b1, w2, b2, wo, bo }, x, y) {
      const convolved = (z, w, [from, to], b, side) => tf.conv3d(z.reshape([B, 1, side, side, from]), w.reshape([1, 3, 3, from, to]), 1, "same").reshape([B, side, side, to]).add(b).relu();
      const first = convolved(x, w1, [1, C], b1, S).maxPool(2, 2, "valid");
      const second = convolved(first, w2, [C, D], b2, half).maxPool(2, 2, "valid");
      return tf.losses.softmaxCrossEntropy(tf.oneHot(y, classes), second.reshape([B, quarter * quarter * D]).matMul(wo).add(bo));
    },
    // Channels before space, as its convolution wants them; flattened with channels last.
    jaxjs({ w1, b1, w2, b2, wo, bo }, x, y) {
      const { lax, nn, numpy: np } = jax;
      const convolved = (z, w, b, to) => nn.relu(lax.convGeneralDilated(z, np.transpose(w, [3, 2, 0, 1]), [1, 1], "SAME").add(b.reshape([1, to, 1, 1])));
      const pooled = (z, channels, side) => np.max(z.reshape([B, channels, side / 2, 2, side / 2, 2]), [3, 5]);
      const first = pooled(convolved(x.reshape([B, 1, S, S]), w1, b1, C), C, S);
      const second = pooled(convolved(first, w2, b2, D), D, half);
      const logits = np.matmul(np.transpose(second, [0, 2, 3, 1]).reshape([B, quarter * quarter * D]), wo).add(bo);
      return np.mean(nn.oneHot(y, classes).mul(nn.logSoftmax(logits)).sum(-1)).mul(-1);
    },
  });
}
