/** The operations of a row, one a line, with arcs from where a value is made to where it is read. */
import { byteText, flopsText } from "../cli/io.ts";
import { columnOf, rowName } from "./overview.ts";
import { cut, escape, placeText, plural, typeText } from "./text.ts";
import type { ViewEntry, ViewOperation } from "./view.ts";

const lineHeight = 18;
/** Pixels for arcs. */
const left = 88;
/** Pixels from the left, and characters, of each column. */
const columns = { id: [0, 6], op: [46, 15], reads: [150, 30], makes: [356, 36], flops: [650, 0], bytes: [714, 0], place: [730, 46] } as const;

export function rowDetails(entry: ViewEntry, row: number, anchor: string): string {
  const own = entry.operations.filter((operation) => operation.row === row);
  const flops = own.reduce((sum, operation) => sum + operation.flops, 0);
  const parts = (["forward", "backward", "update"] as const).flatMap((column) => {
    const list = own.filter((operation) => columnOf(operation) === column);
    return list.length === 0 ? [] : [`<h4>${column}</h4>${operationList(entry, list)}`];
  });
  const kept = entry.kept.filter(({ reasons }) => reasons.some(({ reader }) => entry.operations[reader].row === row));
  return `<details id="${anchor}"><summary><b>${escape(rowName(entry, row))}</b> ${plural(own.length, "operation")}, ${flopsText(flops)} FLOPs</summary>${parts.join("")}${keptList(entry, row, kept)}</details>`;
}

function keptList(entry: ViewEntry, row: number, kept: ViewEntry["kept"]): string {
  if (kept.length === 0) return "";
  const items = kept.map(({ value, bytes, reasons }) => {
    const why = reasons.filter(({ reader }) => entry.operations[reader].row === row).map(({ reader, derivativeOf, through }) => `%${reader}, the derivative of ${derivativeOf}${through === undefined ? "" : ` (by way of ${through})`}`);
    return `<li><code>${escape(cut(entry.values[value].name, 80))}</code> ${escape(typeText(entry.values[value]))}, ${byteText(bytes)}: read by ${[...new Set(why)].map(escape).join("; ")}</li>`;
  });
  return `<h4>kept until here</h4><ul>${items.join("")}</ul>`;
}

function operationList(entry: ViewEntry, list: readonly ViewOperation[]): string {
  const lineOf = new Map(list.map(({ id }, line) => [id, line]));
  const arcs: { from: number; to: number; value: number }[] = [];
  for (const [line, { args }] of list.entries()) {
    for (const value of args) {
      const { maker } = entry.values[value];
      const from = maker === null ? undefined : lineOf.get(maker);
      if (from !== undefined) arcs.push({ from, to: line, value });
    }
  }
  const middle = (line: number): number => line * lineHeight + 30;
  const drawn = arcs.map(({ from, to, value }) => {
    const [a, b] = [middle(from), middle(to)];
    const out = left - 8 - bow(to - from);
    return `<path class="edge" d="M${left - 8},${a} C${out},${a} ${out},${b} ${left - 8},${b}"><title>${escape(`${entry.values[value].name}: ${typeText(entry.values[value])}`)}</title></path>`;
  });
  const text = (column: keyof typeof columns, line: number, value: string, extra = ""): string => {
    const [x, length] = columns[column];
    const shown = length === 0 ? value : cut(value, length);
    return `<text class="code${length === 0 ? " end" : ""}" x="${left + x}" y="${middle(line) + 4}">${shown === value && extra === "" ? "" : `<title>${escape(extra || value)}</title>`}${escape(shown)}</text>`;
  };
  const lines = list.map((operation, line) => {
    const { id, op, args, results, phase, derivativeOf, turns, flops, bytes, place } = operation;
    const reads = args.map((value) => (entry.values[value].maker === null ? entry.values[value].name : `%${entry.values[value].maker}`)).join(", ");
    const of = derivativeOf === undefined ? (phase === "again" ? "made again: " : "") : `of ${derivativeOf} in `;
    return `<circle class="dot ${columnOf(operation)}" cx="${left - 8}" cy="${middle(line)}" r="3"/>${text("id", line, `%${id}`)}${text("op", line, `${op}${turns > 1 ? ` ×${turns}` : ""}`)}`
      + text("reads", line, reads) + text("makes", line, results.map((value) => typeText(entry.values[value])).join(", "))
      + text("flops", line, flopsText(flops)) + text("bytes", line, byteText(bytes))
      + text("place", line, `${of}${place?.text ?? ""}`, `${of}${place?.text ?? ""}\n${placeText(operation)}`);
  });
  const head = (["op", "reads", "makes", "flops", "bytes", "place"] as const).map((column) => `<text class="small${columns[column][1] === 0 ? " end" : ""}" x="${left + columns[column][0]}" y="12">${column === "flops" ? "FLOPs" : column === "op" ? "operation" : column === "place" ? "from" : column}</text>`);
  const width = left + columns.place[0] + columns.place[1] * 6.7;
  return `<div class="wide"><svg class="operations" viewBox="0 0 ${Math.ceil(width)} ${list.length * lineHeight + 26}" width="${Math.ceil(width)}">${head.join("")}${drawn.join("")}${lines.join("")}</svg></div>`;
}

/** How far an arc over so many lines goes out. */
const bow = (lines: number): number => Math.min(70, 8 + 7 * Math.sqrt(Math.max(0, lines - 1)) * 1.4);
