/** The prose of samples/data as class numbers: 0 is a new line, 1..95 the printable characters of ASCII. */
import { readFile } from "node:fs/promises";

export interface Prose {
  readonly training: Int32Array;
  /** The last tenth. */
  readonly held: Int32Array;
}

export async function readProse(): Promise<Prose> {
  const text = await readFile(new URL("../../samples/data/sqlite-prose.txt", import.meta.url));
  const ids = Int32Array.from(text, (byte) => Math.max(0, byte - 31));
  const cut = Math.floor(0.9 * ids.length);
  return { training: ids.subarray(0, cut), held: ids.subarray(cut) };
}

/**
 * `streams` equal stretches of the text, cut into pieces [piece][stream][length + 1]: a piece begins with the character that ended the
 * one before in its stream.
 */
export function pieces(ids: Int32Array, streams: number, length: number, count: number): Int32Array {
  const stretch = Math.floor((ids.length - 1) / streams);
  if (count * length > stretch) throw new Error(`the text has ${stretch} characters a stream, not ${count * length}`);
  const result = new Int32Array(count * streams * (length + 1));
  for (let piece = 0; piece < count; piece++) {
    for (let stream = 0; stream < streams; stream++) {
      const from = stream * stretch + piece * length;
      result.set(ids.subarray(from, from + length + 1), (piece * streams + stream) * (length + 1));
    }
  }
  return result;
}

/** Of single characters, nats: what a net that sees no context can reach. */
export function unigramEntropy(ids: Int32Array): number {
  const counts = new Map<number, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => sum - (count / ids.length) * Math.log(count / ids.length), 0);
}

export const textOf = (ids: ArrayLike<number>): string => Array.from(ids, (id) => (id === 0 ? "\n" : String.fromCharCode(id + 31))).join("");
