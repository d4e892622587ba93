/** Requests, own rules, rule sets, `stop` and `prove`. */
import { describe, expect, it } from "vitest";
import { messages, program } from "./program.ts";

describe("requests", () => {
  it("take names, paths and tuples, each alone", () => {
    const { call } = program(`
      var net: { a: f32, b: f32 } = { a: 2, b: 3 }
      export fn f(x: f32) -> (f32, f32, { a: f32, b: f32 }, f32) {
        let l = net.a * net.a * x + net.b * x ^ 2
        let (ga, gx) = grad(l, (net.a, x))
        return (ga, gx, grad(l, net), push(l, x, 10))
      }`);
    expect(call("f", 5)).toEqual([[20], [4 + 30], [20], [25], [340]]);
  });
  it("are total: credit passes on through an intermediate", () => {
    const { call } = program("export fn f(x: f32) -> (f32, f32) { let y = x * x  let z = y * x + y  return (grad(z, x), grad(z, y)) }");
    expect(call("f", 2)).toEqual([[3 * 4 + 2 * 2], [3]]);
  });
  it("nest to Hessian-vector products and third derivatives", () => {
    const { call } = program(`
      export fn hv(x: f32[2], v: f32[2]) -> f32[2] { let l = x[0] ^ 2 * x[1]  return push(grad(l, x), x, v) }
      export fn third(x: f32) -> f32 = grad(grad(grad(x ^ 4, x), x), x)`);
    expect(call("hv", [2, 3], [1, 10])).toEqual([[2 * 3 + 4 * 10, 4]]);
    expect(call("third", 2)).toEqual([[48]]);
  });
  it("in a body take its arguments as free variables", () => {
    const { call } = program(`
      fn slope(x: f32) -> f32 = grad(x * x * x, x)
      export fn f(x: f32) -> (f32, f32) { let y = slope(2 * x)  return (y, grad(y, x)) }`);
    // 3 (2x)^2 = 12 x^2, its derivative 24 x
    expect(call("f", 1)).toEqual([[12], [24]]);
  });
  it("pull trees, scalars broadcast as cotangents", () => {
    const { call } = program("export fn f(x: f32[2]) -> (f32[2], f32[2]) = (pull(x * x, x, 1), pull({ a: x, b: 3 * x }, x, { a: 1, b: [1, 10] }))");
    expect(call("f", [1, 2])).toEqual([[2, 4], [4, 31]]);
  });
  it("of bool add by xor", () => {
    const { call } = program("export fn f(x: bool[3], w: bool[3]) -> bool[3] { let y = sum(x * w)  return pull(y, w, true) }");
    expect(call("f", [1, 0, 1], [1, 1, 0])).toEqual([[1, 0, 1]]);
  });
  it("end at stop, which is the value itself", () => {
    const { call } = program(`
      var net = Linear[2, 1]
      export fn f(x: f32[2]) -> (f32, f32, f32[2], f32[2]) {
        let y = sum(net(x))
        return (y, sum(stop(net)(x)), grad(sum(stop(net)(x)), x), grad(x[0] * stop(x[1]), x))
      }`);
    const [y, stopped, gx, partial] = call("f", [3, 5]);
    expect(stopped).toEqual(y);
    expect(gx.every((value) => value !== 0)).toBe(true);
    expect(partial).toEqual([5, 0]);
  });
});

describe("own rules", () => {
  it("see inputs, locals, the result and self; what they leave out gets no credit", () => {
    const { call } = program(`
      fn f0(x: f32, y: f32) -> f32 { let local = x * 2  return local + y }
        surrogate backward(dy) = { x: dy * local * result }
      model M(x: f32) -> f32 { param w: f32 = 3  param v: f32 = 4  return w * x + v }
        surrogate backward(dy) = { x: 100 * dy * self.w, w: dy * x }
      var m = M
      export fn f(x: f32, y: f32) -> (f32, f32) = grad(f0(x, y) + 0 * x * y, (x, y))
      export fn g(x: f32) -> ({ w: f32, v: f32 }, f32) = grad(m(x), (m, x))`);
    expect(call("f", 1, 5)).toEqual([[14], [0]]);
    expect(call("g", 2)).toEqual([[2], [0], [300]]);
  });
  it("go through the body by pull(result, ...), also for part of the credit", () => {
    const { call } = program(`
      model Feedback(x: f32[2]) -> f32[2] { param w: f32[2, 2] = [[1, 2], [3, 4]]  const b = [[10.0, 0], [0, 10]]  return x @ w }
        surrogate backward(dy) = { x: dy @ b, w: pull(result, w, dy) }
      var m = Feedback
      export fn f(x: f32[2], d: f32[2]) -> (f32[2], f32[2, 2]) { let (gx, gm) = pull(m(x), (x, m), d)  return (gx, gm.w) }`);
    expect(call("f", [1, 2], [3, 4])).toEqual([[30, 40], [3, 4, 6, 8]]);
  });
  it("of one mode leave the other an error; both modes are each used", () => {
    const { call } = program(`
      fn cube(x: f32) -> f32 = x ^ 3
        backward(dy) = { x: 10 * dy }
        tangent(d) = 20 * d.x
      export fn f(x: f32) -> (f32, f32) = (grad(cube(x), x), push(cube(x), x, 1))`);
    expect(call("f", 1)).toEqual([[10], [20]]);
    expect(messages("fn cube(x: f32) -> f32 = x ^ 3\n  backward(dy) = { x: dy }\nexport fn f(x: f32) -> f32 = push(cube(x), x, 1)"))
      .toEqual(["'cube' has an own rule, but none for forward mode"]);
  });
  it("apply through functions and trees of inputs", () => {
    const { call } = program(`
      fn pair(p: { a: f32, b: f32 }) -> (f32, f32) = (p.a * p.b, p.a)
        surrogate backward(d) = { p: { b: d[0] + 10 * d[1] } }
      export fn f(a: f32, b: f32) -> (f32, f32) { let (u, v) = pair({ a, b })  return grad(2 * u + v + 0 * a, (a, b)) }`);
    expect(call("f", 1, 1)).toEqual([[0], [12]]);
  });
  it("of nested calls each stand for their own call", () => {
    const { call } = program(`
      fn inner(x: f32) -> f32 = x
        surrogate backward(dy) = { x: 2 * dy }
      fn outer(x: f32) -> f32 { let y = inner(x) * 3  return y }
        surrogate backward(dy) = { x: 5 * pull(result, x, dy) }
      export fn f(x: f32) -> f32 = grad(outer(inner(x)), x)`);
    expect(call("f", 1)).toEqual([[2 * 5 * 3 * 2]]);
  });
  it("are differentiated in their turn", () => {
    const { call } = program(`
      fn soft(x: f32) -> f32 = x ^ 3
        backward(dy) = { x: dy * 3 * x ^ 2 }
      export fn f(x: f32) -> f32 = grad(grad(soft(x), x), x)`);
    expect(call("f", 2)).toEqual([[12]]);
  });
  it("assign the model's state, once per request, last call first", () => {
    const { call, state } = program(`
      model M(x: f32) -> f32 { param w: f32 = 1  state log: f32 = 0  return w * x }
        surrogate backward(dy) { log <- 10 * log + dy  return { x: dy * 2, w: 0 } }
      var m = M
      export fn f(x: f32) -> f32 = grad(m(m(x)) + 0 * m.w, x)`);
    expect(call("f", 1)).toEqual([[4]]);
    // dy of the last call is 1, of the first 2.
    expect(state("m.log")).toEqual([12]);
  });
});

describe("rule sets", () => {
  const nets = `
    model Net(x: f32) -> f32 { layer first = Scale  layer second = Scale  return second(sin(first(x))) }
    model Scale(x: f32) -> f32 { param w: f32 = 3  return w * x }
    var net = Net`;
  it("replace rules for one request; others are exact", () => {
    const { call } = program(`${nets}
      rules r { sin(x) backward(g) = { x: 7 * g } }
      export fn f(x: f32) -> (f32, f32) { let y = net(x)  return (pull(y, x, 1, using = r), pull(y, x, 1)) }`);
    expect(call("f", 0)).toEqual([[63], [9]]);
  });
  it("go outermost first: a place before none, longer places first, later lines first", () => {
    const value = (lines: string): number => program(`${nets}
      rules r { ${lines} }
      export fn f(x: f32) -> f32 = pull(net(x), x, 1, using = r)`).call("f", 0)[0][0];
    expect(value("mul(a, b) backward(g) = { b: 2 * g }")).toBe(4);
    expect(value("mul(a, b) backward(g) = { b: 2 * g }\nmul(a, b) in net.first backward(g) = { b: 5 * g }")).toBe(10);
    expect(value("mul(a, b) in net.first backward(g) = { b: 5 * g }\nmul(a, b) in net backward(g) = { b: 2 * g }")).toBe(10);
    expect(value("mul(a, b) backward(g) = { b: 2 * g }\nmul(a, b) backward(g) = { b: 4 * g }")).toBe(16);
    // A rule for the model stands for all inside of it.
    expect(value("mul(a, b) backward(g) = { b: 2 * g }\nScale(x) in net.second backward(g) = { x: 11 * g }")).toBe(22);
  });
  it("come before the callee's own rule, their parameters have defaults", () => {
    const { call } = program(`
      fn ste(x: f32) -> f32 = sign(x)
        surrogate backward(dy) = { x: dy }
      rules scaled(by: f32 = 3) { ste(x) backward(g) = { x: by * g } }
      export fn f(x: f32) -> (f32, f32, f32) { let y = ste(x)  return (grad(y, x), grad(y, x, using = scaled), grad(y, x, using = scaled(by = 5))) }`);
    expect(call("f", 2)).toEqual([[1], [3], [5]]);
  });
  it("see the operands and the result of an operator", () => {
    const { call } = program(`
      rules r { matmul(a, w) backward(g) = { a: g @ w.T * a, w: 0 * w + sum(result) } }
      export fn f(x: f32[1, 2], w: f32[2, 1]) -> (f32[1, 2], f32[2, 1]) = pull(x @ w, (x, w), 1, using = r)`);
    expect(call("f", [1, 2], [3, 4])).toEqual([[3, 8], [11, 11]]);
  });
  it("are asked for the reductions and operators of index notation", () => {
    const { call } = program(`
      rules r { sum(x) backward(g) = { x: 2 * pull(result, x, g) }  mul(a, b) backward(g) = { a: g * b, b: 1 }  max(x) backward(g) = { x: g } }
      fn product(a: f32[2, 3], b: f32[3, 2]) -> f32[2, 2] = for [i, j] => sum[k](a[i, k] * b[k, j])
      export fn f(a: f32[2, 3], b: f32[3, 2], g: f32[2, 2]) -> (f32[2, 3], f32[3, 2], f32[2, 3]) {
        let (da, db) = pull(product(a, b), (a, b), g, using = r)
        return (da, db, pull(max[i](a[i, :]), a, [1, 2, 3], using = r))
      }
      fn own(a: f32, b: f32) -> f32 = a * b
        surrogate backward(dy) = { a: pull(result, a, dy), b: 1 }
      export fn inside(a: f32[2], b: f32[3]) -> (f32[2], f32[3]) = pull(for [i, j] => own(a[i], b[j]), (a, b), 1)
      export fn exact(a: f32[2, 3], b: f32[3, 2], g: f32[2, 2]) -> f32[2, 3] = pull(a @ b, a, 2 * g)`);
    const given = [[1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1], [1, -1, 2, 0.5]];
    const [da, db, extreme] = call("f", ...given);
    expect(da).toEqual(call("exact", ...given)[0]);
    expect(db).toEqual([2, 2, 2, 2, 2, 2]); // 1 for each i
    expect(call("inside", [1, 2], [3, 4, 5])).toEqual([[12, 12], [2, 2, 2]]);
    expect(extreme).toEqual([1, 2, 3, 1, 2, 3]);
    const silent = `rules r { mul(a, b) backward(g) = { a: g }  else error }
      export fn f(x: f32[3]) -> f32[3] = pull(sum[k](x[k] * x[k]), x, 1, using = r)`;
    expect(messages(silent)).toEqual(["the rule set r has no rule for 'sum' and ends in `else error`"]);
  });
  it("that end in else error refuse operators that they are silent about", () => {
    const source = (else_: string): string => `
      rules r { sin(x) backward(g) = { x: g }  else ${else_} }
      export fn f(x: f32) -> f32 = pull(cos(sin(x)), x, 1, using = r)`;
    expect(messages(source("exact"))).toEqual([]);
    expect(messages(source("error"))).toEqual(["the rule set r has no rule for 'cos' and ends in `else error`"]);
  });
  it("name no rule set for the requests inside of their rules", () => {
    const { call } = program(`
      rules r { sin(x) backward(g) = { x: pull(result, x, 2 * g) } }
      export fn f(x: f32) -> f32 = pull(sin(x), x, 1, using = r)`);
    expect(call("f", 0)).toEqual([[2]]);
  });
});

describe("prove", () => {
  it("independent holds where no credit passes", () => {
    const source = (claim: string): string => `
      var a = Linear[2, 2]
      var b = Linear[2, 2]
      export fn f(x: f32[2]) -> f32 { let l = sum(b(stop(a(x))))  prove ${claim}  return l }`;
    expect(messages(source("independent(l, a)"))).toEqual([]);
    expect(messages(source("independent(l, b)"))).toEqual(["'l' is not independent of 'b'"]);
    expect(messages(source("independent(l, b.weight)"))).toEqual(["'l' is not independent of 'b.weight'"]);
    expect(messages(source("independent(l, x)"))).toEqual([]);
  });
});
