/** Constant data: equal bytes are stored once. */
import type { Element } from "../ir/graph.ts";
import { elementCount } from "../ir/graph.ts";
import type { OpNode } from "../ir/graph.ts";
import { byteSize } from "../program.ts";
import type { Constant } from "../program.ts";
import type { Placement } from "./kernel.ts";
import { exact } from "./lower/registers.ts";
import { aligned } from "./memory.ts";

export class ConstantPool {
  readonly constants: Constant[] = [];
  /** So far. */
  byteLength = 0;
  /** By hash of the bytes. */
  private readonly known = new Map<number, Constant[]>();

  constructor(private readonly boolBytes: 1 | 4 = 1) {}

  place(node: OpNode<"constant">): Placement {
    const { element, shape, data } = node.attributes;
    const bytes = encode(element, elementCount(shape), data, this.boolBytes);
    const key = hash(bytes);
    const alike = this.known.get(key) ?? [];
    const known = alike.find((constant) => sameBytes(constant.bytes, bytes));
    if (known !== undefined) return known.at;
    const constant = { at: this.byteLength, bytes };
    this.known.set(key, [...alike, constant]);
    this.constants.push(constant);
    this.byteLength += aligned(bytes.length);
    return constant.at;
  }
}

/** FNV-1a (Fowler, Noll, Vo). */
function hash(bytes: Uint8Array): number {
  let state = 0x811c9dc5;
  for (const byte of bytes) state = Math.imul(state ^ byte, 0x01000193);
  return state;
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

/** Little-endian, as memory holds it. */
function encode(element: Element, count: number, data: readonly number[], boolBytes: 1 | 4): Uint8Array {
  const bytes = new Uint8Array(count * byteSize(element, boolBytes));
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < count; i++) {
    const value = exact(data.length === 1 ? data[0] : data[i], element);
    switch (element) {
      case "f32": view.setFloat32(4 * i, value, true); break;
      case "f64": view.setFloat64(8 * i, value, true); break;
      case "i32": view.setInt32(4 * i, value, true); break;
      case "u32": view.setUint32(4 * i, value, true); break;
      case "bool": view.setUint8(boolBytes * i, value); break;
    }
  }
  return bytes;
}
