/** Library functions at the places where a formula may go wrong: 0, borders, far out, infinity; and the functions that no vector covers. */
import { describe, expect, test } from "vitest";
import { results } from "./run.ts";

/** f and its derivative at the given points. */
function valueAndSlope(call: string, points: readonly number[]): { value: readonly number[]; slope: readonly number[] } {
  const [value, slope] = results(`let y = ${call}  return { y, slope: pull(y, x, ones([${points.length}])) }`, { x: points });
  return { value, slope };
}

function close(got: readonly number[], want: readonly number[], relative = 1e-9): void {
  expect(got.length).toBe(want.length);
  got.forEach((value, i) => {
    if (Number.isFinite(want[i])) expect(Math.abs(value - want[i])).toBeLessThanOrEqual(relative * Math.max(1, Math.abs(want[i])));
    else expect(value).toBe(want[i]);
  });
}

describe("values and slopes at special points", () => {
  const cases: readonly (readonly [string, readonly number[], readonly number[], readonly number[]])[] = [
    ["relu(x)", [-1, 0, 2], [0, 0, 2], [0, 0, 1]],
    ["relu6(x)", [0, 6, 7], [0, 6, 6], [1, 1, 0]],
    ["elu(x)", [0, 800, -800], [0, 800, -1], [1, 1, 0]],
    ["celu(x)", [0, 800, -800], [0, 800, -1], [1, 1, 0]],
    ["softplus(x)", [0, 800, -800], [Math.LN2, 800, 0], [0.5, 1, 0]],
    ["log_sigmoid(x)", [0, 800, -800], [-Math.LN2, 0, -800], [0.5, 0, 1]],
    ["silu(x)", [0, 800, -800], [0, 800, 0], [0.5, 1, 0]],
    ["mish(x)", [0, 800], [0, 800], [Math.tanh(Math.LN2), 1]],
    ["gelu(x)", [0, 40, -40], [0, 40, 0], [0.5, 1, 0]],
    ["sinc(x)", [0, 0.05, 1], [1, Math.sin(0.05 * Math.PI) / (0.05 * Math.PI), 0], [0, (Math.cos(0.05 * Math.PI) - Math.sin(0.05 * Math.PI) / (0.05 * Math.PI)) / 0.05, -1]],
    ["hypot(x, 0.0)", [0, 3], [0, 3], [0, 1]],
    ["asinh(x)", [0, 1e12, -1e12], [0, Math.asinh(1e12), -Math.asinh(1e12)], [1, 1e-12, 1e-12]],
    ["acosh(x)", [2, 1e12], [Math.acosh(2), Math.acosh(1e12)], [1 / Math.sqrt(3), 1e-12]],
    ["sinh(x)", [0, 1e-9], [0, 1e-9], [1, 1]],
    ["logaddexp(x, 0.0)", [0, 800, -800], [Math.LN2, 800, 0], [0.5, 1, 0]],
    ["xlogy(x, 0.5)", [0, 2], [0, 2 * Math.log(0.5)], [Math.log(0.5), Math.log(0.5)]],
    ["clamp(x, -1, 1)", [-1, 1, 2], [-1, 1, 1], [1, 1, 0]],
    ["cbrt(x)", [-8, 27], [-2, 3], [1 / 12, 1 / 27]],
    ["erfc(x)", [0, 5, -5], [1, 1.5374597944280349e-12, 2 - 1.5374597944280349e-12], [-2 / Math.sqrt(Math.PI), -1.567e-11, -1.567e-11]],
    ["erfinv(x)", [0, 0.5], [0, 0.4769362762044699], [Math.sqrt(Math.PI) / 2, 1.1125846]],
    ["lgamma(x)", [1, 2, 10, 0.5], [0, 0, Math.log(362880), Math.log(Math.PI) / 2], [-0.5772156649, 0.4227843351, 2.2517525890, -1.9635100260]],
    ["square(norm(x))", [0, 0], [0], [0, 0]],
  ];
  test.each(cases)("%s at %j", (call, points, value, slope) => {
    const found = valueAndSlope(call.includes("norm") ? `broadcast(${call}, [${points.length}])` : call, points);
    close(found.value.slice(0, value.length), value, 1e-8);
    close(found.slope, slope, 1e-6);
  });
});

describe("what softmax does with -inf", () => {
  test("a masked entry has probability 0 and gets no credit", () => {
    const [p, slope] = results(`
      let p = softmax(x)
      return { p, slope: pull(p, x, [1.0, 5.0, 0.0]) }`, { x: [1, -Infinity, 1] });
    close(p, [0.5, 0, 0.5]);
    close(slope, [0.25, 0, -0.25]);
  });
  test("logsumexp of -inf alone is -inf", () => expect(results("return logsumexp([-inf, -inf])")).toEqual([[-Infinity]]));
});

describe("functions by definition", () => {
  const cases: readonly (readonly [string, readonly (readonly number[])[]])[] = [
    ["one_hot([2, 0], 3)", [[0, 0, 1, 1, 0, 0]]],
    ["shift([1.0, 2.0, 3.0])", [[0, 1, 2]]],
    ["shift([1.0, 2.0, 3.0], by = -1)", [[2, 3, 0]]],
    ["segment_mean([[1.0], [3.0], [5.0]], [0, 0, 2], 3)", [[2, 0, 5]]],
    ["outer([1.0, 2.0], [3.0, 4.0])", [[3, 4, 6, 8]]],
    ["bucket([-1.0, 0.5, 9.0], [0.0, 1.0])", [[0, 1, 2]]],
    ["median([3.0, 1.0, 2.0, 10.0])", [[2.5]]],
    ["norm([3.0, -4.0])", [[5]]],
    ["trace([[1.0, 2.0], [3.0, 4.0]])", [[5]]],
    ["diagonal_matrix([1.0, 2.0])", [[1, 0, 0, 2]]],
    ["sign_nonzero([-2.0, 0.0, 3.0])", [[-1, 1, 1]]],
    ["accuracy([[1.0, 2.0], [3.0, 0.0]], [1, 1])", [[0.5]]],
    ["top_accuracy([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]], [1, 2], 2)", [[0.5]]],
    ["confusion([1, 1, 0], [1, 0, 0], 2)", [[1, 1, 0, 1]]],
    ["precision(confusion([1, 1, 0], [1, 0, 0], 2))", [[1, 0.5]]],
    ["recall(confusion([1, 1, 0], [1, 0, 0], 2))", [[0.5, 1]]],
    ["r2([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])", [[1 - 1 / (14 / 3)]]],
    ["auc([0.1, 0.4, 0.35, 0.8], [0.0, 0.0, 1.0, 1.0])", [[0.75]]],
    ["correlation([1.0, 2.0, 3.0], [2.0, 4.0, 6.0])", [[1]]],
    ["contrastive([[0.0, 0.0], [0.0, 0.0]], [[3.0, 4.0], [0.0, 0.5]], [true, false])", [[25, 0.25]]],
    ["hinge([0.5, 2.0], [1.0, -1.0])", [[0.5, 3]]],
    ["kl([0.5, 0.5], [0.25, 0.75])", [[0.5 * Math.log(2) + 0.5 * Math.log(2 / 3)]]],
    ["log_normal([0.0, 0.0])", [[-Math.log(2 * Math.PI)]]],
    ["leave_one_out([1.0, 2.0, 6.0])", [[-3, -1.5, 4.5]]],
    ["cosine(0, 10, 110)", [[0]]],
    ["cosine(60, 10, 110)", [[0.5]]],
    ["warmup(5, 10)", [[0.5]]],
    ["minterm([[true, false, true], [true, true, true]], 5)", [[1, 0]]],
    ["binary_accuracy([-1.0, 2.0, 3.0], [0.0, 1.0, 0.0])", [[2 / 3]]],
    ["f1([[1.0, 1.0], [0.0, 1.0]])", [[2 / 3, 2 / 3]]],
    ["rmse([1.0, 3.0], [1.0, 1.0])", [[Math.SQRT2]]],
    ["perplexity([[0.0, 0.0, 0.0, 0.0]], [2])", [[4]]],
    ["causal_mask(2, 3)", [[1, 0, 0, 1, 1, 0]]],
  ];
  test.each(cases)("%s", (call, want) => {
    const got = results(`return ${call}`);
    got.forEach((values, i) => close(values, want[i]));
    expect(got.length).toBe(want.length);
  });
});
