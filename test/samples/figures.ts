/** What the tests of a sample measure, and its row in samples/README.md, which `npm run samples` writes from that. */
import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { afterAll, expect } from "vitest";

const taken = new Map<string, number[]>();
const wanted = process.env.FIGURES;

/** A number, kept for the sample's row, and printed where that is asked for: `FIGURES=1 npx vitest run test/samples`. */
export function figure(what: string, value: number): number {
  if (wanted) console.log(`${what}: ${Number(value.toPrecision(4))}`);
  taken.set(what, [...(taken.get(what) ?? []), value]);
  return value;
}

/** The seeds of a sample's row; a test for which one of them takes long enough has the others where figures are asked for. */
export const starts = (first: number, ...others: readonly number[]): readonly number[] => (wanted ? [first, ...others] : [first]);

const place = /\{([^{}]+?)(%?)\}/g;

function textOf(value: number, percent: string): string {
  if (percent) return `${Number((100 * value).toFixed(Math.abs(value) < 0.1 ? 2 : 1))}%`;
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}

/**
 * A row's last cell: `{what}` stands for the figures of that name, `{what%}` for them as percentages: one, or the least and the greatest.
 * @throws Error where a figure was not taken
 */
export const filledIn = (row: string, figures: ReadonlyMap<string, readonly number[]>): string =>
  row.replace(place, (_, what: string, percent: string) => {
    const values = figures.get(what);
    if (values === undefined) throw new Error(`no figure "${what}" was taken`);
    const ends = [Math.min(...values), Math.max(...values)].map((value) => textOf(value, percent));
    return ends[0] === ends[1] ? ends[0] : ends.join(" to ");
  });

/** What the cell may be, whatever the figures are. */
export function cellPattern(row: string): RegExp {
  const parts = row.split(place); // text, name, percent, text, ...
  const number = (percent: string): string => `-?\\d[\\d.e+-]*${percent}`;
  const source = parts.map((part, i) => {
    if (i % 3 === 0) return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return i % 3 === 1 ? `${number(parts[i + 1])}(?: to ${number(parts[i + 1])})?` : "";
  });
  return new RegExp(`^${source.join("")}$`);
}

/** The sample's row; FIGURES may be a folder that takes it. */
export function measured(row: string): void {
  afterAll(async () => {
    if (!wanted) return;
    const cell = filledIn(row, taken);
    console.log(cell);
    if (wanted !== "1") await writeFile(join(wanted, basename(expect.getState().testPath ?? "", ".test.ts")), cell);
  });
}
