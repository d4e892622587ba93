/** `higher.json`: derivatives are the outputs, or derivatives of derivatives are compared. */
import type { CaseTexts } from "../harness.ts";

const network = `
    let h = tanh(x @ w1 + b1)
    let o = h @ w2 + b2`;
const parameters = "(w1, b1, w2, b2)";

const jvp = (y: string): string => `let y = ${y}  let dy = push(y, x, dx)`;
const doubleBackward = (y: string): string => `let y = ${y}  let vjp = pull(y, x, u)`;

/** The gradient of a scalar by x and its Hessian, the Jacobian of that. */
const hessian = (y: string): string => `
    let y = ${y}
    let gradient = grad(y, x)
    let hessian = jacobian(gradient, x)`;

const thirdDerivatives = (f: string): string => `
    let f = ${f}
    let one = ones([3])
    let d_x = pull(f, x, one)
    let d_xy = pull(d_x, y, one)
    let d_xyz = pull(d_xy, z, one)
    let d_xx = pull(d_x, x, one)
    let d_xxy = pull(d_xx, y, one)
    let d_xxx = pull(d_xx, x, one)
    let d_xxyz = pull(d_xxy, z, one)
    let d_yz = pull(pull(f, y, one), z, one)
    let d_yzz = pull(d_yz, z, one)
    let d_zzz = pull(pull(pull(f, z, one), z, one), z, one)`;

const repeated = (d0: string): string => `
    let one = ones([5])
    let d0 = ${d0}
    ${[1, 2, 3, 4, 5].map((k) => `let d${k} = pull(d${k - 1}, x, one)`).join("\n    ")}`;

export const higher: CaseTexts = {
  hvp_convolution: `
    let z = tanh(conv(transpose(x, [0, 2, 3, 1]), transpose(w, [2, 3, 1, 0]), padding = 1))
    let y = mean(z ^ 2)
    let (hv_x, hv_w) = push(grad(y, (x, w)), (x, w), (dx, dw))`,
  hvp_mlp: `${network}
    let loss = mean(cross_entropy(o, t))
    let (g_w1, g_b1, g_w2, g_b2) = grad(loss, ${parameters})
    let (hv_w1, hv_b1, hv_w2, hv_b2) = push((g_w1, g_b1, g_w2, g_b2), ${parameters}, (dw1, db1, dw2, db2))`,
  jvp_mlp: `${network}
    let do = push(o, (x, w1, b1, w2, b2), (dx, dw1, db1, dw2, db2))
    let loss = mean(cross_entropy(o, t))
    let dloss = push(loss, (x, w1, b1, w2, b2), (dx, dw1, db1, dw2, db2))`,
  jvp_softmax: jvp("softmax(x)"),
  jvp_layer_norm: jvp("layer_norm(x)"),
  jvp_gelu: jvp("gelu(x)"),
  jvp_cumprod: jvp("cumprod(x)"),
  jvp_sort: jvp("sort(x)"),
  jvp_logsumexp: jvp("logsumexp(x, axis = -1)"),
  jvp_norm: jvp("norm(x, axis = -1)"),
  jvp_self_product: jvp("x @ x.T"),
  jvp_std: jvp("std(x, axis = -1, correction = 1)"),
  jvp_max: jvp("max(x, axis = -1)"),
  double_backward_softmax: doubleBackward("softmax(x)"),
  double_backward_layer_norm: doubleBackward("layer_norm(x)"),
  double_backward_gelu: doubleBackward("gelu(x)"),
  double_backward_logsumexp: doubleBackward("logsumexp(x, axis = -1)"),
  double_backward_silu: doubleBackward("silu(x)"),
  double_backward_log_softmax: doubleBackward("log_softmax(x)"),
  double_backward_self_product: doubleBackward("x @ x.T"),
  double_backward_norm: doubleBackward("norm(x, axis = -1)"),
  double_backward_attention: doubleBackward("attention(x, x, x)"),
  double_backward_batch_norm: doubleBackward("layer_norm(x.T).T"),
  hessian_mlp: `
    let w2_ = w2
    let loss = mean((tanh(x @ w1 + b1) @ w2_ + b2 - t) ^ 2)
    let g = grad(loss, (w1, b1, w2, b2))
    ${Array.from({ length: 13 }, (_, i) => `
    let v${i} = eye(13)[${i}]
    let (p${i}, q${i}, r${i}, s${i}) = push(g, (w1, b1, w2, b2), (reshape(v${i}[0:6], [2, 3]), v${i}[6:9], v${i}[9:12], v${i}[12]))
    let row${i} = concat(reshape(p${i}, [6]), q${i}, r${i}, expand(s${i}, 0), axis = 0)`).join("")}
    let hessian = stack(${Array.from({ length: 13 }, (_, i) => `row${i}`).join(", ")})`,
  hessian_logsumexp: hessian("logsumexp(x)"),
  hessian_rosenbrock: hessian("sum(100 * (x[1:] - x[:-1] ^ 2) ^ 2 + (1 - x[:-1]) ^ 2)"),
  hessian_entropy: hessian("-sum((x / sum(x)) * log(x / sum(x)))"),
  hessian_product: hessian("prod(x)"),
  jacobian_network: `
    let y = sin(tanh(x @ w1) @ w2)
    let jacobian_ = jacobian(y, x)`,
  gradient_penalty: {
    declarations: "fn critic(x: f32[4, 3], w1: f32[3, 5], b1: f32[5], w2: f32[5, 1]) -> f32[4, 1] = tanh(x @ w1 + b1) @ w2",
    text: `
      let z = mix * real + (1 - mix) * fake
      let slope = grad(sum(critic(z, w1, b1, w2)), z)
      let penalty = mean((norm(slope, axis = -1) - 1) ^ 2)
      let loss = mean(critic(fake, w1, b1, w2)) - mean(critic(real, w1, b1, w2)) + 10 * penalty`,
  },
  input_gradient_regularizer: `${network}
    let l = mean(cross_entropy(o, t))
    let loss = l + 0.5 * sum(grad(l, x) ^ 2)`,
  third_derivatives_polynomial: thirdDerivatives("x ^ 3 * y ^ 2 * z + x * y * z ^ 4"),
  third_derivatives_transcendental: thirdDerivatives("exp(x * y) * sin(z) + log(1 + x ^ 2 + y ^ 2) * z"),
  third_derivatives_tanh: thirdDerivatives("tanh(x * y + z) * sigmoid(x - z)"),
  repeated_sin_exp: repeated("sin(x) * exp(x / 2)"),
  repeated_tanh: repeated("tanh(x)"),
  repeated_silu: repeated("silu(x)"),
  repeated_log: repeated("log(1 + x ^ 2)"),
  repeated_erf: repeated("erf(x)"),
  physics_residual: `
    let one = ones([5])
    let u = tanh(stack(x, t, axis = 1) @ w1 + b1) @ w2
    let ut = push(u, t, one)
    let ux = push(u, x, one)
    let residual = ut + u * ux - 0.1 * push(ux, x, one)
    let loss = mean(residual ^ 2)`,
  laplacian: `
    let u = tanh(x @ w1) @ w2
    let slope = grad(sum(u), x)
    let laplacian = ${[0, 1, 2].map((j) => `push(slope, x, broadcast(eye(3)[${j}], [3, 3]))[:, ${j}]`).join(" + ")}`,
  divergence_curl: `
    let v = sin(x @ a) * exp(0.2 * x @ b)
    let dx = push(v, x, broadcast(eye(3)[0], [4, 3]))
    let dy = push(v, x, broadcast(eye(3)[1], [4, 3]))
    let dz = push(v, x, broadcast(eye(3)[2], [4, 3]))
    let divergence = dx[:, 0] + dy[:, 1] + dz[:, 2]
    let curl = stack(dy[:, 2] - dz[:, 1], dz[:, 0] - dx[:, 2], dx[:, 1] - dy[:, 0], axis = 1)`,
  gauss_newton_product: `${network}
    let loss = mean(cross_entropy(o, t))
    let jv = push(o, ${parameters}, (dw1, db1, dw2, db2))
    let hjv = push(grad(loss, o), o, jv)
    let (gv_w1, gv_b1, gv_w2, gv_b2) = pull(o, ${parameters}, hjv)`,
  per_example_gradients: `
    let (g_w1, g_b1, g_w2, g_b2, norms) = map (row, class) in (x, t) {
      let l = cross_entropy(tanh(row @ w1 + b1) @ w2 + b2, class)
      let g = grad(l, ${parameters})
      return (g[0], g[1], g[2], g[3], global_norm(g))
    }`,
  unrolled_inner_steps: {
    declarations: `
      fn outputs(x: f32[4, 3], p: { w1: f32[3, 4], b1: f32[4], w2: f32[4, 3], b2: f32[3] }) -> f32[4, 3] =
        tanh(x @ p.w1 + p.b1) @ p.w2 + p.b2`,
    text: `
      let p = { w1, b1, w2, b2 }
      static for k in 0..2 {
        let inner = mse(outputs(x, p), t)
        let p = p - lr * grad(inner, p)
      }
      let outer_ = mse(outputs(x2, p), t2)`,
  },
  influence_mixed: `${network}
    let g = grad(mean(cross_entropy(o, t)), ${parameters})
    let mixed = sum(g * g)`,
};
