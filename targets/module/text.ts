/** Small texts that the script, the declarations and error messages share: types, names, leaves of trees. */
import type { Element, RunTimeSize, State, Tree } from "../../compiler/ir/graph.ts";
import { elementCount } from "../../compiler/ir/graph.ts";
import type { PlacedTree } from "../../compiler/program.ts";

export const arrayType: Readonly<Record<Element, string>> = { f32: "Float32Array", f64: "Float64Array", i32: "Int32Array", u32: "Uint32Array", bool: "Uint8Array" };
/** The view of the memory that an element is read and written through. */
export const viewName: Readonly<Record<Element, string>> = { f32: "f32", f64: "f64", i32: "i32", u32: "u32", bool: "u8" };

type Leaf = Extract<Tree, { kind: "tensor" }>;
export type PlacedLeaf = Extract<PlacedTree, { kind: "tensor" }>;

/** `f32[B=32, 64]`, `f32[N<=32, 64]`, `f32`. */
export function typeText({ type, axes, rows }: Pick<Leaf, "type" | "axes" | "rows">): string {
  if (type.shape.length === 0) return type.element;
  const size = (axis: number): string => {
    if (axis === 0 && rows) return `${axes[axis] ?? ""}<=${type.shape[axis]}`;
    return axes[axis] ? `${axes[axis]}=${type.shape[axis]}` : String(type.shape[axis]);
  };
  return `${type.element}[${type.shape.map((_, axis) => size(axis)).join(", ")}]`;
}

export const isScalar = (leaf: Leaf): boolean => leaf.type.shape.length === 0;
/** How many elements it has, at most. */
export const countOf = (leaf: Leaf): number => elementCount(leaf.type.shape);
export const perRow = (leaf: Leaf): number => elementCount(leaf.type.shape.slice(1));

/** How many elements it has in a call, as JavaScript; `length` is the name of the run-time length there. */
export function countText(leaf: Leaf, length: string | undefined): string {
  if (!leaf.rows) return String(countOf(leaf));
  const inner = perRow(leaf);
  return sizeText({ times: leaf.rows.times * inner, plus: leaf.rows.plus * inner }, length);
}

/** A size that a call tells, as JavaScript. */
export function sizeText({ times, plus }: RunTimeSize, length: string | undefined): string {
  const product = times === 1 ? `${length}` : `${length} * ${times}`;
  return plus === 0 ? product : `${product} + ${plus}`;
}

/** The inner nodes of a tree, whatever its leaves. */
type Inner = { kind: "record"; fields: readonly { name: string; tree: unknown }[] } | { kind: "tuple"; items: readonly unknown[] };

/** A leaf and the way to it: `.h`, `[0].c`. */
export function* leavesOf<L extends Leaf>(tree: L | Inner, path = ""): Generator<{ leaf: L; path: string }> {
  const inside = (child: unknown, step: string) => leavesOf<L>(child as L, path + step); // trees of L all the way down
  if (tree.kind === "tensor") yield { leaf: tree, path };
  else if (tree.kind === "record") for (const field of tree.fields) yield* inside(field.tree, member(field.name));
  else for (const [index, item] of tree.items.entries()) yield* inside(item, `[${index}]`);
}

const identifier = /^[A-Za-z_$][\w$]*$/;
export const member = (name: string): string => (identifier.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`);
export const property = (name: string): string => (identifier.test(name) ? name : JSON.stringify(name));

const reserved = new Set(
  ("arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if implements " +
    "import in instanceof interface let new null package private protected public return static super switch this throw true try typeof var void while with yield " +
    "undefined NaN Infinity Object Array ArrayBuffer Number String Math Float32Array Float64Array Int32Array Uint32Array Uint8Array Error TypeError RangeError " +
    "WebAssembly URL Response Map JSON TextEncoder TextDecoder DataView fetch atob globalThis").split(" "),
);

/** Hands out JavaScript names: the wished one, with `_` behind it as long as it is taken or reserved. */
export class Names {
  readonly #taken: Set<string>;

  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set(taken);
  }
  pick(wish: string): string {
    let name = wish.replace(/[^\w$]/g, "_").replace(/^(?=\d)/, "_");
    while (reserved.has(name) || this.#taken.has(name)) name += "_";
    this.#taken.add(name);
    return name;
  }
  /** A scope inside: what it takes is free again outside. */
  inner(): Names {
    return new Names(this.#taken);
  }
}

/** FNV-1a, 64 bits, as 16 hexadecimal digits: equal for modules whose tensors have equal names, shapes and types. */
export function signatureOf(states: readonly Pick<State, "path" | "type">[]): string {
  let hash = 0xcbf29ce484222325n;
  const text = states.filter(({ path }) => !path.startsWith("$")).map(({ path, type }) => `${path}:${type.element}[${type.shape.join()}]`).sort().join("\n");
  for (const byte of new TextEncoder().encode(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, "0");
}

export const comment = (doc: string | undefined, indent: string): string => {
  if (!doc) return "";
  const lines = doc.replaceAll("*/", "*\\/").split("\n").map((line) => line.trim());
  return lines.length === 1 ? `${indent}/** ${lines[0]} */\n` : `${indent}/**\n${lines.map((line) => `${indent} * ${line}\n`).join("")}${indent} */\n`;
};
