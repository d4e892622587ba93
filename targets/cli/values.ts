/** Values of entries as text and back: JSON (nested lists for tensors), or a CSV or NPY file for a tensor. */
import type { PlacedTree } from "../../compiler/program.ts";
import { countOf, isScalar, perRow, type PlacedLeaf, typeText } from "../module/index.ts";
import { UsageError } from "./io.ts";
import { readTable } from "./table-file.ts";

const flat = (value: unknown): unknown[] => (Array.isArray(value) ? value.flatMap(flat) : [value]);

/** JSON can hold no infinities: their names are taken, too. */
const words: Readonly<Record<string, number>> = { NaN: NaN, Infinity: Infinity, "-Infinity": -Infinity };

function leafValue(value: unknown, leaf: PlacedLeaf, where: string): unknown {
  const items = flat(value).map((item) => (typeof item === "string" && Object.hasOwn(words, item) ? words[item] : item));
  if (isScalar(leaf)) return items.length === 1 ? items[0] : value;
  // The module itself looks at how many rows there are.
  if (!leaf.rows && items.length !== countOf(leaf)) throw new UsageError(`${where} must have ${countOf(leaf)} numbers (${typeText(leaf)}), found ${items.length}`);
  return items;
}

function treeValue(value: unknown, tree: PlacedTree, where: string): unknown {
  if (tree.kind === "tensor") return leafValue(value, tree, where);
  if (tree.kind === "tuple") return Array.isArray(value) ? tree.items.map((item, index) => treeValue(value[index], item, `${where}[${index}]`)) : value;
  if (value === null || typeof value !== "object") return value;
  const part = (name: string): unknown => (Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined);
  return Object.fromEntries(tree.fields.map(({ name, tree: field }) => [name, treeValue(part(name), field, `${where}.${name}`)]));
}

/** What a user typed for an argument, as the module's entry takes it. */
export function argumentValue(text: string, tree: PlacedTree, where: string, cwd: string): unknown {
  if (/\.(npy|csv)$/i.test(text)) return treeValue([...readTable(text, cwd).data], tree, where);
  let value: unknown;
  try {
    value = Object.hasOwn(words, text) ? text : JSON.parse(text);
  } catch {
    throw new UsageError(`${where} is neither JSON nor the name of a .npy or .csv file: ${text}`);
  }
  return treeValue(value, tree, where);
}

function nested(values: readonly string[], shape: readonly number[]): string {
  if (shape.length === 0) return values[0];
  const [size, ...rest] = shape;
  const stride = rest.reduce((product, axis) => product * axis, 1);
  return `[${Array.from({ length: size }, (_, index) => nested(values.slice(index * stride, (index + 1) * stride), rest)).join(", ")}]`;
}

/** A result as JSON on one line; NaN and infinities as strings. `number` writes an element. */
export function resultText(value: unknown, tree: PlacedTree, number: (value: number, element: string) => string): string {
  const part = (key: string | number, inner: PlacedTree): string => resultText(Reflect.get(Object(value), key), inner, number);
  if (tree.kind === "record") return `{ ${tree.fields.map(({ name, tree: field }) => `${JSON.stringify(name)}: ${part(name, field)}`).join(", ")} }`;
  if (tree.kind === "tuple") return `[${tree.items.map((item, index) => part(index, item)).join(", ")}]`;
  const { element } = tree.type;
  const text = (item: unknown): string => {
    if (element === "bool") return item ? "true" : "false";
    return Number.isFinite(Number(item)) ? number(Number(item), element) : JSON.stringify(String(item));
  };
  if (isScalar(tree)) return text(value);
  const count = tree.rows ? Number(Reflect.get(Object(value), "length")) : countOf(tree);
  const items = Array.from({ length: count }, (_, index) => text(Reflect.get(Object(value), index)));
  return nested(items, tree.rows ? [count / perRow(tree), ...tree.type.shape.slice(1)] : tree.type.shape);
}
