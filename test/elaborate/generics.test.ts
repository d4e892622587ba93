/** Sizes, packs and generics: who tells them, variants, used files, structure made at build. */
import { describe, expect, it } from "vitest";
import { messages, program, results } from "./program.ts";

describe("generics", () => {
  it("are told by arguments, each use anew", () => {
    const { call } = program(`
      fn halves(x: f32[...S, D]) -> f32[...S, D / 2] = x[..., :D / 2] + x[..., D / 2:]
      export fn f(a: f32[4], b: f32[2, 2]) -> (f32[2], f32[2, 1]) = (halves(a), halves(b))`);
    expect(call("f", [1, 2, 3, 4], [1, 2, 3, 4])).toEqual([[4, 6], [3, 7]]);
  });
  it("are told by linear formulas, each once the others are known", () => {
    const { call } = program(`
      fn half(x: f32[2 * A]) -> f32[A] = x[:A]
      fn both[C](x: f32[A + 3 * B - 1], y: f32[A], z: f32[C + 1]) -> f32[B + C] = concat(x[:B], z[:C], axis = 0)
      model Pairs[D](x: f32[...N, 2 * D]) -> f32[...N, D] { param w: f32[D] = 1  return w * x[..., :D] }
      var pairs = Pairs
      export fn f(x: f32[6], y: f32[2]) -> (f32[3], f32[2], f32[1]) = (half(x), both(x[:4], y[:2], y), pairs(y))`);
    expect(call("f", [1, 2, 3, 4, 5, 6], [7, 8])).toEqual([[1, 2, 3], [1, 7], [7]]);
    expect(messages("fn half(x: f32[2 * A]) -> f32[A] = x[:A]\nexport fn f(x: f32[5]) = half(x)")).toEqual(["argument 'x' of half must be f32[2 * A]"]);
  });
  it("are told by the declared type of the result", () => {
    expect(program(`
      fn filled(value: f32) -> f32[A, B] = broadcast(value, [A, B])
      var w: f32[2, 3] = filled(7)
      export fn f() -> f32[2, 3] = w`).call("f")).toEqual([[7, 7, 7, 7, 7, 7]]);
  });
  it("are given in brackets, by order, by name, or `_`", () => {
    const { call, paths } = program(`
      model Affine[In, Out, scale: f32 = 2](x: f32[In]) -> f32[Out] {
        param w: f32[In, Out] = 1
        return scale * (x @ w)
      }
      var a = Affine[2, 1]
      var b = Affine[_, 1, scale = 3]
      var c = Affine[Out = 1, In = 2]
      export fn f(x: f32[2]) -> (f32[1], f32[1], f32[1]) = (a(x), b(x), c(x))`);
    expect(call("f", [1, 2])).toEqual([[6], [9], [6]]);
    expect(paths).toEqual(["a.w", "b.w", "c.w"]);
  });
  it("stand for whole types and models", () => {
    const { call } = program(`
      fn both[T](t: T) -> T = t + t
      fn apply_to[M: model](m: M, x: f32[2]) -> f32 = sum(m(x))
      fn unused(m: model, x: f32[2]) -> f32 = sum(m(x))
      fn apply_any(m: model, x: f32[2]) -> f32 = sum(m(x))
      model Scale(x: f32[2]) -> f32[2] { param s: f32 = 3  return s * x }
      var m = Scale
      export fn f(x: f32[2]) -> ({ a: f32[2] }, f32) = (both({ a: x }), apply_to(m, x) + apply_any(m - m, x))`);
    expect(call("f", [1, 2])).toEqual([[2, 4], [9]]);
  });
  it("make recursion end", () => {
    const { call } = program(`
      fn power[N](x: f32) -> f32 { static if N == 0 { return 1.0 } else { return x * power[N - 1](x) } }
      model Tower[L, D](x: f32[D]) -> f32[D] {
        layer here = Linear[D, D, bias = false]
        static if L > 1 {
          layer rest = Tower[L - 1, D]
          return rest(here(x))
        } else { return here(x) }
      }
      var tower = Tower[3, 2]
      export fn f(x: f32) -> f32 = power[5](x)
      export fn g(x: f32[2]) -> f32[2] = tower(x)`);
    expect(call("f", 2)).toEqual([[32]]);
    expect(call("g", [0, 0])).toEqual([[0, 0]]);
  });
  it("of layers found by their first call name the states", () => {
    const { module } = program(`
      model Net(x: f32[...N, D]) -> f32[...N, 3] { return x |> Linear[_, 4] |> relu |> Linear[_, 3] }
      var net = Net
      export fn f(x: f32[5, 6]) -> f32[5, 3] = net(x)`);
    const shapes = [...module.states].map(([path, { type }]) => `${path} ${type.shape.join("x")}`);
    expect(shapes).toEqual(["net.linear0.weight 6x4", "net.linear0.bias 4", "net.linear1.weight 4x3", "net.linear1.bias 3"]);
  });
});

describe("sizes that a model's signature leaves open", () => {
  const shapes = (source: string): string[] => [...program(source).module.states].map(([path, { type }]) => `${path} ${type.shape.join("x")}`).sort();
  it("are told by the first call, for layers and families too", () => {
    expect(shapes(`
      model Net(x: f32[...N, D]) -> f32[...N, 3] {
        layer a = Linear[D, 2 * D, bias = false]
        layer more[D] = Linear[2 * D, 2 * D, bias = false]
        param w: f32[2 * D, 3] = 1
        return more[0](a(x)) @ w
      }
      var net = Net
      export fn f(x: f32[5, 6]) -> f32[5, 3] = net(x)`)).toEqual(["net.a.weight 6x12", "net.more.weight 6x12x12", "net.w 12x3"]);
  });
  it("do not hinder a tree that needs none of them", () => {
    expect(shapes(`
      model Scale(x: f32[N, T, 2]) -> f32[N, T, 2] { param s: f32[2] = 1  return x * s }
      var net = Scale
      var copy = net
      export fn f(x: f32[1, 7, 2]) -> f32[1, 7, 2] = (net - copy)(x)`)).toEqual(["copy.s 2", "net.s 2"]);
  });
});

describe("sizes", () => {
  const source = "dim B = 3\ndim D = 2 * B\nexport fn f(x: f32[B]) -> f32 = sum(x) * D";
  it("are dims that a build may set", () => {
    expect(program(source).call("f", [1, 1, 1])).toEqual([[18]]);
    expect(program(source, { dims: { B: 2 } }).call("f", [1, 1])).toEqual([[8]]);
  });
  it("are exact arithmetic", () => {
    expect(results("return ones([floor((28 - 3) / 2) + 1]) * (1 / 3) * 3")).toEqual([Array.from({ length: 13 }, () => 1)]);
  });
  it("make a variant each, which share the state", () => {
    const { variant, paths } = program(`
      var w: f32[3] = 2
      export train fn f[N in {1, 2}](x: f32[N, 3]) -> f32[N] {
        let y = x @ w
        minimize sum(y) over w with momentum(lr = 1, momentum = 0.5)
        return y
      }`);
    expect(paths).toEqual(["w", "f.momentum.m.w"]);
    expect(variant("f", { N: 1 }, [1, 1, 1])).toEqual([[6]]);
    expect(variant("f", { N: 2 }, [1, 0, 0, 0, 1, 0])).toEqual([[1, 1]]);
  });
  it("of two generics make every pair", () => {
    const { module } = program("export fn f[A in {1, 2}, B in {3, 4}](x: f32[A, B]) -> f32 = sum(x)");
    expect(module.graph.entries.map(({ variant }) => variant)).toEqual([{ A: 1, B: 3 }, { A: 1, B: 4 }, { A: 2, B: 3 }, { A: 2, B: 4 }]);
  });
});

describe("packs", () => {
  it("take any number of leading axes", () => {
    const { call } = program(`
      fn scaled(x: f32[...S], by: f32) -> f32[...S] = x * by
      fn rowwise(x: f32[...N, D], w: f32[D]) -> f32[...N] = x @ w
      export fn f(s: f32, v: f32[2], m: f32[2, 2]) -> (f32, f32[2], f32[2, 2], f32, f32[2]) =
        (scaled(s, 2), scaled(v, 2), scaled(m, 2), rowwise(v, v), rowwise(m, v))`);
    expect(call("f", 1, [1, 2], [1, 2, 3, 4])).toEqual([[2], [2, 4], [2, 4, 6, 8], [5], [5, 11]]);
  });
  it("may have the name of a dim, which they hide", () => {
    const { call } = program(`
      dim S = 2
      fn twice(x: f32[...S]) -> f32[...S] = x + zeros([...S]) + x
      model Scaled(x: f32[...S, 2]) -> f32[...S, 2] { param w: f32[2] = 3  return w * x }
      var net = Scaled
      export fn f(x: f32[S], y: f32[3, S]) -> (f32, f32[S], f32[3, S]) = (twice(x[0]), twice(x), net(twice(y)))`);
    expect(call("f", [1, 2], [1, 2, 3, 4, 5, 6])).toEqual([[2], [2, 4], [6, 12, 18, 24, 30, 36]]);
  });
  it("must agree where they are named twice", () => {
    expect(messages("fn add2(a: f32[...S], b: f32[...S]) -> f32[...S] = a + b\nexport fn f(x: f32[2], y: f32[3]) -> f32[2] = add2(x, y)"))
      .toEqual(["argument 'b' of add2 must be f32[2]"]);
  });
});

describe("used files", () => {
  const files: Record<string, string> = {
    "lib/blocks.pull": `
      use "sizes.pull"
      var hidden = 3
      export fn entry(x: f32) -> f32 = x
      model Double(x: f32[Width]) -> f32[Width] { param w: f32[Width] = 2  return w * x }
      fn twice(x: f32) -> f32 = 2 * x`,
    "lib/sizes.pull": "dim Width = 2",
  };
  const read = (specifier: string, from: string): string | undefined => files[from.includes("/") ? `lib/${specifier}` : specifier];
  it("give their own declarations, not their entries and state", () => {
    const { call, module, paths } = program(`
      use "lib/blocks.pull"
      var net = Double
      export fn f(x: f32[2]) -> f32[2] = net(x) + twice(1)`, { read });
    expect(call("f", [1, 2])).toEqual([[4, 6]]);
    expect(module.graph.entries.map(({ name }) => name)).toEqual(["f"]);
    expect(paths).toEqual(["net.w"]);
  });
  it("are hidden by the file's own names", () => {
    expect(program('use "lib/blocks.pull"\nfn twice(x: f32) -> f32 = 3 * x\nexport fn f(x: f32) -> f32 = twice(x)', { read }).call("f", 1)).toEqual([[3]]);
  });
});

describe("structure made at build", () => {
  it("opens no scope", () => {
    expect(results("let x = 1.0\nstatic for i in 0..4 { let x = x * 2 }\nstatic if x > 0 || true { let y = 1.0 }\nreturn x + y")).toEqual([[17]]);
  });
  it("goes over ranges, lists, families and leading axes", () => {
    expect(results(`
      let total = 0.0
      static for w in [1, 10] { let total = total + w }
      static for (a, b) in [(1, 2), (3, 4)] { let total = total + a * b }
      static for row in reshape(0..4, [2, 2]) { let total = total + f32(row[1]) }
      return total`)).toEqual([[11 + 14 + 4]]);
  });
  it("evaluates constants with pure code", () => {
    expect(results("return (table[1], size[2], sum(grid))", `
      const table = exp([0, 1]) * 2
      const size = [3, 4, 5]
      fn line(n: i32) -> i32 = n * n
      const grid = for [i in 0..3, j in 0..2] => i * 10 + j`)).toEqual([[2 * Math.E], [5], [63]]);
  });
});
