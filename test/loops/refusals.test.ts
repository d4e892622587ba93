/** What loops do not do is refused by name: grammar/README.md lists it. */
import { expect, test } from "vitest";
import { elaborate } from "../../compiler/elaborate/index.ts";

const refused: Readonly<Record<string, readonly [code: string, text: string]>> = {
  "adaptive steps without an estimate": ["loop", "export fn f(y0: f32) = odesolve(rk4, rtol = 1e-5) y = y0 for t in [0, 1] => -y"],
  "checkpoints of adaptive steps": ["loop", "export fn f(y0: f32) = odesolve(dopri5, rtol = 1e-5, adjoint = checkpointed) y = y0 for t in [0, 1] => -y"],
  "steps and a tolerance": ["loop", "export fn f(y0: f32) = odesolve(dopri5, rtol = 1e-5, steps = 4) y = y0 for t in [0, 1] => -y"],
  "going back by a method that cannot": ["loop", "export fn f(y0: f32) = odesolve(rk4, steps = 4, adjoint = reversible) y = y0 for t in [0, 1] => -y"],
  "assigning state in a map": ["state", "var t = 0 export fn f(x: f32[2]) { let y = map v in x { t <- t + 1 return v } return y }"],
  "checkpoints with until": ["loop", "export fn f(x: f32) { let y = scan(checkpoint = sqrt) y = x for i in 0..9 until y > 3 { y <- y * 2 } return grad(y, x) }"],
  "an emit with until": ["loop", "export fn f(x: f32) = scan y = x for i in 0..9 until y > 3 { y <- y * 2 emit y }"],
  "things of different lengths": ["loop", "export fn f(x: f32[3], y: f32[4]) = scan s = 0.0 for (a, b) in (x, y) { s <- s + a * b }"],
  "a carry that changes its shape": ["loop", "export fn f(x: f32[3]) = scan s = x for i in 0..2 { s <- expand(s, 0) }"],
  "a second derivative of a fixpoint in a loop": ["later", "export fn f(x: f32, a: f32[3]) { let y = scan h = x for v in a { h <- fixpoint() z = h => 0.5 * tanh(z) + v * h } return grad(grad(y * y, x), x) }"],
  "two emits": ["loop", "export fn f(x: f32[3]) = scan for v in x { emit v emit v }"],
};
test.each(Object.entries(refused))("%s", (_, [code, text]) => {
  expect(elaborate(text, { file: "loop.pull" }).diagnostics.map((said) => said.code)).toEqual([code]);
});
