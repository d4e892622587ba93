/** `ops_norm.json`. */
import type { CaseTexts } from "../harness.ts";

/** Batch norm by a layer whose running statistics are set first; the data's channel axis is 1, the library's is the last. */
const batchNorm = (rank: number, train: boolean): CaseTexts[string] => {
  const [there, back] = { 2: ["x", "z"], 3: ["x.T", "z.T"], 4: ["transpose(x, [0, 2, 3, 1])", "transpose(z, [0, 3, 1, 2])"] }[rank] ?? [];
  const running = train ? "let new_running_mean = layer_.running_mean  let new_running_var = layer_.running_var" : "";
  return {
    declarations: "var layer_ = BatchNorm[3]",
    train,
    text: `
      layer_.scale <- w
      layer_.bias <- b
      layer_.running_mean <- running_mean
      layer_.running_var <- running_var
      let z = layer_(${there})
      let y = ${back}
      ${running}`,
    gradients: "let (g_x, g) = pull(y, (x, layer_), d_y)  let g_w = g.scale  let g_b = g.bias",
  };
};

export const norm: CaseTexts = {
  layer_norm_last: "let y = layer_norm(x) * w + b",
  layer_norm_last_two: "let f = layer_norm(flatten(x, axes = 2))  let y = reshape(f, [2, 3, 5]) * w + b",
  layer_norm_plain: "let y = layer_norm(x)",
  layer_norm_eps: "let y = layer_norm(x, eps = 0.1) * w + b",
  rms_norm: "let y = rms_norm(x) * w",
  rms_norm_plain: "let y = rms_norm(x)",
  batch_norm_train_2d: batchNorm(2, true),
  batch_norm_train_3d: batchNorm(3, true),
  batch_norm_train_image: batchNorm(4, true),
  batch_norm_eval: batchNorm(3, false),
  group_norm: `
    let n = group_norm(transpose(x, [0, 2, 3, 1]), groups = 2) * w + b
    let y = transpose(n, [0, 3, 1, 2])`,
  instance_norm: `
    let n = group_norm(transpose(x, [0, 2, 3, 1]), groups = 3) * w + b
    let y = transpose(n, [0, 3, 1, 2])`,
  local_response_norm: `
    let n = local_response_norm(transpose(x, [0, 2, 3, 1]), window = 3, alpha = 0.5, beta = 0.75, k = 1)
    let y = transpose(n, [0, 3, 1, 2])`,
  l2_normalize: "let y = normalize(x)",
  weight_norm: "let y = x @ (expand(g, 1) * normalize(v)).T",
  attention: "let y = attention(q, k, v)",
  attention_cross: "let y = attention(q, k, v)",
  attention_causal: "let y = attention(q, k, v, causal = true)",
  attention_masked: "let y = attention_masked(q, k, v, mask)",
  attention_window: "let y = attention_masked(q, k, v, for [i in 0..4, j in 0..4] => j <= i && j >= i - 1)",
  attention_bias: "let y = attention_biased(q, k, v, for [h, i in 0..4, j in 0..4] => -slope[h] * f32(abs(i - j)))",
  attention_grouped: "let y = attention(q, repeat(k, 2, axis = 1), repeat(v, 2, axis = 1), causal = true)",
  multi_head: `
    let z = x @ wqkv.T + bqkv
    let q = split_heads(z[..., :4], 2)
    let k = split_heads(z[..., 4:8], 2)
    let v = split_heads(z[..., 8:], 2)
    let weights = mean(softmax(q @ k.T / sqrt(2)), axis = 1)
    let y = join_heads(attention(q, k, v)) @ wo.T + bo`,
  linear_attention: "let y = linear_attention(q, k, v)",
};
