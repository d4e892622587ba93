/** The elements that tensors have here: their typed arrays and their names in safetensors files. */
export type ElementName = "f32" | "f64" | "i32" | "u32" | "bool";

export const arrays = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u32: Uint32Array, bool: Uint8Array };

/** `F32`, `BOOL`. */
export const dtypeOf = (element: ElementName): string => element.toUpperCase();
