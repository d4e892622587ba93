/** What the language has and this version has not: refused by name wherever it is written, also where nothing runs it. */
import type { File, Span } from "../../grammar/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import type { Session } from "./context.ts";
import { narrowElements } from "./types.ts";

/** The parts of syntax nodes that are looked at. */
interface AnyNode {
  readonly kind?: string;
  readonly span: Span;
  readonly name?: { readonly text: string; readonly span: Span };
  readonly callee?: AnyNode & { readonly text?: string };
}

export function refuseLater(session: Session, file: File): void {
  const nodes = nodesOf(file.declarations);
  const bound = new Set(nodes.filter(({ kind }) => kind !== "namedType" && kind !== "field").map(({ name }) => name?.text));
  const refuse = (span: Span, what: string): void => session.report(say.notYet(span, what));
  for (const node of nodes) {
    const name = node.kind === "namedType" ? node.name : node.kind === "call" && node.callee?.text !== undefined ? { text: node.callee.text, span: node.callee.span } : undefined;
    if (name && narrowElements.has(name.text) && !bound.has(name.text)) refuse(name.span, `the element type ${name.text}`);
  }
}

/** Every node of a tree, outside in. The tree is plain data: a node is an object with a span. */
function nodesOf(tree: unknown, found: AnyNode[] = []): AnyNode[] {
  if (typeof tree !== "object" || tree === null) return found;
  if ("span" in tree) found.push(tree as AnyNode); // all that syntax nodes have in common
  for (const [key, value] of Object.entries(tree)) if (key !== "span") nodesOf(value, found);
  return found;
}
