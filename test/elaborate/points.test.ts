/** Values with a tangent of their own: where credit for them goes, what keeps their structure, what is refused. */
import { describe, expect, test } from "vitest";
import { checkGradients } from "../../compiler/gradcheck/index.ts";
import { elaborate } from "../../compiler/elaborate/index.ts";
import { messages, program } from "./program.ts";

/** A direction in the plane, moved by an angle: every derivative can be told by hand. */
const direction = `
  type Direction = f32[2] tangent f32[1] retract turn
  fn turned(q: f32[...S, 2], v: f32[...S, 1]) -> f32[...S, 2] {
    let (x, y) = (q[..., 0:1], q[..., 1:])
    return concat(x * cos(v) - y * sin(v), x * sin(v) + y * cos(v), axis = -1)
  }
  fn turn(d: Direction[...S], v: f32[...S, 1]) -> Direction[...S] = Direction(normalize(turned(d.value, v)))
    backward(c) = { d: c, v: c }
    tangent(c) = c.d + c.v
  fn angle(d: Direction[...S]) -> f32[...S] = atan2(d.value[..., 1], d.value[..., 0])
`;
const at = (...angles: number[]): number[] => angles.flatMap((angle) => [Math.cos(angle), Math.sin(angle)]);

/** Every derivative of a program against differences along retractions. */
function expectRight(source: string): void {
  const { graph, requests, diagnostics } = elaborate(source, { file: "test.pull" });
  expect(diagnostics.map(({ message }) => message)).toEqual([]);
  if (!graph) throw new Error("no graph");
  const reports = checkGradients(requests, graph);
  expect(reports.length).toBeGreaterThan(0);
  expect(reports.filter(({ verdict }) => verdict !== "exact")).toEqual([]);
}

describe("credit", () => {
  test("by a value is of the tangent type, and by what it is stored as comes from the retraction", () => {
    const { call } = program(`${direction} export fn g(d: Direction[2]) -> f32[2, 1] = grad(sum(angle(d)), d)
      export fn q(d: Direction, w: f32[2]) -> f32[1] = grad(sum(w * d.value), d)`);
    expect(call("g", at(0.3, 2))[0]).toEqual([expect.closeTo(1, 12), expect.closeTo(1, 12)]);
    expect(call("q", at(0.3), [3, 5])[0][0]).toBeCloseTo(-3 * Math.sin(0.3) + 5 * Math.cos(0.3), 12);
  });

  const forms: Readonly<Record<string, string>> = {
    "an index of numbers, a slice and the rest": "sum(w[1:] * angle(x[2:, 0])) + angle(x[0, -1])",
    "positions known at run time, some twice": "sum(w * angle(x[i, 1]))",
    "index notation": "sum[k](w[k] * angle(x[i[k], 1]))",
    "where": "sum(w * angle(where(w > 0.5, x[:3, 0], x[1:, 1])))",
    "a run-time if": "angle(if w[0] > 0.5 then x[0, 0] else x[1, 1])",
    "steps of its own": "sum(w * angle(x[:3, 0] + 2 * expand(w, -1) - 0.5))",
    "parts put together": "sum(expand(w, 1) * angle(stack(x[:3, 0], turn(x[1:, 1], expand(w, -1)), axis = -1))) + angle(concat(x[0], x[3], axis = 0)[2])",
    "a record": "sum(w * angle(r.a[:3, 1])) * angle(r.b[0])",
    "a loop that carries it": "angle(scan d = x[0, 0] for v in w { d <- d + reshape(v * sin(angle(d)), [1]) })",
    "a loop that goes over it": "scan s = 0.0 for d in x[:, 1] { s <- s + sin(angle(d)) }",
    "a loop that reads it": "scan s = 0.0 for k in 0..4 { s <- s + sin(s + angle(x[k, 1])) }",
    "a loop that ends early": "angle(scan d = x[0, 0] for k in 0..9 until angle(d) > 2.5 { d <- d + w[1:2] * sin(angle(d)) })",
    "a loop with checkpoints": "angle(scan(checkpoint = 2) d = x[0, 0] for k in 0..4 { d <- d + w[1:2] * sin(angle(x[k, 1])) })",
    "map": "sum(w * (map d in x[:3, 1] => angle(d) * angle(x[0, 0])))",
  };
  test.each(Object.entries(forms))("passes %s", (_, loss) => {
    const record = loss.includes("r.") ? "  let r = { a: x, b: x[1] }\n" : "";
    expectRight(`${direction} export fn g(x: Direction[4, 2], i: i32[3], w: f32[3]) -> f32[4, 2, 1] {\n${record}  let l = ${loss}\n  return grad(l, x)\n}`);
  });

  test("passes rules, second derivatives, jacobians and models", () => {
    expectRight(`${direction} export fn g(x: Direction[3], w: f32[3]) {
      let l = sum(sin(w * angle(turn(x, expand(w, -1)))))
      let g = grad(l, x)
      return grad(sum(g * g * expand(w, -1)), (x, w))
    }`);
    expectRight(`${direction}
      model Compass[N](w: f32[N]) -> f32 {
        param needle: Direction[N] = turn(Direction([1.0, 0.0] * ones([N, 1])), normal([N, 1]))
        return sum(w * sin(2 * angle(needle)))
      }
      var both[2] = Compass[3]
      export train fn step(w: f32[3]) -> f32 {
        let l = both[0](w) * both[1](w)
        minimize l over both with adam(lr = 0.1)
        return l
      }`);
    const { call } = program(`${direction} export fn j(x: Direction[2]) -> f32[2, 2, 1] {\n  let y = x.value[:, 0]\n  return jacobian(y, x)\n}
      export fn p(x: Direction[2], v: f32[2, 1]) -> f32[2] {\n  let y = angle(x)\n  return push(y, x, v)\n}`);
    expect(call("j", at(0.3, 2))[0]).toEqual([-Math.sin(0.3), 0, 0, -Math.sin(2)].map((value) => expect.closeTo(value, 12)));
    expect(call("p", at(0.3, 2), [5, 7])[0]).toEqual([expect.closeTo(5, 12), expect.closeTo(7, 12)]);
  });

  test("by a rule that turns the wrong way is found to be wrong", () => {
    const verdict = (rule: string): string | undefined => {
      const { graph, requests } = elaborate(`
        fn undone(x: SO3) -> SO3 = so3_inverse(x)
          backward(d) = { x: ${rule} }
        export fn g(x: SO3, w: f32[3]) = grad(sum(w * so3_log(undone(x))), x)`, { file: "test.pull" });
      return graph ? checkGradients(requests, graph)[0].verdict : undefined;
    };
    expect(verdict("-so3_adjoint(x, d)")).toBe("exact");
    expect(verdict("-so3_adjoint_transposed(x, d)")).toBe("wrong");
  });

  test("stops at stop, and a tap of it can be asked for", () => {
    const { call } = program(`${direction} export fn s(x: Direction) -> f32[1] = grad(angle(x) * angle(stop(x)), x)
      fn tapped(x: Direction) -> f32 {\n  tap h = x + 0.5\n  return angle(h) ^ 2\n}
      export fn t(x: Direction) -> f32[1] {\n  let (y, t) = taps(tapped(x))\n  return grad(y, t.h)\n}`);
    expect(call("s", at(0.3))[0][0]).toBeCloseTo(0.3, 12);
    expect(call("t", at(0.3))[0][0]).toBeCloseTo(1.6, 12);
  });

  test("a rule set may name what takes such values", () => {
    const { call } = program(`${direction} rules half { angle(x) backward(c) = { x: expand(0.5 * c, -1) } }
      export fn g(x: Direction[2]) = grad(sum(angle(x)), x, using = half)`);
    expect(call("g", at(0.3, 2))[0]).toEqual([0.5, 0.5]);
  });

  test("a rule set of operations leaves rules of such values in force", () => {
    const { call } = program(`${direction} export fn g(x: Direction, v: f32[1]) = grad(angle(turn(x, v)) ^ 2, (x, v), using = plain)
      rules plain { sin(x) backward(d) = { x: 0 * d } }`);
    expect(call("g", at(0.3), [0.4])).toEqual([[expect.closeTo(1.4, 12)], [expect.closeTo(1.4, 12)]]);
  });
});

describe("state", () => {
  const compass = `${direction}
    var needle: Direction[3] = Direction([1.0, 0.0])
    export train fn step(target: f32[3]) -> f32 {
      let loss = sum((angle(needle) - target) ^ 2)
      minimize loss over needle with OPTIMIZER
      return loss
    }
    export fn show() -> Direction[3] = needle
    export train fn put(i: i32, d: Direction) { needle[i] <- d }
    export train fn loop(target: f32[3]) -> f32 = scan l = 0.0 for k in 0..20 { l <- step(target) }
    export train fn each(target: f32[3]) -> f32[3] = map (d, t) in (needle, target) {
      let loss = (angle(d) - t) ^ 2
      minimize loss over d with sgd(lr = 0.5)
      return loss
    }`;
  const target = [0.5, -1, 2];

  test.each(["sgd(lr = 0.25)", "momentum(lr = 0.05, momentum = 0.5)", "nesterov(lr = 0.05, momentum = 0.5)", "adam(lr = 0.2)"])("%s follows the circle", (optimizer) => {
    const { call, state, paths, module } = program(compass.replace("OPTIMIZER", optimizer));
    for (let i = 0; i < 150; i++) call("step", target);
    const found = state("needle");
    target.forEach((angle, i) => expect(Math.atan2(found[2 * i + 1], found[2 * i])).toBeCloseTo(angle, 2));
    expect(call("show")[0]).toEqual(found);
    for (const path of paths) if (path !== "needle") expect([[], [3, 1]]).toContainEqual(module.state(path).type.shape);
  });

  test("is carried by loops, sliced by map, and assigned by its rows", () => {
    const { call, state } = program(compass.replace("OPTIMIZER", "sgd(lr = 0.25)"));
    expect(call("loop", target)[0][0]).toBeLessThan(1e-9);
    call("put", 1, at(0.7));
    expect(state("needle").slice(2, 4)).toEqual(at(0.7));
    call("each", target);
    expect(Math.atan2(state("needle")[3], state("needle")[2])).toBeCloseTo(-1, 12);
  });

  test("credit belongs to the version that was read", () => {
    const { call } = program(`${direction}
      var needle: Direction = Direction([1.0, 0.0])
      export train fn f(v: f32[1]) {
        let before = angle(needle) ^ 2 + 3 * angle(needle)
        needle <- needle + v
        let after = angle(needle) ^ 2
        return { old: grad(before, needle), now: grad(after, needle) }
      }`);
    expect(call("f", [0.4])).toEqual([[expect.closeTo(3, 12)], [expect.closeTo(0.8, 12)]]);
  });
});

test("other types, tensors and other arithmetic are refused", () => {
  const refused = (body: string): string[] => messages(`${direction} type Heading = f32[2] tangent f32[1] retract steer
    fn steer(d: Heading[...S], v: f32[...S, 1]) -> Heading[...S] = Heading(d.value)
    export fn f(d: Direction[3], h: Heading[3], q: f32[3, 2], v: f32[3, 1]) = ${body}`);
  expect(refused("angle(h)")).toEqual(["argument 'd' of angle must be Direction[...S]"]);
  expect(refused("angle(q)")).toEqual(["argument 'd' of angle must be Direction[...S]"]);
  expect(refused("d + d")).toEqual(["'+' has no meaning for values with a tangent of their own"]);
  expect(refused("v + d")).toEqual(["'+' has no meaning for values with a tangent of their own"]);
  expect(refused("-d")).toEqual(["a tensor or number is expected here"]);
  expect(refused("stack(d, d, axis = 2)")).toHaveLength(1);
  expect(refused("concat(d[0], d[1], axis = 0)")).toHaveLength(1);
  expect(refused("concat(d, h, axis = 0)")).toEqual(["the trees have different forms"]);
  expect(refused("where(v[:, 0] > 0, d, h)")).toEqual(["the trees have different forms"]);
  expect(messages(`type Far = f32[2] tangent f32[1] retract nowhere\nexport fn f(x: f32) -> f32 = x`)).toEqual(["unknown name 'nowhere'"]);
});
