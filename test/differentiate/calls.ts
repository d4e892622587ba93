/** Calls with rules, built by hand. */
import type { Builder } from "../../compiler/ir/builder.ts";
import type { CallSite, RuleHandle, TensorType, ValueId } from "../../compiler/ir/graph.ts";
import { evaluate, tensor } from "../../compiler/reference/index.ts";

type Apply = RuleHandle["apply"];

export const rule = (apply: Apply, more: Partial<RuleHandle> = {}): RuleHandle =>
  ({ surrogate: false, span: noSpan, ...more, apply });

/** No test here looks at a span. */
const noSpan: RuleHandle["span"] = { file: "test.pull", start: 0, end: 0 };

/** The end of a call: its results under new names. */
export const leave = (
  b: Builder, results: readonly ValueId[], inputs: readonly ValueId[], rules: Pick<CallSite, "backward" | "tangent">, callee = "f",
): readonly ValueId[] => b.leave(results, { callee, path: [], inputs, frame: null, ...rules });

export const scalar: TensorType = { element: "f32", shape: [] };

/** The numbers of some values, for scalar params. */
export const numbers = (b: Builder, values: readonly ValueId[], args: readonly number[]): number[] =>
  evaluate(b.region(values), args.map((x, i) => tensor(b.typeOf(b.params[i]), [x]))).map(({ data }) => data[0]);

/** A value that must be there. */
export function given(value: ValueId | null): ValueId {
  if (value === null) throw new Error("no credit");
  return value;
}
