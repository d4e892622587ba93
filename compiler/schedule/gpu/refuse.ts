/** What a program has that no device can hold, or no shader does yet. */
import { say } from "../../diagnostics/catalogue.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import type { Graph, Region, TensorType } from "../../ir/graph.ts";

const isF64 = ({ element }: TensorType): boolean => element === "f64";
const hasLoop = ({ nodes }: Region): boolean => nodes.some(({ kind }) => kind === "scan" || kind === "while");

/** An error for each tensor that persists, and each entry that computes, in f64; and for each entry with a loop. */
export function refuseForDevice({ states, entries }: Graph): readonly Diagnostic[] {
  return [
    ...states.filter(({ type }) => isF64(type)).map(({ span, path }) => say.noDeviceF64(span, path)),
    ...entries.filter(({ region }) => region.types.some(isF64)).map(({ span, name }) => say.noDeviceF64(span, name)),
    ...entries.filter(({ region }) => hasLoop(region)).map(({ span, name }) => say.noDeviceLoop(span, name)),
  ];
}
