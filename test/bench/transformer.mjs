/** A causal transformer block between an embedding and a linear layer: the next token's cross entropy. */
import { numbers } from "./numbers.mjs";
import { jax, tf } from "./peers.mjs";
import { trainingCase } from "./training.mjs";

export function transformerCase({ batch: B, times: T, width: D, heads: N, tokens: V, lr }) {
  const E = D / N, rows = B * T, scale = 1 / Math.sqrt(D);
  const ids = (seed) => Int32Array.from(numbers(rows, 1, seed), (x) => Math.min(V - 1, Math.floor((x + 1) * V / 2)));
  const weight = (path, seed, ...shape) => ({ path, shape, values: numbers(shape.reduce((a, b) => a * b), scale, seed) });
  const mask = Float32Array.from({ length: T * T }, (_, i) => (i % T <= Math.floor(i / T) ? 0 : -1e9));
  return trainingCase({
    lr,
    source: `
      model Net(ids: i32[${B}, ${T}]) -> f32[${B}, ${T}, ${V}] {
        layer embed = Embedding[${V}, ${D}]
        layer block = TransformerBlock[${D}, ${N}]
        layer out = Linear[${D}, ${V}]
        return out(block(embed(ids)))
      }
      var net = Net
      export train fn step(ids: i32[${B}, ${T}], y: i32[${B}, ${T}], lr: f32) -> f32 {
        let l = mean(cross_entropy(net(ids), y))
        minimize l over net with adam(lr = lr)
        return l
      }`,
    parameters: {
      table: weight("net.embed.table", 1, V, D),
      s1: weight("net.block.norm1.scale", 2, D), o1: weight("net.block.norm1.bias", 3, D),
      wqkv: weight("net.block.mix.qkv.weight", 4, D, 3 * D), bqkv: weight("net.block.mix.qkv.bias", 5, 3 * D),
      wmix: weight("net.block.mix.out.weight", 6, D, D), bmix: weight("net.block.mix.out.bias", 7, D),
      s2: weight("net.block.norm2.scale", 8, D), o2: weight("net.block.norm2.bias", 9, D),
      wwide: weight("net.block.wide.weight", 10, D, 4 * D), bwide: weight("net.block.wide.bias", 11, 4 * D),
      wnarrow: weight("net.block.narrow.weight", 12, 4 * D, D), bnarrow: weight("net.block.narrow.bias", 13, D),
      wout: weight("net.out.weight", 14, D, V), bout: weight("net.out.bias", 15, V),
    },
    inputs: [{ shape: [B, T], values: ids(16) }, { shape: [B, T], values: ids(17) }],
    tfjs(p, ids, y) {
      const norm = (x, scale, offset) => {
        const c = x.sub(x.mean(-1, true));
        return c.div(c.square().mean(-1, true).add(1e-5).sqrt()).mul(scale).add(offset);
      };
      const heads = (z) => z.reshape([B, T, N, E]).transpose([0, 2, 1, 3]);
      const x0 = tf.oneHot(ids.reshape([rows]), V).toFloat().matMul(p.table); // the gradient of its gather has no WASM kernel
      const [q, k, v] = norm(x0, p.s1, p.o1).matMul(p.wqkv).add(p.bqkv).split(3, 1).map(heads);
      const weights = tf.matMul(q, k, false, true).div(Math.sqrt(E)).add(tf.tensor(mask, [T, T])).softmax();
      const x1 = x0.add(tf.matMul(weights, v).transpose([0, 2, 1, 3]).reshape([rows, D]).matMul(p.wmix).add(p.bmix));
      const a = norm(x1, p.s2, p.o2).matMul(p.wwide).add(p.bwide);
      const x2 = x1.add(a.mul(0.5).mul(a.div(Math.SQRT2).erf().add(1)).matMul(p.wnarrow).add(p.bnarrow));
      return tf.losses.softmaxCrossEntropy(tf.oneHot(y.reshape([rows]), V).toFloat(), x2.matMul(p.wout).add(p.bout));
    },
    jaxjs(p, ids, y) {
      const { nn, numpy: np } = jax;
      const heads = (z) => np.transpose(z.reshape([B, T, N, E]), [0, 2, 1, 3]);
      const norm = (x, scale, offset) => nn.standardize(x, -1, { epsilon: 1e-5 }).mul(scale).add(offset);
      const x0 = np.matmul(nn.oneHot(ids.reshape([rows]), V), p.table); // a product is its fastest gather here
      const [q, k, v] = np.split(np.matmul(norm(x0.ref, p.s1, p.o1), p.wqkv).add(p.bqkv), 3, 1).map(heads);
      const scores = np.matmul(q, np.transpose(k, [0, 1, 3, 2])).mul(1 / Math.sqrt(E)).add(np.array(mask.slice()).reshape([T, T]));
      const mixed = np.transpose(np.matmul(nn.softmax(scores, -1), v), [0, 2, 1, 3]).reshape([rows, D]);
      const x1 = x0.add(np.matmul(mixed, p.wmix).add(p.bmix));
      const a = nn.gelu(np.matmul(norm(x1.ref, p.s2, p.o2), p.wwide).add(p.bwide), { approximate: false });
      const x2 = x1.add(np.matmul(a, p.wnarrow).add(p.bnarrow));
      const picked = nn.logSoftmax(np.matmul(x2, p.wout).add(p.bout)).mul(nn.oneHot(y.reshape([rows]), V));
      return picked.sum().mul(-1 / rows);
    },
  });
}
