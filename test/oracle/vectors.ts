/** The reference vectors: their data, and how results are compared with them. `data/README.md` tells what they hold. */
import { readFileSync } from "node:fs";

export interface OracleTensor {
  readonly shape: readonly number[];
  readonly data: readonly number[];
  readonly dtype?: "i32" | "bool";
}
export type Tensors = Readonly<Record<string, OracleTensor>>;

export interface OracleCase {
  readonly name: string;
  readonly formula: string;
  readonly inputs: Tensors;
  readonly outputs: Tensors;
  readonly cotangents?: Tensors;
  readonly gradients?: Tensors;
  readonly tolerance: Tolerance;
}
export interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
}

/** Within this, f64 results agree with data of nine digits. */
export const exact: Tolerance = { rtol: 1e-7, atol: 1e-8 };

export function readCases(file: string): readonly OracleCase[] {
  // The data are this folder's own.
  return (JSON.parse(readFileSync(new URL(`./data/${file}.json`, import.meta.url), "utf8")) as { cases: OracleCase[] }).cases;
}

/** What differs between results and a case's data: one line per tensor, with its worst element. */
export function differences(got: ReadonlyMap<string, ArrayLike<number>>, want: Tensors, { rtol, atol }: Tolerance): readonly string[] {
  return Object.entries(want).flatMap(([name, { data }]) => {
    const values = got.get(name);
    if (values === undefined || values.length !== data.length) return [`${name}: ${values?.length ?? "no"} elements for ${data.length}`];
    // Above 1 is too far; a NaN counts as infinitely far.
    const far = data.map((expected, i) => {
      const error = Math.abs(values[i] - expected) / (atol + rtol * Math.abs(expected));
      return Number.isNaN(error) ? Infinity : error;
    });
    const worst = far.indexOf(Math.max(...far));
    return far[worst] <= 1 ? [] : [`${name}[${worst}]: got ${values[worst]}, expected ${data[worst]} (${far[worst].toPrecision(3)} times the tolerance)`];
  });
}
