/**
 * Entries of a run-time length, `export fn f[N <= 256](x: f32[N, 64])`. The program is elaborated at the bound and at two
 * other lengths; what differs between the graphs is what depends on the length. The graph of the bound, with all that lies
 * beyond the length kept out of what counts, then stands for all of them, and no later phase knows of lengths.
 */
import type { File, Span } from "../../grammar/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import { type Diagnostic, invariant } from "../diagnostics/diagnostic.ts";
import type { Elaborated } from "../elaborate/index.ts";
import { type Entry, type EntryParameter, type Graph, type RunTimeLength, type RunTimeSize, sameShape, type Tree, userSpan } from "../ir/graph.ts";
import { AtOne } from "./constants.ts";
import { affine, each, lengthsOf, Probed, type Three, Unlike } from "./probes.ts";
import { withLength } from "./rewrite.ts";

export { passLengthOn } from "./pass-on.ts";

/** What was found wrong, as the result of a run. */
class Refused {
  constructor(readonly diagnostics: readonly Diagnostic[]) {}
}

/** `again` elaborates the program with other numbers for its bounds. */
export function withLengths(first: Elaborated, graph: Graph, again: (sizeFor: (bound: number) => number) => Elaborated): Elaborated {
  try {
    const at = (sizeFor: (bound: number) => number): Graph => {
      const run = again(sizeFor);
      return run.graph ?? refuseRun(graph, run, sizeFor, first.file);
    };
    const one = at(() => 1);
    const graphs: Three<Graph> = [graph, at((bound) => lengthsOf(bound)[1]), at((bound) => lengthsOf(bound)[2])];
    return { ...first, graph: { ...graph, entries: graph.entries.map((entry, i) => (entry.length ? bounded(entry, entry.length, i, graphs, one) : entry)) } };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { ...first, graph: null, diagnostics: [...first.diagnostics, ...error.diagnostics] };
  }
}

/** The program is wrong at another length. */
function refuseRun({ entries }: Graph, { diagnostics }: Elaborated, sizeFor: (bound: number) => number, file: File): never {
  const bounds = entries.filter(({ length }) => length);
  throw new Refused(diagnostics.filter(({ severity }) => severity === "error").map(({ span, message }) => {
    // Of the entry that it stands in; what several of them call is told of the first.
    const around = file.declarations.find((declaration) => declaration.span.file === span.file && declaration.span.start <= span.start && span.end <= declaration.span.end);
    const { length } = bounds.find((entry) => around?.kind === "fn" && around.name.text === entry.name) ?? bounds[0];
    invariant(length, () => "no entry has a run-time length");
    return say.lengthFails(span, length.name, length.bound, sizeFor(length.bound), message);
  }));
}

function bounded(entry: Entry, length: RunTimeLength, index: number, graphs: Three<Graph>, one: Graph): Entry {
  const lengths = lengthsOf(length.bound);
  const refuse = (found: Diagnostic): never => {
    throw new Refused([found]);
  };
  const unlike = (span: Span): never => refuse(say.lengthUnlike(span, length.name));
  const entries = each(graphs, (graph) => graph.entries[index]);
  const [graph, ...others] = graphs;
  for (const other of others) {
    const known = other.states.length === graph.states.length && other.states.every(({ path, type }, i) => path === graph.states[i].path && sameShape(type.shape, graph.states[i].type.shape));
    if (!known) unlike(entry.span);
  }
  const border = new Border(length, lengths, entry.span, refuse);
  const parameters = entry.parameters.map((parameter, i): EntryParameter =>
    ({ ...parameter, tree: border.tree(each(entries, (other) => other.parameters[i].tree), `the parameter '${parameter.name}'`) }));
  if (!border.told) refuse(say.lengthNotTold(entry.span, length.name));
  const [result, ...results] = entries.map((other) => other.result);
  const [second, third] = results;
  try {
    return {
      ...entry, parameters,
      result: result && second && third ? border.tree([result, second, third], "the result") : null,
      region: withLength(new Probed(each(entries, ({ region }) => region), lengths), new AtOne(graph, one, index)),
    };
  } catch (error) {
    if (!(error instanceof Unlike)) throw error;
    const span = error.site === null ? entry.span : userSpan(graph.sites[error.site]);
    return error.kind === "form" ? unlike(span) : refuse(say.lengthNumber(span, length.name));
  }
}

/** Finds which leaves have as many rows as a call says. */
class Border {
  /** Some leaf tells the length. */
  told = false;

  constructor(private readonly length: RunTimeLength, private readonly lengths: Three<number>, private readonly span: Span, private readonly refuse: (found: Diagnostic) => never) {}

  tree(trees: Three<Tree>, what: string): Tree {
    const [tree, second, third] = trees;
    const inside = (of: (other: Tree) => Tree): Tree => this.tree([of(tree), of(second), of(third)], what);
    if (tree.kind === "record") return { kind: "record", fields: tree.fields.map(({ name }, i) => ({ name, tree: inside((other) => (other.kind === "record" ? other.fields[i].tree : other)) })) };
    if (tree.kind === "tuple") return { kind: "tuple", items: tree.items.map((_, i) => inside((other) => (other.kind === "tuple" ? other.items[i] : other))) };
    const sizes = tree.type.shape.map((_, axis): RunTimeSize => {
      const found = each(trees, (other) => (other.kind === "tensor" ? other.type.shape[axis] : 0));
      return affine(found, this.lengths) ?? this.refuse(say.lengthAtBorder(this.span, this.length.name, what));
    });
    if (sizes.slice(1).some(({ times }) => times !== 0)) this.refuse(say.lengthAtBorder(this.span, this.length.name, what));
    const [rows] = sizes;
    if (rows === undefined || rows.times === 0) return tree;
    if (!this.told && (rows.times !== 1 || rows.plus !== 0)) this.refuse(say.lengthNotTold(this.span, this.length.name));
    this.told = true;
    return { ...tree, rows };
  }
}
