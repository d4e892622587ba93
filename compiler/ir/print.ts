/**
 * The graph as text: ids in definition order, one node a line, so that equal graphs print equally. Empty lists and
 * attributes that the result's type states are left out.
 *
 *     region (%0: f32[2,3], %1: f32[3]) -> (%3)
 *       %2: f32[2,3] = broadcast %1 {axes=[1]}
 *       %3: f32[2,3] = add %0 %2
 */
import { assertNever } from "./graph.ts";
import type { Entry, Graph, Node, Region, TensorType, Tree, ValueId } from "./graph.ts";

/** `f32[2,3]`. */
export const printType = ({ element, shape }: TensorType): string => `${element}[${shape.join(",")}]`;

const value = (id: ValueId): string => `%${id}`;

/** Longer lists show this many numbers, how many there are, and a checksum of all. */
const shownNumbers = 8;

/** 32-bit FNV-1a over UTF-16 units. */
function checksum(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}

function attribute(item: unknown): string {
  if (!Array.isArray(item)) return String(item);
  const numbers = item.map((number) => (Object.is(number, -0) ? "-0" : String(number)));
  if (numbers.length <= shownNumbers) return `[${numbers.join(",")}]`;
  return `[${numbers.slice(0, shownNumbers).join(",")},... ${numbers.length} in all, #${checksum(numbers.join(","))}]`;
}

/** What the type of the result says already. */
const stated: readonly string[] = ["shape", "element", "to"];

function attributes(node: Node): string {
  switch (node.kind) {
    case "op": {
      const words = Object.entries(node.attributes)
        .filter(([name, item]) => !stated.includes(name) && !(Array.isArray(item) && item.length === 0))
        .map(([name, item]) => `${name}=${attribute(item)}`);
      return words.length === 0 ? "" : ` {${words.join(" ")}}`;
    }
    case "leave": {
      const { callee, path, inputs, backward, tangent } = node.call;
      const rules = [backward && "backward", tangent && "tangent"].filter((rule) => rule !== undefined);
      const words = [callee, path.length > 0 ? `in ${path.join(".")}` : "", `of (${inputs.map(value).join(" ")})`, ...rules];
      return ` {${words.filter((word) => word !== "").join(" ")}}`;
    }
    case "host":
      return ` {${node.name}}`;
    case "scan":
      return ` {length=${node.length} carries=${node.carries} inputs=${node.inputs}${node.reversed ? " reversed" : ""}${node.unroll > 1 ? ` unroll=${node.unroll}` : ""}}`;
    case "while":
      return ` {max=${node.max} carries=${node.carries}}`;
    default:
      return assertNever(node, "printNode");
  }
}

/** One node: `%4, %5 = sort %3 {descending=false}`; the types stand behind the results. */
export function printNode(node: Node, types: readonly TensorType[]): string {
  const results = node.results.map((id) => `${value(id)}: ${printType(types[id])}`).join(", ");
  const name = node.kind === "op" ? node.op : node.kind;
  return `${results}${results === "" ? "" : " = "}${[name, ...node.args.map(value)].join(" ")}${attributes(node)}`;
}

/** A region, `name` in place of the word region. */
export function printRegion(region: Region, name = "region"): string {
  const params = region.params.map((id) => `${value(id)}: ${printType(region.types[id])}`).join(", ");
  const nodes = region.nodes.map((node) => `  ${printNode(node, region.types)}\n${bodies(node)}`).join("");
  return `${name} (${params}) -> (${region.results.map(value).join(", ")})\n${nodes}`;
}

/** The regions of a loop, indented below it. */
function bodies(node: Node): string {
  const inner = node.kind === "scan" ? [printRegion(node.body, "body")] : node.kind === "while" ? [printRegion(node.until, "until"), printRegion(node.body, "body")] : [];
  return inner.join("").replace(/^(?=.)/gm, "    ");
}

function printTree(tree: Tree): string {
  switch (tree.kind) {
    case "tensor": {
      const axes = tree.type.shape.map((size, i) => (tree.axes[i] ? `${tree.axes[i]}=${size}` : String(size)));
      return `${tree.type.element}[${axes.join(",")}]`;
    }
    case "record":
      return `{${tree.fields.map(({ name, tree: field }) => `${name}: ${printTree(field)}`).join(", ")}}`;
    case "tuple":
      return `(${tree.items.map(printTree).join(", ")})`;
    default:
      return assertNever(tree, "printTree");
  }
}

const signature = ({ parameters, result }: Pick<Entry, "parameters" | "result">): string =>
  `(${parameters.map(({ name, tree }) => `${name}: ${printTree(tree)}`).join(", ")})` +
  (result === null ? "" : ` -> ${printTree(result)}`);

function printEntry(entry: Entry, graph: Graph): string {
  const sizes = Object.entries(entry.variant).map(([dim, size]) => `${dim}=${size}`);
  const name = `${entry.train ? "train " : ""}entry ${entry.name}${sizes.length > 0 ? `[${sizes.join(",")}]` : ""}`;
  const paths = (ids: Entry["reads"]): string => ids.map((id) => graph.states[id].path).join(" ");
  const effects = [["reads", paths(entry.reads)], ["writes", paths(entry.writes)]]
    .filter(([, list]) => list !== "")
    .map(([word, list]) => `  ${word} ${list}\n`);
  return `${name}${signature(entry)}\n${effects.join("")}${printRegion(entry.region)}`;
}

/** A whole program: states, externs, initial values, entries. */
export function printGraph(graph: Graph): string {
  const states = graph.states.map(({ path, type, role }) => `state ${path}: ${printType(type)} ${role}\n`).join("");
  const externs = graph.externs.map((extern) => `extern ${extern.name}${signature(extern)}\n`).join("");
  return [states + externs, printRegion(graph.init, "init"), ...graph.entries.map((entry) => printEntry(entry, graph))]
    .filter((part) => part !== "")
    .join("\n");
}
