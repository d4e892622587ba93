/** Defaults of an entry's scalars: the caller may leave them out. */
import { beforeAll, describe, expect, it } from "vitest";
import { compile, instantiate, type Instance } from "../../../targets/index.ts";
import { workspace } from "../../cli/command.ts";

const source = `dim K = 3
export fn scaled(x: f32[2], by: f32 = 0.5, twice: bool = false, n: i32 = K) -> f32[2] = if twice then 2 * by * x + f32(n) else by * x + f32(n)
export fn summed[N in {1, 2}](x: f32[N], plus: f32 = -1) -> f32 = sum(x) + plus
export fn between(a: f32 = 1, b: f32) -> f32 = a - b
`;
let module: Instance;
let types = "";
beforeAll(async () => {
  const result = await compile(source, { file: "defaults.pull" });
  types = String(result.files.find(({ name }) => name.endsWith(".d.ts"))?.contents);
  module = await instantiate(result);
});

describe("defaults", () => {
  it("stand in for what is left out or undefined", () => {
    expect([...module.scaled([2, 4])]).toEqual([4, 5]);
    expect([...module.scaled([2, 4], 1)]).toEqual([5, 7]);
    expect([...module.scaled([2, 4], undefined, true, 0)]).toEqual([2, 4]);
    expect(module.between(undefined, 3)).toBe(-2);
    expect(module.summed([4])).toBe(3);
    expect(module.summed([4, 5], 0.5)).toBe(9.5);
  });
  it("leave the options where they were", () => {
    const out = new Float32Array(2);
    expect(module.scaled([2, 4], 1, false, 0, { out })).toBe(out);
    expect([...out]).toEqual([2, 4]);
  });
  it("do not make a needed argument optional", () => {
    expect(() => module.scaled()).toThrow(new TypeError("scaled: expected 1 to 4 arguments (x, by, twice, n), found 0"));
    expect(() => module.between(1)).toThrow(new TypeError("between: expected 2 arguments (a, b), found 1"));
    expect(() => module.scaled([2, 4], "1")).toThrow("scaled: argument 2 'by' must be a number");
  });
  it("are in the types", () => {
    expect(types).toContain("by?: number, twice?: boolean, n?: number");
    expect(types).toContain("@param n i32, a number; 3 by default");
    expect(types).toContain("between(a: number | undefined, b: number): number;");
  });
  it("are those of the command line", async () => {
    const { pullback } = workspace({ "d.pull": source });
    expect((await pullback("run", "d.pull", "scaled", "[2, 4]")).out).toBe("[4, 5]\n");
    expect((await pullback("run", "d.pull", "scaled", "[2, 4]", "1")).out).toBe("[5, 7]\n");
    expect((await pullback("run", "d.pull", "scaled")).err).toContain("scaled takes 4 arguments");
  });
});
