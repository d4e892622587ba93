/** Convolutions against sums written out in index notation, and what the reference vectors do not show: padding, layers, maps. */
import { describe, expect, test } from "vitest";
import { results } from "./run.ts";

/** Two values of a body are the same numbers. */
function same(body: string, declarations = ""): void {
  const x = Array.from({ length: 60 }, (_, i) => Math.sin(7 * i + 1));
  const [a, b] = results(body, { declarations, x });
  expect(a.length).toBe(b.length);
  expect(a.length).toBeGreaterThan(0);
  a.forEach((value, i) => expect(Math.abs(value - b[i])).toBeLessThan(1e-12));
}

const filters = "let w = reshape(x[:36], [3, 2, 3, 2])";
const image = "let v = reshape(x, [4, 5, 3])";

describe("conv", () => {
  test("is the sum over the window", () => same(`${image} ${filters}
    return (conv(v, w), for [i in 0..2, j in 0..4, o] => sum[a, b, c](v[i + a, j + b, c] * w[a, b, c, o]))`));
  test("keeps sizes with `same`, an odd element on the high side", () => same(`${image} ${filters}
    return (conv(v, w, padding = same), conv(v, w, padding = [[1, 1], [0, 1]]))`));
  test("`same` with a stride gives ceil(size / stride) windows", () => same(`${image} ${filters}
    return (conv(v, w, stride = 2, padding = same), conv(v, w, stride = 2, padding = [same(4, 3, 2), same(5, 2, 2)]))`));
  test("negative padding cuts", () => same(`${image} ${filters}
    return (conv(v, w, padding = [[-1, 1], -1]), conv(pad(v[1:, 1:-1], [0, 0, 0], [1, 0, 0]), w))`));
  test("in groups is one convolution each", () => same(`
    let v = reshape(x, [3, 5, 4])
    let w = reshape(x[:24], [3, 2, 4])
    let parts = concat(conv(v[..., :2], w[..., :2]), conv(v[..., 2:], w[..., 2:]), axis = -1)
    return (conv1d(v, w, groups = 2), parts)`));
  test("for each channel", () => same(`
    let v = reshape(x, [3, 5, 4])
    let w = reshape(x[:12], [3, 1, 4])
    return (conv1d(v, w, groups = 4), for [n, t in 0..3, c] => sum[a](v[n, t + a, c] * w[a, 0, c]))`));
  test("works in a map", () => same(`
    let v = reshape(x, [3, 4, 5])
    let w = reshape(x[:30], [2, 5, 3])
    let mapped = map one in v => conv(one, w)
    return (mapped, conv(v, w))`));
  test("maps over filters", () => same(`
    let v = reshape(x, [4, 5, 3])
    let ws = reshape(x[:36], [3, 2, 2, 3, 1])
    let mapped = map w in ws => conv(v, w, padding = same)
    return (mapped, stack(conv(v, ws[0], padding = same), conv(v, ws[1], padding = same), conv(v, ws[2], padding = same)))`));
  test("passes credit as its sum does", () => same(`${image} ${filters}
    let y = conv(v, w)
    let z = for [i in 0..2, j in 0..4, o] => sum[a, b, c](v[i + a, j + b, c] * w[a, b, c, o])
    let (yv, yw) = pull(y, (v, w), tanh(y))
    let (zv, zw) = pull(z, (v, w), tanh(z))
    return (concat(flatten(yv), flatten(yw), axis = 0), concat(flatten(zv), flatten(zw), axis = 0))`));
});

test.each([
  ["plain", 1, ""], ["with steps", 1, ", stride = 2"], ["padded", 1, ", stride = 2, padding = 1"],
  ["dilated", 1, ", dilation = 2"], ["in groups", 2, ", stride = 2, groups = 2"],
])("conv_transpose is the transpose of conv, %s", (_, groups, options) => same(`
    let v = reshape(x[:40], [5, 8])
    let w = reshape(x[:${48 / groups}], [3, ${8 / groups}, 2])
    // Filters of the convolution back: channels exchanged in each group.
    let parts = reshape(w, [3, ${8 / groups}, ${groups}, ${2 / groups}])
    let back = reshape(for [k, o, g, i] => parts[k, i, g, o], [3, ${2 / groups}, 8])
    let y = conv_transpose(v, w${options})
    let there = conv(y, back${options})
    return (y, pull(there, y, v))`));

test("layers are their functions", () => same(`
  let y = reshape(x, [3, 5, 4])
  return (concat(flatten(layer1(y)), flatten(wide(y)), axis = 0), concat(
    flatten(conv1d(y, layer1.weight, padding = same) + layer1.bias), flatten(conv_transpose(y, wide.weight, stride = 2) + wide.bias), axis = 0))`,
"var layer1 = Conv1d[4, 2, K = 3, padding = same]  var wide = ConvTranspose1d[4, 2, K = 3, stride = 2]"));

test("filters begin with the variance of the inputs that they see", () => {
  const [weight] = results("return layer1.weight", { declarations: "var layer1 = Conv2d[8, 64, K = 3]" });
  const variance = weight.reduce((sum, value) => sum + value * value, 0) / weight.length;
  expect(variance * 9 * 8).toBeGreaterThan(1.9);
  expect(variance * 9 * 8).toBeLessThan(2.1);
});
