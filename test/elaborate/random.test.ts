/** Draws: what their bits depend on. */
import { describe, expect, it } from "vitest";
import { program } from "./program.ts";

const draws = `
  const fixed = normal([4])
  var net = Linear[4, 2]
  fn noise() -> f32[4] = uniform([4])
  export fn f[N in {4, 2}](x: f32[N]) -> (f32[4], f32[4], f32[4]) = (uniform([4]), noise(), noise())
  export fn keyed(k: u32) -> (f32[4], f32[4]) = (normal([4], key = k), normal([4], key = k))
  export fn fixed_() -> f32[4] = fixed
  export fn none() -> f32 = 1.0`;

describe("draws", () => {
  it("depend on seed, call and place, not on the variant", () => {
    const [a, b, other] = [program(draws), program(draws), program(draws, { seed: 1 })];
    const first = a.variant("f", { N: 4 }, [0, 0, 0, 0]);
    expect(b.variant("f", { N: 2 }, [0, 0])).toEqual(first);
    expect(other.variant("f", { N: 4 }, [0, 0, 0, 0])).not.toEqual(first);
    // Three places, three draws; the next call draws anew.
    expect(new Set(first.map(String)).size).toBe(3);
    expect(a.variant("f", { N: 4 }, [0, 0, 0, 0])).not.toEqual(first);
  });
  it("count the calls of all entries that draw, no others", () => {
    const [a, b] = [program(draws), program(draws)];
    a.call("none");
    a.call("fixed_");
    expect(a.call("f", [0, 0, 0, 0])).toEqual(b.call("f", [0, 0, 0, 0]));
  });
  it("with a key are replayed: on seed, key and element alone", () => {
    const a = program(draws);
    const [one, two] = a.call("keyed", 7);
    expect(one).toEqual(two);
    expect(a.call("keyed", 7)).toEqual([one, two]);
    expect(a.call("keyed", 8)[0]).not.toEqual(one);
    expect(program(draws, { seed: 5 }).call("keyed", 7)[0]).not.toEqual(one);
  });
  it("of const come from the build's seed, initial values from the module's seed and the path", () => {
    const a = program(draws);
    const b = program(`${draws}\nvar more = Linear[4, 2]`, { seed: 0 });
    const c = program(draws, { seed: 1 });
    expect(c.call("fixed_")).toEqual(a.call("fixed_"));
    expect(b.state("net.weight")).toEqual(a.state("net.weight"));
    expect(b.state("more.weight")).not.toEqual(a.state("net.weight"));
    expect(c.state("net.weight")).not.toEqual(a.state("net.weight"));
  });
  it("of the build's seed differ with it", () => {
    const source = "const c = uniform([3])\nexport fn f() -> f32[3] = c";
    const built = (seed: number): number[][] => program(source, { seed }).call("f");
    expect(built(0)).toEqual(built(0));
  });
  it("of models in a family, and of their initial values, differ", () => {
    const { call, state } = program(`
      model Noisy(x: f32[2]) -> f32[2] { param w: f32[2] = uniform()  return x + uniform([2]) }
      var nets[2] = Noisy
      export fn f(x: f32[2]) -> (f32[2], f32[2]) = (nets[0](x), nets[1](x))`);
    const [a, b] = call("f", [0, 0]);
    expect(a).not.toEqual(b);
    expect(state("nets.w").slice(0, 2)).not.toEqual(state("nets.w").slice(2));
  });
  it("lie where they should", () => {
    const { call } = program(`
      export fn f() -> (f32[2000], f32[2000], bool[2000]) = (uniform([2000], -1, 3), normal([2000], 5, 2), bernoulli(0.25, shape = [2000]))`);
    const [u, z, c] = call("f");
    const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(Math.min(...u)).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...u)).toBeLessThan(3);
    expect(Math.abs(mean(u) - 1)).toBeLessThan(0.1);
    expect(Math.abs(mean(z) - 5)).toBeLessThan(0.2);
    expect(Math.abs(mean(z.map((value) => (value - 5) ** 2)) - 4)).toBeLessThan(0.5);
    expect(Math.abs(mean(c) - 0.25)).toBeLessThan(0.05);
  });
});
