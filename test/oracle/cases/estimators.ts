/** `estimators.json`. */
import type { CaseTexts } from "../harness.ts";

export const estimators: CaseTexts = {
  ste_round: "let y = round_ste(x)",
  ste_floor: "let y = floor_ste(x)",
  ste_sign: "let y = sign_pass(x)",
  ste_sign_clipped: "let y = sign_ste(x)",
  ste_sign_tanh: "let y = sign_tanh(x)",
  ste_sign_swish: "let y = sign_quadratic(x)",
  ste_binarize: "let y = binarize(x)",
  ste_binarize_sigmoid: "let y = binarize_sigmoid(x)",
  ste_ternary: "let y = ternarize(x)",
  spike_fast_sigmoid: "let y = spike(x)",
  spike_arctan: "let y = spike_arctan(x)",
  ste_sign_network: `
    let h = sign_ste(x @ sign_ste(w1))
    let loss = mean(cross_entropy(h @ sign_ste(w2), t))`,
  fake_quantize: "let y = fake_quantize(x, step = 0.125, low = -8, high = 7)",
  learned_step_size: "let y = learned_step(x, s, low = -4, high = 3)",
  vector_quantize: "let v = vector_quantize(z, book)  let q = v.q  let ids = v.ids  let loss = v.loss",
  gumbel_soft_tau10: "let y = gumbel_softmax(logits, 1, noise = noise)",
  gumbel_hard_tau10: "let y = gumbel_softmax(logits, 1, hard = true, noise = noise)",
  gumbel_soft_tau5: "let y = gumbel_softmax(logits, 0.5, noise = noise)",
  gumbel_hard_tau5: "let y = gumbel_softmax(logits, 0.5, hard = true, noise = noise)",
  straight_through_categorical: "let y = straight_through_categorical(logits, sample = sample)",
  reinmax_tau10: "let y = reinmax(logits, sample = sample)",
  reinmax_tau15: "let y = reinmax(logits, temperature = 1.5, sample = sample)",
  reinforce_categorical: `
    let logp = sum(log_categorical(broadcast(logits, [5, 3, 4]), samples), axis = -1)
    let surrogate_ = score_function(f, logp)`,
  reinforce_categorical_leave_one_out: `
    let logp = sum(log_categorical(broadcast(logits, [5, 3, 4]), samples), axis = -1)
    let surrogate_ = score_function(leave_one_out(f), logp)`,
  reinforce_bernoulli: `
    let logp = -sum(bce_with_logits(logits, samples), axis = -1)
    let surrogate_ = score_function(f, logp)`,
  reinforce_normal: `
    let logp = sum(-square((samples - mu) / exp(logs)) / 2 - logs, axis = -1)
    let surrogate_ = score_function(f, logp)`,
  policy_gradient_returns: `
    const discount = for [t in 0..5, s in 0..5] => where(s >= t, 0.9 ^ f32(s - t), 0)
    let returns = rewards @ discount.T
    let logp = log_categorical(tanh(states @ w1) @ w2, actions)
    let surrogate_ = score_function(returns, logp) * 5`,
  reparameterised_normal: `
    let z = reparameterized(broadcast(mu, [5, 4]), broadcast(logs, [5, 4]), noise)
    let y = mean(sum(z ^ 2 * c + sin(z), axis = 1))`,
  reparameterised_multivariate: `
    let l = tril(a, k = -1) + diagonal_matrix(softplus(diagonal(a)))
    let z = mu + noise @ l.T`,
  importance_weighted_bound: `
    let z = mu + exp(logs) * noise
    let logq = sum(-noise ^ 2 / 2 - logs, axis = -1)
    let logp = sum(-z ^ 2 / 2 - (x - tanh(z)) ^ 2 / 2, axis = -1)
    let y = logsumexp(logp - logq) - log(5)`,
  evolution_strategy: {
    declarations: "fn objective(w: f32[...N, 4], a: f32[4, 3]) -> f32[...N] = sum(sin(w @ a), axis = -1) + sum(w ^ 2, axis = -1)",
    text: `
      let f = objective(w, a)
      let rise = objective(w + 0.1 * noise, a) - objective(w - 0.1 * noise, a)`,
    gradients: "let g_w = mean(expand(rise, 1) * noise / (2 * 0.1), axis = 0)",
  },
};
