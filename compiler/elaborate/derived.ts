/**
 * `--emit grad`: an entry with its derivatives written out, as a program that compiles back to the same graph. Each
 * entry becomes a function (states, arguments) -> (states', results); elementwise ops keep their operators, all else is
 * spelled `core.*`, shapes explicit.
 */
import { say } from "../diagnostics/catalogue.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Entry, Graph, Node, Region, Site, TensorType, ValueId } from "../ir/graph.ts";
import { runPasses, simplifyingPrefix } from "../optimize/index.ts";

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
  const run = (region: Region): Region => runPasses(region, simplifyingPrefix, { fastMath: false });
  return { ...graph, init: run(graph.init), entries: graph.entries.map((entry) => ({ ...entry, region: run(entry.region) })) };
}

/** An error for each entry with a loop: loops have no spelling that gives their regions as they are. */
export const refuseDerivedLoops = ({ entries }: Graph): readonly Diagnostic[] =>
  entries.filter(({ region }) => region.nodes.some(({ kind }) => kind === "scan" || kind === "while")).map(({ span }) => say.notYet(span, "`--emit grad` of an entry with a loop"));

/** Every entry of a graph without markers and loops. `where` says what a line comes from. */
export function printDerived(graph: Graph, where: SourceLine): string {
  const used = new Set<string>();
  return graph.entries.map((entry) => printEntry(entry, graph, where, used)).join("\n");
}

function printEntry(entry: Entry, graph: Graph, where: SourceLine, used: Set<string>): string {
  const { region } = entry;
  const names = new Map<ValueId, string>();
  const taken = new Set<string>();
  const give = (id: ValueId, wanted: string): string => {
    let name = wanted;
    for (let i = 2; taken.has(name); i++) name = `${wanted}_${i}`;
    taken.add(name);
    names.set(id, name);
    return name;
  };
  const stateNames = entry.reads.map((id) => identifier(graph.states[id].path));
  const argumentNames = entry.parameters.flatMap((parameter) => leafNames(parameter.name, parameter.tree));
  const wanted = [...stateNames, ...argumentNames.map(identifier)];
  const parameters = region.params.map((id, i) => `${give(id, wanted[i] ?? `argument_${i}`)}: ${typeText(region.types[id])}`);
  const lines = region.nodes.map((node) => nodeLine(node, names, give, (site) => where(graph.sites[site])));
  const results = region.results.map((id) => names.get(id) ?? "?");
  let name = [entry.name, ...Object.values(entry.variant)].join("_");
  for (let i = 2; used.has(name); i++) name = `${entry.name}_${i}`;
  used.add(name);
  const returned = [...entry.writes.map((id) => graph.states[id].path), "results"];
  const sum = results.length === 1 ? results[0] : `(${results.join(", ")})`;
  return [
    `// ${entry.name}: states and arguments to ${returned.join(", ")}`,
    `export fn ${name}(`, ...parameters.map((parameter, i) => `  ${parameter}${i + 1 < parameters.length ? "," : ""}`), ") {",
    ...lines, ...(results.length > 0 ? [`  return ${sum}`] : []), "}", "",
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

function nodeLine(node: Node, names: Map<ValueId, string>, give: (id: ValueId, wanted: string) => string, where: (site: Node["site"]) => string): string {
  const args = node.args.map((arg) => names.get(arg) ?? "?");
  const text = node.kind === "op" ? opText(node, args) : node.kind === "host" ? `${node.name}(${args.join(", ")})` : args[0];
  const made = node.results.map((id) => give(id, `v${id}`));
  const target = made.length === 1 ? made[0] : `(${made.join(", ")})`;
  const comment = where(node.site);
  return `  let ${target} = ${text}${comment ? `  // ${comment}` : ""}`;
}

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
