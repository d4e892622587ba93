/**
 * A diagnostic as text, with its place in the source, or as plain data for tools.
 *
 *     error[shape]: axes do not match in `x @ w2`
 *      --> digits.pull:9:10
 *     9 |   return x @ w2
 *       |          ^^^^^^ x is f32[B=32, In=64]; w2 is f32[H=128, Out=10]
 *       = the last axis of x is In=64 (line 5)
 *       = help: w2.T is f32[Out=10, H=128]
 */
import type { Span } from "../../grammar/index.ts";
import type { Diagnostic } from "./diagnostic.ts";

/** The text of a file by the name that spans carry; undefined where it cannot be had. */
export type Sources = (file: string) => string | undefined;

export interface RenderOptions {
  readonly source: Sources;
  /** Escape codes of a terminal. Default: false. */
  readonly color?: boolean;
}

/** Columns of a source line that are shown; of a longer one the part around the span. */
const shownColumns = 120;
const tab = "    ";

/** Place of an offset; line and column count from 1, columns in UTF-16 units as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
  readonly offset: number;
}

export function positionOf(text: string, offset: number): Position {
  const at = Math.max(0, Math.min(offset, text.length));
  const start = text.lastIndexOf("\n", at - 1) + 1;
  return { line: text.slice(0, start).split("\n").length, column: at - start + 1, offset: at };
}

/** Code points that terminals draw twice as wide: Unicode's East Asian Width W and F, and pictures. */
const wideRanges = [
  [0x1100, 0x115f], [0x2e80, 0xa4cf], [0xac00, 0xd7a3], [0xf900, 0xfaff], [0xfe30, 0xfe6f], [0xff00, 0xff60], [0xffe0, 0xffe6],
  [0x1f300, 0x1faff], [0x20000, 0x3fffd],
] as const;

/** Columns that a terminal gives a character: 0 for combining marks, 2 for wide scripts and pictures. */
function columnsOf(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (/^[\p{Mn}\p{Me}\u200b-\u200f\ufe00-\ufe0f]$/u.test(character)) return 0;
  return wideRanges.some(([from, to]) => code >= from && code <= to) ? 2 : 1;
}

const columns = (text: string): number => [...text].reduce((sum, character) => sum + columnsOf(character), 0);

/** Tabs as spaces, control characters made visible: a source cannot steer the terminal. */
const printable = (text: string): string => text.replaceAll("\t", tab).replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");

interface Frame {
  readonly position: Position;
  readonly line: string;
  readonly indent: number;
  readonly carets: string;
}

function frame(text: string, span: Span): Frame {
  const position = positionOf(text, span.start);
  const start = position.offset - position.column + 1;
  const newline = text.indexOf("\n", start);
  const end = newline < 0 ? text.length : newline;
  const whole = text.slice(start, end).replace(/\r$/, "");
  const from = Math.min(position.column - 1, whole.length);
  const to = Math.max(from, Math.min(span.end - start, whole.length));
  let [before, marked, after] = [whole.slice(0, from), whole.slice(from, to), whole.slice(to)].map(printable);
  if (columns(before + marked + after) > shownColumns) {
    const room = Math.max(shownColumns - columns(marked), 0);
    if (columns(marked) > shownColumns) marked = `${marked.slice(0, shownColumns - 3)}...`;
    const kept = Math.min(before.length, Math.max(Math.floor(room / 2), room - after.length));
    if (kept < before.length) before = `...${before.slice(before.length - Math.max(kept - 3, 0))}`;
    const left = Math.max(room - kept, 0);
    if (left < after.length) after = `${after.slice(0, Math.max(left - 3, 0))}...`;
  }
  const carets = "^".repeat(Math.max(1, columns(marked))) + (Math.min(span.end, text.length) > end ? "..." : "");
  return { position, line: (before + marked + after).trimEnd(), indent: columns(before), carets };
}

/** `line 5`, or `blocks.pull:5` in another file than the diagnostic's. */
function lineText(span: Span, file: string, source: Sources): string {
  const text = source(span.file);
  if (text === undefined) return span.file;
  const { line } = positionOf(text, span.start);
  return span.file === file ? `line ${line}` : `${span.file}:${line}`;
}

const escapes = { error: "\u001b[1;31m", warning: "\u001b[1;33m", hint: "\u001b[1;36m", bold: "\u001b[1m", dim: "\u001b[2m", off: "\u001b[0m" };

/** One diagnostic, without a newline at its end. */
export function renderDiagnostic(diagnostic: Diagnostic, { source, color = false }: RenderOptions): string {
  const { severity, code, message, span, label, notes = [], help } = diagnostic;
  const paint = (style: keyof typeof escapes, text: string): string => (color && text ? `${escapes[style]}${text}${escapes.off}` : text);
  const lines = [`${paint(severity, `${severity}[${code}]`)}${paint("bold", `: ${message}`)}`];
  const text = source(span.file);
  let gutter = 1;
  if (text === undefined) lines.push(`${paint("dim", " -->")} ${span.file}`);
  else {
    const { position, line, indent, carets } = frame(text, span);
    gutter = String(position.line).length;
    const margin = " ".repeat(gutter);
    lines.push(
      `${paint("dim", `${margin}-->`)} ${span.file}:${position.line}:${position.column}`,
      `${paint("dim", `${position.line} |`)}${line ? ` ${line}` : ""}`,
      `${paint("dim", `${margin} |`)} ${" ".repeat(indent)}${paint(severity, `${carets}${label ? ` ${label}` : ""}`)}`,
    );
  }
  const rest = (word: string, body: string): string => `${" ".repeat(gutter)} ${paint("dim", "=")} ${word}${body.replaceAll("\n", `\n${" ".repeat(gutter + 3)}`)}`;
  lines.push(...notes.map((note) => rest("", typeof note === "string" ? note : `${note.text} (${lineText(note.span, span.file, source)})`)));
  if (help) lines.push(rest("help: ", help));
  return lines.join("\n");
}

const rank = { error: 0, warning: 1, hint: 2 };

/** In source order; at one place errors come first. Files stay in the order in which they first appear. */
export function inSourceOrder(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const files = [...new Set(diagnostics.map(({ span }) => span.file))];
  return [...diagnostics].sort((a, b) =>
    files.indexOf(a.span.file) - files.indexOf(b.span.file) || a.span.start - b.span.start || rank[a.severity] - rank[b.severity]);
}

/** `2 errors, 1 warning`, or "" if there are none. */
export function countText(diagnostics: readonly Diagnostic[]): string {
  return (["error", "warning", "hint"] as const)
    .map((severity) => ({ severity, count: diagnostics.filter((diagnostic) => diagnostic.severity === severity).length }))
    .filter(({ count }) => count > 0)
    .map(({ severity, count }) => `${count} ${severity}${count === 1 ? "" : "s"}`)
    .join(", ");
}

/** All of a run, frames apart by an empty line. */
export const renderDiagnostics = (diagnostics: readonly Diagnostic[], options: RenderOptions): string =>
  inSourceOrder(diagnostics).map((diagnostic) => `${renderDiagnostic(diagnostic, options)}\n`).join("\n");

/** What `--json` prints: the diagnostic with lines and columns in place of offsets alone. */
export function diagnosticData({ span, notes, ...diagnostic }: Diagnostic, source: Sources) {
  const place = (of: Span) => {
    const text = source(of.file) ?? "";
    return { file: of.file, start: positionOf(text, of.start), end: positionOf(text, of.end) };
  };
  const noted = notes?.map((note) => (typeof note === "string" ? { text: note } : { text: note.text, ...place(note.span) }));
  return { ...diagnostic, ...place(span), ...(noted ? { notes: noted } : {}) };
}
