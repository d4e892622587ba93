/** Which columns of a table go to which argument of a training entry, and which arguments are flags. */
import type { ProgramEntry } from "../../../compiler/program.ts";
import { countOf, isScalar, type PlacedLeaf, typeText } from "../../module/index.ts";
import { UsageError } from "../io.ts";
import type { Table } from "../table-file.ts";

/** A tensor argument: in each row of a batch it takes `width` columns from `column` on. */
export interface BoundArgument {
  readonly name: string;
  readonly leaf: PlacedLeaf;
  readonly column: number;
  readonly width: number;
}

export interface Binding {
  /** Rows of a call. */
  readonly batch: number;
  readonly bound: readonly BoundArgument[];
  /** In the order of the entry's parameters: a bound argument or the name of a scalar. */
  readonly order: readonly (BoundArgument | { readonly name: string; readonly leaf: PlacedLeaf; readonly scalar: true; readonly standard?: number | boolean })[];
  /** The argument that is the last column, if one is. */
  readonly target: BoundArgument | null;
}

export const isBound = (argument: Binding["order"][number]): argument is BoundArgument => !("scalar" in argument);

export function bindColumns(entry: ProgramEntry, table: Table): Binding {
  const leaves = entry.parameters.map(({ name, tree, default: standard }) => {
    if (tree.kind !== "tensor") throw new UsageError(`${entry.name} takes a ${tree.kind} '${name}': only tensors and scalars can be bound to columns and flags`);
    return { name, leaf: tree, standard };
  });
  const tensors = leaves.filter(({ leaf }) => !isScalar(leaf));
  if (tensors.length === 0) throw new UsageError(`${entry.name} takes no tensors: there is nothing to bind columns to`);
  const batch = tensors[0].leaf.type.shape[0];
  const odd = tensors.find(({ leaf }) => leaf.type.shape[0] !== batch);
  if (odd) throw new UsageError(`the arguments of ${entry.name} differ in their first axis: '${tensors[0].name}' has ${batch} rows, '${odd.name}' ${odd.leaf.type.shape[0]}`);
  let column = 0;
  const order = leaves.map(({ name, leaf, standard }) => {
    if (isScalar(leaf)) return { name, leaf, standard, scalar: true as const };
    const width = countOf(leaf) / batch;
    column += width;
    return { name, leaf, column: column - width, width };
  });
  const bound = order.filter(isBound);
  // A file may have a target that an unsupervised program does not ask for.
  if (column !== table.columns && column !== table.columns - 1) {
    const needs = bound.map(({ name, width, leaf }) => `'${name}' ${width} (${typeText(leaf)})`).join(", ");
    throw new UsageError(`${table.file} has ${table.columns} columns, ${entry.name} takes ${column}: ${needs}`);
  }
  const last = bound[bound.length - 1];
  return { batch, bound, order, target: column === table.columns && bound.length > 1 && last.width === 1 ? last : null };
}

/** Numbers for the scalar arguments from `--name value` flags. */
export function scalarValues({ order }: Binding, flags: ReadonlyMap<string, string>, entry: string): Map<string, number | boolean> {
  const values = new Map<string, number | boolean>();
  const scalars = order.flatMap((argument) => (isBound(argument) ? [] : [argument]));
  const missing = scalars.filter(({ name, standard }) => !flags.has(name) && standard === undefined);
  if (missing.length) throw new UsageError(`${entry} needs ${missing.map(({ name }) => `--${name} VALUE`).join(" and ")}`);
  const unknown = [...flags.keys()].find((name) => !scalars.some((scalar) => scalar.name === name));
  if (unknown !== undefined) {
    const known = scalars.length ? ` (it has ${scalars.map(({ name }) => name).join(", ")})` : "";
    throw new UsageError(`there is no option --${unknown}, and ${entry} has no scalar argument of that name${known}`);
  }
  for (const { name, leaf, standard } of scalars) {
    const text = flags.get(name) ?? "";
    if (standard !== undefined && !flags.has(name)) values.set(name, standard);
    else if (leaf.type.element === "bool") {
      if (text !== "true" && text !== "false") throw new UsageError(`--${name} must be true or false, found ${text}`);
      values.set(name, text === "true");
    } else if (text.trim() === "" || Number.isNaN(Number(text))) throw new UsageError(`--${name} must be a number, found ${text}`);
    else values.set(name, Number(text));
  }
  return values;
}
