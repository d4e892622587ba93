/** `prove` claims that only the compiled program can answer: its products and its memory. */
import { say } from "./diagnostics/catalogue.ts";
import type { Diagnostic } from "./diagnostics/diagnostic.ts";
import type { EntryProof } from "./elaborate/index.ts";
import { bodiesOf, type Entry, type Graph, isLoop, type LoopNode, type Node, type Region, type StateId, type ValueId } from "./ir/graph.ts";
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

type Origins = Map<ValueId, Axes>;

/** Whether some product contracts an axis of the state that its first product, the forward one, does not; in loops, too. */
function contractsBothWays({ region, reads }: Entry, state: StateId): boolean {
  const at = reads.indexOf(state);
  if (at < 0) return false;
  let forward: ReadonlySet<number> | undefined;
  const visit = (inside: Region, origin: Origins): boolean => inside.nodes.some((node) => {
    if (isLoop(node)) {
      const found = bodiesOf(node).some((body) => visit(body, originsIn(node, body, origin)));
      node.results.slice(0, node.carries).forEach((result, i) => { keep(origin, result, origin.get(node.args[i])); });
      return found;
    }
    if (node.kind !== "op") return false;
    if (node.op !== "dot") {
      keep(origin, node.results[0], through(node, inside, origin));
      return false;
    }
    const { leftContract, rightContract } = node.attributes;
    const contracted = new Set([...axesOf(origin.get(node.args[0]), leftContract), ...axesOf(origin.get(node.args[1]), rightContract)]);
    if (contracted.size === 0) return false;
    if (!forward) forward = contracted;
    return [...contracted].some((axis) => !forward?.has(axis));
  });
  return visit(region, new Map([[region.params[at], region.types[region.params[at]].shape.map((_, axis) => axis)]]));
}

function keep(origin: Origins, value: ValueId, axes: Axes | undefined): void {
  if (axes) origin.set(value, axes);
}

/** Of a loop's body: carries and captures are what came in, an input is a slice of it. The first parameter is the index. */
function originsIn(loop: LoopNode, body: Region, origin: Origins): Origins {
  const inside: Origins = new Map();
  const inputs = loop.kind === "scan" ? loop.inputs : 0;
  loop.args.forEach((arg, i) => {
    const sliced = i >= loop.carries && i < loop.carries + inputs;
    keep(inside, body.params[i + 1], sliced ? origin.get(arg)?.slice(1) : origin.get(arg));
  });
  return inside;
}

const axesOf = (axes: Axes | undefined, contracted: readonly number[]): number[] => contracted.flatMap((axis) => axes?.[axis] ?? []);

/** Where the axes of a node's result come from; undefined if none is the state's. */
function through(node: Extract<Node, { kind: "op" }>, region: Region, origin: Origins): Axes | undefined {
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
