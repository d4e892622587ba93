/**
 * The safetensors format: u64 length of the header, a JSON header, the tensors' bytes.
 * https://huggingface.co/docs/safetensors: little endian, row-major, the tensors cover the data exactly.
 */

/** `dtype`: F64, F32, I32, U32, BOOL and, in foreign files, any other name of the format. */
export interface StoredTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** Bytes of a file with the tensors in the order given; the data starts at a multiple of 8. */
export function writeSafetensors(tensors: readonly StoredTensor[], metadata: Readonly<Record<string, string>>): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let end = 0;
  for (const { name, dtype, shape, bytes } of tensors) header[name] = { dtype, shape, data_offsets: [end, (end += bytes.length)] };
  const text = new TextEncoder().encode(JSON.stringify(header));
  const start = (8 + text.length + 7) & ~7;
  const file = new Uint8Array(start + end).fill(32, 8, start);
  new DataView(file.buffer).setUint32(0, start - 8, true);
  file.set(text, 8);
  let at = start;
  for (const { bytes } of tensors) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}

/**
 * The tensors of a file, as views of its bytes.
 * @throws Error naming the tensor if the file is truncated, not safetensors, or its offsets do not cover the data exactly once
 */
export function readSafetensors(file: Uint8Array): { readonly tensors: ReadonlyMap<string, StoredTensor>; readonly metadata: Readonly<Record<string, unknown>> } {
  const fail = (what: string): never => {
    throw new Error(`not a whole safetensors file: ${what}`);
  };
  if (file.length < 8) fail(`it has ${file.length} bytes`);
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const start = 8 + view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  if (start > file.length) fail(`the header ends at byte ${start} of ${file.length}`);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(file.subarray(8, start)));
  } catch {
    fail("the header is no JSON");
  }
  if (header === null || typeof header !== "object" || Array.isArray(header)) fail("the header is no object");
  const tensors = new Map<string, StoredTensor>();
  const ranges: [number, number, string][] = [];
  let metadata: Record<string, unknown> = {};
  const isCounts = (list: unknown): boolean => Array.isArray(list) && list.every((value) => Number.isSafeInteger(value) && value >= 0);
  for (const [name, entry] of Object.entries(header as object)) { // checked above
    if (name === "__metadata__") {
      metadata = Object(entry);
      continue;
    }
    const { dtype, shape, data_offsets: offsets } = Object(entry);
    // F32, BF16, U8, F8_E4M3: the bits stand in the name.
    const width = dtype === "BOOL" ? 1 : Number(/^(?:BF|[FIU])(8|16|32|64)(?:_\w+)?$/.exec(dtype)?.[1]) / 8;
    if (!width || !isCounts(shape) || !isCounts(offsets) || offsets.length !== 2) fail(`tensor '${name}' has no valid type, shape and offsets`);
    const [from, to] = offsets;
    if (to < from || start + to > file.length) fail(`tensor '${name}' lies outside of the file (bytes ${from} to ${to} of ${file.length - start})`);
    const bytes = shape.reduce((product: number, size: number) => product * size, width);
    if (to - from !== bytes) fail(`tensor '${name}' has ${to - from} bytes, its shape needs ${bytes}`);
    tensors.set(name, { name, dtype, shape, bytes: file.subarray(start + from, start + to) });
    ranges.push([from, to, name]);
  }
  let end = 0;
  for (const [from, to, name] of ranges.sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    if (from !== end) fail(`tensor '${name}' starts at byte ${from} of the data, the one before ends at ${end}`);
    end = to;
  }
  if (start + end !== file.length) fail(`the tensors end at byte ${start + end} of ${file.length}`);
  return { tensors, metadata };
}
