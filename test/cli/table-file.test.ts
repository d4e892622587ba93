import { describe, expect, it } from "vitest";
import { parseCsv, parseNpy } from "../../targets/cli/table-file.ts";

const rows = (text: string) => {
  const { rows: count, columns, data, names, classes } = parseCsv(text, "t.csv");
  return { count, columns, data: [...data], names, classes };
};

describe("CSV", () => {
  it("has a header or not", () => {
    expect(rows("a,b\n1,2\n3,4\n")).toEqual({ count: 2, columns: 2, data: [1, 2, 3, 4], names: ["a", "b"], classes: undefined });
    expect(rows("1,2\r\n\r\n-3e1,.5")).toEqual({ count: 2, columns: 2, data: [1, 2, -30, 0.5], names: undefined, classes: undefined });
  });
  it("numbers the classes of a last column of text", () => {
    expect(rows("1,virginica\n2,setosa\n3,virginica\n")).toEqual({ count: 3, columns: 2, data: [1, 1, 2, 0, 3, 1], names: undefined, classes: ["setosa", "virginica"] });
    expect(rows("length,kind\n1,b\n2,a\n")).toMatchObject({ data: [1, 1, 2, 0], names: ["length", "kind"], classes: ["a", "b"] });
  });
  it("may be separated by semicolons or tabs and have quotes", () => {
    expect(rows("1;2\n3;4").data).toEqual([1, 2, 3, 4]);
    expect(rows("1\t2").data).toEqual([1, 2]);
    expect(rows('"x, y","say ""z"""\n"1",2\n').names).toEqual(["x, y", 'say "z"']);
  });
  it.each([
    ["1,2\n3\n", "t.csv:2: 1 cells, the first row has 2"],
    ["a,b\n1,2\nx,4\n", "t.csv:3: column 1 'a' is no number: \"x\""],
    ["1,2\n,4\n", 't.csv:2: column 1 is no number: ""'],
    ["1,a\n2,\n", "t.csv:2: the last column is empty"],
    ["\n", "t.csv is empty"],
  ])("%j is refused", (text, message) => {
    expect(() => rows(text)).toThrow(message);
  });
});

function npy(descr: string, shape: string, data: ArrayBufferView, fortran = "False", version = 1): Uint8Array {
  const header = `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': (${shape}), }\n`;
  const at = version === 1 ? 10 : 12;
  const bytes = new Uint8Array(at + header.length + data.byteLength);
  bytes.set([0x93, ...Buffer.from("NUMPY"), version, 0, header.length & 255, header.length >> 8]);
  bytes.set(Buffer.from(header), at);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at + header.length);
  return bytes;
}

describe("NPY", () => {
  it("has rows of any shape and numbers of any width", () => {
    expect(parseNpy(npy("<f4", "2, 2", new Float32Array([1, 2, 3, 4.5])), "t")).toMatchObject({ rows: 2, columns: 2, data: Float64Array.of(1, 2, 3, 4.5) });
    expect(parseNpy(npy("|u1", "1, 2, 2", new Uint8Array([1, 2, 3, 255])), "t")).toMatchObject({ rows: 1, columns: 4, data: Float64Array.of(1, 2, 3, 255) });
    expect(parseNpy(npy("<i8", "2,", new BigInt64Array([1n, -2n])), "t")).toMatchObject({ rows: 2, columns: 1, data: Float64Array.of(1, -2) });
    expect(parseNpy(npy("<f8", "2, 2", new Float64Array([1, 2, 3, 4]), "True", 2), "t").data).toEqual(Float64Array.of(1, 3, 2, 4));
  });
  it.each<[string, Uint8Array, string]>([
    ["another file", Buffer.from("a,b\n1,2,3,4,5"), "it does not begin with its mark"],
    ["a cut header", npy("<f4", "1, 1", new Float32Array(1)).subarray(0, 20), "it is cut off in its header"],
    ["cut data", npy("<f4", "2, 2", new Float32Array(3)), "its shape needs 16 bytes of data, it has 12"],
    ["objects", npy("|O", "1,", new Uint8Array(8)), "its elements are |O"],
    ["a scalar", npy("<f4", "", new Float32Array(1)), "it holds no rows"],
  ])("%s is refused", (_, bytes, message) => {
    expect(() => parseNpy(bytes, "t.npy")).toThrow(message);
  });
});
