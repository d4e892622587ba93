/** What a module with a run-time length says to wrong arguments. */
import { beforeAll, describe, expect, test } from "vitest";
import { build } from "../../targets/compile.ts";
import { instantiate, type Instance } from "../../targets/index.ts";

const source = `
  export fn f[N <= 4](x: f32[N, 3], y: f32[N], s: { ids: i32[2] }) -> { row: f32[N], picked: f32[2, 3] } = { row: x[:, 0] + y, picked: x[s.ids] }`;

let module: Instance;
beforeAll(async () => {
  module = await instantiate(await build(source, { file: "f.pull", targets: ["wasm"] }));
});

const floats = (count: number) => Float32Array.from({ length: count }, (_, i) => i);

describe("a run-time length", () => {
  test("is told by the first argument; results have as many rows", () => {
    const { row, picked } = module.f(floats(6), floats(2), { ids: [1, 0] });
    expect([...row]).toEqual([0, 4]);
    expect([...picked]).toEqual([3, 4, 5, 0, 1, 2]);
    expect(module.f([...floats(12)], [...floats(4)], { ids: [3, 3] }).row.length).toBe(4);
  });
  test.each([
    [[floats(0), floats(0)], "f: argument 1 'x' must be a Float32Array of 3 numbers for each of 1 to 4 rows (f32[N<=4, 3]), found Float32Array of 0"],
    [[floats(15), floats(5)], "f: argument 1 'x' must be a Float32Array of 3 numbers for each of 1 to 4 rows (f32[N<=4, 3]), found Float32Array of 15"],
    [[floats(7), floats(2)], "f: argument 1 'x' must be a Float32Array of 3 numbers for each of 1 to 4 rows (f32[N<=4, 3]), found Float32Array of 7"],
    [[3, floats(2)], "f: argument 1 'x' must be a Float32Array of 3 numbers for each of 1 to 4 rows (f32[N<=4, 3]), found number 3"],
    [[new Float64Array(6), floats(2)], "f: argument 1 'x' must be a Float32Array of 6 numbers (f32[N<=4, 3]), found Float64Array of 6"],
    [[floats(6), floats(3)], "f: argument 2 'y' must be a Float32Array of 2 numbers (f32[N<=4]), found Float32Array of 3"],
  ])("%#", (args, message) => {
    expect(() => module.f(...args, { ids: [0, 0] })).toThrow(new TypeError(message));
  });
  test("is what an index into the rows must lie below", () => {
    expect(() => module.f(floats(6), floats(2), { ids: [0, 2] })).toThrow(new RangeError("f: argument 3 's.ids' must hold indices in 0..1, found 2 at position 1"));
  });
  test("is that of results that go to { out }", () => {
    const row = new Float32Array(2);
    expect(module.f(floats(6), floats(2), { ids: [0, 0] }, { out: { row } }).row).toBe(row);
    expect(() => module.f(floats(9), floats(3), { ids: [0, 0] }, { out: { row } })).toThrow(new TypeError("f: out.row must be a Float32Array of 3 numbers (f32[N<=4]), found Float32Array of 2"));
  });
  test("does not disturb the self test", () => {
    expect(module.selfTest?.().passed).toBe(true);
  });
});
