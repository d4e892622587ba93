/** `ops_loss.json`. */
import type { CaseTexts } from "../harness.ts";

/** An elementwise or rowwise loss under the three reductions. */
const reduced = (name: string, call: string): CaseTexts => ({
  [`${name}_mean`]: `let y = mean(${call})`,
  [`${name}_sum`]: `let y = sum(${call})`,
  [`${name}_none`]: `let y = ${call}`,
});

export const loss: CaseTexts = {
  ...reduced("cross_entropy", "cross_entropy(x, t)"),
  ...reduced("mse", "square(x - t)"),
  ...reduced("l1", "l1(x, t)"),
  ...reduced("huber", "huber(x, t, delta = 0.75)"),
  ...reduced("smooth_l1", "smooth_l1(x, t, beta = 0.5)"),
  ...reduced("log_cosh", "log_cosh(x, t)"),
  ...reduced("bce_with_logits", "bce_with_logits(x, t)"),
  mse_mean: "let y = mse(x, t)",
  cross_entropy_smooth_1: "let y = mean(cross_entropy_smooth(x, t, 0.1))",
  cross_entropy_smooth_3: "let y = mean(cross_entropy_smooth(x, t, 0.3))",
  cross_entropy_weighted: "let y = cross_entropy_weighted(x, t, w)",
  cross_entropy_ignore: "let y = cross_entropy_ignore(x, t)",
  cross_entropy_soft: "let y = mean(cross_entropy_soft(x, q))",
  cross_entropy_sequence: "let y = mean(cross_entropy(x, t))",
  cross_entropy_far: "let y = mean(cross_entropy(x, t))",
  nll: "let y = mean(nll(x, t))",
  bce: "let y = mean(bce(p, t))",
  bce_with_logits_far: "let y = mean(bce_with_logits(x, t))",
  bce_with_logits_pos_weight: "let y = mean(bce_with_logits(x, t, positive = w))",
  kl_div: "let y = mean(sum(xlogy(t, t) - t * log_softmax(x), axis = -1))",
  kl_div_logits: "let y = mean(kl_logits(a, b))",
  distillation: "let y = mean(distillation(x, t, temperature = 2))",
  hinge: "let y = mean(hinge(x, t))",
  squared_hinge: "let y = mean(squared_hinge(x, t))",
  hinge_embedding: "let y = mean(hinge_embedding(x, t))",
  multiclass_hinge: "let y = mean(multiclass_hinge(x, t, margin = 0.701))",
  soft_margin: "let y = mean(soft_margin(x, t))",
  margin_ranking: "let y = mean(margin_ranking(a, b, t, margin = 0.5))",
  cosine_similarity: "let y = cosine_similarity(a, b)",
  cosine_embedding: "let y = mean(cosine_embedding(a, b, t, margin = 0.2))",
  triplet: "let y = mean(triplet(a, p, q))",
  info_nce: "let y = info_nce(a, b, temperature = 0.5)",
  poisson_nll: "let y = mean(poisson_nll(x, t))",
  gaussian_nll: "let y = mean(gaussian_nll(x, v, t))",
  dice: "let y = dice(sigmoid(x), t)",
  focal: "let y = mean(focal(x, t))",
};
