/**
 * Layout: a document says where its text may break; `render` breaks the groups that do not fit.
 *
 * The algebra of Wadler's "A prettier printer" (2003) with forced breaks, and with suffixes that wait for the end of their line.
 */
export type Doc =
  | string
  | readonly Doc[]
  /** The text `flat` when the enclosing group is flat, else a new line. */
  | { readonly kind: "line"; readonly flat: string }
  /** New lines whatever the group: two with `blank`. */
  | { readonly kind: "hardline"; readonly blank: boolean }
  | { readonly kind: "indent"; readonly content: Doc }
  | { readonly kind: "group"; readonly content: Doc; readonly broken: boolean }
  /** A comment to the end of the line: it forces the groups around it to break. */
  | { readonly kind: "suffix"; readonly text: string };

/** A space or a new line. */
export const line: Doc = { kind: "line", flat: " " };
/** Nothing or a new line. */
export const softline: Doc = { kind: "line", flat: "" };
export const hardline: Doc = { kind: "hardline", blank: false };
export const blankLine: Doc = { kind: "hardline", blank: true };

export function indent(...content: readonly Doc[]): Doc {
  return { kind: "indent", content };
}
/** Flat if it fits and nothing in it forces a break. */
export function group(...content: readonly Doc[]): Doc {
  return { kind: "group", content, broken: mustBreak(content) };
}
export function brokenGroup(...content: readonly Doc[]): Doc {
  return { kind: "group", content, broken: true };
}
export function join(separator: Doc, items: readonly Doc[]): Doc {
  return items.flatMap((item, index) => (index === 0 ? [item] : [separator, item]));
}

export function mustBreak(doc: Doc): boolean {
  if (typeof doc === "string") return false;
  if (isList(doc)) return doc.some(mustBreak);
  switch (doc.kind) {
    case "line": return false;
    case "hardline": case "suffix": return true;
    case "indent": return mustBreak(doc.content);
    case "group": return doc.broken;
  }
}

function isList(doc: Exclude<Doc, string>): doc is readonly Doc[] {
  return Array.isArray(doc);
}

interface Part {
  readonly doc: Doc;
  readonly depth: number;
  readonly flat: boolean;
}

const unit = "  ";

/** @param width characters in a line; Infinity keeps all that may be flat on one line */
export function render(doc: Doc, width: number): string {
  const lines: string[] = [];
  let text = "";
  let suffixes: string[] = [];
  const stack: Part[] = [{ doc, depth: 0, flat: false }];

  const breakLine = (depth: number, blank: boolean): void => {
    const [first, ...more] = suffixes;
    lines.push(first === undefined ? text.trimEnd() : `${text.trimEnd()}  ${first}`);
    // A line ends with one comment; others take lines of their own.
    lines.push(...more.map((comment) => unit.repeat(depth) + comment));
    if (blank) lines.push("");
    text = unit.repeat(depth);
    suffixes = [];
  };

  for (let part = stack.pop(); part; part = stack.pop()) {
    const { doc, depth, flat } = part;
    if (typeof doc === "string") {
      text += doc;
    } else if (isList(doc)) {
      pushAll(stack, doc, depth, flat);
    } else if (doc.kind === "indent") {
      stack.push({ doc: doc.content, depth: depth + 1, flat });
    } else if (doc.kind === "suffix") {
      suffixes.push(doc.text);
    } else if (doc.kind === "hardline") {
      breakLine(depth, doc.blank);
    } else if (doc.kind === "line") {
      if (flat) stack.push({ doc: doc.flat, depth, flat });
      else breakLine(depth, false);
    } else {
      const inner = { doc: doc.content, depth, flat: true };
      const isFlat = !doc.broken && (flat || fits([...stack, inner], width - text.length));
      stack.push({ ...inner, flat: isFlat });
    }
  }
  breakLine(0, false);
  return lines.join("\n");
}

/** All on one line, where nothing forces a break. */
export function flatten(doc: Doc): string {
  return render(group(doc), Infinity);
}

/** Does what is on the stack, up to its first possible new line, fit? */
function fits(rest: Part[], room: number): boolean {
  for (let part = rest.pop(); part && room >= 0; part = rest.pop()) {
    const { doc, depth, flat } = part;
    if (typeof doc === "string") room -= doc.length;
    else if (isList(doc)) pushAll(rest, doc, depth, flat);
    else if (doc.kind === "indent") rest.push({ doc: doc.content, depth, flat });
    else if (doc.kind === "group") rest.push({ doc: doc.content, depth, flat: flat && !doc.broken });
    else if (doc.kind === "hardline") return true;
    else if (doc.kind === "line") {
      if (!flat) return true;
      room -= doc.flat.length;
    }
  }
  return room >= 0;
}

function pushAll(stack: Part[], docs: readonly Doc[], depth: number, flat: boolean): void {
  for (let index = docs.length - 1; index >= 0; index--) stack.push({ doc: docs[index], depth, flat });
}
