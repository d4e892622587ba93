import { describe, expect, test } from "vitest";
import type { Tensor } from "../../compiler/reference/index.ts";
import { expectEqual, moduleOf } from "./support.ts";

const rnn = `
fn cell(x: f32[2], h: f32[3], w: f32[2, 3], u: f32[3, 3]) -> f32[3] = tanh(x @ w + h @ u)
fn run_loop(xs: f32[5, 2], h0: f32[3], w: f32[2, 3], u: f32[3, 3]) {
  return scan h = h0 for x in xs { h <- cell(x, h, w, u)  emit sum(h * h) }
}
fn run_unrolled(xs: f32[5, 2], h0: f32[3], w: f32[2, 3], u: f32[3, 3]) {
  let h = h0
  static for i in 0..5 {
    let h = cell(xs[i], h, w, u)
    tap unused = h
  }
  return h
}
`;
const both = (body: string): [string, string] => [
  `${rnn} export fn f(xs: f32[5, 2], h0: f32[3], w: f32[2, 3], u: f32[3, 3], v: f32[3, 3]) { let (h, es) = run_loop(xs, h0, w, u)  ${body} }`,
  `${rnn.replace("    tap unused = h\n", "")} export fn f(xs: f32[5, 2], h0: f32[3], w: f32[2, 3], u: f32[3, 3], v: f32[3, 3]) {
    let h0_ = cell(xs[0], h0, w, u)  let h1_ = cell(xs[1], h0_, w, u)  let h2_ = cell(xs[2], h1_, w, u)  let h3_ = cell(xs[3], h2_, w, u)  let h = cell(xs[4], h3_, w, u)
    let es = stack(sum(h0_ * h0_), sum(h1_ * h1_), sum(h2_ * h2_), sum(h3_ * h3_), sum(h * h))  ${body} }`,
];

describe("scan equals its unrolled program", () => {
  const cases: Record<string, string> = {
    values: "return { h, es }",
    "gradients of the last carry": "let l = sum(sin(h))  return { w: grad(l, w), u: grad(l, u), h0: grad(l, h0), xs: grad(l, xs) }",
    "gradients of the emits": "let l = sum(sin(es) * [1, 2, 3, 4, 5])  return { w: grad(l, w), u: grad(l, u), h0: grad(l, h0), xs: grad(l, xs) }",
    "gradients of both": "let l = sum(es) * sum(h)  return grad(l, (u, xs))",
    "forward mode": "return { h: push(h, u, v), es: push(es, u, v), x: push(h, xs, cos(xs)) }",
    "forward over reverse": "let l = sum(sin(h)) + sum(es)  return push(grad(l, u), u, v)",
    "reverse over reverse": "let l = sum(sin(h)) + sum(es)  let g = grad(l, u)  return grad(sum(g * g * v), u)",
    "reverse over forward": "let t = push(sum(h * h), u, v)  return { u: grad(t, u), w: grad(t, w) }",
    "third order": "let l = sum(h * h)  let g = grad(l, u)  let g2 = grad(sum(g * v), u)  return push(g2, u, v)",
  };
  test.each(Object.entries(cases))("%s", (_, body) => expectEqual(...both(body)));
});

const pairs: Record<string, readonly [loop: string, unrolled: string]> = {
  "several carries that trade places": [
    "export fn f(a: f32[2], b: f32[2]) { let (x, y) = scan x = a, y = b for i in 0..3 { let t = x  x <- y * 2  y <- t + 1 }  return { x, y, g: grad(sum(x * y), a) } }",
    "export fn f(a: f32[2], b: f32[2]) { let x1 = b * 2 let y1 = a + 1 let x2 = y1 * 2 let y2 = x1 + 1 let x = y2 * 2 let y = x2 + 1  return { x, y, g: grad(sum(x * y), a) } }",
  ],
  "nested, the inner one over the outer's carry": [
    "export fn f(a: f32[3], w: f32[3]) { let s = scan s = a for i in 0..2 { let t = scan t = s for j in 0..2 { t <- sin(t * w) + f32(j) }  s <- t + s * f32(i) }  let l = sum(s)  return { s, a: grad(l, a), w: grad(l, w) } }",
    "export fn f(a: f32[3], w: f32[3]) { let t1 = sin(a * w) let t2 = sin(t1 * w) + 1 let s1 = t2 + a * 0 let t3 = sin(s1 * w) let t4 = sin(t3 * w) + 1 let s = t4 + s1  let l = sum(s)  return { s, a: grad(l, a), w: grad(l, w) } }",
  ],
  "no carries: emits alone": [
    "export fn f(a: f32[3, 2], w: f32[2]) { let y = scan for x in a { emit x * w }  return { y, g: grad(sum(y * y), w) } }",
    "export fn f(a: f32[3, 2], w: f32[2]) { let y = a * w  return { y, g: grad(sum(y * y), w) } }",
  ],
  "the last turn first": [
    "export fn f(a: f32[4, 2], w: f32[2]) { let (h, es) = scan(reversed = true) h = w for (i, x) in (0..4, a) { h <- tanh(h * x) + f32(i)  emit h * w }  let l = sum(h) + sum(es ^ 2)  return { h, es, g: grad(l, (a, w)), d: push(l, w, w) } }",
    "export fn f(a: f32[4, 2], w: f32[2]) { let (h, back) = scan h = w for (i, x) in (0..4, reverse(a, axis = 0)) { h <- tanh(h * x) + 3 - f32(i)  emit h * w }  let es = reverse(back, axis = 0)  let l = sum(h) + sum(es ^ 2)  return { h, es, g: grad(l, (a, w)), d: push(l, w, w) } }",
  ],
  "a tuple of inputs, a record as carry": [
    "export fn f(a: f32[3, 2], b: f32[3]) { let s = scan s = { h: zeros([2]), n: 0.0 } for (x, k) in (a, b) { s <- { h: s.h * k + x, n: s.n + k } }  return { s, g: grad(sum(s.h) * s.n, b) } }",
    "export fn f(a: f32[3, 2], b: f32[3]) { let h = ((zeros([2]) * b[0] + a[0]) * b[1] + a[1]) * b[2] + a[2] let n = b[0] + b[1] + b[2]  return { s: { h, n }, g: grad(sum(h) * n, b) } }",
  ],
  "a request in the body": [
    "export fn f(x: f32[4]) = scan y = x for i in 0..3 { y <- y - 0.1 * grad(sum(y ^ 4), y) }",
    "export fn f(x: f32[4]) { let a = x - 0.4 * x ^ 3 let b = a - 0.4 * a ^ 3 return b - 0.4 * b ^ 3 }",
  ],
  "an own rule in the body": [
    "fn clip(x: f32[...S]) -> f32[...S] = sign(x) surrogate backward(dy) = { x: where(abs(x) <= 1, dy, 0) } export fn f(x: f32[4]) { let y = scan y = x for i in 0..2 { y <- clip(y) * 0.5 + y }  return grad(sum(y * y), x) }",
    "fn clip(x: f32[...S]) -> f32[...S] = sign(x) surrogate backward(dy) = { x: where(abs(x) <= 1, dy, 0) } export fn f(x: f32[4]) { let a = clip(x) * 0.5 + x let y = clip(a) * 0.5 + a  return grad(sum(y * y), x) }",
  ],
  "truncated credit": [
    "export fn f(x: f32[4], a: f32) { let y = scan(truncate = 2) y = 0.0 for v in x { y <- a * y + v }  return grad(y, x) }",
    "export fn f(x: f32[4], a: f32) { let y = a * stop(a * (a * (a * 0 + x[0]) + x[1])) + 0 return stack(0 * y, 0 * y, a, 1 + 0 * y) }",
  ],
};
describe("loops of every form", () => {
  test.each(Object.entries(pairs))("%s", (_, [loop, unrolled]) => expectEqual(loop, unrolled));

  test("until ends early, before a turn whose condition holds", () => {
    const module = moduleOf("export fn f(x: f32) { let (y, n) = scan y = x, n = 0 for i in 0..20 until y > 100 { y <- y * 2  n <- n + 1 }  return { y, n } }");
    const call = (x: number) => module.call("f", {}, [{ type: { element: "f32", shape: [] }, data: Float64Array.of(x) }]).map(({ data }) => data[0]);
    expect(call(3)).toEqual([192, 6]);
    expect(call(101)).toEqual([101, 0]);
    expect(call(1e-9)).toEqual([1e-9 * 2 ** 20, 20]);
  });

  test("a training loop carries what it assigns: one call is as many calls of its body", () => {
    const source = `
      var w: f32[3] = 1
      var t = 0
      export train fn step(x: f32[3], lr: f32) -> f32 {
        let l = sum((w * x - 1) ^ 2)
        minimize l over w with adam(lr = lr)
        t <- t + 1
        return l + f32(t)
      }
      export train fn epoch(xs: f32[4, 3], lr: f32) -> f32[4] = scan for x in xs { emit step(x, lr) }`;
    const [once, turns] = [moduleOf(source), moduleOf(source)];
    const xs = Float64Array.from({ length: 12 }, (_, i) => Math.sin(i));
    const lr: Tensor = { type: { element: "f32", shape: [] }, data: Float64Array.of(0.1) };
    const [losses] = once.call("epoch", {}, [{ type: { element: "f32", shape: [4, 3] }, data: xs }, lr]);
    const expected = [0, 1, 2, 3].map((i) => turns.call("step", {}, [{ type: { element: "f32", shape: [3] }, data: xs.subarray(3 * i, 3 * i + 3) }, lr])[0].data[0]);
    expect([...losses.data]).toEqual(expected);
    for (const path of ["w", "t", "step.adam.m.w", "step.adam.t.w"]) expect(once.state(path).data).toEqual(turns.state(path).data);
  });

  test("a stack of layers", () => {
    expectEqual(
      "model S(x: f32[4]) -> f32[4] { layer b[3] = Linear[4, 4] return scan h = x for l in b { h <- tanh(l(h)) } } var m = S export fn f(x: f32[4]) = { y: m(x), g: grad(sum(m(x)), m.b).weight }",
      "model S(x: f32[4]) -> f32[4] { layer b[3] = Linear[4, 4] static for l in b { let x = tanh(l(x)) } return x } var m = S export fn f(x: f32[4]) = { y: m(x), g: grad(sum(m(x)), m.b).weight }",
    );
  });

  test("backwards: reversed families, trees and ranges", () => {
    expectEqual(
      "model S(x: f32[4]) -> f32[4] { layer b[3] = Linear[4, 4] return scan h = x for (l, i) in (reverse(b), reverse(0..3)) { h <- tanh(l(h)) + f32(i) } } var m = S export fn f(x: f32[4]) = { y: m(x), g: reverse(grad(sum(m(x)), m.b)) }",
      "model S(x: f32[4]) -> f32[4] { layer b[3] = Linear[4, 4] return tanh(b[0](tanh(b[1](tanh(b[2](x)) + 2)) + 1)) + 0 } var m = S export fn f(x: f32[4]) { let g = grad(sum(m(x)), m.b) return { y: m(x), g: { weight: stack(g.weight[2], g.weight[1], g.weight[0]), bias: stack(g.bias[2], g.bias[1], g.bias[0]) } } }",
    );
  });

  test("draws differ from turn to turn and from call to call", () => {
    const module = moduleOf("export fn f() = scan for i in 0..3 { emit normal([2]) }");
    const [first, second] = [module.call("f", {}, [])[0].data, module.call("f", {}, [])[0].data];
    expect(new Set([...first, ...second]).size).toBe(12);
  });
});

describe("taps in loops", () => {
  const model = "model R(xs: f32[3, 2]) -> f32[2] { param w: f32[2] = 0.5  return scan h = zeros([2]) for x in xs { tap a = x + h * w  h <- tanh(a) } } var m = R";
  const plain = "var w: f32[2] = 0.5";
  const steps = "let a0 = xs[0] + zeros([2]) * w let a1 = xs[1] + tanh(a0) * w let a2 = xs[2] + tanh(a1) * w let y = tanh(a2)";
  test("are stacked, and take derivatives at every turn", () => {
    expectEqual(
      `${model} export fn f(xs: f32[3, 2]) { let (y, t) = taps(m(xs))  return { a: t.a, g: grad(sum(y * y), t.a), w: pull(t.a, m.w, 1) } }`,
      `${plain} export fn f(xs: f32[3, 2]) { ${steps}  let l = sum(y * y)  return { a: stack(a0, a1, a2), g: stack(grad(l, a0), grad(l, a1), grad(l, a2)), w: pull(stack(a0, a1, a2), w, 1) } }`,
    );
  });
});
