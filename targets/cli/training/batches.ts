/** Fills an entry's tensor arguments with rows of a table. */
import type { PlacedLeaf } from "../../module/index.ts";
import { countOf } from "../../module/index.ts";
import { UsageError } from "../io.ts";
import type { Table } from "../table-file.ts";
import type { BoundArgument } from "./binding.ts";

type Values = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;

const types = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u32: Uint32Array, bool: Uint8Array };

export const arrayFor = (leaf: PlacedLeaf): Values => new types[leaf.type.element](countOf(leaf));

/** rows[from], rows[from + 1], ... as the rows of `into`; past the end zeros. */
export function fill(into: Values, { column, width }: Pick<BoundArgument, "column" | "width">, table: Table, rows: Uint32Array, from: number): void {
  const count = into.length / width;
  for (let i = 0; i < count; i++) {
    const row = rows[from + i];
    for (let k = 0; k < width; k++) into[i * width + k] = row === undefined ? 0 : table.data[row * table.columns + column + k];
  }
}

/**
 * Every number that goes to an integer argument must be one, and lie within its axis.
 * @throws UsageError naming the row
 */
export function checkIntegers({ leaf, column, width, name }: BoundArgument, table: Table): void {
  const { element } = leaf.type;
  if (element === "f32" || element === "f64") return;
  const below = element === "bool" ? 2 : leaf.below ?? Infinity;
  for (let row = 0; row < table.rows; row++) {
    for (let k = column; k < column + width; k++) {
      const value = table.data[row * table.columns + k];
      if (Number.isInteger(value) && (element === "i32" && leaf.below === undefined ? true : value >= 0) && value < below) continue;
      const expected = below === Infinity ? "a whole number" : `a whole number in 0..${below - 1}`;
      throw new UsageError(`${table.file}: row ${row + 1}, column ${k + 1}: '${name}' needs ${expected}, found ${value}`);
    }
  }
}
