/** Which memory an element of a value is made from: the leaves of its expression, through all that is made on the way. */
import { elementCount } from "../ir/graph.ts";
import type { OpNode, ValueId } from "../ir/graph.ts";
import { constantAt, isMovement, linear, strides, through } from "./coordinates.ts";
import type { Affine, MovementOp } from "./coordinates.ts";
import type { Facts } from "./facts.ts";

export type Leaf =
  /** An element of a value: of the group itself, or loaded. `coordinates` are null where only the row-major index is affine. */
  | {
      readonly kind: "value";
      readonly value: ValueId;
      readonly coordinates: readonly Affine[] | null;
      readonly index: Affine;
      /** By atom: whether a computed part of the index (a gather's) depends on it. null: there is no such part. */
      readonly dynamic: readonly boolean[] | null;
    }
  /** A coordinate as a number. */
  | { readonly kind: "coordinate"; readonly at: Affine };

/** The args of a pointwise node or reduction, each with where it is read. */
export function* argPlaces(facts: Facts, node: OpNode, coordinates: readonly Affine[], sizes: readonly number[]): Generator<readonly [ValueId, readonly Affine[]]> {
  if (node.op === "gather") {
    const { index } = gatherPlaces(facts, node, coordinates, sizes);
    for (const place of index) yield [node.args[1], place];
  } else if (node.op === "scatter") {
    const { index, update } = scatterPlaces(facts, node, coordinates, sizes);
    yield [node.args[0], coordinates];
    for (const place of index) yield [node.args[1], place];
    yield [node.args[2], update];
  } else if (isMovement(node.op)) {
    const place = through(node as OpNode<MovementOp>, facts.types[node.args[0]], facts.types[node.results[0]], coordinates, sizes); // isMovement narrows the op, not the node
    if (place !== null) yield [node.args[0], place];
  } else {
    for (const arg of node.args) yield [arg, coordinates];
  }
}

/** Calls `visit` for each leaf under a value read at a place. `enter` hears of each node that is made on the way; false: nothing under it counts. */
export function leavesOf(
  facts: Facts, value: ValueId, coordinates: readonly Affine[], sizes: readonly number[], visit: (leaf: Leaf) => void, enter: (node: OpNode) => boolean = () => true,
): void {
  const role = facts.roles[value];
  if (role === "splat") return;
  if (role !== "virtual") {
    const index = linear(facts.types[value].shape, coordinates, sizes.length);
    visit({ kind: "value", value, coordinates, index, dynamic: null });
    return;
  }
  leavesUnder(facts, facts.op(value), coordinates, sizes, visit, enter);
}

/** The same for the node that makes a value, whatever its role. */
export function leavesUnder(
  facts: Facts, node: OpNode, coordinates: readonly Affine[], sizes: readonly number[], visit: (leaf: Leaf) => void, enter: (node: OpNode) => boolean = () => true,
): void {
  if (!enter(node)) return;
  if (node.op === "iota") {
    visit({ kind: "coordinate", at: coordinates[node.attributes.axis] });
    return;
  }
  if (node.op === "reshape" && elementCount(facts.types[node.args[0]].shape) > 0) {
    const place = through(node, facts.types[node.args[0]], facts.types[node.results[0]], coordinates, sizes);
    if (place === null) {
      const index = linear(facts.types[node.results[0]].shape, coordinates, sizes.length);
      visit({ kind: "value", value: facts.source(node.args[0]), coordinates: null, index, dynamic: null });
      return;
    }
  }
  if (node.op === "gather") {
    const { from, index } = gatherPlaces(facts, node, coordinates, sizes);
    const dynamic = sizes.map((_, atom) => index.some((place) => place.some(({ factors }) => factors[atom] !== 0)));
    visit({ kind: "value", value: facts.source(node.args[0]), coordinates: null, index: linear(facts.types[node.args[0]].shape, from, sizes.length), dynamic });
  }
  if (node.op === "scatter") {
    for (const { at } of scatterPlaces(facts, node, coordinates, sizes).tests) visit({ kind: "coordinate", at });
  }
  for (const [arg, place] of argPlaces(facts, node, coordinates, sizes)) leavesOf(facts, arg, place, sizes, visit, enter);
}

/**
 * gather: `from` is where x is read, with 0 along the indexed axes; `index` where each component of the index is read;
 * `steps` and `limits` are x's strides and sizes along the indexed axes.
 */
export function gatherPlaces(facts: Facts, node: OpNode<"gather">, coordinates: readonly Affine[], sizes: readonly number[]) {
  const { batch } = node.attributes;
  const x = facts.types[node.args[0]].shape;
  const indices = facts.types[node.args[1]].shape;
  const count = indices[indices.length - 1];
  const indexAxes = indices.length - 1;
  const from = x.map((_, axis) => {
    if (axis < batch) return coordinates[axis];
    return axis < batch + count ? constantAt(0, sizes.length) : coordinates[axis - batch - count + indexAxes];
  });
  const index = components(count, coordinates.slice(0, indexAxes), sizes.length);
  const step = strides(x);
  const axes = Array.from({ length: count }, (_, j) => batch + j);
  return { from, index, steps: axes.map((axis) => step[axis]), limits: axes.map((axis) => x[axis]) };
}

/** scatter with one update per batch element: where index components and update are read, and what each component must equal. */
export function scatterPlaces(facts: Facts, node: OpNode<"scatter">, coordinates: readonly Affine[], sizes: readonly number[]) {
  const { batch } = node.attributes;
  const indices = facts.types[node.args[1]].shape;
  const count = indices[indices.length - 1];
  const zero = constantAt(0, sizes.length);
  const lead = [...coordinates.slice(0, batch), ...indices.slice(batch, -1).map(() => zero)];
  const index = components(count, lead, sizes.length);
  const tests = index.map((place, j) => ({ place, at: coordinates[batch + j] }));
  return { index, tests, update: [...lead, ...coordinates.slice(batch + count)] };
}

const components = (count: number, lead: readonly Affine[], atoms: number): Affine[][] =>
  Array.from({ length: count }, (_, j) => [...lead, constantAt(j, atoms)]);
