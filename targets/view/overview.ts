/**
 * The layered drawing of an entry: a row for each part of the model, forward from the top to the bottom on the left,
 * backward from the bottom to the top on the right, between them what is kept, at the far right what is updated.
 */
import { byteText, flopsText } from "../cli/io.ts";
import { makersByRow, type RowEdge, rowEdges } from "./edges.ts";
import { cut, escape, plural, typeText } from "./text.ts";
import type { ViewEntry, ViewOperation } from "./view.ts";

type Column = "forward" | "backward" | "update";

/** Pixels. */
const boxWidth = { forward: 236, backward: 236, update: 132 } as const;
const left = { forward: 66, kept: 350, backward: 690, update: 984 } as const;
const keptWidth = 292;
const boxHeight = 58;
const keptHeight = 34;
const between = 26;
const loopHead = 22;

interface Box {
  readonly column: Column;
  readonly row: number;
  readonly operations: readonly ViewOperation[];
  readonly y: number;
  readonly height: number;
}

export const columnOf = ({ phase }: ViewOperation): Column => (phase === "again" ? "backward" : phase);

/** What a part of the model is called: its path, or the entry itself. */
export const rowName = ({ rows, name }: ViewEntry, row: number): string => rows[row].path.join(".") || name;

/** `anchor`: where a row's details are, by its number. */
export function overview(entry: ViewEntry, anchor: (row: number) => string): string {
  const { rows, kept, operations, values } = entry;
  const keptIn = rows.map((_, row) => kept.filter(({ value }) => makersByRow(entry, value) === row));
  const boxes: Box[] = [];
  const loops = new Map<number, { top: number; bottom: number }>();
  const tops: number[] = [];
  let y = 30;
  rows.forEach(({ loop }, row) => {
    for (const at of loopsAround(entry, loop)) {
      if (loops.has(at)) continue;
      loops.set(at, { top: y, bottom: y });
      y += loopHead;
    }
    tops.push(y);
    const own = operations.filter((operation) => operation.row === row);
    const height = Math.max(boxHeight, keptIn[row].length * keptHeight + 4);
    for (const column of ["forward", "backward", "update"] as const) {
      const part = own.filter((operation) => columnOf(operation) === column);
      if (part.length > 0) boxes.push({ column, row, operations: part, y, height: boxHeight });
    }
    y += height;
    for (const at of loopsAround(entry, loop)) {
      const bounds = loops.get(at);
      if (bounds) bounds.bottom = y + 12 - 4 * loopsAround(entry, entry.loops[at].around).length;
    }
    y += between;
  });
  const find = (column: Column, row: number): Box | undefined => boxes.find((box) => box.column === column && box.row === row);
  const parts: string[] = [];
  const used = new Set(boxes.map(({ column }) => column));
  const rightmost = used.has("update") ? "update" : used.has("backward") ? "backward" : "forward";
  const width = left[rightmost] + boxWidth[rightmost] + (rightmost === "forward" ? 300 : 44);
  for (const [id, bounds] of loops) parts.push(loopFrame(entry, id, bounds, width));
  const edges = rowEdges(entry);
  parts.push(...flowEdges(edges.filter(({ column }) => column === "forward"), find, "forward"));
  parts.push(...flowEdges(edges.filter(({ column }) => column === "backward"), find, "backward"));
  for (const box of boxes) {
    const credit = find("backward", box.row);
    if (box.column === "update" && credit) parts.push(`<path class="edge backward" marker-end="url(#arrow-backward)" d="M${left.backward + boxWidth.backward},${box.y + 29} H${left.update - 3}"><title>gradients</title></path>`);
  }
  keptIn.forEach((list, row) => list.forEach(({ value, bytes, reasons }, i) => {
    const top = tops[row] + i * keptHeight;
    const readers = [...new Set(reasons.map(({ reader }) => operations[reader].row))];
    const why = [...new Set(reasons.map(({ derivativeOf }) => derivativeOf))];
    const from = find("forward", row);
    const middle = top + 15;
    if (from) parts.push(`<path class="edge kept" d="M${left.forward + boxWidth.forward},${from.y + 29} C${left.kept - 20},${from.y + 29} ${left.kept - 26},${middle} ${left.kept},${middle}"/>`);
    for (const reader of readers) {
      const to = find("backward", reader);
      if (to) parts.push(`<path class="edge kept" marker-end="url(#arrow-kept)" d="M${left.kept + keptWidth},${middle} C${left.backward - 16},${middle} ${left.backward - 34},${to.y + 29} ${left.backward - 3},${to.y + 29}"/>`);
    }
    parts.push(`<g><title>${escape(`${values[value].name}\n${typeText(values[value])}, ${bytes} bytes\nkept for the derivative of ${why.join(", ")} in ${readers.map((reader) => rowName(entry, reader)).join(", ")}`)}</title>`
      + `<rect class="kept" x="${left.kept}" y="${top}" width="${keptWidth}" height="${keptHeight - 4}" rx="4"/>`
      + `<text class="code" x="${left.kept + 8}" y="${top + 13}">${escape(cut(values[value].name, 38))}</text>`
      + `<text class="small" x="${left.kept + 8}" y="${top + 26}">${escape(cut(`${typeText(values[value])} for ${why.join(", ")}`, 36))}</text>`
      + `<text class="small end" x="${left.kept + keptWidth - 8}" y="${top + 26}">${byteText(bytes)}</text></g>`);
  }));
  for (const box of boxes) parts.push(boxText(entry, box, edges, anchor(box.row)));
  const heads = ([["forward", "forward ↓"], ["kept", "kept for the backward pass"], ["backward", "backward ↑"], ["update", "update"]] as const)
    .filter(([column]) => used.has(column === "kept" ? "backward" : column))
    .map(([column, text]) => `<text class="head" x="${left[column]}" y="16">${text}</text>`);
  const markers = ["forward", "backward", "kept"].map((name) => `<marker id="arrow-${name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="tip ${name}" d="M0,0 L8,4 L0,8 z"/></marker>`);
  return `<svg class="overview" viewBox="0 0 ${width} ${y}" width="${width}" role="img" aria-label="forward and backward pass"><defs>${markers.join("")}</defs>${heads.join("")}${parts.join("")}</svg>`;
}

/** From the outermost in. */
function loopsAround({ loops }: Pick<ViewEntry, "loops">, loop: number | null): number[] {
  return loop === null ? [] : [...loopsAround({ loops }, loops[loop].around), loop];
}

function loopFrame(entry: ViewEntry, id: number, { top, bottom }: { readonly top: number; readonly bottom: number }, width: number): string {
  const { turns, endsEarly, around, feedback } = entry.loops[id];
  const inset = 4 + 5 * loopsAround(entry, around).length;
  const carried = [...new Set(feedback.map(([made]) => typeText(entry.values[made])))];
  const text = `loop, ${endsEarly ? "at most " : ""}${plural(turns, "turn")}${carried.length === 0 ? "" : `; to the next turn: ${carried.join(", ")}`}`;
  return `<rect class="loop" x="${inset}" y="${top}" width="${width - 2 * inset}" height="${bottom - top}" rx="8"/><text class="small" x="${left.kept}" y="${top + 15}">${escape(cut(text, 90))}</text>`;
}

function boxText(entry: ViewEntry, { column, row, operations, y, height }: Box, edges: readonly RowEdge[], anchor: string): string {
  const x = left[column];
  const flops = operations.reduce((sum, operation) => sum + operation.flops, 0);
  const again = operations.filter(({ phase }) => phase === "again").length;
  const out = edges.filter((edge) => edge.column === column && edge.from === row && edge.to !== row).flatMap(({ values }) => values).map((value) => entry.values[value]).sort((a, b) => b.bytes - a.bytes).at(0);
  const [name, note] = column === "update" ? [plural(operations.length, "operation"), ""]
    : [rowName(entry, row), out === undefined ? "" : `${column === "forward" ? "gives" : "credit"} ${typeText(out)}`];
  const work = column === "update" ? `${flopsText(flops)} FLOPs` : `${plural(operations.length, again > 0 ? "op" : "operation")}${again > 0 ? `, ${again} made again` : ""}, ${flopsText(flops)} FLOPs`;
  return `<a href="#${anchor}"><rect class="box ${column}" x="${x}" y="${y}" width="${boxWidth[column]}" height="${height}" rx="6"/>`
    + `<text class="name" x="${x + 10}" y="${y + 18}">${escape(cut(name, 32))}</text><text class="small" x="${x + 10}" y="${y + 34}">${work}</text>`
    + (note === "" ? "" : `<text class="small" x="${x + 10}" y="${y + 49}">${escape(cut(note, 38))}</text>`) + "</a>";
}

/** Edges within a column: to the next row straight, over others in lanes beside the boxes, the short ones inside. */
function flowEdges(edges: readonly RowEdge[], find: (column: Column, row: number) => Box | undefined, column: "forward" | "backward"): string[] {
  const lanes: { from: number; to: number }[][] = [];
  return [...edges].sort((a, b) => Math.abs(a.to - a.from) - Math.abs(b.to - b.from)).flatMap((edge) => {
    const [from, to] = [find(column, edge.from), find(column, edge.to)];
    if (!from || !to || from === to) return [];
    const title = `<title>${escape(edge.text)}</title>`;
    const down = to.y > from.y;
    const [low, high] = [Math.min(edge.from, edge.to), Math.max(edge.from, edge.to)];
    const blocked = Array.from({ length: high - low - 1 }, (_, i) => find(column, low + 1 + i)).some((box) => box !== undefined);
    if (!blocked && down === (column === "forward")) {
      const x = left[column] + boxWidth[column] / 2;
      const [start, end] = down ? [from.y + from.height, to.y - 3] : [from.y, to.y + to.height + 3];
      return [`<path class="edge ${column}" marker-end="url(#arrow-${column})" d="M${x},${start} V${end}">${title}</path>`];
    }
    let lane = lanes.findIndex((taken) => taken.every((other) => other.to <= low || other.from >= high));
    if (lane < 0) lane = lanes.push([]) - 1;
    lanes[lane].push({ from: low, to: high });
    const out = 12 + Math.min(lane, 5) * 8;
    const x = column === "forward" ? left.forward : left.backward + boxWidth.backward;
    const turn = column === "forward" ? x - out : x + out;
    const tip = column === "forward" ? x - 3 : x + 3;
    const [start, end] = down ? [from.y + 46, to.y + 12] : [from.y + 12, to.y + 46];
    return [`<path class="edge ${column}" marker-end="url(#arrow-${column})" d="M${x},${start} H${turn} V${end} H${tip}">${title}</path>`];
  });
}
