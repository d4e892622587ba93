/**
 * Where each comment goes when a file is printed again.
 *
 * Comments hang on items: declarations, statements, rules and the elements of lists. One that stands inside an item but between none
 * of its parts' items (`x = 1 + // why`) moves before the item.
 */
import type { Comment, File } from "./ast.ts";

/** An element of one of the arrays named below; its place is that of its first and last node. */
type Item = object;

export interface CommentPlaces {
  /** On lines of their own before the item. */
  readonly before: ReadonlyMap<Item, readonly Comment[]>;
  /** Behind the bracket or body that precedes the item, on that line. */
  readonly opening: ReadonlyMap<Item, readonly Comment[]>;
  /** Behind the item, on its last line. */
  readonly trailing: ReadonlyMap<Item, readonly Comment[]>;
  /** On lines of their own after the item, the last of its list. */
  readonly after: ReadonlyMap<Item, readonly Comment[]>;
  /** In an empty block or file. */
  readonly inside: ReadonlyMap<Item, readonly Comment[]>;
}

/** Arrays whose elements are items; other syntax keeps no comments inside. */
const itemArrays = new Set(["declarations", "statements", "fields", "items", "arguments", "parameters", "generics", "rules"]);
/** `items` of these are printed without comments. */
const plain = new Set(["tuplePattern", "tupleType", "functionType"]);

interface Place {
  readonly item: Item;
  readonly start: number;
  readonly end: number;
  readonly children: Place[];
  /** A block or file: comments fit in though it has no items. */
  readonly hollow: boolean;
}

export function placeComments(file: File, source: string): CommentPlaces {
  const root: Place = { item: file, start: 0, end: source.length, children: [], hollow: true };
  collect(file, root);
  const places = { before: new Map(), opening: new Map(), trailing: new Map(), after: new Map(), inside: new Map() };
  for (const comment of file.comments) {
    const { kind, item } = place(comment, root, source);
    append(places[kind], item, comment);
  }
  return places;
}

function append(map: Map<Item, Comment[]>, item: Item, comment: Comment): void {
  const list = map.get(item);
  if (list) list.push(comment);
  else map.set(item, [comment]);
}

function place(comment: Comment, root: Place, source: string): { kind: keyof CommentPlaces; item: Item } {
  let owner = root;
  for (let next: Place | undefined = root; next; next = next.children.find(({ start, end }) => start <= comment.span.start && comment.span.end <= end)) owner = next;
  const previous = owner.children.findLast(({ end }) => end <= comment.span.start);
  const following = owner.children.find(({ start }) => start >= comment.span.end);
  const before = previous && source.slice(previous.end, comment.span.start);
  if (previous && before !== undefined && !comment.ownLine && /^[ \t]*,?[ \t]*$/.test(before)) return { kind: "trailing", item: previous.item };
  if (following && isBlank(source.slice(comment.span.end, following.start))) return { kind: comment.ownLine ? "before" : "opening", item: following.item };
  if (previous && before !== undefined && isBlank(before)) return { kind: "after", item: previous.item };
  return { kind: owner.hollow ? "inside" : "before", item: owner.item };
}

/** Nothing but space, other comments and the comma between two items. */
function isBlank(text: string): boolean {
  return /^\s*,?\s*$/.test(text.replace(/\/\/[^\r\n]*/g, ""));
}

/** Adds the items inside `node` to `parent`. */
function collect(node: object, parent: Place): void {
  const kind = "kind" in node ? node.kind : undefined;
  for (const [key, value] of Object.entries(node)) {
    if (key === "comments" || typeof value !== "object" || value === null) continue;
    if (!Array.isArray(value)) {
      collectPart(value, parent);
      continue;
    }
    const areItems = itemArrays.has(key) && !(typeof kind === "string" && plain.has(kind));
    for (const element of value) {
      if (areItems) addItem(element, parent);
      else collectPart(element, parent);
    }
  }
}

/** A block is an item too: it may be empty but for comments. */
function collectPart(value: object, parent: Place): void {
  if ("kind" in value && value.kind === "block") addItem(value, parent, true);
  else collect(value, parent);
}

function addItem(item: object, parent: Place, hollow = false): void {
  const range = extent(item);
  const child: Place = { item, ...range, children: [], hollow };
  parent.children.push(child);
  collect(item, child);
}

/** Of a node its span; of a record's field or a list's element that of its parts. */
export function extent(item: object): { start: number; end: number } {
  if ("span" in item && isSpan(item.span)) return item.span;
  const parts = Object.values(item).filter((value) => typeof value === "object" && value !== null).map(extent);
  const spread = "spread" in item && item.spread === true ? 3 : 0;
  return { start: Math.min(...parts.map(({ start }) => start)) - spread, end: Math.max(...parts.map(({ end }) => end)) };
}
function isSpan(value: unknown): value is { start: number; end: number } {
  return typeof value === "object" && value !== null && "start" in value && "end" in value;
}

/** A moved `///` documents nothing where it lands. */
export function commentText(comment: Comment, keepDoc = true): string {
  const { text, doc } = comment;
  const slashes = doc && keepDoc ? "///" : "//";
  return text === "" || /^[\s/]/.test(text) ? slashes + text : `${slashes} ${text}`;
}
