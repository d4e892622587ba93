/** What all layouts share: lists with comments, sequences of lines, blocks' one-line rule. */
import type { Comment, Span } from "./ast.ts";
import { commentText, extent, type CommentPlaces } from "./comments.ts";
import { blankLine, group, hardline, indent, line, mustBreak, softline, type Doc } from "./doc.ts";

/** A file that is printed again. Absent where a single node is printed: then all stands on one line. */
export interface Original {
  readonly source: string;
  readonly places: CommentPlaces;
}
export type Layout = Original | undefined;

type Item = object;

function commentsOf(at: Layout, kind: keyof CommentPlaces, item: Item): readonly Comment[] {
  return at?.places[kind].get(item) ?? [];
}

/** Comments at the end of the line that `item` ends, or (`opening`) that its list begins. */
export function suffixes(at: Layout, kind: "opening" | "trailing", item: Item): Doc {
  return commentsOf(at, kind, item).map((comment) => ({ kind: "suffix", text: commentText(comment) }));
}

/** A comment that stands inside the item, and is printed before it, documents nothing. */
function textOf(comment: Comment, item: Item): string {
  return commentText(comment, comment.span.end <= extent(item).start);
}

/** The lines of comments before an item. */
export function itemComments(item: Item, at: Layout): Doc {
  return commentsOf(at, "before", item).map((comment) => [textOf(comment, item), hardline]);
}

/** `open a, b close`, an item a line where it does not fit. `pad` stands inside the brackets of a flat list. */
export function list<T extends Item>(open: string, items: readonly T[], close: string, doc: (item: T) => Doc, at: Layout, pad: Doc = softline): Doc {
  if (items.length === 0) return open + close;
  const docs = items.map((item, index): Doc => [
    index === 0 ? "" : [suffixes(at, "opening", item), line],
    itemComments(item, at),
    doc(item),
    index < items.length - 1 ? "," : "",
    suffixes(at, "trailing", item),
    commentsOf(at, "after", item).map((comment) => [hardline, commentText(comment)]),
  ]);
  return group(open, suffixes(at, "opening", items[0]), indent(pad, docs), pad, close);
}

/** `list` whose last item is itself bracketed: its bracket and the list's break as one. */
export function hugged(open: string, items: readonly Doc[], close: string): Doc {
  return [open, items.map((item, index) => (index === 0 ? item : [", ", item])), close];
}

interface Line {
  readonly doc: Doc;
  readonly start: number;
  readonly end: number;
}

/** The items and their comments, a line each, with the blank lines of the source: at most one at a place. */
export function sequence<T extends Item>(items: readonly T[], doc: (item: T) => Doc, at: Original): Doc {
  const lines = items.flatMap((item): Line[] => {
    const { start, end } = extent(item);
    const before = commentsOf(at, "before", item).map((comment) => ({
      doc: textOf(comment, item),
      start: Math.min(comment.span.start, start),
      end: Math.min(comment.span.end, start),
    }));
    const own = { doc: [doc(item), suffixes(at, "trailing", item)], start, end };
    return [...before, own, ...commentLines(commentsOf(at, "after", item))];
  });
  return joinLines(lines, at.source);
}

export function commentLines(comments: readonly Comment[]): Line[] {
  return comments.map((comment) => ({ doc: commentText(comment), start: comment.span.start, end: comment.span.end }));
}

export function joinLines(lines: readonly Line[], source: string): Doc {
  return lines.map(({ doc, start }, index) => {
    if (index === 0) return doc;
    const between = source.slice(lines[index - 1].end, start);
    return [/\n[ \t\r]*\n/.test(between) ? blankLine : hardline, doc];
  });
}

/** Braces around statements or rules. On one line when they were, hold no more than `most` and fit; else an item a line. */
export function braces<T extends Item>(node: Item & { readonly span: Span }, items: readonly T[], doc: (item: T) => Doc, most: number, at: Layout): Doc {
  const separator: Doc = { kind: "line", flat: "  " };
  const flat = (): Doc => group("{", indent(line, items.map((item, index) => (index === 0 ? doc(item) : [separator, doc(item)]))), line, "}");
  if (!at) return items.length === 0 ? "{}" : flat();
  const top = [...commentsOf(at, "before", node), ...commentsOf(at, "inside", node)];
  const bottom = commentsOf(at, "after", node);
  const opening = [suffixes(at, "opening", node), items.length > 0 ? suffixes(at, "opening", items[0]) : ""];
  const trailing = suffixes(at, "trailing", node);
  const isBare = top.length + bottom.length === 0;
  if (isBare && items.length === 0) return ["{", opening, "}", trailing];
  const wasOneLine = !at.source.slice(node.span.start, node.span.end).includes("\n");
  if (isBare && wasOneLine && items.length <= most && !mustBreak(opening)) return [flat(), trailing];
  const rows: Doc[] = [
    ...(top.length > 0 ? [joinLines(commentLines(top), at.source)] : []),
    ...(items.length > 0 ? [sequence(items, doc, at)] : []),
    ...(bottom.length > 0 ? [joinLines(commentLines(bottom), at.source)] : []),
  ];
  return ["{", opening, indent(rows.map((row) => [hardline, row])), hardline, "}", trailing];
}
