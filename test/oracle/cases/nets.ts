/** `nets.json`. */
import type { CaseTexts } from "../harness.ts";

const mlp = (layers: number, act: string, loss: string): string => {
  const lines = Array.from({ length: layers }, (_, i) => {
    const z = `${i === 0 ? "x" : `h${i}`} @ w${i + 1} + b${i + 1}`;
    return i === layers - 1 ? `let logits = ${z}` : `let h${i + 1} = ${act}(${z})`;
  });
  return [...lines, `let loss = ${loss}`].join("\n");
};

/** A pre-norm transformer block; `prefix` stands before the names of its parameters. */
const block = (input: string, output: string, prefix: string, causal: boolean): string => `
  let ${output}_h = layer_norm(${input}) * ${prefix}g1 + ${prefix}c1
  let ${output}_q = split_heads(${output}_h @ ${prefix}wq, 2)
  let ${output}_k = split_heads(${output}_h @ ${prefix}wk, 2)
  let ${output}_v = split_heads(${output}_h @ ${prefix}wv, 2)
  let ${output}_x = ${input} + join_heads(attention(${output}_q, ${output}_k, ${output}_v, causal = ${causal})) @ ${prefix}wo
  let ${output}_n = layer_norm(${output}_x) * ${prefix}g2 + ${prefix}c2
  let ${output} = ${output}_x + gelu_tanh(${output}_n @ ${prefix}w1 + ${prefix}b1) @ ${prefix}w2 + ${prefix}b2`;

/** The parameters of a cell by the vectors' weights, [out, in] with two biases; the layers of a family get them stacked. */
const assignCell = (cell: string, kind: "rnn" | "lstm" | "gru", layer: string, family = false): string => {
  const wrap = (value: string): string => (family ? `expand(${value}, 0)` : value);
  const bias = kind === "gru" ? [["bx", `bih${layer}`], ["bh", `bhh${layer}`]] : [["bias", `bih${layer} + bhh${layer}`]];
  return [["wx", `wih${layer}.T`], ["wh", `whh${layer}.T`], ...bias].map(([name, value]) => `${cell}.${name} <- ${wrap(value)}`).join("\n");
};

/** A layer of the library with the vectors' weights, batch of 2, 3 features, 4 units. */
function recurrent(kind: "rnn" | "lstm" | "gru", form: "" | "Stacked" | "Bidirectional"): { text: string; declarations: string } {
  const net = `${kind}${form}`;
  const cells: Record<typeof form, string> = {
    "": assignCell(`${net}.cell`, kind, "0"),
    Stacked: `${assignCell(`${net}.first.cell`, kind, "0")}\n${assignCell(`${net}.rest.cell`, kind, "1", true)}`,
    Bidirectional: `${assignCell(`${net}.forward.cell`, kind, "0")}\n${assignCell(`${net}.back.cell`, kind, "0_reverse")}`,
  };
  const one = form === "" ? "[0]" : "";
  const initial = kind === "lstm" ? `{ h: h0${one}, c: c0${one} }` : `h0${one}`;
  const wrap = (value: string): string => (form === "" ? `expand(${value}, 0)` : value);
  const last = kind === "lstm" ? `let hn = ${wrap("last.h")}\nlet cn = ${wrap("last.c")}` : `let hn = ${wrap("last")}`;
  return {
    declarations: `var ${net} = ${form}${kind.toUpperCase()}[3, 4${form === "Stacked" ? ", 2" : ""}]`,
    text: `${cells[form]}\nlet (y, last) = ${net}(x, ${initial})\n${last}`,
  };
}

/** A convolution of 3 x 3 that keeps the size, filters as the data has them. */
const convolved = (x: string, w: string): string => `conv(${x}, transpose(${w}, [2, 3, 1, 0]), padding = 1)`;

export const nets: CaseTexts = {
  cnn: `
    let h1 = max_pool(relu(${convolved("transpose(x, [0, 2, 3, 1])", "w1")} + b1), [2, 2])
    let h2 = avg_pool(relu(${convolved("h1", "w2")} + b2), [2, 2])
    let logits = flatten(transpose(h2, [0, 3, 1, 2]), axes = 3) @ w3 + b3
    let loss = mean(cross_entropy(logits, t))`,
  resnet_block: {
    declarations: `
      fn normed(x: f32[...N, D], g: f32[D], b: f32[D]) -> f32[...N, D] {
        let c = x - mean(x, axis = 0..rank(x) - 1, keep = true)
        return c / sqrt(mean(c * c, axis = 0..rank(x) - 1, keep = true) + 1e-5) * g + b
      }`,
    text: `
      let z = transpose(x, [0, 2, 3, 1])
      let h = relu(normed(${convolved("z", "w1")}, g1, b1))
      let o = relu(z + normed(${convolved("h", "w2")}, g2, b2))
      let y = transpose(o, [0, 3, 1, 2])`,
  },
  conv_autoencoder: `
    let z = transpose(x, [0, 2, 3, 1])
    let e = silu(conv(z, transpose(w1, [2, 3, 1, 0]), stride = 2, padding = 1) + b1)
    let wide = concat(resize_nearest(e, [6, 6]), z, axis = -1)
    let o = ${convolved("wide", "w2")} + b2 + conv_transpose(e, transpose(w3, [2, 3, 0, 1]), stride = 2) + b3
    let loss = mean((o - transpose(target, [0, 2, 3, 1])) ^ 2)`,
  mlp_relu: mlp(3, "relu", "mean(cross_entropy(logits, t))"),
  mlp_tanh: mlp(3, "tanh", "mse(logits, t)"),
  mlp_silu_deep: mlp(5, "silu", "mean(cross_entropy(logits, t))"),
  mlp_gelu: mlp(2, "gelu", "mean(cross_entropy(logits, t))"),
  transformer_block_causal: block("x", "y", "", true),
  transformer_block_full: block("x", "y", "", false),
  tiny_language_model: `
    let x = table[ids] + place
    ${block("x", "x1", "l0_", true)}
    ${block("x1", "x2", "l1_", true)}
    let logits = (layer_norm(x2) * g + c) @ table.T
    let loss = mean(cross_entropy(logits, next))`,
  variational_autoencoder: `
    let e = tanh(x @ w1 + b1)
    let mu = e @ wm + bm
    let lv = e @ wv + bv
    let u = reparameterized(mu, lv / 2, noise)
    let o = tanh(u @ w2 + b2) @ w3 + b3
    let reconstruction = sum(bce_with_logits(o, x)) / 3
    let kl = mean(kl_normal(mu, lv))
    let loss = reconstruction + kl`,
  graph_convolution: {
    declarations: `
      fn graph_layer(x: f32[V, In], w: f32[In, Out], b: f32[Out], src: i32[E], dst: i32[E]) -> f32[V, Out] {
        let m = x @ w
        let degree = scatter_add(zeros([V]), dst, ones([E]))
        return (m + segment_sum(m[src], dst, V)) / expand(1 + degree, 1) + b
      }`,
    text: `
      let h = tanh(graph_layer(x, w1, b1, src, dst))
      let loss = mean(cross_entropy(graph_layer(h, w2, b2, src, dst), t))`,
  },
  rnn_tanh: recurrent("rnn", ""),
  rnn_tanh_two_layers: recurrent("rnn", "Stacked"),
  lstm: recurrent("lstm", ""),
  lstm_two_layers: recurrent("lstm", "Stacked"),
  lstm_bidirectional: recurrent("lstm", "Bidirectional"),
  gru: recurrent("gru", ""),
  gru_two_layers: recurrent("gru", "Stacked"),
  sequence_loss_through_time: `
    let a = sigmoid(leak)
    let (state_, logits) = scan s = zeros([2, 4]) for z in time_first(x @ w + b) {
      s <- (1 - a) * s + a * tanh(z + s @ u)
      emit s @ o
    }
    let loss = mean(cross_entropy(logits, t.T))`,
  state_space_scan: `
    let (_, ys) = scan h = zeros([2, 3, 2]) for v in time_first(x) {
      let dt = softplus(v * wd + bd)
      h <- exp(-expand(dt, -1) * exp(loga)) * h + expand(dt * v, -1) * expand(v @ wb, 1)
      emit sum(h * expand(v @ wc, 1), axis = -1) + skip * v
    }
    let y = time_inside(ys)`,
};
