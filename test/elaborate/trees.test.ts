/** Tuples, records and models as trees; models as values that can be called. */
import { describe, expect, it } from "vitest";
import { messages, program, results } from "./program.ts";

describe("trees", () => {
  it("take operators and functions leaf by leaf", () => {
    const { call } = program(`
      export fn f(s: { a: f32[2], b: (f32, f32) }) -> { a: f32[2], b: (f32, f32) } = sqrt(-2 * s + 10 * s ^ 2 - { a: [0, 0], b: (1, 0) })`);
    expect(call("f", [1, 2], 1, 0)).toEqual([[8 ** 0.5, 6], [7 ** 0.5], [0]]);
  });
  it("reduce to one scalar by sum, leaf by leaf with an axis", () => {
    const { call } = program(`
      export fn f(s: { a: f32[2], b: f32[2, 2] }) -> (f32, { a: f32, b: f32[2] }) = (sum(s * s), mean(s, axis = 0))`);
    expect(call("f", [1, 2], [1, 2, 3, 4])).toEqual([[35], [1.5], [2, 3]]);
  });
  it("accumulate leaf by leaf, along the last axis", () => {
    expect(results("return cumsum(([1.0, 2.0], { a: eye(2) }))")).toEqual([[1, 3], [1, 1, 0, 1]]);
  });
  it("choose leaf by leaf", () => {
    const { call } = program(`
      export fn f(c: bool, s: (f32, f32[2]), t: (f32, f32[2])) -> (f32, f32[2]) = if c then s else t
      export fn g(c: bool[2], s: (f32[2], f32[2])) -> (f32[2], f32[2]) = where(c, s, -s)`);
    expect(call("f", 0, 1, [1, 1], 2, [2, 2])).toEqual([[2], [2, 2]]);
    expect(call("g", [1, 0], [1, 2], [3, 4])).toEqual([[1, -2], [3, -4]]);
  });
  it("compare, negate and choose by a tree of conditions", () => {
    const { call } = program(`
      export fn f(s: (f32, f32[2])) -> (f32, f32[2]) = where(s > 0 && !(s >= 3), s, -s)
      export fn g(s: (i32, i32[2]), t: (i32, i32[2])) -> (i32, i32[2]) = mod(s, 3) + div(s, t)`);
    expect(call("f", 2, [-1, 3])).toEqual([[2], [1, -3]]);
    expect(call("g", 7, [3, 8], 7, [3, 2])).toEqual([[2], [1, 6]]);
    expect(messages("export fn f(c: (bool, bool), t: (f32, f32, f32)) = where(c, t, 0)")).toEqual(["the trees have different forms"]);
    expect(messages("export fn f(c: (bool, bool), t: { a: f32 }) = where(c, t, 0)")).toEqual(["the trees have different forms"]);
  });
  it("go through patterns, fields and types with names", () => {
    const { call } = program(`
      type Gaussian[...S] = { mean: f32[...S], var: f32[...S] }
      type Pair[A, B] = (f32[A], f32[B, A])
      fn scaled(g: Gaussian[...S], by: f32) -> Gaussian[...S] = { mean: g.mean * by, var: g.var * by ^ 2 }
      fn swapped(p: Pair[A, B]) -> (f32[B, A], f32[A]) { let (a, b) = p  return (b, a) }
      export fn f(g: Gaussian[2], p: Pair[1, 2]) -> (Gaussian[2], (f32[2, 1], f32[1])) = (scaled(g, 2), swapped(p))`);
    expect(call("f", [1, 2], [3, 4], [5], [6, 7])).toEqual([[2, 4], [12, 16], [6, 7], [5]]);
  });
  it("of different forms do not meet", () => {
    expect(messages("export fn f(a: (f32, f32), b: (f32, f32, f32)) -> (f32, f32) = a + b")).toEqual(["the trees have different forms"]);
  });
});

const affine = `
  model Affine(x: f32[2]) -> f32 {
    param w: f32[2] = [1, 2]
    param b: f32 = 3
    state calls: i32 = 0
    calls <- calls + 1
    return sum(w * x) + b
  }
  var net = Affine`;

describe("models", () => {
  it("are trees of their parameters, computed ones can be called", () => {
    const { call, state } = program(`${affine}
      export fn f(x: f32[2], lr: f32) -> f32 {
        let g = grad(net(x), net)
        return (net - lr * g)(x)
      }`);
    // w - 0.1 x = [0.9, 1.8], b - 0.1 = 2.9
    expect(call("f", [1, 2], 0.1)[0][0]).toBeCloseTo(0.9 + 3.6 + 2.9, 12);
    // The computed tree's own assignments end with it.
    expect(state("net.calls")).toEqual([1]);
  });
  it("take part in arithmetic from either side; a number meets every parameter", () => {
    const { call } = program(`${affine}
      export fn f(x: f32[2]) -> (f32, f32, f32) = ((net + net)(x), (0.5 * net)(x), (net * { w: [0, 1] })(x))`);
    expect(call("f", [1, 1])).toEqual([[12], [3], [5]]);
  });
  it("keep their integers, which are positions, in arithmetic", () => {
    const { call } = program(`
      model Sparse(x: f32[4]) -> f32 { param ids: i32[2] = [1, 3]  param w: f32[2] = [1, 2]  return sum(w * x[ids]) }
      var s = Sparse
      export fn f(x: f32[4]) -> (f32, f32, f32) = ((0.5 * s + 2 * s)(x), (s - 0.5 * grad(s(x), s))(x), (-s)(x))`);
    expect(call("f", [1, 2, 3, 4])).toEqual([[25], [10 - 0.5 * 20], [-10]]);
  });
  it("go through functions that take a model", () => {
    const { call, state } = program(`${affine}
      fn loss[M: model](m: M, x: f32[2], y: f32) -> f32 = (m(x) - y) ^ 2
      export train fn step(x: f32[2], y: f32) -> f32 {
        let l = loss(net, x, y)
        minimize l over net with sgd(lr = 0.5)
        return l
      }`);
    expect(call("step", [1, 0], 3)).toEqual([[1]]);
    expect([state("net.w"), state("net.b"), state("net.calls")]).toEqual([[0, 2], [2], [1]]);
  });
  it("are results and arguments as records of their parameters", () => {
    const { call, module } = program(`${affine}
      export fn f() = net
      export fn g(m: { w: f32[2], b: f32 }) -> f32 = sum(net * m)`);
    expect(call("f")).toEqual([[1, 2], [3]]);
    expect(module.entry("f").result).toMatchObject({ kind: "record", fields: [{ name: "w" }, { name: "b" }] });
    expect(call("g", [1, 1], 2)).toEqual([[9]]);
  });
  it("share what is called twice, and tie what is named twice", () => {
    const { call, paths } = program(`
      model Twice(x: f32[2]) -> f32[2] { layer a = Linear[2, 2, bias = false]  return a(a(x)) }
      model Tied(ids: i32) -> f32[3] { layer embed = Embedding[3, 2]  return embed(ids) @ embed.table.T }
      var twice = Twice
      var tied = Tied
      export fn f(x: f32[2]) -> f32[2] { let y = twice(x)  return y - (twice.a.weight.T @ (twice.a.weight.T @ x)) }
      export fn g(i: i32) -> f32[3] = tied(i) - (for [k in 0..3] => sum(tied.embed.table[i] * tied.embed.table[k]))
      export fn credit(i: i32) -> f32[3, 2] = grad(sum(tied(i)), tied.embed.table)`);
    expect(paths).toEqual(["twice.a.weight", "tied.embed.table"]);
    for (const value of [...call("f", [1, 2])[0], ...call("g", 1)[0]]) expect(value).toBeCloseTo(0, 12);
    // Both uses of the table give credit.
    expect(call("credit", 1)[0].every((value) => value !== 0)).toBe(true);
  });
  it("are families of equals, and tuples that differ", () => {
    const { call, module } = program(`
      const sizes = [2, 3, 1]
      model Deep(x: f32[2]) -> f32[1] {
        layer same[2] = Linear[2, 2, bias = false]
        layer fc[l in 0..2] = Linear[sizes[l], sizes[l + 1], bias = false]
        static for layer_ in same { let x = layer_(x) }
        static for l in 0..2 { let x = fc[l](x) }
        return x
      }
      var deep = Deep
      var heads[3] = Linear[2, 1]
      export fn f(x: f32[2]) -> f32[1] = deep(x)
      export fn by_hand(x: f32[2]) -> f32[1] =
        x @ deep.same.weight[0] @ deep.same.weight[1] @ deep.fc[0].weight @ deep.fc[1].weight
      export fn last(x: f32[2]) -> f32[1] = heads[-1](x) - x @ heads.weight[2] - heads.bias[2]`);
    const shapes = [...module.states].map(([path, { type }]) => `${path} ${type.shape.join("x")}`);
    expect(shapes).toEqual(["deep.same.weight 2x2x2", "deep.fc.0.weight 2x3", "deep.fc.1.weight 3x1", "heads.weight 3x2x1", "heads.bias 3x1"]);
    expect(call("f", [1, 2])[0][0]).toBeCloseTo(call("by_hand", [1, 2])[0][0], 12);
    expect(call("last", [1, 2])).toEqual([[0]]);
  });
  it("nest in place, named by kind and order", () => {
    expect(program(`
      model Net(x: f32[2]) -> f32[1] {
        let h = x |> Linear[_, 3] |> tanh |> LayerNorm[_]
        return h |> Linear[_, 1]
      }
      var net = Net
      export fn f(x: f32[2]) -> f32[1] = net(x)`).paths)
      .toEqual(["net.linear0.weight", "net.linear0.bias", "net.layer_norm0.scale", "net.layer_norm0.bias", "net.linear1.weight", "net.linear1.bias"]);
  });
  it("are not trained where they are frozen, and do not train", () => {
    const { call, module } = program(`
      model Drop(x: f32) -> f32 { param w: f32 = 2  return if training then 0.0 else w * x }
      frozen var teacher = Drop
      var student = Drop
      export train fn f(x: f32) -> (f32, f32) = (teacher(x), student(x))
      export fn g(x: f32) -> f32 = student(x)`);
    expect(call("f", 3)).toEqual([[6], [0]]);
    expect(call("g", 3)).toEqual([[6]]);
    expect(module.graph.states.map(({ path, role }) => `${path} ${role}`)).toEqual(["teacher.w frozen", "student.w trained"]);
  });
});

describe("functions", () => {
  it("are values: lambdas, names, built-in ones", () => {
    expect(results("return (twice(fn(u) => u * k, 3), twice(neg, 3), twice(tanh, 0), applied(max, 2))", `
      const k = 2.0
      fn neg(x: f32) -> f32 = -x
      fn twice(f: fn(f32) -> f32, x: f32) -> f32 = f(f(x))
      fn applied(f: fn(f32, f32) -> f32, x: f32) -> f32 = f(x, 2 * x)`)).toEqual([[12], [3], [0], [4]]);
  });
  it("have defaults that speak of parameters before", () => {
    expect(results("return (scaled(2), scaled(2, 5), scaled(b = 1, a = 3))", "fn scaled(a: f32, b: f32 = a * a) -> f32 = a + 10 * b"))
      .toEqual([[42], [52], [13]]);
  });
});
