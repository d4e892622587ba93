import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { importScript, type Loaded, scriptOf } from "./load.ts";
import { toyKernels, toyProgram } from "./toy.ts";

let create: (options?: object) => Promise<Loaded>;
let toy: Loaded;
const x = () => new Float32Array([1, 2, 3, 4, 5, 6]);
const labels = () => new Int32Array([1, 9]);

beforeAll(async () => {
  ({ create } = await importScript(scriptOf(toyProgram, [toyKernels])));
});
beforeEach(async () => {
  toy = await create({ seed: 5 });
});

describe("results", () => {
  it("are numbers for scalars and fresh arrays for tensors", () => {
    const { loss, row } = toy.step(x(), labels(), 2);
    expect(loss).toBe(10);
    expect(row).toEqual(new Float32Array([7, 6, 7]));
    expect(toy.step(x(), labels(), 0).row).not.toBe(row);
  });
  it("go to { out }", () => {
    const row = new Float32Array(3);
    const result = toy.step(x(), labels(), 2, { out: { row } });
    expect(result.row).toBe(row);
    expect(row).toEqual(new Float32Array([7, 6, 7]));
    expect(() => toy.step(x(), labels(), 2, { out: { row: new Float32Array(4) } })).toThrow("step: out.row must be a Float32Array of 3 numbers (f32[3]), found Float32Array of 4");
    expect(() => toy.step(x(), labels(), 2, { out: { row: [0, 0, 0] } })).toThrow("found array of 3");
  });
  it("are booleans for bool and arrays for tuples", () => {
    expect(toy.flip([true, 0], false)).toBe(true);
    expect(toy.flip(new Uint8Array([1, 1]), false)).toBe(false);
    expect(toy.mix({ h: [1.5, 2], t: [4, 7] })).toEqual([new Float64Array([5.5, 2]), 7]);
    expect(toy.mix({ h: [1.5, 2], t: [4, 7] }, { out: [new Float64Array(2)] })[0]).toEqual(new Float64Array([5.5, 2]));
  });
});

describe("variants", () => {
  it("are picked by the argument's length", () => {
    expect(toy.predict([1, 1, 1])).toEqual(new Float32Array([8]));
    expect(toy.predict(new Float32Array(12)).length).toBe(4);
    expect(() => toy.predict(new Float32Array(5))).toThrow(new TypeError("predict: argument 1 'x' must be a Float32Array of 3 (f32[N=1, 3]) or 12 (f32[N=4, 3]) numbers, found Float32Array of 5"));
    expect(() => toy.predict(new Float64Array(3))).toThrow(new TypeError("predict: argument 1 'x' must be a Float32Array of 3 numbers (f32[N=1, 3]), found Float64Array of 3"));
  });
  it("are named in the options where no argument tells", () => {
    expect(toy.sample()).toEqual(new Float32Array([1]));
    expect(toy.sample({ N: 2 })).toEqual(new Float32Array([2, 3]));
    expect(() => toy.sample({ N: 3 })).toThrow(new TypeError("sample: the options choose none of N=1; N=2"));
  });
});

const wrong: [string, (toy: Loaded) => unknown, ErrorConstructor, string][] = [
  ["too few", (t) => t.step(x(), labels()), TypeError, "step: expected 3 arguments (x, class, lr), found 2"],
  ["too many", (t) => t.step(x(), labels(), 1, {}, 2), TypeError, "step: expected 3 arguments (x, class, lr), found 5"],
  ["a fourth that is no options object", (t) => t.step(x(), labels(), 1, 2), TypeError, "step: expected 3 arguments (x, class, lr), found 4"],
  ["length", (t) => t.step(new Float32Array(64), labels(), 1), TypeError, "step: argument 1 'x' must be a Float32Array of 6 numbers (f32[B=2, 3]), found Float32Array of 64"],
  ["array type", (t) => t.step(new Float64Array(6), labels(), 1), TypeError, "step: argument 1 'x' must be a Float32Array of 6 numbers (f32[B=2, 3]), found Float64Array of 6"],
  ["null", (t) => t.step(null, labels(), 1), TypeError, "step: argument 1 'x' must be a Float32Array of 6 numbers (f32[B=2, 3]), found null"],
  ["a number for a tensor", (t) => t.step(3, labels(), 1), TypeError, "step: argument 1 'x' must be a Float32Array of 6 numbers (f32[B=2, 3]), found number 3"],
  ["an item that is no number", (t) => t.step([1, 2, "3", 4, 5, 6], labels(), 1), TypeError, "step: argument 1 'x' must hold numbers (f32[B=2, 3]), found string 3 at position 2"],
  ["an item that does not become a number", (t) => t.step(x(), [1n, 0n], 1), TypeError, "step: argument 2 'class' must hold whole numbers (i32[B=2]), found bigint 1 at position 0"],
  ["NaN as an index", (t) => t.step(x(), [1, NaN], 1), TypeError, "step: argument 2 'class' must hold whole numbers (i32[B=2]), found number NaN at position 1"],
  ["a fraction as an index", (t) => t.step(x(), [1.5, 0], 1), TypeError, "step: argument 2 'class' must hold whole numbers (i32[B=2]), found number 1.5 at position 0"],
  ["an index past the end", (t) => t.step(x(), [1, 10], 1), RangeError, "step: argument 2 'class' must hold indices in 0..9, found 10 at position 1"],
  ["a negative index", (t) => t.step(x(), new Int32Array([-1, 0]), 1), RangeError, "step: argument 2 'class' must hold indices in 0..9, found -1 at position 0"],
  ["a string for a scalar", (t) => t.step(x(), labels(), "1"), TypeError, "step: argument 3 'lr' must be a number, found string 1"],
  ["a boolean array with 2", (t) => t.flip(new Uint8Array([0, 2]), true), TypeError, "flip: argument 1 'mask' must hold 0 and 1, found 2 at position 1"],
  ["a boolean list with 2", (t) => t.flip([0, 2], true), TypeError, "flip: argument 1 'mask' must hold booleans (bool[2]), found number 2 at position 1"],
  ["a number for a boolean", (t) => t.flip([0, 1], 1), TypeError, "flip: argument 2 'on' must be a boolean, found number 1"],
  ["no record", (t) => t.mix(7), TypeError, "mix: argument 1 's' must be an object { h, t }, found number 7"],
  ["a record without a field", (t) => t.mix({ h: [1, 2] }), TypeError, "mix: argument 1 's.t' must be an array of 2 values, found undefined"],
  ["a fraction for i32", (t) => t.mix({ h: [1, 2], t: [1.5, 0] }), TypeError, "mix: argument 1 's.t[0]' must be a whole number (i32), found number 1.5"],
  ["NaN for a scalar index", (t) => t.mix({ h: [1, 2], t: [NaN, 0] }), TypeError, "mix: argument 1 's.t[0]' must be a whole number (i32), found number NaN"],
  ["a scalar index past the end", (t) => t.mix({ h: [1, 2], t: [5, 0] }), RangeError, "mix: argument 1 's.t[0]' must be an index in 0..4, found 5"],
  ["a negative u32", (t) => t.mix({ h: [1, 2], t: [0, -1] }), TypeError, "mix: argument 1 's.t[1]' must be a whole number (u32), found number -1"],
];

describe("wrong arguments", () => {
  it.each(wrong)("%s: named, and nothing has changed", (_, call, Type, message) => {
    const before = toy.save();
    expect(() => call(toy)).toThrow(new Type(message));
    expect(toy.save()).toEqual(before);
  });
  it("a typed array of another realm is welcome", async () => {
    const { runInNewContext } = await import("node:vm");
    const foreign = runInNewContext("new Float32Array([1, 2, 3, 4, 5, 6])");
    expect(foreign instanceof Float32Array).toBe(false);
    expect(toy.step(foreign, labels(), 2).loss).toBe(10);
  });
});
