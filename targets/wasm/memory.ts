/** Loads and stores of every type and width. None reads or writes past the elements it names. */
import type { Scalar } from "../../compiler/schedule/kernel.ts";
import type { Value } from "../lower/index.ts";
import type { Ref } from "./assembler.ts";
import type { FunctionBuilder } from "./function.ts";

/** Makes the address of an access anew each time: a pointer and the immediate offset of its byte 0. */
export interface Address {
  readonly pointer: () => Ref;
  readonly offset: number;
}

export const elementBytes = (type: Scalar): number => (type === "f64" ? 8 : type === "bool" ? 1 : 4);

export function emitLoad(builder: FunctionBuilder, value: Extract<Value, { kind: "load" }>, { pointer, offset }: Address): Ref {
  const { i32, f32, f64, v128 } = builder.assembler.code;
  if (value.lanes === 1) {
    if (value.type === "f32") return f32.load(offset, 4, pointer());
    if (value.type === "f64") return f64.load(offset, 8, pointer());
    return value.type === "bool" ? i32.load8_u(offset, 1, pointer()) : i32.load(offset, 4, pointer());
  }
  if (value.type === "bool") return maskOfBytes(builder, value.count, { pointer, offset });
  switch (value.count) {
    case undefined:
      return v128.load(offset, 4, pointer());
    case 1:
      return v128.load32_zero(offset, 4, pointer());
    case 2:
      return v128.load64_zero(offset, 4, pointer());
    default:
      return v128.load32_lane(offset + 8, 4, 2, pointer(), v128.load64_zero(offset, 4, pointer()));
  }
}

/** Bytes of 0 or 1 as a mask. */
function maskOfBytes(builder: FunctionBuilder, count: number | undefined, { pointer, offset }: Address): Ref {
  const { i32, v128, i16x8, i32x4 } = builder.assembler.code;
  const low = (): Ref => (count === 1 ? i32.load8_u(offset, 1, pointer()) : i32.load16_u(offset, 1, pointer()));
  const bytes = count === 3 ? i32.or(low(), i32.shl(i32.load8_u(offset + 2, 1, pointer()), i32.const(16))) : low;
  // The lanes past the fourth byte are not looked at, so a splat will do.
  const vector = count === undefined ? v128.load32_zero(offset, 1, pointer()) : i32x4.splat(typeof bytes === "number" ? bytes : bytes());
  return i32x4.neg(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(vector)));
}

/** 4 lanes of one element, for a load of 32 bits. */
export const emitSplatLoad = (builder: FunctionBuilder, { pointer, offset }: Address): Ref => builder.assembler.code.v128.load32_splat(offset, 4, pointer());

export function emitStore(builder: FunctionBuilder, value: Value, count: number | undefined, emitted: Ref, { pointer, offset }: Address): readonly Ref[] {
  const { i32, f32, f64, v128 } = builder.assembler.code;
  if (value.lanes === 1) {
    if (value.type === "f32") return [f32.store(offset, 4, pointer(), emitted)];
    if (value.type === "f64") return [f64.store(offset, 8, pointer(), emitted)];
    return [value.type === "bool" ? i32.store8(offset, 1, pointer(), emitted) : i32.store(offset, 4, pointer(), emitted)];
  }
  if (value.type === "bool") return storeMask(builder, count, emitted, { pointer, offset });
  switch (count) {
    case undefined:
      return [v128.store(offset, 4, pointer(), emitted)];
    case 1:
      return [v128.store32_lane(offset, 4, 0, pointer(), emitted)];
    case 2:
      return [v128.store64_lane(offset, 4, 0, pointer(), emitted)];
    default: {
      const [now, later] = builder.twice("v128", emitted);
      return [v128.store64_lane(offset, 4, 0, pointer(), now), v128.store32_lane(offset + 8, 4, 2, pointer(), later)];
    }
  }
}

/** A mask as bytes of 0 or 1: narrowed twice, all ones stay all ones. */
function storeMask(builder: FunctionBuilder, count: number | undefined, emitted: Ref, { pointer, offset }: Address): readonly Ref[] {
  const { i32, v128, i16x8, i8x16, i32x4 } = builder.assembler.code;
  const halves = i16x8.narrow_i32x4_s(...builder.twice("v128", emitted));
  const bytes = i32x4.extract_lane(i8x16.narrow_i16x8_s(...builder.twice("v128", halves)), 0);
  const ones = i32.and(bytes, i32.const(0x01010101));
  switch (count) {
    case undefined:
      return [i32.store(offset, 1, pointer(), ones)];
    case 1:
      return [i32.store8(offset, 1, pointer(), ones)];
    case 2:
      return [i32.store16(offset, 1, pointer(), ones)];
    default: {
      const [now, later] = builder.twice("i32", ones);
      return [i32.store16(offset, 1, pointer(), now), i32.store8(offset + 2, 1, pointer(), i32.shr_u(later, i32.const(16)))];
    }
  }
}
