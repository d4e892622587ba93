/** `ops_linear.json`. */
import type { CaseTexts } from "../harness.ts";

const product = (...names: string[]): CaseTexts => Object.fromEntries(names.map((name) => [name, "let y = a @ b"]));

/** Index notation in the place of einsum. */
const einsum = (notation: string): string => `let y = ${notation}`;

export const linear: CaseTexts = {
  ...product(
    "matmul_2d", "matmul_batched", "matmul_broadcast", "matmul_shared_right", "matmul_shared_left", "matmul_vector_right",
    "matmul_vector_left", "dot", "matmul_large",
  ),
  matmul_left_transposed: "let y = a.T @ b",
  matmul_right_transposed: "let y = a @ b.T",
  matmul_self: "let y = a @ a.T + b @ b.T",
  einsum_matrix: einsum("for [i, k] => sum[j](t0[i, j] * t1[j, k])"),
  einsum_batch: einsum("for [b, i, k] => sum[j](t0[b, i, j] * t1[b, j, k])"),
  einsum_scores: einsum("for [b, h, q, k] => sum[d](t0[b, q, h, d] * t1[b, k, h, d])"),
  einsum_transpose: einsum("for [j, i] => t0[i, j]"),
  einsum_outer: einsum("for [i, j] => t0[i] * t1[j]"),
  einsum_batch_dot: einsum("for [b] => sum[i](t0[b, i] * t1[b, i])"),
  einsum_reduce_middle: einsum("for [i, k] => sum[j](t0[i, j, k])"),
  einsum_full_sum: einsum("sum[i, j, k](t0[i, j, k])"),
  einsum_tensor: einsum("for [k, l, m] => sum[i, j](t0[i, j, k] * t1[i, l] * t2[j, m])"),
  einsum_three: einsum("for [b, a] => sum[n, m](t0[b, n] * t1[a, n, m] * t2[b, m])"),
  einsum_diagonal: einsum("for [i] => t0[i, i]"),
  einsum_trace: einsum("sum[i](t0[i, i])"),
  einsum_hadamard: einsum("for [i, j] => t0[i, j] * t1[i, j]"),
  einsum_cross_reduce: einsum("for [i] => sum[j, k, l](t0[i, j] * t1[k, l])"),
  einsum_chain: einsum("for [i, l] => sum[j, k](t0[i, j] * t1[j, k] * t2[k, l])"),
  einsum_permute_batch: einsum("for [b, a, i, k] => sum[j](t0[a, b, i, j] * t1[a, b, k, j])"),
  einsum_cubic: einsum("sum[i](t0[i] * t1[i] * t2[i])"),
  linear: "let y = x @ w.T + b",
  bilinear: "let y = for [n, o] => sum[i, j](x[n, i] * w[o, i, j] * z[n, j]) + b[o]",
  low_rank: "let y = x @ w + (x @ a) @ b * (4 / 2)",
  distances: "let y = distances(a, b)",
  triangle_lower: "let y = tril(x)",
  triangle_upper: "let y = triu(x, k = 1)",
  kronecker: "let y = kronecker(a, b)",
  det: "let y = det(a)",
  inverse: "let y = inverse(a)",
  logdet: "let y = logdet(a)",
  matrix_exp: "let y = matrix_exp(a)",
  solve: "let y = solve(a, b)",
  cholesky: "let y = cholesky(m @ m.T + 2 * eye(3))",
};
