/** What passes from row to row. */
import { cut, typeText } from "./text.ts";
import type { ViewEntry, ViewOperation } from "./view.ts";

export interface RowEdge {
  readonly column: "forward" | "backward";
  readonly from: number;
  readonly to: number;
  readonly values: readonly number[];
  readonly text: string;
}

/** The row in which a value is made; -1: it is given. */
export function makersByRow({ values, operations }: ViewEntry, value: number): number {
  const { maker } = values[value];
  return maker === null ? -1 : operations[maker].row;
}

const sideOf = ({ phase }: ViewOperation): RowEdge["column"] | null => (phase === "update" ? null : phase === "forward" ? "forward" : "backward");

/** Constants are made where they are read: they pass from nowhere. */
const isSource = ({ op }: ViewOperation): boolean => op === "constant" || op === "iota";

/** Between different rows, forward to forward and backward to backward. */
export function rowEdges(entry: ViewEntry): readonly RowEdge[] {
  const found = new Map<string, { column: RowEdge["column"]; from: number; to: number; values: Set<number> }>();
  for (const reader of entry.operations) {
    for (const value of reader.args) {
      const { maker } = entry.values[value];
      if (maker === null) continue;
      const made = entry.operations[maker];
      const column = sideOf(made);
      if (column === null || column !== sideOf(reader) || made.row === reader.row || isSource(made)) continue;
      const key = `${column} ${made.row} ${reader.row}`;
      const edge = found.get(key) ?? { column, from: made.row, to: reader.row, values: new Set<number>() };
      found.set(key, edge);
      edge.values.add(value);
    }
  }
  return [...found.values()].map(({ values, ...edge }) => ({
    ...edge, values: [...values], text: [...values].map((value) => `${cut(entry.values[value].name, 60)}: ${typeText(entry.values[value])}`).join("\n"),
  }));
}
