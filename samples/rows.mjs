/** Tables in samples/data for whoever trains on them: rows as typed arrays, the held-back part, seeded order. */
import { readFile } from "node:fs/promises";

/**
 * A CSV file of data/ whose last column is a class, split by class: in file order, every fifth row of each class (the 5th, 10th, ...)
 * is held back for testing. Features are multiplied by `scale`.
 */
export async function readClasses(name, scale = 1) {
  const text = await readFile(new URL(`data/${name}.csv`, import.meta.url), "utf8");
  const rows = text.trim().split("\n").slice(1).map((line) => line.split(",").map(Number));
  const seen = new Map();
  const parts = { training: [], testing: [] };
  for (const row of rows) {
    const label = row[row.length - 1];
    const place = (seen.get(label) ?? 0) + 1;
    seen.set(label, place);
    parts[place % 5 === 0 ? "testing" : "training"].push(row);
  }
  return { training: examples(parts.training, scale), testing: examples(parts.testing, scale) };
}

function examples(rows, scale) {
  const width = rows[0].length - 1;
  return {
    count: rows.length,
    width,
    x: Float32Array.from(rows.flatMap((row) => row.slice(0, width).map((value) => value * scale))),
    y: Int32Array.from(rows, (row) => row[width]),
  };
}

/** Features less their mean over `training`, by their deviation there; both parts. */
export function standardise({ training, testing }) {
  const { width, count, x } = training;
  const mean = new Float64Array(width);
  const deviation = new Float64Array(width);
  x.forEach((value, i) => { mean[i % width] += value / count; });
  x.forEach((value, i) => { deviation[i % width] += (value - mean[i % width]) ** 2 / count; });
  const scaled = (part) => ({ ...part, x: part.x.map((value, i) => (value - mean[i % width]) / (Math.sqrt(deviation[i % width]) || 1)) });
  return { training: scaled(training), testing: scaled(testing) };
}

/** Numbers in [0, 1), the same ones for a seed (mulberry32). */
export function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Batches of `size` examples in random order, each example at most once; what is left over at the end is dropped. */
export function* batches(part, size, random) {
  const order = Uint32Array.from({ length: part.count }, (_, i) => i);
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  for (let from = 0; from + size <= part.count; from += size) yield pick(part, order.subarray(from, from + size));
}

/** Batches of `size` examples in order; the last is filled up with zeros, and `count` says how many are real. */
export function* inOrder(part, size) {
  for (let from = 0; from < part.count; from += size) {
    const count = Math.min(size, part.count - from);
    const batch = { x: new Float32Array(size * part.width), y: new Int32Array(size), count };
    batch.x.set(part.x.subarray(from * part.width, (from + count) * part.width));
    batch.y.set(part.y.subarray(from, from + count));
    yield batch;
  }
}

function pick({ width, x, y }, order) {
  const batch = { x: new Float32Array(order.length * width), y: new Int32Array(order.length), count: order.length };
  order.forEach((row, i) => {
    batch.x.set(x.subarray(row * width, (row + 1) * width), i * width);
    batch.y[i] = y[row];
  });
  return batch;
}

/** How many examples get their class as the highest of `classes` scores; `score` takes the features of `size` examples. */
export function countRight(part, size, classes, score) {
  let right = 0;
  for (const { x, y, count } of inOrder(part, size)) {
    const scores = score(x);
    for (let i = 0; i < count; i++) {
      const row = scores.subarray(i * classes, (i + 1) * classes);
      if (row.indexOf(Math.max(...row)) === y[i]) right++;
    }
  }
  return right;
}

/** A factor that falls from 1 to 0 along a cosine while `part` goes from 0 to 1. */
export const cosineDecay = (part) => (1 + Math.cos(Math.PI * part)) / 2;
