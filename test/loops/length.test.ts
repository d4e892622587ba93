/** A loop's length is a number in the artifacts, not a measure of them: neither their size nor the time to make them grows. */
import { describe, expect, test } from "vitest";
import { compile } from "../../compiler/index.ts";
import type { Artifact } from "../../compiler/program.ts";
import { countNodes } from "./support.ts";
import { js } from "../../targets/js/index.ts";
import { wasm } from "../../targets/wasm/index.ts";
import { wgsl } from "../../targets/wgsl/index.ts";

const programs: Readonly<Record<string, (steps: number) => string>> = {
  "values of a recurrence": (steps) => `export fn f(xs: f32[${steps}, 4, 8], w: f32[8, 16], u: f32[16, 16]) = scan h = zeros([4, 16]) for x in xs { h <- tanh(x @ w + h @ u)  emit h }`,
  "training through time": (steps) => `
    var cell = LSTM[8, 16]
    var out = Linear[16, 1]
    export train fn step(xs: f32[1, ${steps}, 8], y: f32[1, 1], lr: f32) -> f32 {
      let (_hs, last) = cell(xs)
      let l = mean((out(last.h) - y) ^ 2)
      minimize l over (cell, out) with adam(lr = lr)
      return l
    }`,
  "a step in every turn": (steps) => `
    var net = Linear[8, 4]
    export train fn epoch(xs: f32[${steps}, 16, 8], ys: f32[${steps}, 16, 4], lr: f32) -> f32[${steps}] = scan for (x, y) in (xs, ys) {
      let l = mean((net(x) - y) ^ 2)
      minimize l over net with sgd(lr = lr)
      emit l
    }`,
  "steps of a solver": (steps) => `export fn f(y: f32[8], w: f32[8, 8]) {
    let z = odesolve(rk4, steps = ${steps}) y = y for t in [0, 1] => tanh(y @ w)
    return grad(sum(z * z), (y, w))
  }`,
  "a second derivative": (steps) => `export fn f(xs: f32[${steps}, 4], u: f32[4, 4], v: f32[4, 4]) {
    let h = scan h = zeros([4]) for x in xs { h <- tanh(x + h @ u) }
    return push(grad(sum(h * h), u), u, v)
  }`,
};

/** What is shipped: bytes, or text. */
function codeOf(artifact: Artifact): Uint8Array | string {
  switch (artifact.kind) {
    case "wasm": return artifact.bytes;
    case "js": return artifact.source;
    case "wgsl": return JSON.stringify([artifact.shaders, artifact.runs, artifact.routines]);
  }
}

interface Built {
  readonly nodes: number;
  readonly codes: readonly (Uint8Array | string)[];
  readonly seconds: number;
}

async function build(source: string): Promise<Built> {
  const { user } = process.cpuUsage();
  const { optimized, artifacts, diagnostics } = await compile(source, { file: "loop.pull", targets: [wasm, wgsl, js] });
  const seconds = (process.cpuUsage().user - user) / 1e6;
  expect(diagnostics.map(({ message }) => message)).toEqual([]);
  if (!optimized) throw new Error("no graph");
  return { nodes: countNodes(optimized), codes: artifacts.map(codeOf), seconds };
}

/** A text without its numbers, in which offsets and counts stand. */
const form = (text: string): string => text.replace(/\d+/g, "0");

/** Bytes by which an artifact may be larger: offsets of many digits. */
const offsets = 1.03;
/** The gradient of the input weights is one product over all turns, whose long sum is made in blocks by code of its own. */
const blocks = 1.1;

describe("2,000 turns as against 20", () => {
  test.each(Object.entries(programs))("%s", async (name, program) => {
    const [short, long] = [await build(program(20)), await build(program(2000))];
    expect(long.nodes).toBe(short.nodes);
    for (const [i, code] of long.codes.entries()) {
      const other = short.codes[i];
      if (name === "training through time") expect(code.length).toBeLessThanOrEqual(blocks * other.length);
      else if (typeof code === "string") expect(form(code)).toBe(form(String(other)));
      else expect(code.length).toBeLessThanOrEqual(offsets * other.length);
    }
    expect(long.seconds).toBeLessThan(2);
  });
});
