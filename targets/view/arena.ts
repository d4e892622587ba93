/** The arena over time: each value a rectangle, from the moment that makes it to the last that reads it, at its bytes. */
import { byteText, grouped } from "../cli/io.ts";
import { cut, escape, typeText } from "./text.ts";
import type { ViewBlock, ViewEntry } from "./view.ts";

const [width, height, left, top, right, bottom] = [1124, 380, 66, 22, 12, 44];

export function arenaDrawing(entry: ViewEntry): string {
  const { arena: { bytes, fullest, moments, blocks }, kept } = entry;
  if (bytes === 0) return "<p>Nothing lies in the arena: all is done in registers and in place.</p>";
  const columns = moments.length + 1; // the first is before the first moment: arguments
  const x = (moment: number): number => left + ((moment + 1) * (width - left - right)) / columns;
  const y = (offset: number): number => top + (height - top - bottom) * (1 - offset / bytes);
  const isKept = new Set(kept.map(({ value }) => value));
  const rect = (block: ViewBlock): string => {
    const [w, h] = [x(block.to + 1) - x(block.from), y(block.offset) - y(block.offset + block.bytes)];
    const { kind, name, type } = describe(entry, block, isKept);
    const label = w > 40 && h >= 11 ? `<text class="tiny" x="${(x(block.from) + 3).toFixed(1)}" y="${(y(block.offset) - h / 2 + 3.5).toFixed(1)}">${escape(cut(name, Math.floor((w - 6) / 5.6)))}</text>` : "";
    const time = `${block.from < 0 ? "from the start" : `from ${block.from + 1}`} to ${block.to + 1} of ${moments.length}`;
    return `<g><title>${escape(`${name}\n${type}${grouped(block.bytes)} bytes at ${grouped(block.offset)}, ${time}`)}</title>`
      + `<rect class="block ${kind}" x="${x(block.from).toFixed(1)}" y="${y(block.offset + block.bytes).toFixed(1)}" width="${w.toFixed(1)}" height="${h.toFixed(1)}"/>${label}</g>`;
  };
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => `<line class="grid" x1="${left}" x2="${width - right}" y1="${y(part * bytes)}" y2="${y(part * bytes)}"/><text class="small end" x="${left - 6}" y="${y(part * bytes) + 4}">${byteText(Math.round(part * bytes))}</text>`);
  const strip = moments.map(({ what, phase, place }, i) => `<rect class="moment ${phase ?? "none"}" x="${x(i).toFixed(1)}" y="${height - bottom + 6}" width="${(x(i + 1) - x(i)).toFixed(1)}" height="10"><title>${escape(`${i + 1}. ${what}${place === null ? "" : `\n${place.file}:${place.line}  ${cut(place.text, 80)}`}`)}</title></rect>`);
  const middle = (x(fullest.moment) + x(fullest.moment + 1)) / 2;
  const atEnd = middle > width * 0.7;
  const peak = `<line class="peak" x1="${middle}" x2="${middle}" y1="${top - 4}" y2="${height - bottom}"/><text class="small ${atEnd ? "end" : ""}" x="${middle + (atEnd ? -5 : 5)}" y="${top - 8}">peak: ${byteText(fullest.bytes)} live at step ${fullest.moment + 1}, ${byteText(bytes)} taken</text>`;
  const legend = `<text class="small" x="${left}" y="${height - 8}">time: ${moments.length} steps, each a kernel, a copy or the border of a loop</text>`;
  return `<svg class="arena" viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-label="memory over time">${ticks.join("")}${blocks.map(rect).join("")}${strip.join("")}${peak}${legend}</svg>`;
}

/** `kind`: the colour. */
function describe({ values, operations }: ViewEntry, { value }: ViewBlock, kept: ReadonlySet<number>): { kind: string; name: string; type: string } {
  if (value === null) return { kind: "none", name: "scratch or copy", type: "" };
  const { name, maker } = values[value];
  const type = `${typeText(values[value])}, `;
  if (maker === null) return { kind: "given", name, type };
  const { phase, derivativeOf } = operations[maker];
  return { kind: kept.has(value) ? "kept" : phase, name: derivativeOf === undefined ? name : `derivative of ${derivativeOf} in ${name}`, type };
}
