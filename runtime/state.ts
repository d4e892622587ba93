/** A module's persistent tensors: parameters, optimizer state, counters. They live in its memory and are saved and loaded as one. */
import { describe, tensor, type TypedArray } from "./arguments.ts";
import { arrays, dtypeOf, type ElementName } from "./elements.ts";
import { readSafetensors, writeSafetensors } from "./safetensors.ts";

/** name, element, shape, byte offset, role. The random counter is the row `$random`: u32[2] = [seed, calls]. */
export type StateRow = readonly [name: string, element: ElementName, shape: readonly number[], at: number, role: string];

/** One persistent tensor. `data` is a live view of the module's memory. */
export interface Parameter {
  readonly shape: readonly number[];
  readonly element: string;
  readonly role: string;
  readonly data: TypedArray;
  read(): TypedArray;
  write(values: TypedArray | readonly number[]): void;
}

/**
 * @param boot computes every initial value from the seed
 * @param idle throws while a call that waits for its host is under way
 */
export function persistent(buffer: ArrayBuffer, rows: readonly StateRow[], boot: (seed: number) => void, signature: string, seed: number, idle: (name: string) => void) {
  const parameters: Record<string, Parameter> = {};
  const stored: { name: string; dtype: string; shape: readonly number[]; bytes: Uint8Array; role: string }[] = [];
  let random: Uint32Array | undefined;
  for (const [name, element, shape, at, role] of rows) {
    const Type = arrays[element];
    const count = shape.reduce((product, size) => product * size, 1);
    const data = new Type(buffer, at, count);
    if (name === "$random") random = data as Uint32Array; // its element is u32
    if (name.startsWith("$")) continue;
    const copy = (): TypedArray => data.slice();
    const write = (values: TypedArray | readonly number[]): void => {
      idle(name);
      data.set(tensor(values, Type, count, `parameters["${name}"].write: the values`, `${element}[${shape.join(", ")}]`));
    };
    parameters[name] = { shape, element, role, data, read: copy, write };
    stored.push({ name, dtype: dtypeOf(element), shape, bytes: new Uint8Array(buffer, at, data.byteLength), role });
  }
  // Wide elements first, so that every tensor of a file is aligned to its element: F64, then the 4-byte ones, then BOOL.
  const rank = (dtype: string): number => (dtype === "F64" ? 0 : dtype === "BOOL" ? 2 : 1);
  stored.sort((a, b) => rank(a.dtype) - rank(b.dtype));
  const checkSeed = (value: number): number => {
    if (value >>> 0 !== value) throw new TypeError(`the seed must be a whole number in 0..4294967295, found ${describe(value)}`);
    return value;
  };
  boot(checkSeed(seed));
  return {
    parameters,
    /** Starts again from the initial values of `next`, by default the last seed. */
    reset(next = seed): void {
      idle("reset");
      boot((seed = checkSeed(next)));
    },
    /** All tensors as a safetensors file; seed, calls of the random generator and signature are its metadata. */
    save(): Uint8Array {
      idle("save");
      return writeSafetensors(stored, { seed: `${random ? random[0] : seed}`, calls: `${random ? random[1] : 0}`, signature });
    },
    /**
     * All or nothing. `only`: "parameters" takes just the weights, from any file that has them; a path ("teacher") what lies under it.
     * @throws Error naming the tensor that is missing, unexpected or of another shape or type
     */
    load(file: ArrayBuffer | ArrayBufferView, { only }: { readonly only?: string } = {}): void {
      idle("load");
      if (!ArrayBuffer.isView(file) && Object.prototype.toString.call(file) !== "[object ArrayBuffer]") {
        throw new TypeError(`load: expected the bytes of a safetensors file, found ${describe(file)}`);
      }
      const { tensors, metadata } = readSafetensors(ArrayBuffer.isView(file) ? new Uint8Array(file.buffer, file.byteOffset, file.byteLength) : new Uint8Array(file));
      const fail = (what: string): never => {
        throw new Error(`load: ${what}`);
      };
      const under = (name: string): boolean => name === only || name.startsWith(`${only}.`);
      const chosen = stored.filter(({ name, role }) =>
        only === undefined || (only === "parameters" ? role === "trained" || role === "frozen" || (role === "state" && tensors.has(name)) : under(name)));
      if (only !== undefined && chosen.length === 0) fail(`nothing here is called '${only}'`);
      for (const { name, dtype, shape } of chosen) {
        const type = `${dtype} [${shape.join(", ")}]`;
        const found = tensors.get(name) ?? fail(`the file has no tensor '${name}' (${type})`);
        const foundType = `${found.dtype} [${found.shape.join(", ")}]`;
        if (foundType !== type) fail(`tensor '${name}' must be ${type}, the file has ${foundType}`);
        if (dtype === "BOOL" && found.bytes.some((value) => value > 1)) fail(`tensor '${name}' holds bytes that are no booleans`);
      }
      if (only === undefined) {
        for (const name of tensors.keys()) if (!Object.hasOwn(parameters, name)) fail(`the file has a tensor '${name}' that this module does not know`);
        const count = (key: string): number => {
          const value = Number(metadata[key] ?? NaN);
          return value >>> 0 === value ? value : fail(`the file's metadata has no valid ${key}: use { only: "parameters" } for weights from elsewhere`);
        };
        if (metadata.signature !== signature) fail(`the file's signature is ${String(metadata.signature)}, this module's ${signature}`);
        const counters = [count("seed"), count("calls")];
        seed = counters[0];
        random?.set(counters);
      }
      for (const { name, bytes } of chosen) bytes.set(tensors.get(name)!.bytes); // found above
    },
  };
}
