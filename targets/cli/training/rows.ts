/** Which rows train and which validate, how columns are scaled, and the order of an epoch. */
import { UsageError } from "../io.ts";
import type { Table } from "../table-file.ts";

/** `by-class`: every fifth row of each class, in file order. A number: that part of the rows, evenly spread. */
export type Validation = "none" | "by-class" | number;

export interface Split {
  readonly training: Uint32Array;
  readonly validation: Uint32Array;
}

export function splitRows(table: Table, how: Validation): Split {
  const training: number[] = [];
  const validation: number[] = [];
  const seen = new Map<number, number>();
  const every = typeof how === "number" ? Math.max(2, Math.round(1 / how)) : 5;
  for (let row = 0; row < table.rows; row++) {
    const group = how === "by-class" ? table.data[(row + 1) * table.columns - 1] : 0;
    const place = (seen.get(group) ?? 0) + 1;
    seen.set(group, place);
    (how !== "none" && place % every === 0 ? validation : training).push(row);
  }
  return { training: Uint32Array.from(training), validation: Uint32Array.from(validation) };
}

/** `standardise`: less the training rows' mean, by their deviation. A number: divided by it. */
export type Scale = "none" | "standardise" | number;

/** The table with the columns before `upTo` scaled. */
export function scaleColumns(table: Table, upTo: number, rows: Uint32Array, how: Scale): Table {
  if (how === "none") return table;
  const data = table.data.slice();
  for (let column = 0; column < upTo; column++) {
    let [mean, deviation] = [0, typeof how === "number" ? how : 0];
    if (how === "standardise") {
      for (const row of rows) mean += table.data[row * table.columns + column] / rows.length;
      for (const row of rows) deviation += (table.data[row * table.columns + column] - mean) ** 2 / rows.length;
      deviation = Math.sqrt(deviation) || 1; // a constant column becomes zeros
    }
    for (let at = column; at < data.length; at += table.columns) data[at] = (data[at] - mean) / deviation;
  }
  return { ...table, data };
}

/** Rows in the order of one epoch: a function of seed and epoch alone, so that a resumed run goes on as if nothing had been. */
export function shuffled(rows: Uint32Array, seed: number, epoch: number): Uint32Array {
  const order = rows.slice();
  let state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(epoch + 1, 0xc2b2ae35)) >>> 0;
  // mulberry32
  const random = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

export function parseValidation(text: string): Validation {
  if (text === "none" || text === "by-class") return text;
  const part = Number(text);
  if (!(part > 0 && part <= 0.5)) throw new UsageError(`--validate must be by-class, none or a part up to 0.5, found ${text}`);
  return part;
}

export function parseScale(text: string): Scale {
  if (text === "none" || text === "standardise") return text;
  const divisor = Number(text);
  if (!Number.isFinite(divisor) || divisor === 0) throw new UsageError(`--scale must be standardise, none or a number to divide by, found ${text}`);
  return divisor;
}
