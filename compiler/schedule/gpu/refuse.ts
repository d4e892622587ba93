/** What a program has that no device can hold. */
import { say } from "../../diagnostics/catalogue.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { isLoop } from "../../ir/graph.ts";
import type { Graph, Region, TensorType } from "../../ir/graph.ts";

const isF64 = ({ element }: TensorType): boolean => element === "f64";
const computesInF64 = ({ types, nodes }: Region): boolean =>
  types.some(isF64) || nodes.some((node) => isLoop(node) && (computesInF64(node.body) || (node.kind === "while" && computesInF64(node.until))));

/** An error for each tensor that persists in f64, and each entry that computes in it. */
export function refuseForDevice({ states, entries }: Graph): readonly Diagnostic[] {
  return [
    ...states.filter(({ type }) => isF64(type)).map(({ span, path }) => say.noDeviceF64(span, path)),
    ...entries.filter(({ region }) => computesInF64(region)).map(({ span, name }) => say.noDeviceF64(span, name)),
  ];
}
