/** What a program has that no device can hold. */
import { say } from "../../diagnostics/catalogue.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import type { Graph, TensorType } from "../../ir/graph.ts";

const isF64 = ({ element }: TensorType): boolean => element === "f64";

/** An error for each tensor that persists, and each entry that computes, in f64. */
export function refuseF64({ states, entries }: Graph): readonly Diagnostic[] {
  return [
    ...states.filter(({ type }) => isF64(type)).map(({ span, path }) => say.noDeviceF64(span, path)),
    ...entries.filter(({ region }) => region.types.some(isF64)).map(({ span, name }) => say.noDeviceF64(span, name)),
  ];
}
