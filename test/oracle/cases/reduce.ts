/** `ops_reduce.json`. */
import type { CaseTexts } from "../harness.ts";

const forms = {
  all: "x",
  first: "x, axis = 0",
  last: "x, axis = -1",
  outer: "x, axis = [0, 2]",
  keep: "x, axis = 1, keep = true",
};

/** One reduction over every choice of axes; `more` are further arguments. */
const reduction = (name: string, fn: string, more = ""): CaseTexts =>
  Object.fromEntries(Object.entries(forms).map(([form, args]) => [`${name}_${form}`, `let y = ${fn}(${args}${more})`]));

const alongAxes = (name: string): CaseTexts =>
  Object.fromEntries([0, 1, -1].map((axis) => [`${name}_axis${axis}`, `let y = ${name}(x, axis = ${axis})`]));

const sorted = (first: string, last: string): CaseTexts => ({
  [`${first}_first`]: `let t = x.T  let values = sort(t${last}).T  let indices = argsort(t${last}).T`,
  [`${first}_last`]: `let values = sort(x${last})  let indices = argsort(x${last})`,
});

export const reduce: CaseTexts = {
  ...reduction("sum", "sum"),
  ...reduction("mean", "mean"),
  ...reduction("prod", "prod"),
  ...reduction("max", "max"),
  ...reduction("min", "min"),
  ...reduction("var", "variance", ", correction = 1"),
  ...reduction("var_biased", "variance"),
  ...reduction("std", "std", ", correction = 1"),
  ...reduction("std_biased", "std"),
  ...reduction("logsumexp", "logsumexp"),
  ...reduction("norm_l2", "norm"),
  ...reduction("norm_l1", "norm", ", p = 1"),
  ...reduction("norm_l3", "norm", ", p = 3"),
  ...reduction("norm_inf", "norm", ", p = inf"),
  argmax_first: "let y = argmax(x, axis = 0)",
  argmax_last: "let y = argmax(x)",
  argmin_first: "let y = argmin(x, axis = 0)",
  argmin_last: "let y = argmin(x, axis = -1)",
  any: "let y = any(c, axis = 1)",
  all: "let y = all(c, axis = 1)",
  ...alongAxes("softmax"),
  ...alongAxes("log_softmax"),
  ...alongAxes("softmin"),
  softmax_far: "let y = softmax(x)",
  log_softmax_far: "let y = log_softmax(x)",
  logsumexp_far: "let y = logsumexp(x, axis = -1)",
  cumsum_first: "let y = cumsum(x, axis = 0)",
  cumsum_last: "let y = cumsum(x)",
  cumprod_first: "let y = cumprod(x, axis = 0)",
  cumprod_last: "let y = cumprod(x)",
  cummax_first: "let y = cummax(x, axis = 0)",
  cummax_last: "let y = cummax(x)",
  logcumsumexp_first: "let y = logcumsumexp(x.T).T",
  logcumsumexp_last: "let y = logcumsumexp(x)",
  cumsum_reverse: "let y = cumsum(x, reverse = true)",
  diff: "let y = diff(x)",
  ...sorted("sort_up", ""),
  ...sorted("sort_down", ", descending = true"),
  topk_largest: "let (values, indices) = top_k(x, 3)",
  topk_smallest: "let (highest, indices) = top_k(-x, 3)  let values = -highest",
  median: "let y = median(x)",
  standardize_covariance:
    "let c = x - mean(x, axis = 0)  let y = c / std(c, axis = 0)  let cov = c.T @ c / (size(x, 0) - 1)",
};
