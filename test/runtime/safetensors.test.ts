import { describe, expect, it } from "vitest";
import { readSafetensors, type StoredTensor, writeSafetensors } from "../../runtime/safetensors.ts";

const bytesOf = (values: ArrayBufferView): Uint8Array => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
const tensors: StoredTensor[] = [
  { name: "a", dtype: "F64", shape: [2], bytes: bytesOf(new Float64Array([1.5, -2])) },
  { name: "größe", dtype: "F32", shape: [], bytes: bytesOf(new Float32Array([3])) },
  { name: "empty", dtype: "I32", shape: [0, 4], bytes: new Uint8Array() },
  { name: "flags", dtype: "BOOL", shape: [3], bytes: new Uint8Array([1, 0, 1]) },
];
const file = writeSafetensors(tensors, { seed: "7" });

/** A file with any header. */
function withHeader(header: string, data: number, length = header.length): Uint8Array {
  const bytes = new Uint8Array(8 + header.length + data);
  new DataView(bytes.buffer).setUint32(0, length, true);
  bytes.set(new TextEncoder().encode(header), 8);
  return bytes;
}
const entry = (from: number, to: number, more: object = {}) => ({ dtype: "F32", shape: [(to - from) / 4], data_offsets: [from, to], ...more });

describe("safetensors", () => {
  it("reads what it wrote", () => {
    const { tensors: read, metadata } = readSafetensors(file);
    expect(metadata).toEqual({ seed: "7" });
    expect([...read.values()].map(({ name, dtype, shape, bytes }) => ({ name, dtype, shape, bytes: [...bytes] })))
      .toEqual(tensors.map(({ name, dtype, shape, bytes }) => ({ name, dtype, shape, bytes: [...bytes] })));
  });
  it("starts the data at a multiple of 8 and writes the same bytes again", () => {
    expect((new DataView(file.buffer).getUint32(0, true) + 8) % 8).toBe(0);
    expect(writeSafetensors(tensors, { seed: "7" })).toEqual(file);
  });
  it("refuses a file cut at any byte, or with a byte too many", () => {
    for (let length = 0; length < file.length; length++) expect(() => readSafetensors(file.subarray(0, length)), `${length} bytes`).toThrow("not a whole safetensors file");
    const longer = new Uint8Array(file.length + 1);
    longer.set(file);
    expect(() => readSafetensors(longer)).toThrow(`the tensors end at byte ${file.length} of ${file.length + 1}`);
  });
  it("names the tensor that a cut has hit", () => {
    expect(() => readSafetensors(file.subarray(0, file.length - 1))).toThrow("tensor 'flags' lies outside of the file");
  });

  const refused: [string, Uint8Array, string][] = [
    ["a huge header length", new Uint8Array([255, 255, 255, 255, 255, 255, 255, 255, 123, 125]), "the header ends at byte"],
    ["a header that is no JSON", withHeader("{{", 0), "the header is no JSON"],
    ["a header that is no object", withHeader("[1]", 0), "the header is no object"],
    ["a header that is no UTF-8", new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0, 255]), "the header is no JSON"],
    ["overlapping tensors", withHeader(JSON.stringify({ a: entry(0, 8), b: entry(4, 12) }), 12), "tensor 'b' starts at byte 4 of the data, the one before ends at 8"],
    ["a hole", withHeader(JSON.stringify({ a: entry(0, 4), b: entry(8, 12) }), 12), "tensor 'b' starts at byte 8 of the data, the one before ends at 4"],
    ["offsets past the end", withHeader(JSON.stringify({ a: entry(0, 8) }), 4), "tensor 'a' lies outside of the file"],
    ["offsets backwards", withHeader(JSON.stringify({ a: entry(4, 0) }), 4), "tensor 'a' has no valid type, shape and offsets"],
    ["bytes that do not fit the shape", withHeader(JSON.stringify({ a: entry(0, 8, { shape: [3] }) }), 8), "tensor 'a' has 8 bytes, its shape needs 12"],
    ["a shape whose product overflows", withHeader(JSON.stringify({ a: entry(0, 8, { shape: [2 ** 50, 2 ** 50] }) }), 8), "tensor 'a' has 8 bytes"],
    ["a negative size", withHeader(JSON.stringify({ a: entry(0, 8, { shape: [-1, -2] }) }), 8), "tensor 'a' has no valid type, shape and offsets"],
    ["an unknown type", withHeader(JSON.stringify({ a: entry(0, 8, { dtype: "toString" }) }), 8), "tensor 'a' has no valid type, shape and offsets"],
    ["a type without a width", withHeader(JSON.stringify({ a: entry(0, 8, { dtype: "F12" }) }), 8), "tensor 'a' has no valid type, shape and offsets"],
    ["no offsets", withHeader(JSON.stringify({ a: entry(0, 8, { data_offsets: [0] }) }), 8), "tensor 'a' has no valid type, shape and offsets"],
    ["a tensor that is null", withHeader(JSON.stringify({ a: null }), 0), "tensor 'a' has no valid type, shape and offsets"],
  ];
  it.each(refused)("refuses %s", (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(message);
  });
});
