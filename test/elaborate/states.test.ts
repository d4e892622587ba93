/** Module state: reading order, versions, what a run-time `if` merges, optimizers and their own state. */
import { describe, expect, it } from "vitest";
import { messages, program } from "./program.ts";

describe("assignments", () => {
  it("happen in reading order, arguments left to right; later reads see them", () => {
    const { call, state } = program(`
      model Counter(x: f32) -> f32 { state n: f32 = 0  n <- n + 1  return x + n }
      var c = Counter
      var total = 10.0
      export fn f() -> (f32, f32, f32) {
        let before = total
        total <- total + c(0) * 10 + c(0)
        return (before, total, c(0))
      }`);
    expect(call("f")).toEqual([[10], [22], [3]]);
    expect([state("total"), state("c.n")]).toEqual([[22], [3]]);
  });
  it("go to a path, a row, a whole tree or a part of it", () => {
    const { call, state } = program(`
      var net = Linear[2, 2]
      var table: i32[3, 2] = 0
      var pair = (1.0, { a: 2.0 })
      export fn f(i: i32) {
        net <- { weight: [[1, 2], [3, 4]], bias: 0 }
        net <- { bias: [5, 6] }
        net.weight[0] <- [7, 8]
        table[i] <- [1, 2]
        table[-1] <- 9
        pair[1].a <- 3
      }`);
    call("f", 1);
    expect(state("net.weight")).toEqual([7, 8, 3, 4]);
    expect(state("net.bias")).toEqual([5, 6]);
    expect(state("table")).toEqual([0, 0, 1, 2, 9, 9]);
    expect([state("pair.0"), state("pair.1.a")]).toEqual([[1], [3]]);
  });
  it("make a value of its own, whatever else has it", () => {
    const { call } = program(`
      var w = 2.0
      export fn f(x: f32) -> (f32, f32) {
        w <- x
        let y = w * w * x
        return (grad(y, w), grad(y, x))
      }`);
    expect(call("f", 3)).toEqual([[18], [27]]);
  });
  it("of a failing entry are not known; only what an entry reads and writes crosses its border", () => {
    const { module } = program("var a = 1.0\nvar b = 2.0\nvar c = 3.0\nexport fn f() -> f32 { b <- a  return b }");
    const { reads, writes } = module.entry("f");
    expect([reads, writes].map((ids) => ids.map((id) => module.graph.states[id].path))).toEqual([["a"], ["b"]]);
  });
  it("are the instance's through functions, and end with a computed tree", () => {
    const { call, state } = program(`
      model Counter(x: f32) -> f32 { param w: f32 = 1  state n: f32 = 0  n <- n + 1  return w * x + n }
      var c = Counter
      fn through[M: model](m: M) -> f32 = m(0) + m(0)
      export fn f() -> (f32, f32, f32) = (through(c), stop(c)(0), (0.5 * c)(0) + (0.5 * c)(0))`);
    expect(call("f")).toEqual([[3], [3], [6]]);
    expect(state("c.n")).toEqual([2]);
  });
  it("of nested layers and families reach their part of the state", () => {
    const { call, state } = program(`
      model Counter(x: f32) -> f32 { state n: f32 = 0  n <- n + x  return n }
      model Wrap(x: f32) -> f32 { layer inner = Counter  param w: f32 = 2  return w * inner(x) }
      model Stack(x: f32) -> f32 {
        layer many[3] = Wrap
        layer few[l in 0..2] = Wrap
        let y = many[0](x) + many[2](x) + many[2](x)
        return y + few[1](x)
      }
      var s = Stack
      export fn f(x: f32) -> f32 = s(x)`);
    expect(call("f", 1)).toEqual([[2 * (1 + 1 + 2) + 2]]);
    expect(state("s.many.inner.n")).toEqual([1, 0, 2]);
    expect([state("s.few.0.inner.n"), state("s.few.1.inner.n")]).toEqual([[0], [1]]);
  });
  it("in an arm of an if expression that is not taken do not happen", () => {
    const { call, state } = program(`
      model Counter(x: f32) -> f32 { state n: f32 = 0  n <- n + 1  return x + n }
      var c = Counter
      export fn f(x: f32) -> (f32, f32) = (if x > 0 then c(x) else if x < -1 then 10 * c(x) + c(x) else 0, c.n)`);
    expect([call("f", 1), state("c.n")]).toEqual([[[2], [1]], [1]]);
    expect([call("f", 0), state("c.n")]).toEqual([[[0], [1]], [1]]);
    expect([call("f", -2), state("c.n")]).toEqual([[[1], [3]], [3]]);
  });
  it("by minimize and apply are an entry's or a train fn's, too", () => {
    const refused = (fn: string) => messages(`var w: f32[2] = 1\n${fn} f(x: f32[2]) { minimize sum((w - x) ^ 2) over w with sgd(lr = 1)  apply x to w with sgd(lr = 1)  return 0.0 }\nexport train fn g(x: f32[2]) = f(x)`);
    expect(refused("train fn")).toEqual([]);
    expect(refused("fn")).toEqual(Array(2).fill("only an `export fn` or `train fn` assigns module state, here 'w'"));
  });
  it("merge under a run-time if, also nested and in else if", () => {
    const { call, state } = program(`
      var a = 0.0
      var b = 0.0
      export fn f(x: f32) -> f32 {
        if x > 1 { a <- 1  if x > 2 { b <- a + 10 } } else if x < 0 { a <- -1 } else { b <- b - 1 }
        return a
      }`);
    expect([call("f", 3), state("a"), state("b")]).toEqual([[[1]], [1], [11]]);
    expect([call("f", 1.5), state("a"), state("b")]).toEqual([[[1]], [1], [11]]);
    expect([call("f", -1), state("a"), state("b")]).toEqual([[[-1]], [-1], [11]]);
    expect([call("f", 0.5), state("a"), state("b")]).toEqual([[[-1]], [-1], [10]]);
  });
  it("stand in entries and train functions, which may call each other, and nowhere else", () => {
    const { call, state } = program(`
      var n = 0
      train fn bump(k: i32) -> i32 { n <- n + k  return n }
      export train fn f() -> i32 = bump(1) + bump(2)
      export fn g() -> i32 = f() + n`);
    expect(call("g")).toEqual([[1 + 3 + 3]]);
    expect(state("n")).toEqual([3]);
    expect(messages("var n = 0\nfn bump() -> i32 { n <- n + 1  return n }\nexport fn f() -> i32 = bump()"))
      .toEqual(["only an `export fn` or `train fn` assigns module state, here 'n'"]);
  });
  it("hold what the declared type says", () => {
    const { module, state } = program(`
      var a: f32[2, 3] = [1, 2, 3]
      var b = [1, 2]
      var c: { w: f64[2], n: u32 } = { w: 0.5, n: 3 }
      export fn f() { a <- a }`);
    expect(state("a")).toEqual([1, 2, 3, 1, 2, 3]);
    expect([...module.states].map(([path, { type }]) => `${path} ${type.element}[${type.shape.join()}]`)).toEqual(["a f32[2,3]", "b i32[2]", "c.w f64[2]", "c.n u32[]"]);
  });
});

describe("derivatives and versions", () => {
  it("are taken at the newest version from which credit can reach", () => {
    const { call, state } = program(`
      var w = 3.0
      export train fn f() -> (f32, f32) {
        let l = w * w
        w <- 10 * w
        let g = grad(l, w)
        let m = w * w
        return (g, grad(m, w))
      }`);
    expect(call("f")).toEqual([[6], [60]]);
    expect(state("w")).toEqual([30]);
  });
  it("go on through the update, with an older version named by a let", () => {
    const { call } = program(`
      var w = 3.0
      export train fn f() -> (f32, f32) {
        let old = w
        w <- w * w
        let l = 5 * w
        return (grad(l, w), grad(l, old))
      }`);
    expect(call("f")).toEqual([[5], [30]]);
  });
  it("of two minimize statements in a row start from each other's result", () => {
    const { call, state } = program(`
      var w = 4.0
      export train fn f() -> f32 {
        minimize w * w over w with sgd(lr = 0.25)
        minimize w * w over w with sgd(lr = 0.25)
        return w
      }`);
    expect(call("f")).toEqual([[1]]);
    expect(state("w")).toEqual([1]);
  });
  it("of a loss after a minimize pass through its update, but for what is stopped", () => {
    const after = (loss: string): number[] => program(`
      var a = 1.0
      var b = 2.0
      export train fn f() -> (f32, f32) {
        minimize a ^ 2 * b over a with sgd(lr = 0.1)
        minimize ${loss} + b over b with sgd(lr = 1)
        return (a, b)
      }`).call("f").flat();
    // a moves to 1 - 0.1 * 2 * 1 * 2 = 0.6, which falls by 0.2 where b rises by 1.
    expect(after("a ^ 2")).toEqual([0.6, 2 - (1 - 0.2 * 2 * 0.6)].map((value) => expect.closeTo(value, 12)));
    expect(after("stop(a) ^ 2")).toEqual([expect.closeTo(0.6, 12), 1]);
  });
  it("of one minimize over two are taken before either moves", () => {
    const { call, state } = program(`
      var a = 2.0
      var b = 3.0
      export train fn f() -> f32 { let l = a * b  minimize l over (a, b) with sgd(lr = 1)  return l }`);
    expect(call("f")).toEqual([[6]]);
    expect([state("a"), state("b")]).toEqual([[-1], [1]]);
  });
  it("meet the merged version after an if", () => {
    const { call } = program(`
      var w = 2.0
      export train fn f(c: bool) -> f32 {
        if c { w <- 3 * w }
        return grad(w * w, w)
      }`);
    expect(call("f", 0)).toEqual([[4]]);
    expect(call("f", 1)).toEqual([[12]]);
  });
  it("give zeros to leaves without credit; integers have none", () => {
    const { call } = program(`
      var net: { a: f32[2], b: f32[2], ids: i32[2] } = { a: 1, b: 2, ids: 0 }
      export fn f() -> { a: f32[2], b: f32[2] } { let g = grad(sum(net.a ^ 2), net)  return g }`);
    expect(call("f")).toEqual([[2, 2], [0, 0]]);
  });
});

describe("optimizers", () => {
  const heavy = "optimizer heavy(p, g, lr: f32, keep: f32 = 0.5) { state v = zeros_like(g)  state n: i32 = 0  v <- keep * v + g  n <- n + 1  p <- p - lr * v }";
  it("run once per leaf with state of their own, named by entry, optimizer, slot and path", () => {
    const { call, state, paths } = program(`${heavy}
      var net = Linear[2, 1]
      export train fn step(x: f32[2]) -> f32 { let l = sum(net(x))  minimize l over net with heavy(lr = 1)  return l }`);
    expect(paths).toEqual(["net.weight", "net.bias", "step.heavy.v.net.weight", "step.heavy.n.net.weight", "step.heavy.v.net.bias", "step.heavy.n.net.bias"]);
    const before = state("net.bias");
    call("step", [1, 2]);
    call("step", [1, 2]);
    expect([state("step.heavy.v.net.weight"), state("step.heavy.v.net.bias"), state("step.heavy.n.net.bias")]).toEqual([[1.5, 3], [1.5], [2]]);
    expect(state("net.bias")[0]).toBeCloseTo(before[0] - 2.5, 12);
  });
  it("belong to their statement: a second is numbered, another entry has its own", () => {
    const { paths } = program(`${heavy}
      var w = 1.0
      export train fn a() { minimize w ^ 2 over w with heavy(lr = 1)  minimize w ^ 2 over w with heavy(lr = 2) }
      export train fn b() { minimize w ^ 2 over w with heavy(lr = 1) }`);
    expect(paths.filter((path) => path.includes(".v."))).toEqual(["a.heavy.v.w", "a.heavy2.v.w", "b.heavy.v.w"]);
  });
  it("apply moves any tree, only the paths that it has", () => {
    const { call, state } = program(`
      var net: { a: f32, b: { c: f32, d: f32 } } = { a: 1, b: { c: 2, d: 3 } }
      export train fn f() { apply { b: { c: 1 } } to net with sgd(lr = 0.5) }
      export train fn g() { apply grad(net.a * net.b.d, net) to net with sgd(lr = { a: 1, b: { c: 1, d: 0 } }) }`);
    call("f");
    expect([state("net.a"), state("net.b.c"), state("net.b.d")]).toEqual([[1], [1.5], [3]]);
    call("g");
    expect([state("net.a"), state("net.b.c"), state("net.b.d")]).toEqual([[-2], [1.5], [3]]);
  });
  it("start their state from the parameter where they say so", () => {
    const { state } = program(`
      optimizer anchored(p, g, lr: f32) { state start = p  p <- start - lr * g }
      var w: f32[2] = [3, 4]
      export train fn f() { minimize sum(w) over w with anchored(lr = 1) }`);
    expect(state("f.anchored.start.w")).toEqual([3, 4]);
  });
  it("under a run-time if move where it is taken", () => {
    const { call, state } = program(`${heavy}
      var w = 1.0
      export train fn f(c: bool) { if c { minimize 2 * w over w with heavy(lr = 1) } }`);
    call("f", 0);
    expect([state("w"), state("f.heavy.n.w")]).toEqual([[1], [0]]);
    call("f", 1);
    expect([state("w"), state("f.heavy.n.w")]).toEqual([[-1], [1]]);
  });
});

describe("a model that a run-time if chooses", () => {
  const models = `
    model M(x: f32) -> f32 { param w: f32 = 2  state n: f32 = 1  BODY  return w * x + n }
    var a = M
    var b = M
    export fn prepare() { b.n <- 10  b.w <- 3 }
    export fn f(c: bool, x: f32) -> f32 { let m = if c then a else b  return m(x) }`;
  it("has the parameters and the state of the chosen one", () => {
    const { call } = program(models.replace("BODY", ""));
    call("prepare");
    expect([call("f", 1, 5), call("f", 0, 5)]).toEqual([[[11]], [[25]]]);
  });
  it("cannot assign its state: nobody knows whose it is", () => {
    expect(messages(models.replace("BODY", "n <- n + 1"))).toEqual(["assigning the state of a model that a run-time `if` chooses: not in this version of the compiler"]);
  });
});

describe("roles", () => {
  it("of a var: floats are parameters, the rest is state; copies of models keep theirs", () => {
    const { module } = program(`
      model M(x: f32) -> f32 { param w: f32 = 1  state n: f32 = 0  state k: i32 = 0  return w * x }
      var net = M
      var copy = net
      frozen var fixed = M
      var w = 1.0
      var z = zeros([2])
      var count = 0
      var pair: { a: f32, b: bool } = { a: 1, b: true }
      export fn f(x: f32) -> f32 = net(x) + fixed(x)`);
    const roles = Object.fromEntries(module.graph.states.map(({ path, role }) => [path, role]));
    expect(roles).toEqual({
      "net.w": "trained", "net.n": "state", "net.k": "state", "copy.w": "trained", "copy.n": "state", "copy.k": "state",
      "fixed.w": "frozen", "fixed.n": "state", "fixed.k": "state", w: "trained", z: "trained", count: "state", "pair.a": "trained", "pair.b": "state",
    });
  });
});
