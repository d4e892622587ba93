/** What the command writes to, and the two ways in which it ends early. */

export interface Io {
  /** Results. */
  readonly out: (text: string) => void;
  /** Diagnostics and progress. */
  readonly err: (text: string) => void;
  /** Is `out` a terminal? */
  readonly terminal: boolean;
  /** Colours on `err`. */
  readonly color: boolean;
  readonly cwd: string;
}

export const exitCodes = { ok: 0, diagnostics: 1, usage: 2, internal: 70, interrupted: 130 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The command line or a file it names is wrong: one line on stderr, exit code 2. */
export class UsageError extends Error {}

/** The program is wrong and that has been printed: exit code 1. */
export class Refused extends Error {}

export function processIo(): Io {
  return {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    terminal: process.stdout.isTTY === true,
    color: process.stderr.isTTY === true && !process.env.NO_COLOR,
    cwd: process.cwd(),
  };
}

/** `9,610`. */
export const grouped = (value: number): string => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");

/** `312 B`, `15.2 kB`, `1.40 MB`; 1 kB is 1000 bytes. */
export function byteText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const [value, unit] = bytes < 1e6 ? [bytes / 1e3, "kB"] : [bytes / 1e6, "MB"];
  return `${value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0)} ${unit}`;
}

/** Floating-point operations: `812`, `41.2k`, `1.57M`, `2.10G`. */
export function flopsText(flops: number): string {
  if (flops < 1e3) return String(flops);
  if (flops < 1e6) return `${(flops / 1e3).toFixed(1)}k`;
  return flops < 1e9 ? `${(flops / 1e6).toFixed(2)}M` : `${(flops / 1e9).toFixed(2)}G`;
}

/** Columns of text, left-aligned but for those from `right` on. */
export function table(rows: readonly (readonly string[])[], right = 1): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => `${row.map((cell, column) => (column >= right ? cell.padStart(widths[column]) : cell.padEnd(widths[column]))).join("  ").trimEnd()}\n`).join("");
}

/** The shortest text that reads back as the same f32 (or f64). */
export function numberText(value: number, element: string): string {
  if (element !== "f32" || !Number.isFinite(value)) return String(value);
  for (let digits = 1; digits <= 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(value);
}
