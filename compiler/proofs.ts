/** `prove` claims that only the compiled program can answer: its products and its memory. */
import { say } from "./diagnostics/catalogue.ts";
import type { Diagnostic } from "./diagnostics/diagnostic.ts";
import type { EntryProof } from "./elaborate/index.ts";
import type { Entry, Graph, Node, Region, StateId, ValueId } from "./ir/graph.ts";
import type { Program } from "./program.ts";

/** The claims that do not hold. */
export function checkProofs(proofs: readonly EntryProof[], optimized: Graph, program: Program): Diagnostic[] {
  return proofs.flatMap(({ entry: name, variant, proof }): Diagnostic[] => {
    if (proof.kind === "memory") return program.peakBytes <= proof.limit ? [] : [say.memoryExceeded(proof.span, program.peakBytes, proof.limit)];
    const entry = optimized.entries.find((candidate) => candidate.name === name && sameVariant(candidate.variant, variant));
    const transposed = entry ? proof.states.filter((state) => contractsBothWays(entry, state)) : [];
    return transposed.slice(0, 1).map((state) => say.transposed(proof.span, optimized.states[state].path));
  });
}

const sameVariant = (a: Entry["variant"], b: Entry["variant"]): boolean => Object.entries(a).every(([name, size]) => b[name] === size);

/** Per axis of a value, the axis of the state that it came from; null for any other. */
type Axes = readonly (number | null)[];

/** Whether some product contracts an axis of the state that its first product, the forward one, does not. */
function contractsBothWays({ region, reads }: Entry, state: StateId): boolean {
  const at = reads.indexOf(state);
  if (at < 0) return false;
  const origin = new Map<ValueId, Axes>([[region.params[at], region.types[region.params[at]].shape.map((_, axis) => axis)]]);
  let forward: ReadonlySet<number> | undefined;
  for (const node of region.nodes) {
    if (node.kind !== "op") continue;
    if (node.op === "dot") {
      const { leftContract, rightContract } = node.attributes;
      const contracted = new Set([...axesOf(origin.get(node.args[0]), leftContract), ...axesOf(origin.get(node.args[1]), rightContract)]);
      if (contracted.size === 0) continue;
      if (!forward) forward = contracted;
      else if ([...contracted].some((axis) => !forward?.has(axis))) return true;
      continue;
    }
    const moved = through(node, region, origin);
    if (moved) origin.set(node.results[0], moved);
  }
  return false;
}

const axesOf = (axes: Axes | undefined, contracted: readonly number[]): number[] => contracted.flatMap((axis) => axes?.[axis] ?? []);

/** Where the axes of a node's result come from; undefined if none is the state's. */
function through(node: Extract<Node, { kind: "op" }>, region: Region, origin: ReadonlyMap<ValueId, Axes>): Axes | undefined {
  const result = region.types[node.results[0]].shape;
  switch (node.op) {
    case "transpose": {
      const axes = origin.get(node.args[0]);
      return axes && node.attributes.permutation.map((axis) => axes[axis]);
    }
    case "broadcast": {
      const axes = origin.get(node.args[0]);
      return axes && result.map((_, axis) => axes[node.attributes.axes.indexOf(axis)] ?? null);
    }
    case "reshape":
      return reshaped(origin.get(node.args[0]), region.types[node.args[0]].shape, result);
    default: {
      // Elementwise ops, slices and pads keep the axes of an operand of the same rank.
      const moved = node.args.map((arg) => origin.get(arg)).find((axes) => axes?.length === result.length);
      return moved;
    }
  }
}

/** A reshape that only adds or drops axes of size 1 keeps the others. */
function reshaped(axes: Axes | undefined, from: readonly number[], to: readonly number[]): Axes | undefined {
  if (!axes) return undefined;
  const kept = from.map((size, i) => ({ size, axis: axes[i] })).filter(({ size }) => size !== 1);
  const wide = to.filter((size) => size !== 1);
  if (kept.length !== wide.length || kept.some(({ size }, i) => size !== wide[i])) return undefined;
  let next = 0;
  return to.map((size) => (size === 1 ? null : kept[next++].axis));
}
