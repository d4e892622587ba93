/** `scan(checkpoint = ...)`: any number of turns, the same numbers, how much is kept and how much is run again. */
import { describe, expect, test } from "vitest";
import { compile } from "../../compiler/index.ts";
import { elaborate } from "../../compiler/elaborate/index.ts";
import type { Region } from "../../compiler/ir/graph.ts";
import { wasm } from "../../targets/wasm/index.ts";
import { expectEqual } from "./support.ts";

describe("checkpoints change no number", () => {
  const program = (length: number, options: readonly string[]) => `export fn f(xs: f32[${length}, 2], w: f32[2, 2], a: f32[2]) {
    let (h, es) = scan${options.length === 0 ? "" : `(${options.join(", ")})`} h = a for (x, i) in (xs, 0..${length}) { h <- tanh(h @ w + x * f32(i))  emit h * x }
    let l = sum(h) + sum(es * es)
    return { h, es, g: grad(l, (w, xs, a)), hvp: push(grad(l, w), w, w.T) }
  }`;
  const checkpoints = ["sqrt", "1", "2", "4", "5", "12", "20"];
  for (const others of [[], ["reversed = true"], ["truncate = 3"], ["reversed = true", "truncate = 3"], ["unroll = 2"]]) {
    test.each(checkpoints)(`checkpoint = %s ${others.join(", ")}`, (checkpoint) => {
      for (const length of [1, 2, 11, 12]) expectEqual(program(length, [`checkpoint = ${checkpoint}`, ...others]), program(length, others));
    });
  }
});

describe("with a shorter last piece, as without checkpoints", () => {
  const programs: Readonly<Record<string, (options: string) => string>> = {
    taps: (options) => `model R(xs: f32[3, 2]) -> f32[2] { param w: f32[2] = 0.5  return scan${options} h = zeros([2]) for x in xs { tap a = x + h * w  h <- tanh(a) } }
      var m = R export fn f(xs: f32[3, 2]) { let (y, t) = taps(m(xs))  return { a: t.a, g: grad(sum(y * y), t.a), w: pull(t.a, m.w, 1) } }`,
    draws: (options) => `export fn f(w: f32[2]) { let (h, es) = scan${options} h = w for i in 0..5 { let n = normal([2])  h <- sin(h * n)  emit n }  return { es, g: grad(sum(h), w) } }`,
    "state that the body assigns": (options) => `var s: f32[2] = 0.25
      export train fn f(w: f32[2]) { let h = scan${options} h = w for i in 0..5 { h <- tanh(h + s * w)  s <- 0.5 * sin(h) }  return { h, s: s + 0, g: grad(sum(h * s), w) } }`,
    "a rule that reads from outside": (options) => `var c: f32[2] = 0.25
      fn half(x: f32[2]) -> f32[2] = 0.5 * x surrogate backward(d) = { x: d * c * sin(result) }
      export fn f(w: f32[2]) { let h = scan${options} h = w for i in 0..5 { h <- half(h) + w * h }  return grad(sum(h * h), w) }`,
    "a loop around": (options) => `export fn f(xs: f32[3, 5, 2], w: f32[2]) {
      let (h, es) = scan h = w for row in xs { let (k, seen) = scan${options} k = h for x in row { k <- tanh(k * w + x)  emit k * x }  h <- k  emit sum(seen, axis = 0) }
      let l = sum(h) + sum(es * es)
      return { g: grad(l, (xs, w)), hvp: push(grad(l, w), w, w) } }`,
  };
  test.each(Object.entries(programs))("%s", (_, program) => {
    for (const options of ["reversed = false", "reversed = true"]) expectEqual(program(`(${options}, checkpoint = 2)`), program(`(${options})`));
  });
});

/** How often a run evaluates sin. */
const sines = ({ nodes }: Region): number => nodes.reduce((sum, node) => {
  if (node.kind === "op") return sum + (node.op === "sin" ? 1 : 0);
  return node.kind === "scan" ? sum + node.length * sines(node.body) : sum;
}, 0);

/** Turns in each piece but the last, and in a shorter last one, as grammar/README.md says. */
const piecesOf = (length: number, checkpoint: number): { turns: number; rest: number } => {
  const turns = Math.ceil(length / checkpoint);
  return { turns, rest: turns === length ? length : length % turns };
};

test("every turn but those of a shorter last piece is run again, once", () => {
  for (const length of [2, 12, 13, 97, 100]) {
    for (const checkpoint of [1, 2, 3, 10, 97, 200]) {
      const { graph } = elaborate(`export fn f(x: f32) { let y = scan(checkpoint = ${checkpoint}) h = x for i in 0..${length} { h <- sin(h) * 2 } return grad(y, x) }`, { file: "loop.pull" });
      if (!graph) throw new Error("no graph");
      expect(sines(graph.entries[0].region) - length, `${length} turns, ${checkpoint} pieces`).toBe(length - piecesOf(length, checkpoint).rest);
    }
  }
});

test("memory: the carries at the start of each piece, and the turns of one", async () => {
  const width = 1024;
  /** In vectors of a carry's size. */
  const arena = async (options: string, length: number): Promise<number> => {
    const { program, diagnostics } = await compile(`export fn f(x: f32[${width}], w: f32[${width}]) {
      let y = scan${options} h = x for i in 0..${length} { h <- tanh(sin(h) * w) }
      return grad(sum(y * y), w)
    }`, { file: "loop.pull", targets: [wasm] });
    if (!program) throw new Error(diagnostics.map(({ message }) => message).join());
    return program.memory.arenaBytes / (4 * width);
  };
  const perTurn = Math.round((await arena("", 100)) / 100);
  expect(perTurn).toBe(3); // h, sin(h), tanh
  const working = 6; // carries and cotangents as a turn finds and leaves them
  for (const length of [97, 100]) {
    for (const checkpoint of [5, 10, 40]) {
      const { turns } = piecesOf(length, checkpoint);
      const needed = Math.ceil(length / turns) + perTurn * turns;
      const taken = await arena(`(checkpoint = ${checkpoint})`, length);
      expect(taken - needed, `${length} turns, ${checkpoint} pieces`).toBeLessThanOrEqual(working);
    }
  }
});
