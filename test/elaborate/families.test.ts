/** One model of a family by its position: derivatives, updates and assignments, against models with names of their own. */
import { describe, expect, it } from "vitest";
import { compile, instantiate } from "../../targets/index.ts";
import { messages, program, results } from "./program.ts";

/** A net of two equal blocks, stacked or with names; `first` and `second` name them in the text of a test. */
const twins = (text: string) => {
  const net = (layers: string, a: string, b: string): ReturnType<typeof program> => program(`
    model Block(x: f32[2]) -> f32[2] {
      param scale: f32[2] = 1
      param shift: f32[2] = 0
      return tanh(x * scale + shift)
    }
    model Net(x: f32[2]) -> f32[2] { ${layers}  return x |> ${a} |> ${b} }
    var net = Net
    fn start(i: f32) = { scale: [0.5 + i, 1 - i], shift: [0.1, 0.2 * i] }
    ${text.replace(/\bfirst\b/g, `net.${a}`).replace(/\bsecond\b/g, `net.${b}`)}`);
  return { family: net("layer blocks[2] = Block", "blocks[0]", "blocks[1]"), named: net("layer a = Block  layer b = Block", "a", "b") };
};

/** What both answer after the same calls. */
function same(text: string, calls = 1): number[][] {
  const { family, named } = twins(`
    export train fn begin() { first <- start(0.3)  second <- start(0.6) }
    ${text}
    export fn now() = (first, second)`);
  const run = ({ call }: typeof family) => {
    call("begin");
    const answers = Array.from({ length: calls }, (_, i) => call("main", [0.3 + i, -0.7]));
    return [...answers.flat(), ...call("now")].map((values) => values.map((value) => value + 0)); // no -0
  };
  const answer = run(family);
  expect(answer.flat().every(Number.isFinite)).toBe(true);
  expect(answer).toEqual(run(named));
  return answer;
}

describe("one model of a family", () => {
  it("is differentiated, whole and by paths", () => {
    const answer = same(`export fn main(x: f32[2]) = (
      grad(sum(net(x) ^ 2), first), grad(sum(net(x) ^ 2), second.scale), grad(sum(net(x) ^ 2), (second.shift, x, first.scale)))`);
    expect(answer[0].some((value) => value !== 0)).toBe(true);
  });
  it("is differentiated by pull, push and jacobian, and twice", () => {
    same(`export fn main(x: f32[2]) {
      let y = net(x)
      let g = grad(sum(y ^ 3), first.scale)
      return (pull(y, second, [1, 2]), push(y, first, { scale: [1, 0.5], shift: [-1, 2] }), jacobian(y, first.scale), push(g, first.scale, [1, 2]))
    }`);
  });
  it("moves alone, with optimizer state of its own", () => {
    const text = (target: string) => `export train fn main(x: f32[2]) -> f32 {
      let loss = sum(net(x) ^ 2)
      minimize loss over ${target} with momentum(lr = 0.1, momentum = 0.9)
      return loss
    }`;
    const [, , ...states] = same(text("second"), 2);
    expect(states.slice(0, 2)).toEqual(program(`export fn f() = { scale: [0.5 + 0.3, 1 - 0.3], shift: [0.1, 0.2 * 0.3] }`).call("f"));
    const { family } = twins(text("second"));
    expect(family.paths.filter((path) => path.startsWith("main."))).toEqual(["main.momentum.m.net.blocks[1].scale", "main.momentum.m.net.blocks[1].shift"]);
    same(text("(first.shift, second)"), 2);
  });
  it("takes any update, also of some paths", () => {
    same(`export train fn main(x: f32[2]) {
      apply { shift: x } to first with sgd(lr = 0.5)
      apply grad(sum(net(x)), net) to net with sgd(lr = 0.5)
      apply { scale: x, shift: 2 } to second with sgd(lr = 0.5)
    }`, 2);
  });
  it("is assigned: a path, a row, some paths, all", () => {
    same(`export train fn main(x: f32[2]) -> f32[2] {
      first.scale <- x
      first.shift[1] <- 5
      second <- { shift: x * 2 }
      let y = net(x)
      second <- 0.5 * first
      net <- 0.5 * net
      return y
    }`, 2);
  });
  it("is differentiated at the version that credit reaches", () => {
    same(`export train fn main(x: f32[2]) {
      let a = sum(net(x))
      first.scale <- x
      let b = sum(net(x) ^ 2)
      let g = grad(b, first)
      second.shift <- x
      return (g, grad(a, first.scale), grad(b, second.shift))
    }`);
  });
  it("counts from the end, and may be a top-level family's or one in another", () => {
    const { call, state, paths } = program(`
      model Unit(x: f32) -> f32 { param w: f32 = 2  state n: f32 = 0  n <- n + 1  return w * x }
      model Pair(x: f32) -> f32 { layer units[2] = Unit  return units[0](x) * units[1](x) }
      var nets[3] = Pair
      export train fn f(x: f32) -> (f32, f32) {
        let y = nets[-1](x)
        let g = grad(y, nets[2].units[1].w)
        nets[2].units[1].w <- 5
        nets[0].units[-1].n <- 7
        minimize nets[1](x) over nets[1].units[0] with momentum(lr = 1, momentum = 0.5)
        return (g, nets[2](x))
      }`);
    expect(call("f", 3)).toEqual([[18], [90]]);
    expect(state("nets.units.w")).toEqual([2, 2, 2 - 18, 2, 2, 5]);
    expect(state("nets.units.n")).toEqual([0, 7, 1, 1, 2, 2]);
    expect(paths).toContain("f.momentum.m.nets[1].units[0].w");
  });
  it("assigns its layers' state from its body", () => {
    const { call, state } = program(`
      model Unit(x: f32) -> f32 { state n: f32 = 0  return x + n }
      model Both(x: f32) -> f32 { layer unit = Unit  let y = unit(x)  unit.n <- y  return y }
      var nets[2] = Both
      export train fn f(x: f32) -> f32 = nets[1](x) + nets[1](x)`);
    expect(call("f", 3)).toEqual([[9]]);
    expect(state("nets.unit.n")).toEqual([0, 6]);
  });
  it("has state of its own in each turn of a loop, in families of families, too", () => {
    const layers = `
      model Unit(x: f32) -> f32 { param w: f32 = 2  state n: f32 = 5  return w * x + n }
      model Wrap(x: f32) -> f32 { layer unit = Unit  return unit(x) }
      model Pair(x: f32) -> f32 { layer units[2] = Wrap  return scan h = x for u in units { h <- u(h) } }`;
    const { call } = program(`${layers}
      var nets[3] = Pair
      export train fn set(n: f32) { nets[1].units[0].unit.n <- n }
      export fn f(x: f32) -> (f32, f32) = (nets[1](x), nets[2](x))`);
    expect(call("f", 3)).toEqual([[27], [27]]);
    call("set", 0);
    expect(call("f", 3)).toEqual([[17], [27]]);
    const counting = layers.replace("return w", "n <- n + 1  return w");
    expect(messages(`${counting}\nvar net = Pair\nexport train fn f(x: f32) -> f32 = net(x)`))
      .toEqual(["assigning the state of a model that a loop goes over: not in this version of the compiler"]);
  });
  it("is refused where there is none", () => {
    const text = (statement: string) => messages(`var nets[2] = Linear[2, 2]\nvar one = Linear[2, 2]\nexport train fn f(x: f32[2], i: i32) { ${statement} }`);
    expect(text("nets[2].weight <- 0")).toEqual(["position 2 is outside of 0..2"]);
    expect(text("nets[i] <- one")).toEqual(["one of a family is trained and assigned at a position known at build, 0 to 1"]);
    expect(text("one[0] <- one")).toEqual(["only a family of layers is indexed"]);
    expect(text("minimize sum(nets[0](x)) over nets[5] with sgd(lr = 1)")).toEqual(["position 5 is outside of 0..2"]);
  });
  it("is read at a position known at run time, in its layers, loops and maps, and credit reaches its part", () => {
    const { call, state } = program(`
      model Unit(x: f32) -> f32 { param w: f32 = 2  state n: f32 = 1  return w * x + n }
      model Pair(x: f32) -> f32 { layer units[2] = Unit  return x |> units[0] |> units[1] }
      var nets[3] = Pair
      export train fn set() { nets[0].units[0].w <- 3  nets[1].units[1].w <- 5  nets[1].units[0].n <- 7 }
      export fn one(x: f32, i: i32) -> f32 = nets[i](x)
      export fn known(x: f32) -> f32[3] = stack(nets[0](x), nets[1](x), nets[2](x))
      export fn mapped(x: f32[2], k: i32[2]) -> f32[2] = map (row, i) in (x, k) => nets[i](row)
      export fn looped(x: f32, k: i32[3]) -> f32[3] = scan for i in k { emit nets[i](x) }
      export fn credit(x: f32, i: i32) = grad(nets[i](x), nets)
      export fn of_one(x: f32, i: i32) { let net = nets[i]  return grad(net(x), net.units[1]) }
      export train fn step(x: f32, i: i32) { minimize nets[i](x) over nets with sgd(lr = 1) }`);
    call("set");
    const [known] = call("known", 3);
    expect(known).toEqual([21, 66, 15]);
    expect([0, 1, 2].map((i) => call("one", 3, i)[0][0])).toEqual(known);
    expect(call("mapped", [3, 3], [1, 0])).toEqual([[66, 21]]);
    expect(call("looped", 3, [2, 1, 1])).toEqual([[15, 66, 66]]);
    expect(call("credit", 3, 1)).toEqual([[0, 0, 15, 13, 0, 0]]);
    expect(call("of_one", 3, 1)).toEqual([[13]]);
    call("step", 3, 1);
    expect(state("nets.units.w")).toEqual([3, 2, 2 - 15, 5 - 13, 2, 2]);
    expect(messages(`
      model Counter(x: f32) -> f32 { state n: f32 = 0  n <- n + 1  return x + n }
      var nets[2] = Counter
      export train fn f(x: f32, i: i32) -> f32 = nets[i](x)`)).toEqual(["assigning the state of a model at a position known only at run time: not in this version of the compiler"]);
  });
  it("keeps its optimizer state in a file, under its own name", async () => {
    const built = await compile(`
      var nets[2] = Linear[2, 1]
      export train fn f(x: f32[2]) { minimize sum(nets[1](x) ^ 2) over nets[1] with adam(lr = 0.1) }`, { file: "nets.pull" });
    const module = await instantiate(built, { seed: 1 });
    module.f([1, 2]);
    const slot = "f.adam.m.nets[1].weight";
    const before = module.parameters[slot].read();
    expect(before.every((value: number) => value !== 0)).toBe(true);
    const file = module.save();
    module.reset(1);
    module.load(file);
    expect(module.parameters[slot].read()).toEqual(before);
  });
});

describe("a part of a tensor", () => {
  it("is differentiated alone", () => {
    expect(results(`
      let x = eye(3) * 2.0
      let y = sum(x ^ 2)
      return (grad(y, x[1]), grad(y, x[:, 1:3]), grad(y, x[-1, 2]), grad(y, x[0:3:2, 0]), push(y, x[:, 1:3], ones([3, 2])))
    `)).toEqual([[0, 4, 0], [0, 0, 4, 0, 0, 4], [4], [4, 0], [8]]);
  });
  it("named by a let is a value of its own", () => {
    expect(results("let x = eye(2) * 2.0\nlet row = x[1]\nlet y = sum(x) + sum(row ^ 2)\nreturn (grad(y, row), grad(y, x[1]), grad(y, row[0:1]))"))
      .toEqual([[0, 4], [1, 5], [0]]);
  });
  it("of a state is moved alone", () => {
    const { call, state } = program(`
      var table: f32[3, 2] = 1
      export train fn f() { minimize sum(table ^ 2) over table[1] with momentum(lr = 0.5, momentum = 0.5) }`);
    call("f");
    call("f");
    expect(state("table")).toEqual([1, 1, -0.5, -0.5, 1, 1]);
  });
});
