/**
 * Derivatives of library functions in the f64 reference, whether they come from the body or from rules of their own: the tangent
 * against central differences, the cotangent against the tangent, the second derivative against differences of the cotangent.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { type ReferenceModule, tensor } from "../../compiler/reference/index.ts";
import { load } from "./run.ts";

interface Case {
  /** In x, f32[3, 4]. */
  readonly call: string;
  /** x is drawn from here, away from the borders by the width of a step. */
  readonly low?: number;
  readonly high?: number;
  /** Linear wherever it is smooth: there is no second derivative to ask for. */
  readonly linear?: boolean;
}

const curved = (...calls: string[]): Case[] => calls.map((call) => ({ call }));
const linear = (...calls: string[]): Case[] => calls.map((call) => ({ call, linear: true }));
const on = (low: number, high: number, ...calls: string[]): Case[] => calls.map((call) => ({ call, low, high }));

const labels = "[1, 0, 3]";
const cases: readonly Case[] = [
  ...curved(
    "square(x)", "exp2(x)", "tan(x / 2)", "atan(x)", "sinh(x)", "cosh(x)", "asinh(x)", "sinc(x)", "sinc(x / 20)", "erfc(x)",
    "remainder(x * x, 0.7)", "lerp(x, x * x, 0.3)", "hypot(x[0], x[1])", "logaddexp(x[0], x[1])", "frac(x * x)",
  ),
  ...on(-0.9, 0.9, "asin(x)", "acos(x)", "atanh(x)", "erfinv(x)"),
  ...on(0.1, 5, "reciprocal(x)", "rsqrt(x)", "cbrt(x)", "log2(x)", "log10(x)", "lgamma(x)", "digamma(x)", "xlogy(x[0], x[1])"),
  ...on(7, 9, "lgamma(x)"),
  ...on(0.1, 0.9, "logit(x)"),
  ...on(1.2, 4, "acosh(x)"),
  ...linear(
    "relu(x)", "relu6(4 * x)", "leaky_relu(x)", "prelu(x, [0.1, 0.2, 0.3, 0.4])", "hard_sigmoid(2 * x)", "hard_tanh(x)", "soft_shrink(x)",
    "hard_shrink(x)", "threshold(x, 0.2, -1)", "clamp(x, -0.4, 0.6)", "roll(x, 1)", "shift(x)", "tile(x, 2)", "repeat(x, 2, axis = 1)",
    "flatten(x)", "segment_sum(x, [1, 0, 1], 2)", "segment_mean(x, [1, 0, 1], 2)", "gather_axis(x, [2, 2, 0], axis = 1)", "diff(x)",
    "pick(x, [1, 0, 3])", "median(x[:, :3])", "tril(x)", "triu(x, k = 1)", "diagonal(x[:, :3])", "trace(x[:, :3])", "diagonal_matrix(x[0])",
    "norm(x, p = 1)", "norm(x, p = inf, axis = 0)", "rotary(x)", "split_heads(x, 2)", "join_heads(split_heads(x, 2))", "mae(x, 0)",
    "hinge(x, 1)", "margin_ranking(x[0], x[1], [1.0, 1.0, -1.0, 1.0])", `nll(x, ${labels})`,
  ),
  ...curved(
    "elu(x)", "celu(x, alpha = 0.7)", "selu(x)", "gelu(x)", "gelu_tanh(x)", "quick_gelu(x)", "silu(x)", "mish(x)", "squared_relu(x)",
    "hard_swish(x)", "softplus(x)", "softplus(x, beta = 3)", "log_sigmoid(x)", "softsign(x)", "tanh_shrink(x)", "snake(x)", "glu(x)",
    "swiglu(x)", "geglu(x)", "softmax(x)", "softmax(x, axis = [0, 1])", "softmin(x, axis = 0)", "log_softmax(x)", "log_softmax(x, axis = 0)",
    "logsumexp(x)", "logsumexp(x, axis = 0, keep = true)", "variance(x, axis = 1)", "std(x)", "norm(x)", "norm(x, axis = 0, p = 3)",
    "normalize(x)", "logcumsumexp(x)", "global_norm((x, x * x))",
  ),
  ...curved(
    `cross_entropy(x, ${labels})`, `cross_entropy_smooth(x, ${labels})`, `cross_entropy_weighted(x, ${labels}, [0.1, 0.2, 0.3, 0.4])`,
    `cross_entropy_ignore(x, [1, -1, 3])`, "cross_entropy_soft(x, 0.25 * x)", `focal(x, ${labels})`, "mse(x, 0.5)", "huber(x, 0.1)",
    "smooth_l1(x, 0.1)", "log_cosh(x, 0.1)", "bce_with_logits(x, 0.3, positive = 2)", "kl_logits(x, 2 * x)", "kl_normal(x, x / 2)",
    "distillation(x, sin(x), temperature = 2)", "squared_hinge(x, 1)", `square(multiclass_hinge(x, ${labels}))`, "soft_margin(x, -1)",
    "cosine_similarity(x[:2], x[1:])", "triplet(x[0], x[1], x[2])", "contrastive(x[:2], x[1:], [true, false])",
    "info_nce(x, sin(x))", "poisson_nll(x, 2)", "gaussian_nll(x, exp(x), sin(x))", "log_normal(x)", "forward_forward(x[0], x[1], 0.5)",
    "layer_norm(x)", "rms_norm(x)", "group_norm(x, groups = 2)", "local_response_norm(x)", "attention(x, x, sin(x))",
    "attention(x, x, x, causal = true)", "linear_attention(x, x, x)", "distances(x, sin(x))", "kronecker(x[:2, :2], sin(x[1:, :2]))",
    "outer(x[0], x[1])", "bjorck(x / 5, steps = 2)",
  ),
  ...on(0.1, 0.9, "bce(x, 0.3)", "kl(x, x * x)", "dice(x, sin(x))"),
  ...curved(
    "inverse(x[:, :3] + 4 * eye(3))", "det(x[:, :3])", "logdet(x[:, :3] + 4 * eye(3))", "solve(x[:, :3] + 4 * eye(3), x)",
    "cholesky(x @ x.T + eye(3))", "matrix_exp(x[:, :3])",
  ),
];

const shape = [3, 4];
const count = 12;
const step = 1e-5;

/** Repeatable points: fractions of multiples of the golden ratio. */
const points = (low: number, high: number, from: number): number[] =>
  Array.from({ length: count }, (_, i) => low + (high - low) * (((from + i) * 0.6180339887498949) % 1));

interface Results {
  readonly y: readonly number[];
  /** Weights of y in the cotangent g. */
  readonly u: readonly number[];
  readonly g: readonly number[];
  readonly t: readonly number[];
  readonly h: readonly number[];
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, i) => sum + value * b[i], 0);

function expectNear(got: readonly number[], want: readonly number[]): void {
  const scale = Math.max(1, ...want.map(Math.abs));
  expect(got.length).toBe(want.length);
  got.forEach((value, i) => expect(Math.abs(value - want[i]) / scale).toBeLessThan(1e-6));
}

describe("derivatives of the library", () => {
  let module: ReferenceModule;
  beforeAll(() => {
    module = load(cases.map(({ call, linear: flat }, i) => `
      export fn case_${i}(x: f32[3, 4], v: f32[3, 4]) {
        let y = ${call}
        let u = cos(f32(reshape(0..size(y), shape(y))))
        let g = pull(y, x, u)
        return { y, u, g, t: push(y, x, v), h: ${flat ? "zeros_like(x)" : "push(g, x, v)"} }
      }`).join("\n"));
  });
  test.each(cases.map((each, i) => ({ ...each, i })))("$call", ({ i, low = -1.4, high = 1.6 }) => {
    const x = points(low + 2 * step, high - 2 * step, 1 + i);
    const v = points(-1, 1, 100 + i);
    const at = (move: number): Results => {
      const [y, u, g, t, h] = module
        .call(`case_${i}`, {}, [x.map((value, j) => value + move * v[j]), v].map((data) => tensor({ element: "f32", shape }, data)))
        .map(({ data }) => Array.from(data));
      return { y, u, g, t, h };
    };
    const [here, above, below] = [at(0), at(step), at(-step)];
    const slope = (of: "y" | "g"): number[] => above[of].map((value, j) => (value - below[of][j]) / (2 * step));
    expectNear(here.t, slope("y"));
    expectNear([dot(here.g, v)], [dot(here.u, here.t)]);
    expectNear(here.h, slope("g"));
  });
});
