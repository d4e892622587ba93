import { describe, expect, test } from "vitest";
import { expectEqual } from "./support.ts";

const pairs: Record<string, readonly [mapped: string, plain: string]> = {
  "over rows": ["export fn f(x: f32[3, 2]) = map r in x => sum(r * r)", "export fn f(x: f32[3, 2]) = sum(x * x, axis = 1)"],
  "over a range": ["export fn f(x: f32[3]) = map i in 0..3 => x[i] * f32(i)", "export fn f(x: f32[3]) = x * [0.0, 1.0, 2.0]"],
  "over several": ["export fn f(x: f32[3, 2], w: f32[3, 2]) = map (a, b) in (x, w) { let d = a - b  return { d, n: sum(d ^ 2) } }", "export fn f(x: f32[3, 2], w: f32[3, 2]) { let d = x - w  return { d, n: sum(d ^ 2, axis = 1) } }"],
  "what does not depend on the element": ["export fn f(x: f32[3], y: f32[2]) = map a in x => sin(y)", "export fn f(x: f32[3], y: f32[2]) = broadcast(sin(y), [3, 2])"],
  "nested": ["export fn f(x: f32[2], y: f32[3]) = map a in x => map b in y => a * b", "export fn f(x: f32[2], y: f32[3]) = expand(x, 1) * y"],
  "products": ["export fn f(x: f32[4, 3, 2], w: f32[2, 5]) = map a in x => a @ w", "export fn f(x: f32[4, 3, 2], w: f32[2, 5]) = x @ w"],
  "per-example gradients": [
    "export fn f(x: f32[4, 3], w: f32[3]) = map a in x => grad(sin(sum(a * w)), w)",
    "export fn f(x: f32[4, 3], w: f32[3]) = expand(cos(x @ w), 1) * x",
  ],
  "a request about values outside": [
    "export fn f(x: f32[3]) { let y = x ^ 3  return map e in eye(3) => pull(y, x, e) }",
    "export fn f(x: f32[3]) = eye(3) * 3 * x ^ 2",
  ],
  "a derivative through a map": [
    "export fn f(x: f32[4, 3], w: f32[3]) { let y = map a in x => tanh(sum(a * w))  return grad(sum(y * y), (x, w)) }",
    "export fn f(x: f32[4, 3], w: f32[3]) { let y = tanh(x @ w)  return grad(sum(y * y), (x, w)) }",
  ],
  "an own rule in a mapped body": [
    "fn half(x: f32[...S], w: f32[...S]) -> f32[...S] = x * w surrogate backward(dy) = { x: 0.5 * dy, w: dy * result } export fn f(x: f32[4, 3], w: f32[3]) { let y = map a in x => half(a, w)  return grad(sum(sin(y)), (x, w)) }",
    "fn half(x: f32[...S], w: f32[...S]) -> f32[...S] = x * w surrogate backward(dy) = { x: 0.5 * dy, w: dy * result } export fn f(x: f32[4, 3], w: f32[3]) { let y = half(x, broadcast(w, [4, 3]))  return { x: 0.5 * cos(y), w: sum(cos(y) * y, axis = 0) } }",
  ],
  "a rule set on a mapped body": [
    "rules r { tanh(x) backward(d) = { x: 2 * d } } export fn f(x: f32[4, 3], w: f32[3]) { let y = map a in x => sum(tanh(a * w))  return pull(y, w, 1, using = r) }",
    "rules r { tanh(x) backward(d) = { x: 2 * d } } export fn f(x: f32[4, 3], w: f32[3]) = 2 * sum(x, axis = 0) + 0 * w",
  ],
  "a scan in a map, and its derivative": [
    "export fn f(x: f32[3, 4], a: f32) { let y = map r in x => scan s = 0.0 for v in r { s <- a * s + sin(v) }  return { y, g: grad(sum(y ^ 2), (x, a)) } }",
    "export fn f(x: f32[3, 4], a: f32) { let s = sin(x) let y = ((s[:, 0] * a + s[:, 1]) * a + s[:, 2]) * a + s[:, 3]  return { y, g: grad(sum(y ^ 2), (x, a)) } }",
  ],
  "an own rule in a scan in a map": [
    "fn half(x: f32[...S], w: f32[...S]) -> f32[...S] = x * w surrogate backward(dy) = { x: 0.5 * dy, w: dy * sin(result) } export fn f(x: f32[3, 4], a: f32) { let y = map r in x => scan s = 0.0 for v in r { s <- half(s, a) + v }  return grad(sum(y ^ 2), (x, a)) }",
    "fn half(x: f32[...S], w: f32[...S]) -> f32[...S] = x * w surrogate backward(dy) = { x: 0.5 * dy, w: dy * sin(result) } export fn f(x: f32[3, 4], a: f32) { let b = broadcast(a, [3]) let s = half(half(half(half(zeros([3]), b) + x[:, 0], b) + x[:, 1], b) + x[:, 2], b) + x[:, 3]  return grad(sum(s ^ 2), (x, a)) }",
  ],
  "a map in a scan, and its derivative": [
    "export fn f(x: f32[3, 2], w: f32[2]) { let h = scan h = zeros([2]) for r in x { h <- map (a, b) in (h, r * w) => tanh(a + b) }  return grad(sum(h), w) }",
    "export fn f(x: f32[3, 2], w: f32[2]) { let h = tanh(tanh(tanh(x[0] * w) + x[1] * w) + x[2] * w)  return grad(sum(h), w) }",
  ],
  "jacobian": [
    "export fn f(x: f32[3], w: f32[3, 2]) { let y = tanh(x @ w)  return { x: jacobian(y, x), w: jacobian(y, w) } }",
    "export fn f(x: f32[3], w: f32[3, 2]) { let y = tanh(x @ w) let d = 1 - y ^ 2  return { x: expand(d, 1) * w.T, w: for [i in 0..2, a in 0..3, b in 0..2] => where(i == b, d[i] * x[a], 0) } }",
  ],
  "a Hessian": [
    "export fn f(x: f32[3]) { let g = grad(sum(x ^ 4) + x[0] * x[1], x)  return jacobian(g, x) }",
    "export fn f(x: f32[3]) = eye(3) * 12 * x ^ 2 + (for [i in 0..3, j in 0..3] => f32(i + j == 1))",
  ],
  "jacobian through a rule of a function's own": [
    "fn cube(x: f32[...S]) -> f32[...S] = x ^ 3\n  backward(d) = { x: 3 * x ^ 2 * d }\nexport fn f(x: f32[3]) { let y = cube(x) * x[0]  return jacobian(y, x) }",
    "export fn f(x: f32[3]) -> f32[3, 3] = 3 * diagonal_matrix(x ^ 2) * x[0] + outer(x ^ 3, [1.0, 0.0, 0.0])",
  ],
  "jacobian of a scan": [
    "export fn f(x: f32[2]) { let y = scan y = x for i in 0..3 { y <- sin(y) }  return jacobian(y, x) }",
    "export fn f(x: f32[2]) = eye(2) * cos(x) * cos(sin(x)) * cos(sin(sin(x)))",
  ],
};
describe("map", () => {
  test.each(Object.entries(pairs))("%s", (_, [mapped, plain]) => expectEqual(mapped, plain));
});
