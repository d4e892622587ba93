/**
 * `--emit grad`: an entry with its derivatives written out, as a program that compiles back to the same graph. Each
 * entry becomes a function (states, arguments) -> (states', results); elementwise ops keep their operators, loops are
 * `scan`s, all else is spelled `core.*`, shapes explicit.
 */
import { say } from "../diagnostics/catalogue.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { bodiesOf, type Entry, type Graph, isLoop, type Node, type Region, type ScanNode, type Site, type TensorType, type ValueId } from "../ir/graph.ts";
import { orderCaptures, runPasses, simplifyingPrefix } from "../optimize/index.ts";

const infix: Readonly<Record<string, string>> = { add: "+", sub: "-", mul: "*", div: "/", eq: "==", ne: "!=", lt: "<", le: "<=", gt: ">", ge: ">=" };

/** A number that reads back as the same number. */
function numeral(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return "-0.0";
  const text = String(value).replace("e+", "e");
  return /^-?\d+$/.test(text) && Math.abs(value) >= 2 ** 53 ? `${text}.0` : text;
}

const typeText = ({ element, shape }: TensorType): string => (shape.length === 0 ? element : `${element}[${shape.join(", ")}]`);
const identifier = (path: string): string => path.replace(/[^A-Za-z0-9]+/g, "_").replace(/^_/, "").replace(/^(\d)/, "n$1");

export interface SourceLine {
  (site: Site): string;
}

/** The graph after the simplifying prefix of the passes: the form in which derived programs are printed and compared. */
export function simplified(graph: Graph): Graph {
  const run = (region: Region): Region => runPasses(region, [...simplifyingPrefix, orderCaptures], { fastMath: false });
  return { ...graph, init: run(graph.init), entries: graph.entries.map((entry) => ({ ...entry, region: run(entry.region) })) };
}

/** A loop that ends early keeps what its turns had in stacks that no turn may have written: no `scan` emits such. */
const unspelled = ({ nodes }: Region): boolean =>
  nodes.some((node) => isLoop(node) && (node.kind === "while" || node.results.length === 0 || bodiesOf(node).some(unspelled)));

/** An error for each entry with a loop that has no spelling. */
export const refuseDerived = ({ entries }: Graph): readonly Diagnostic[] =>
  entries.filter(({ region }) => unspelled(region)).map(({ span }) => say.notYet(span, "`--emit grad` of an entry with a loop that ends early, or has no results"));

/** Every entry of a graph without markers. `where` says what a line comes from. */
export function printDerived(graph: Graph, where: SourceLine): string {
  const used = new Set<string>();
  return graph.entries.map((entry) => printEntry(entry, graph, where, used)).join("\n");
}

function printEntry(entry: Entry, graph: Graph, where: SourceLine, used: Set<string>): string {
  const { region } = entry;
  const printer = new Printer((site) => where(graph.sites[site]));
  const names: Names = new Map();
  const stateNames = entry.reads.map((id) => identifier(graph.states[id].path));
  const argumentNames = entry.parameters.flatMap((parameter) => leafNames(parameter.name, parameter.tree));
  const wanted = [...stateNames, ...argumentNames.map(identifier), ...(entry.length ? [identifier(entry.length.name)] : [])];
  const parameters = region.params.map((id, i) => `${printer.give(names, id, wanted[i] ?? `argument_${i}`)}: ${typeText(region.types[id])}`);
  const lines = printer.lines(region, names, "  ");
  const results = region.results.map((id) => nameOf(names, id));
  let name = [entry.name, ...Object.values(entry.variant)].join("_");
  for (let i = 2; used.has(name); i++) name = `${entry.name}_${i}`;
  used.add(name);
  const returned = [...entry.writes.map((id) => graph.states[id].path), "results"];
  return [
    `// ${entry.name}: states and arguments to ${returned.join(", ")}`,
    `export fn ${name}(`, ...parameters.map((parameter, i) => `  ${parameter}${i + 1 < parameters.length ? "," : ""}`), ") {",
    ...lines, ...(results.length > 0 ? [`  return ${together(results)}`] : []), "}", "",
  ].join("\n");
}

function leafNames(name: string, tree: Entry["parameters"][number]["tree"]): string[] {
  switch (tree.kind) {
    case "tensor":
      return [name];
    case "record":
      return tree.fields.flatMap((field) => leafNames(`${name}_${field.name}`, field.tree));
    case "tuple":
      return tree.items.flatMap((item, i) => leafNames(`${name}_${i}`, item));
  }
}

/** What the values of one region are called. */
type Names = Map<ValueId, string>;

const nameOf = (names: Names, id: ValueId): string => names.get(id) ?? "?";
const together = (names: readonly string[]): string => (names.length === 1 ? names[0] : `(${names.join(", ")})`);

/** One entry's text: no name stands for two values, in loops neither. */
class Printer {
  private readonly taken = new Set<string>();

  constructor(private readonly where: (site: Node["site"]) => string) {}

  give(names: Names, id: ValueId, wanted: string): string {
    let name = wanted;
    for (let i = 2; this.taken.has(name); i++) name = `${wanted}_${i}`;
    this.taken.add(name);
    names.set(id, name);
    return name;
  }

  lines(region: Region, names: Names, indent: string): string[] {
    return region.nodes.flatMap((node) => {
      const comment = this.where(node.site);
      const behind = comment ? `  // ${comment}` : "";
      if (node.kind === "scan") return this.scan(node, names, indent, behind);
      const args = node.args.map((arg) => nameOf(names, arg));
      const text = node.kind === "op" ? opText(node, args) : node.kind === "host" ? `${node.name}(${args.join(", ")})` : args[0];
      const made = node.results.map((id) => this.give(names, id, `v${id}`));
      return [`${indent}let ${together(made)} = ${text}${behind}`];
    });
  }

  /** `let (last, emits) = scan h = h0 for (i, x) in (0..n, xs) { ... emit y  h <- next }` */
  private scan(node: ScanNode, names: Names, indent: string, behind: string): string[] {
    const { args, body, carries, inputs, length, results } = node;
    const inside: Names = new Map();
    const [index, ...rest] = body.params;
    const starts = args.map((arg) => nameOf(names, arg));
    const carried = rest.slice(0, carries).map((param) => this.give(inside, param, "h"));
    const counted = readsOf(body).has(index) || inputs === 0;
    const each = [
      ...(counted ? [{ name: this.give(inside, index, "i"), over: `0..${length}` }] : []),
      ...rest.slice(carries, carries + inputs).map((param, k) => ({ name: this.give(inside, param, `${starts[carries + k]}_i`), over: starts[carries + k] })),
    ];
    rest.slice(carries + inputs).forEach((param, k) => inside.set(param, starts[carries + inputs + k]));
    const deeper = `${indent}  `;
    const lines = this.lines(body, inside, deeper);
    const emits = body.results.slice(carries).map((id) => nameOf(inside, id));
    if (emits.length > 0) lines.push(`${deeper}emit ${together(emits)}`);
    // What one carry hands to another is kept before any moves.
    const nexts = body.results.slice(0, carries).map((id) => {
      const name = nameOf(inside, id);
      if (!carried.includes(name)) return name;
      const kept = this.give(new Map(), id, `${name}_before`);
      lines.push(`${deeper}let ${kept} = ${name}`);
      return kept;
    });
    nexts.forEach((next, k) => lines.push(`${deeper}${carried[k]} <- ${next}`));
    const made = results.map((id) => this.give(names, id, `v${id}`));
    const parts = [made.slice(0, carries), made.slice(carries)].filter((part) => part.length > 0).map(together);
    const options = [...(node.reversed ? ["reversed = true"] : []), ...(node.unroll > 1 ? [`unroll = ${node.unroll}`] : [])];
    const opened = `scan${options.length > 0 ? `(${options.join(", ")})` : ""}${carries > 0 ? ` ${carried.map((name, k) => `${name} = ${starts[k]}`).join(", ")}` : ""}`;
    return [
      `${indent}let ${together(parts)} = ${opened} for ${together(each.map(({ name }) => name))} in ${together(each.map(({ over }) => over))} {${behind}`,
      ...lines, `${indent}}`,
    ];
  }
}

const readsOf = ({ nodes, results }: Region): ReadonlySet<ValueId> => new Set([...nodes.flatMap(({ args }) => args), ...results]);

function opText(node: Extract<Node, { kind: "op" }>, args: readonly string[]): string {
  const operator = infix[node.op];
  if (operator) return `${args[0]} ${operator} ${args[1]}`;
  if (node.op === "neg") return `-${args[0]}`;
  const attributes = Object.entries(node.attributes)
    .filter(([name, value]) => name !== "mode" && !(Array.isArray(value) && value.length === 0))
    .map(([name, value]) => `${name} = ${Array.isArray(value) ? `[${value.map(numeral).join(", ")}]` : typeof value === "number" ? numeral(value) : String(value)}`);
  const mode = node.op === "scatter" ? `_${node.attributes.mode}` : "";
  return `core.${node.op}${mode}(${[...args, ...attributes].join(", ")})`;
}
