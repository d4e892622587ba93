/** Slices of state in a `map`: each is trained as if it were alone. */
import { expect, test } from "vitest";
import { elaborate } from "../../compiler/elaborate/index.ts";
import { moduleOf } from "./support.ts";

const tensor = (shape: readonly number[], ...values: number[]) => ({ type: { element: "f32" as const, shape }, data: Float64Array.from(values) });
const args = [tensor([4, 3], 0.1, 0.2, -0.3, 0.4, -0.5, 0.6, 0.7, 0.8, -0.9, 0.3, 0.2, 0.1), tensor([4, 2], 1, 0, 0, 1, 1, 0, 0.5, 0.5)];

/** The same training by a map over a family, and of one model after the other. */
const pairs: Readonly<Record<string, readonly [string, string]>> = {
  "a family, by an optimizer with state of its own": [
    "map m in nets { let l = mean((m(x) - y) ^ 2)  minimize l over m with adam(lr = 0.1)  return l }",
    "adam(lr = 0.1)",
  ],
  "a family, slot that starts at the parameter": [
    "map m in nets { let l = mean((m(x) - y) ^ 2)  minimize l over m with trailing(lr = 0.1)  return l }",
    "trailing(lr = 0.1)",
  ],
};
const declarations = `
  var nets[3] = Linear[3, 2]
  optimizer trailing(p, g, lr: f32) {
    state slow = p
    state turns = 0
    turns <- turns + 1
    slow <- 0.9 * slow + 0.1 * p
    p <- slow - lr * g * f32(turns)
  }`;
test.each(Object.entries(pairs))("%s", (_, [mapped, optimizer]) => {
  const one = (i: number) => `let l${i} = mean((nets[${i}](x) - y) ^ 2)  minimize l${i} over nets[${i}] with ${optimizer}`;
  const entry = (body: string) => `${declarations} export train fn f(x: f32[4, 3], y: f32[4, 2]) { ${body} }`;
  const a = moduleOf(entry(`return ${mapped}`));
  const b = moduleOf(entry(`${[0, 1, 2].map(one).join("\n")} return stack(l0, l1, l2)`));
  for (let call = 0; call < 4; call++) {
    const [left, right] = [a.call("f", {}, args)[0].data, b.call("f", {}, args)[0].data];
    left.forEach((value, i) => expect(value).toBeCloseTo(right[i], 12));
    expect(new Set(left).size).toBe(3);
  }
});

test("a tensor's rows, a model's own state, in a loop and beside a slice that is only read", () => {
  const a = moduleOf(`
    var w: f32[3, 2] = normal(0, 1)
    var seen: i32[3] = 0
    export train fn f(x: f32[3, 2], lr: f32) {
      let losses = map (row, n, v) in (w, seen, x) {
        let l = scan l = 0.0 for i in 0..4 {
          let q = sum((row - v) ^ 2)
          row <- row - lr * grad(q, row)
          n <- n + 1
          l <- q
        }
        return l
      }
      return { losses, w, seen }
    }`);
  const x = tensor([3, 2], 1, 2, 3, 4, 5, 6);
  const lr = tensor([], 0.25);
  const [first] = a.call("f", {}, [x, lr]);
  const [losses, w, seen] = a.call("f", {}, [x, lr]).map(({ data }) => [...data]);
  // Each turn halves the distance.
  losses.forEach((value, i) => expect(value * 4 ** 4).toBeCloseTo(first.data[i], 9));
  w.forEach((value, i) => expect(Math.abs(value - x.data[i])).toBeLessThan(0.05));
  expect(seen).toEqual([8, 8, 8]);
});

test("running statistics of a family of norms", () => {
  const module = moduleOf(`
    var norms[2] = BatchNorm[3]
    export train fn f(x: f32[2, 4, 3]) = map (n, v) in (norms, x) => n(v)
    export fn g(x: f32[2, 4, 3]) = map (n, v) in (norms, x) => n(v)`);
  const x = tensor([2, 4, 3], ...Array.from({ length: 24 }, (_, i) => Math.sin(i) + (i > 11 ? 5 : 0)));
  const before = [...module.call("g", {}, [x])[0].data];
  for (let i = 0; i < 60; i++) module.call("f", {}, [x]);
  const after = [...module.call("g", {}, [x])[0].data];
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(mean(before.slice(12))).toBeGreaterThan(4);
  expect(Math.abs(mean(after.slice(12)))).toBeLessThan(0.1);
  expect(Math.abs(mean(after.slice(0, 12)))).toBeLessThan(0.1);
});

test("what no slice is assigned is refused", () => {
  const codes = (text: string): string[] => elaborate(text, { file: "map.pull" }).diagnostics.map(({ code }) => code);
  expect(codes("var t = 0 export train fn f(x: f32[2]) = map v in x { t <- t + 1  return v }")).toEqual(["state"]);
  expect(codes("export train fn f(x: f32[2]) = map v in x { v <- v + 1  return v }")).toEqual(["state"]);
  expect(codes("var w: f32[2] = 0 fn f(x: f32[2]) = map v in w { v <- v + 1  return v } export fn g(x: f32[2]) = f(x)")).toEqual(["state"]);
});
