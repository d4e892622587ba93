import { describe, expect, it } from "vitest";
import { workspace } from "./command.ts";

const good = `fn square(x: f32[...S]) -> f32[...S] = x * x
  backward(dy) = { x: 2 * x * dy }
var w: f32[2, 3] = zeros([2, 3])
export train fn step(x: f32[4, 2], y: i32[4]) -> f32 {
  let l = mean(cross_entropy(tanh(x @ w) * stop(exp(x @ w)), y))
  minimize l over w with sgd(lr = 0.1)
  return l
}
export fn twice(x: f32[3], v: f32[3]) -> f32[3] = pull(grad(sum(square(x) * x), x), x, v)
`;
const wrong = good.replace("2 * x * dy", "3 * x * dy");
const surrogate = `fn sign_ste(x: f32[...S]) -> f32[...S] = sign(x)
  surrogate backward(dy) = { x: where(abs(x) <= 1, dy, 0) }
rules double { tanh(x) backward(r) = { x: 2 * r } }
export fn ste(x: f32[3]) -> f32[3] = grad(sum(sign_ste(x) * x), x)
export fn ruled(x: f32[3]) -> f32[3] = pull(tanh(x), x, x, using = double)
`;

describe("gradcheck", () => {
  it("finds exact derivatives right, with what stop gives held still and second order", async () => {
    const { code, out, err } = await workspace({ "g.pull": good }).pullback("gradcheck", "g.pull");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^step \(g\.pull:6\): right\n {2}w: 6 elements, worst w\[\d, \d\], off by \d\.\de-\d+\n/);
    expect(out).toMatch(/twice \(g\.pull:9\): right\n/);
    expect(out.endsWith("3 derivatives, 0 wrong\n")).toBe(true);
  });
  it("says how many elements of a large tensor it looked at", async () => {
    const { out } = await workspace({ "l.pull": "export fn f(x: f32[10, 10]) -> f32[10, 10] = grad(sum(sin(x)), x)" }).pullback("gradcheck", "l.pull");
    expect(out).toMatch(/^ {2}x: \d\d of 100 elements, worst x/m);
  });
  it("names the worst element of a wrong rule, exit code 1", async () => {
    const { code, out } = await workspace({ "g.pull": wrong }).pullback("gradcheck", "g.pull");
    expect(code).toBe(1);
    expect(out).toMatch(/twice \(g\.pull:9\): WRONG\n {2}x: 3 elements, worst x\[\d\]: derivative [\d.]+, differences [\d.]+\n/);
  });
  it("reports surrogates and rule sets, and does not fail for them", async () => {
    const { code, out } = await workspace({ "s.pull": surrogate }).pullback("gradcheck", "s.pull");
    expect(code).toBe(0);
    expect(out).toContain("ste (s.pull:4): differs on purpose: surrogate rule of sign_ste\n");
    expect(out).toContain("ruled (s.pull:5): differs on purpose: rules double\n");
  });
  it("prints JSON, and says so where there is nothing to check", async () => {
    const { pullback } = workspace({ "s.pull": surrogate, "n.pull": "export fn f(x: f32) -> f32 = x\n" });
    expect(JSON.parse((await pullback("gradcheck", "--json", "s.pull")).out).requests[0]).toMatchObject({ entry: "ste", verdict: "intended", surrogates: ["sign_ste"], file: "s.pull", start: { line: 4 } });
    expect(await pullback("gradcheck", "n.pull")).toEqual({ code: 0, out: "n.pull asks for no derivatives\n", err: "" });
  });

  it("compares two adjoints of a solver", async () => {
    const program = (adjoint: string): string => `export fn slope(x: f32[2], w: f32[2, 2]) = grad(sum(odesolve(midpoint, steps = 20, adjoint = ${adjoint}) y = x for t in [0, 1] => tanh(y @ w)), (x, w))\n`;
    const { pullback } = workspace({ "o.pull": program("continuous"), "e.pull": "export fn f(x: f32) -> f32 = grad(odesolve(rk4, steps = 2) y = x for t in [0, 1] => -y, x)\n" });
    const { code, out } = await pullback("gradcheck", "--adjoint", "discrete", "o.pull");
    expect(code).toBe(0);
    expect(out).toMatch(/^slope \(o\.pull:1\): as written, and with adjoint = discrete\n {2}x: apart by \d\.\de-[3-6] of the largest\n {2}w: apart by \d\.\de-[3-6] of the largest\n$/);
    expect((await pullback("gradcheck", "--adjoint", "continuous", "o.pull")).out).toContain("  x: the same\n");
    const refused = await pullback("gradcheck", "--adjoint", "reversible", "e.pull");
    expect(refused.code).toBe(1);
    expect(refused.err).toContain("a step back of rk4 does not undo a step");
  });
});
