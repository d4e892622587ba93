/** `credit_learning.json`: what a rule gives each parameter, to be scaled and subtracted. */
import type { CaseTexts } from "../harness.ts";

const names = ["w1", "b1", "w2", "b2", "w3", "b3"];
const tree = "{ w1: f32[5, 6], b1: f32[6], w2: f32[6, 4], b2: f32[4], w3: f32[4, 3], b3: f32[3] }";

const forward = (act: string): string => `
    let h1 = ${act}(x @ w1 + b1)
    let h2 = ${act}(h1 @ w2 + b2)
    let o = h2 @ w3 + b3
    let loss = mean(cross_entropy(o, t))`;

const taken = (request: string): string => `let (${names.map((name) => `g_${name}`).join(", ")}) = ${request}`;

const feedbackAlignment = (act: string, product: (x: string, w: string, feedback: string) => string): string => `
    let h1 = ${act}(x @ w1 + b1)
    let h2 = ${act}(${product("h1", "w2", "B2")} + b2)
    let o = ${product("h2", "w3", "B3")} + b3
    let loss = mean(cross_entropy(o, t))
    ${taken(`grad(loss, (${names.join(", ")}))`)}`;
const fixed = (x: string, w: string, feedback: string): string => `feedback_matmul(${x}, ${w}, ${feedback})`;

const directFeedback = (act: string): string => `${forward(act)}
    let e = grad(loss, o)
    let (g_w1, g_b1) = pull(h1, (w1, b1), e @ B1.T)
    let (g_w2, g_b2) = pull(h2, (w2, b2), e @ B2.T)
    let (g_w3, g_b3) = grad(loss, (w3, b3))`;

const directions = `(${names.map((name) => `v_${name}`).join(", ")})`;
const forwardGradient = (act: string): string => `${forward(act)}
    let directional = push(loss, (${names.join(", ")}), ${directions})
    ${taken(`forward_gradient(directional, ${directions})`)}`;

const pepita = (act: string): string => `
    let h1 = ${act}(x @ w1)
    let h2 = ${act}(h1 @ w2)
    let p = softmax(h2 @ w3)
    let e = p - one_hot(t, 3)
    let x_modulated = x + e @ B.T
    let m1 = ${act}(x_modulated @ w1)
    let m2 = ${act}(m1 @ w2)
    let g_w1 = x_modulated.T @ (h1 - m1) / 4
    let g_w2 = m1.T @ (h2 - m2) / 4
    let g_w3 = m2.T @ e / 4`;

const forwardForward = (goodness: string): CaseTexts[string] => ({
  declarations: `
    fn ff_layer(x: f32[N, In], w: f32[In, Out], b: f32[Out]) -> f32[N, Out] =
      relu(x / (norm(x, axis = 1, keep = true) + 1e-8) @ w + b)`,
  text: `
    let p1 = ff_layer(positive, w1, b1)
    let n1 = ff_layer(negative, w1, b1)
    let p2 = ff_layer(stop(p1), w2, b2)
    let n2 = ff_layer(stop(n1), w2, b2)
    let goodness_positive1 = ${goodness}(p1 ^ 2, axis = 1)
    let goodness_negative1 = ${goodness}(n1 ^ 2, axis = 1)
    let goodness_positive2 = ${goodness}(p2 ^ 2, axis = 1)
    let goodness_negative2 = ${goodness}(n2 ^ 2, axis = 1)
    let loss1 = forward_forward(goodness_positive1, goodness_negative1, 1.5)
    let loss2 = forward_forward(goodness_positive2, goodness_negative2, 1.5)
    let (g_w1, g_b1, g_w2, g_b2) = grad(loss1 + loss2, (w1, b1, w2, b2))`,
});

export const creditLearning: CaseTexts = {
  feedback_alignment_tanh: feedbackAlignment("tanh", fixed),
  feedback_alignment_relu: feedbackAlignment("relu", fixed),
  direct_feedback_alignment_tanh: directFeedback("tanh"),
  direct_feedback_alignment_relu: directFeedback("relu"),
  sign_symmetry_tanh: feedbackAlignment("tanh", (x, w) => `sign_symmetric_matmul(${x}, ${w})`),
  direct_feedback_alignment_training: `
    ${names.map((name) => `let ${name}_after = ${name}`).join("  ")}
    let history = []
    static for k in 0..10 {
      let h1 = tanh(x @ w1_after + b1_after)
      let h2 = tanh(h1 @ w2_after + b2_after)
      let o = h2 @ w3_after + b3_after
      let l = mean(cross_entropy(o, t))
      let history = [...history, l]
      let e = grad(l, o)
      let (p1, q1) = pull(h1, (w1_after, b1_after), e @ B1.T)
      let (p2, q2) = pull(h2, (w2_after, b2_after), e @ B2.T)
      let (p3, q3) = grad(l, (w3_after, b3_after))
      let w1_after = w1_after - 0.5 * p1
      let b1_after = b1_after - 0.5 * q1
      let w2_after = w2_after - 0.5 * p2
      let b2_after = b2_after - 0.5 * q2
      let w3_after = w3_after - 0.5 * p3
      let b3_after = b3_after - 0.5 * q3
    }
    let loss = stack(${Array.from({ length: 10 }, (_, k) => `history[${k}]`).join(", ")})`,
  forward_gradient_tanh: forwardGradient("tanh"),
  forward_gradient_relu: forwardGradient("relu"),
  weight_perturbation: {
    declarations: `
      fn perturbed(x: f32[4, 5], p: ${tree}, t: i32[4]) -> f32 =
        mean(cross_entropy(tanh(tanh(x @ p.w1 + p.b1) @ p.w2 + p.b2) @ p.w3 + p.b3, t))`,
    text: `
      let p = { ${names.join(", ")} }
      let v = { ${names.map((name) => `${name}: v_${name}`).join(", ")} }
      let difference = (perturbed(x, p + 0.0625 * v, t) - perturbed(x, p - 0.0625 * v, t)) / (2 * 0.0625)
      let g = difference * v
      ${names.map((name) => `let g_${name} = g.${name}`).join("  ")}`,
  },
  pepita_relu: pepita("relu"),
  pepita_tanh: pepita("tanh"),
  forward_forward_sum: forwardForward("sum"),
  forward_forward_mean: forwardForward("mean"),
  local_errors: `
    let h1 = relu(x @ w1 + b1)
    let h2 = relu(stop(h1) @ w2 + b2)
    let o = stop(h2) @ w3 + b3
    let loss = mean(cross_entropy(o, t))
    let l = loss + mean(cross_entropy(h1 @ c1, t)) + mean(cross_entropy(h2 @ c2, t))
    ${taken(`grad(l, (${names.join(", ")}))`)}`,
  hebbian_oja: "let y = x @ w  let g_w = oja(x, w)",
  hebbian_sanger: "let y = x @ w  let g_w = sanger(x, w)",
  difference_target_propagation: {
    declarations: "fn back(h: f32[4, 4], v: f32[4, 6], c: f32[6]) -> f32[4, 6] = tanh(h @ v + c)",
    text: `${forward("tanh")}
      let e = grad(loss, o)
      let target2 = h2 - rate * (e @ w3.T)
      let target1 = h1 + back(target2, v2, c2) - back(h2, v2, c2)
      let (g_w1, g_b1) = pull(h1, (w1, b1), h1 - target1)
      let (g_w2, g_b2) = pull(h2, (w2, b2), h2 - target2)
      let (g_w3, g_b3) = grad(loss, (w3, b3))`,
  },
};
