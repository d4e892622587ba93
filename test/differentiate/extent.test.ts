/** Which elements get credit: what is said to get none must get none, and movement loses nothing. */
import { describe, expect, it } from "vitest";
import { ExtentWalk, type Extents } from "../../compiler/differentiate/extent.ts";
import { push } from "../../compiler/differentiate/index.ts";
import { standIns } from "../../compiler/differentiate/requests.ts";
import { Builder } from "../../compiler/ir/builder.ts";
import { elementCount, type ValueId } from "../../compiler/ir/graph.ts";
import { carriesCredit } from "../../compiler/ops/index.ts";
import { evaluate } from "../../compiler/reference/index.ts";
import { messages, program } from "../elaborate/program.ts";
import { Random } from "../ops/random.ts";
import { inline, randomGraph } from "../ops/random-graph.ts";

describe("extents", () => {
  it("hold every element that moves, in random graphs", () => {
    let partial = 0;
    for (let seed = 0; seed < 300; seed++) {
      const { region, args } = randomGraph(seed, { kind: "continuous", elements: ["f32", "bool", "i32"] });
      const r = new Random(seed);
      const b = new Builder();
      const x = region.params.map((param) => b.parameter(region.types[param]));
      const of = inline(b, region, x).filter((id) => carriesCredit(b.typeOf(id).element));
      const wrt = x.find((id) => carriesCredit(b.typeOf(id).element) && elementCount(b.typeOf(id).shape) > 1);
      if (wrt === undefined || of.length === 0) continue;
      const type = b.typeOf(wrt);
      const extent = Float64Array.from({ length: elementCount(type.shape) }, () => Number(r.next() < 0.3));
      if (!extent.includes(1)) extent[0] = 1;
      const extents: Extents = new Map([[wrt, extent]]);
      new ExtentWalk(b, standIns("backward", {})).run(b.nodes.slice(), extents);
      const tangent = b.parameter(type);
      const moved = push(b, of, [wrt], [tangent]);
      const wanted = moved.filter((id): id is ValueId => id !== null);
      const direction = { type, data: extent.map((inside) => (type.element === "bool" ? inside : inside * (0.5 + r.next()))) };
      const values = evaluate(b.region(wanted), [...args, direction]);
      moved.forEach((id, i) => {
        const found = extents.get(of[i]);
        if (found === "all") return;
        if (found) partial++;
        const tangents = id === null ? undefined : values[wanted.indexOf(id)].data;
        tangents?.forEach((value, at) => {
          if (found?.[at] !== 1) expect({ seed, at, value }).toEqual({ seed, at, value: value * 0 });
        });
      });
    }
    expect(partial).toBeGreaterThan(20); // the property says something
  });
});

/** Whether `l` is independent of each of the others, in a body. */
const independent = (body: string, over: readonly string[], declarations = ""): boolean[] =>
  over.map((name) => {
    const found = messages(`${declarations}\nexport fn f(x: f32[4], m: f32[4, 3], i: i32) -> f32 {\n${body}\nprove independent(l, ${name})\nreturn l\n}`);
    if (found.length > 0) expect(found).toEqual([`'l' is not independent of '${name}'`]);
    return found.length === 0;
  });

describe("prove independent", () => {
  it("follows parts of concatenations, stacks, pads and gathers", () => {
    const parts = "let a = sin(x)\nlet b = cos(x)\n";
    const over = ["a", "b"];
    expect(independent(`${parts}let c = concat(a, b, axis = 0)\nlet l = sum(tanh(c)[0:4])`, over)).toEqual([false, true]);
    expect(independent(`${parts}let c = stack(a, b)\nlet l = sum(exp(c)[1])`, over)).toEqual([true, false]);
    expect(independent(`${parts}let c = concat(a, b, axis = 0)\nlet l = sum(reverse(c)[[1, 2]])`, over)).toEqual([true, false]);
    expect(independent(`${parts}let c = stack(a, b)\nlet l = sum(c, axis = 1)[0]`, over)).toEqual([false, true]);
    expect(independent(`${parts}let c = stack(a, b)\nlet l = sum(c)`, over)).toEqual([false, false]);
    expect(independent(`${parts}let c = stack(a, b)\nlet l = (c @ m)[0, 0]`, over)).toEqual([false, true]);
    // A position known only at run time may be any.
    expect(independent(`${parts}let c = stack(a, b)\nlet l = sum(c[i])`, over)).toEqual([false, false]);
    // A maximum chooses at run time.
    expect(independent(`${parts}let c = stack(a, b)\nlet l = max(c, axis = 1)[0]`, over)).toEqual([false, true]);
  });
  it("asks about parts of a value", () => {
    expect(independent("let y = x * 2\nlet l = sum(y[0:2])", ["x[1]", "x[2]", "x[0:2]", "x[2:4]", "y[3]"])).toEqual([false, true, false, true, true]);
    expect(independent("let l = sum(cumsum(x)[0:2])", ["x[0]", "x[1]", "x[2]"])).toEqual([false, false, true]);
  });
  it("tells the models of a family apart", () => {
    const declarations = "model Net(x: f32[4]) -> f32[4] { layer blocks[3] = Linear[4, 4]  return x |> blocks[0] |> blocks[1] }\nvar net = Net";
    const over = ["net.blocks[0]", "net.blocks[1].weight", "net.blocks[2]", "net"];
    expect(independent("let l = sum(net(x))", over, declarations)).toEqual([false, false, true, false]);
    expect(independent("let l = sum(net.blocks[1](stop(net.blocks[0](x))))", over, declarations)).toEqual([true, false, true, false]);
    const looped = "model Net(x: f32[4]) -> f32[4] { layer blocks[3] = Linear[4, 4]  return scan h = x for b in blocks { h <- b(h) } }\nvar net = Net";
    expect(independent("let l = sum(net(x))", ["net.blocks[0]", "net.blocks[2]"], looped)).toEqual([false, false]);
  });
  it("follows the turns of a loop", () => {
    const loop = (turn: string) => `let (s, last) = scan s = stack(x, x) for k in 0..3 { ${turn}  emit s[1] }\nlet l = sum(s[0])`;
    expect(independent(loop("s <- tanh(s)"), ["x"])).toEqual([false]);
    const two = (turn: string) => `let a = sin(x)\nlet b = cos(x)\nlet (s, seen) = scan s = stack(a, b) for k in 0..3 { ${turn}  emit s[1] }\n`;
    expect(independent(`${two("s <- tanh(s)")}let l = sum(s[0])`, ["a", "b"])).toEqual([false, true]);
    expect(independent(`${two("s <- tanh(s)")}let l = sum(seen)`, ["a", "b"])).toEqual([true, false]);
    expect(independent(`${two("s <- reverse(s, axis = 0)")}let l = sum(s[0])`, ["a", "b"])).toEqual([false, false]);
  });
  it("is asked of state as it was assigned", () => {
    const declarations = "var table: f32[3, 4] = 1";
    expect(messages(`${declarations}
      export train fn f(x: f32[4]) -> f32 {
        let y = x * 2
        table[1] <- y
        let l = sum(table[0])
        prove independent(l, y)
        prove independent(l, table[1])
        return l
      }`)).toEqual([]);
  });
});

describe("a derivative by one of a family", () => {
  it("is taken at the version through which that one gets credit", () => {
    const { call } = program(`
      var nets[2] = Linear[1, 1]
      export train fn f(x: f32[1]) -> f32[1, 1] {
        nets[0].weight <- 3
        let a = sum(nets[0](x) ^ 2)
        nets[1].weight <- 5
        let b = sum(nets[1](x))
        return grad(a + b, nets[0].weight)
      }`);
    expect(call("f", 2)).toEqual([[24]]);
  });
});
