/** How good a trained program is on rows it has not seen: by its predicting entry. */
import type { ProgramEntry } from "../../../compiler/program.ts";
import type { Instance } from "../../index.ts";
import { countOf, isScalar, leavesOf, type PlacedLeaf } from "../../module/index.ts";
import { UsageError } from "../io.ts";
import type { Table } from "../table-file.ts";
import { arrayFor, fill } from "./batches.ts";
import type { Binding } from "./binding.ts";

interface Variant {
  readonly rows: number;
  readonly input: PlacedLeaf;
  /** Numbers per row of the result. */
  readonly outputs: number;
}

export interface Validator {
  readonly metric: "accuracy" | "rmse";
  /** Over the given rows. */
  measure(module: Instance, table: Table, rows: Uint32Array): number;
}

/** What an entry predicts from one batch of the features, or null if it does not. */
function variantOf(entry: ProgramEntry, features: { width: number; element: string }): Variant | null {
  const [parameter, ...others] = entry.parameters;
  if (entry.train || others.length > 0 || parameter?.tree.kind !== "tensor" || isScalar(parameter.tree) || entry.result === null) return null;
  const input = parameter.tree;
  const rows = input.type.shape[0];
  if (input.type.element !== features.element || countOf(input) / rows !== features.width) return null;
  const results = [...leavesOf<PlacedLeaf>(entry.result)];
  if (results.length !== 1 || results[0].path !== "") return null;
  const [{ leaf }] = results;
  return leaf.type.shape[0] === rows ? { rows, input, outputs: countOf(leaf) / rows } : null;
}

/** Numbers of a row of results to what is compared with the target. */
function predicted(results: ArrayLike<number>, from: number, count: number, classes: boolean): number {
  if (!classes || count === 1) return classes ? Math.round(results[from]) : results[from];
  let best = 0;
  for (let k = 1; k < count; k++) if (results[from + k] > results[from + best]) best = k;
  return best;
}

/** The entry called `predict` if it fits, else the first that does. */
export function findValidator(entries: readonly ProgramEntry[], { target, bound }: Binding): Validator {
  if (target === null) throw new UsageError("--validate needs a target: no argument is bound to the last column");
  const [features] = bound;
  if (bound.length !== 2) throw new UsageError("--validate needs one argument for the features and one for the target");
  const fitting = entries.flatMap((entry) => {
    const variant = variantOf(entry, { width: features.width, element: features.leaf.type.element });
    return variant ? [{ name: entry.name, ...variant }] : [];
  });
  const name = fitting.find((entry) => entry.name === "predict")?.name ?? fitting[0]?.name;
  if (name === undefined) throw new UsageError(`--validate needs an export fn from ${features.width} features per row to a prediction per row`);
  const variants = fitting.filter((entry) => entry.name === name).sort((a, b) => b.rows - a.rows);
  const classes = target.leaf.type.element !== "f32" && target.leaf.type.element !== "f64";
  if (!classes && variants[0].outputs !== 1) throw new UsageError(`--validate: ${name} gives ${variants[0].outputs} numbers per row, the target is one`);
  return {
    metric: classes ? "accuracy" : "rmse",
    measure(module, table, rows) {
      let sum = 0;
      for (let from = 0; from < rows.length; ) {
        const left = rows.length - from;
        const variant = variants.find(({ rows: size }) => size <= left) ?? variants[variants.length - 1];
        const input = arrayFor(variant.input);
        fill(input, features, table, rows, from);
        const results: ArrayLike<number> = module[name](input);
        const count = Math.min(left, variant.rows);
        for (let i = 0; i < count; i++) {
          const wanted = table.data[rows[from + i] * table.columns + target.column];
          const found = predicted(results, i * variant.outputs, variant.outputs, classes);
          sum += classes ? Number(found === wanted) : (found - wanted) ** 2;
        }
        from += count;
      }
      return classes ? sum / rows.length : Math.sqrt(sum / rows.length);
    },
  };
}
