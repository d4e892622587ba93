/** The run itself: epochs of shuffled batches, metrics, a checkpoint after each epoch and at an interrupt. */
import type { PlacedTree } from "../../../compiler/program.ts";
import type { Instance } from "../../index.ts";
import type { Table } from "../table-file.ts";
import { arrayFor, fill } from "./batches.ts";
import { type Binding, isBound } from "./binding.ts";
import type { Progress } from "./checkpoint.ts";
import type { Metrics, Report } from "./progress.ts";
import { shuffled, type Split } from "./rows.ts";
import type { Validator } from "./validate.ts";

export interface Run {
  readonly module: Instance;
  readonly entry: string;
  readonly metricNames: readonly string[];
  readonly binding: Binding;
  readonly scalars: ReadonlyMap<string, number | boolean>;
  readonly table: Table;
  readonly split: Split;
  readonly epochs: number;
  readonly seed: number;
  readonly validator: Validator | null;
  readonly report: Report;
  /** Called after every epoch, and when the run stops early. */
  readonly save: (progress: Progress) => void;
  readonly interrupted: () => boolean;
}

/** Names of the scalar floats that an entry returns: what a run averages and prints. */
export function metricNames(result: PlacedTree | null): string[] {
  if (result === null) return [];
  const number = (tree: PlacedTree) => tree.kind === "tensor" && tree.type.shape.length === 0 && tree.type.element !== "bool";
  if (result.kind === "record") return result.fields.filter(({ tree }) => number(tree)).map(({ name }) => name);
  return number(result) ? ["loss"] : [];
}

/** Milliseconds of work between two looks at signals. */
const slice = 25;

export const stepsOf = ({ split, binding }: Pick<Run, "split" | "binding">): number => Math.floor(split.training.length / binding.batch);

/** @returns how it ended; "diverged": a metric is no longer finite */
export async function trainFrom(start: Progress, run: Run): Promise<{ end: "finished" | "interrupted" | "diverged"; metrics: Metrics }> {
  const { module, binding, table, split, scalars } = run;
  const steps = stepsOf(run);
  const arrays = new Map(binding.bound.map((argument) => [argument, arrayFor(argument.leaf)]));
  const args = binding.order.map((argument) => (isBound(argument) ? arrays.get(argument) : scalars.get(argument.name)));
  const zeros = run.metricNames.map(() => 0);
  let metrics: Metrics = [];
  let { step: first, sums } = start.sums.length === zeros.length ? start : { step: 0, sums: zeros };
  let paused = performance.now();
  for (let epoch = start.epoch; epoch < run.epochs; epoch++) {
    const begun = performance.now();
    const order = shuffled(split.training, run.seed, epoch);
    const totals = [...sums];
    for (let step = first; step < steps; step++) {
      for (const [argument, array] of arrays) fill(array, argument, table, order, step * binding.batch);
      const result: unknown = module[run.entry](...args);
      run.metricNames.forEach((name, i) => { totals[i] += Number(typeof result === "number" ? result : Reflect.get(Object(result), name)); });
      metrics = run.metricNames.map((name, i) => [name, totals[i] / (step + 1)]);
      run.report.step(epoch, step + 1, metrics);
      if (!totals.every(Number.isFinite)) return { end: "diverged", metrics };
      if (performance.now() - paused > slice) {
        await new Promise((resolve) => setImmediate(resolve));
        paused = performance.now();
      }
      if (run.interrupted() && step + 1 < steps) {
        run.save({ epoch, step: step + 1, sums: totals });
        return { end: "interrupted", metrics };
      }
    }
    if (run.validator) metrics = [...metrics, [`validation ${run.validator.metric}`, run.validator.measure(module, table, split.validation)]];
    run.report.epoch(epoch, metrics, (performance.now() - begun) / 1000);
    run.save({ epoch: epoch + 1, step: 0, sums: zeros });
    [first, sums] = [0, zeros];
    if (run.interrupted() && epoch + 1 < run.epochs) return { end: "interrupted", metrics };
  }
  return { end: "finished", metrics };
}
