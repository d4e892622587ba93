import { describe, test } from "vitest";
import { expectEqual } from "./support.ts";

/** How often x can be multiplied before it passes a bound: four turns of nine for the arguments of these tests. */
const loop = (body: string): string => `export fn f(x: f32[3], w: f32[3], v: f32[3]) {
  let y = scan y = x for i in 0..9 until i >= 4 { y <- sin(y * w) + 0.1 * f32(i) * y }
  ${body}
}`;
const unrolled = (body: string): string => `export fn f(x: f32[3], w: f32[3], v: f32[3]) {
  let a = sin(x * w)
  let b = sin(a * w) + 0.1 * a
  let c = sin(b * w) + 0.2 * b
  let y = sin(c * w) + 0.3 * c
  ${body}
}`;

describe("a loop that ends early equals its unrolled program", () => {
  const cases: Record<string, string> = {
    value: "return y",
    gradients: "return grad(sum(y * y), (x, w))",
    "forward mode": "return { x: push(y, x, v), w: push(y, w, v) }",
    "forward over reverse": "return push(grad(sum(y * y), w), w, v)",
    "reverse over forward": "return grad(sum(push(y, w, v) ^ 2), (x, w))",
    "reverse over reverse": "let g = grad(sum(sin(y)), w)  return grad(sum(g * g * v), (x, w))",
    "third order": "let g = grad(sum(sin(y)), w)  let h = grad(sum(g * g * v), x)  return { p: push(h, w, v), g: grad(sum(h * v), (x, w)) }",
  };
  test.each(Object.entries(cases))("%s", (_, body) => expectEqual(loop(body), unrolled(body)));
});

describe("elements of a map that end at different turns", () => {
  /** An element's own loop, and the same by turns that are masked. */
  const mapped = (body: string, after: string): string => `export fn f(x: f32[4], w: f32, v: f32) {
    let y = map (a, i) in (x, 0..4) {
      let z = scan z = a for t in 0..6 until t >= 2 * mod(i, 3) { z <- sin(z * w) + 0.3 * f32(t) * z }
      ${body}
    }
    ${after}
  }`;
  const masked = (body: string, after: string): string => mapped(body, after)
    .replace("until t >= 2 * mod(i, 3) {", "{ let on = t < 2 * mod(i, 3)  let y =").replace("z <- sin", "sin").replace("* z }", "* z  z <- where(on, y, z) }");
  const cases: Record<string, readonly [string, string]> = {
    values: ["return z", "return y"],
    "gradients from outside": ["return z", "return { g: grad(sum(y * y), (x, w)), p: push(y, w, v) }"],
    "gradients inside": ["return grad(z * z, (a, w))", "return y"],
    "second order inside": ["let g = grad(sin(z), w)  return grad(g * g, (a, w))", "return y"],
    "second order, inside and outside": ["return grad(sin(z), w)", "return { g: grad(sum(y * y), (x, w)), p: push(y, w, v) }"],
    "third order": ["let g = grad(sin(z), w)  return grad(g * g, w)", "return grad(sum(y * y), (x, w))"],
    "forward inside": ["return push(z, w, 1)", "return grad(sum(y * y), (x, w))"],
  };
  test.each(Object.entries(cases))("%s", (_, [body, after]) => expectEqual(mapped(body, after), masked(body, after)));
});
