/** Calls of the host inside loops: the module's script runs those loops itself. */
import { describe, expect, it } from "vitest";
import { compile, instantiate } from "../../../targets/index.ts";
import { adapter } from "../wgsl/watched.ts";
import { openModule } from "../wgsl/modules.ts";

const source = `
var w = zeros([2])
extern fn act(a: f32[2], n: i32) -> f32[2]
extern fn log(a: f32[2]) -> bool
export train fn episode(xs: f32[4, 2], h0: f32[2]) {
  let (h, seen) = scan h = h0 for (x, i) in (xs, 0..4) {
    let r = act(x * 2, i) + h
    h <- r
    emit r * x
  }
  w <- h
  return { h, seen }
}
export fn nested(x: f32[2]) -> f32[2] = scan h = x for i in 0..3 {
  let inner = scan g = h * 2 for j in 0..2 { g <- act(g, i * 10 + j) }
  h <- inner + 1
}
export fn alone(x: f32[2]) -> f32[2] {
  let h = scan h = x for i in 0..3 { h <- h + 1  let unused = log(h) }
  return x
}
`;

describe.each(["wasm", "js", ...(adapter === null ? [] : ["wgsl" as const])] as const)("host calls in loops: %s", (target) => {
  const load = async (externs: Record<string, unknown>) => {
    const result = await compile(source, { file: "host.pull", targets: [target], inline: true });
    expect(result.diagnostics).toEqual([]);
    const all = { act: () => [0, 0], log: () => true, ...externs };
    if (target === "wgsl") return openModule(result, { externs: all });
    return instantiate(result, { externs: all as Record<string, (...args: never[]) => unknown> }); // hosts are checked when they are called
  };

  it("get the turn's values, in order", async () => {
    const calls: unknown[] = [];
    const module = await load({ act: async (a: Float32Array, n: number) => { calls.push([[...a], n]); return [a[0] + n, a[1]]; } });
    const { h, seen } = await module.episode([1, 2, 3, 4, 5, 6, 7, 8], [10, 20]);
    expect(calls).toEqual([[[2, 4], 0], [[6, 8], 1], [[10, 12], 2], [[14, 16], 3]]);
    // r: 12 24, 19 32, 31 44, 48 60
    expect([...h]).toEqual([48, 60]);
    expect([...seen]).toEqual([12, 48, 57, 128, 155, 264, 336, 480]);
    expect([...await module.parameters.w.read()]).toEqual([48, 60]);
  });

  it("stand in loops in loops", async () => {
    const turns: number[] = [];
    const module = await load({ act: (a: Float32Array, n: number) => { turns.push(n); return a; } });
    expect([...await module.nested([1, 0])]).toEqual([15, 7]);
    expect(turns).toEqual([0, 1, 10, 11, 20, 21]);
  });

  it("happen though nobody uses what they answer", async () => {
    const logged: number[] = [];
    const module = await load({ log: (a: Float32Array) => { logged.push(a[0]); return true; } });
    expect([...await module.alone([1, 0])]).toEqual([1, 0]);
    expect(logged).toEqual([2, 3, 4]);
  });

  it("change nothing when one fails", async () => {
    let count = 0;
    const module = await load({ act: () => { if (count++ === 2) throw new Error("no"); return [1, 1]; } });
    await expect(module.episode([1, 2, 3, 4, 5, 6, 7, 8], [0, 0])).rejects.toThrow("no");
    expect([...await module.parameters.w.read()]).toEqual([0, 0]);
  });
});
