/** Checks of what a caller hands to a module, with errors that name it. Cold code: entries check the good case themselves. */

export type TypedArray = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;
export type TypedArrayType = { readonly name: string; from(values: readonly number[]): TypedArray };

/** What a caller gave, in words. */
export function describe(value: unknown): string {
  if (ArrayBuffer.isView(value) || Array.isArray(value)) {
    const tag = Array.isArray(value) ? "array" : Object.prototype.toString.call(value).slice(8, -1);
    return `${tag} of ${"length" in value ? value.length : value.byteLength}`;
  }
  return value === null || value === undefined ? String(value) : typeof value === "object" ? "an object" : `${typeof value} ${String(value)}`;
}

/**
 * `value` as a typed array: itself if it is one of the right type and length (of another realm, too), a copy of a plain array.
 * @param where `step: argument 1 'x'`
 * @param type `f32[B=32, 64]`
 * @throws TypeError
 */
export function tensor(value: unknown, Type: TypedArrayType, count: number, where: string, type: string): TypedArray {
  if (!Array.isArray(value) || value.length !== count) return typedArray(value, Type, count, where, type);
  const floats = Type.name.startsWith("Float");
  const bools = type.startsWith("bool");
  const refuse = (at: number): void => {
    if (at >= 0) throw new TypeError(`${where} must hold ${floats ? "numbers" : bools ? "booleans" : "whole numbers"} (${type}), found ${describe(value[at])} at position ${at}`);
  };
  // What is no number is found first: some things throw where they become one.
  refuse(value.findIndex((item: unknown) => typeof item !== "number" && !(bools && typeof item === "boolean")));
  const result = Type.from(value);
  if (!floats) refuse(result.findIndex((item, i) => item !== Number(value[i]) || (bools && item > 1)));
  return result;
}

function typedArray(value: unknown, Type: TypedArrayType, count: number, where: string, type: string): TypedArray {
  const found = describe(value);
  if (found === `${Type.name} of ${count}`) return value as TypedArray; // its tag and length say so
  throw new TypeError(`${where} must be a ${Type.name} of ${count} ${count === 1 ? "number" : "numbers"} (${type}), found ${found}`);
}

/**
 * How many rows of `perRow` numbers an array has, from 1 to `most`: the length that this call chooses.
 * @throws TypeError
 */
export function rowsOf(value: unknown, Type: TypedArrayType, perRow: number, most: number, where: string, type: string): number {
  const length = Array.isArray(value) || ArrayBuffer.isView(value) ? Number(Reflect.get(value, "length")) : NaN;
  const rows = length / perRow;
  if (Number.isInteger(rows) && rows >= 1 && rows <= most) return rows;
  throw new TypeError(`${where} must be a ${Type.name} of ${perRow === 1 ? "" : `${perRow} numbers for each of `}1 to ${most} ${perRow === 1 ? "numbers" : "rows"} (${type}), found ${describe(value)}`);
}

/** @throws TypeError always: a scalar argument of the wrong type */
export function wrongScalar(value: unknown, where: string, type: string): never {
  const expected = type === "bool" ? "a boolean" : type.startsWith("f") ? "a number" : `a whole number (${type})`;
  throw new TypeError(`${where} must be ${expected}, found ${describe(value)}`);
}

/** @throws TypeError if a Uint8Array of booleans holds anything but 0 and 1 */
export function checkBooleans(values: ArrayLike<number>, where: string): void {
  for (let i = 0; i < values.length; i++) {
    if (values[i] > 1) throw new TypeError(`${where} must hold 0 and 1, found ${values[i]} at position ${i}`);
  }
}

/** @throws RangeError if an index is not in 0 .. below - 1 */
export function checkIndices(values: ArrayLike<number>, below: number, where: string): void {
  for (let i = 0; i < values.length; i++) {
    if (values[i] >>> 0 >= below || values[i] < 0) throw new RangeError(`${where} must hold indices in 0..${below - 1}, found ${values[i]} at position ${i}`);
  }
}

/** @throws RangeError always: a scalar index outside of its axis */
export function wrongIndex(value: number, below: number, where: string): never {
  throw new RangeError(`${where} must be an index in 0..${below - 1}, found ${value}`);
}

/** @throws TypeError unless the arguments are as many as the parameters, of which the first `needed` have no default, or one more: the options */
export function checkCount(given: ArrayLike<unknown>, names: readonly string[], entry: string, needed = names.length): void {
  const { length } = names;
  if (given.length >= needed && given.length <= length) return;
  const options = given[length];
  const isOptions = options === undefined || (options !== null && typeof options === "object" && !Array.isArray(options) && !ArrayBuffer.isView(options));
  if (given.length === length + 1 && isOptions) return;
  throw new TypeError(`${entry}: expected ${needed < length ? `${needed} to ` : ""}${length} argument${length === 1 ? "" : "s"}${length ? ` (${names.join(", ")})` : ""}, found ${given.length}`);
}

/** @throws TypeError always: a record or tuple was expected */
export function wrongTree(value: unknown, where: string, type: string): never {
  throw new TypeError(`${where} must be ${type}, found ${describe(value)}`);
}

/** @throws TypeError unless a place for a result is a typed array of the right type and length */
export function checkOut(value: unknown, Type: TypedArrayType, count: number, where: string, type: string): void {
  typedArray(value, Type, count, where, type);
}

/** Copies a result into the caller's array, or into a fresh one. */
export function into<A extends TypedArray>(out: A | undefined, result: A): A {
  if (out === undefined) return result.slice() as A; // slice keeps the type
  out.set(result);
  return out;
}
