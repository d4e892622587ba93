/** Operands of products that are windows over another value: read where that lies, since a copy would be many times larger. */
import type { OpNode, ValueId } from "../ir/graph.ts";
import type { View } from "./contraction/index.ts";
import { isMovement, linear, through } from "./coordinates.ts";
import type { MovementOp } from "./coordinates.ts";
import type { Facts } from "./facts.ts";
import { atomsOf, Group } from "./group.ts";

export interface Windowed {
  /** The value in memory. */
  readonly source: ValueId;
  readonly view: View;
}

/** null: the value is no window, or one whose elements follow no strides; then it is read in memory of its own. */
export function windowsOf(facts: Facts, value: ValueId): Windowed | null {
  const { types, roles } = facts;
  const { shape } = types[value];
  const sizes = atomsOf(shape);
  let coordinates = new Group("nest", sizes).fullPlace(shape);
  let source = value;
  let windowed = false;
  while (roles[source] === "virtual") {
    const node = facts.op(source);
    if (!isMovement(node.op)) return null;
    windowed ||= node.op === "window";
    const place = through(node as OpNode<MovementOp>, types[node.args[0]], types[source], coordinates, sizes); // isMovement narrows the op, not the node
    if (place === null) return null;
    coordinates = [...place];
    [source] = node.args;
  }
  if (!windowed || roles[source] === "splat") return null;
  const { base, factors } = linear(types[source].shape, coordinates, sizes.length);
  if (factors.some((factor) => factor < 0)) return null;
  let atom = 0;
  const strides = shape.map((size) => (size === 1 ? 0 : factors[atom++]));
  return { source, view: { base, strides, elements: types[source].shape.reduce((product, size) => product * size, 1) } };
}
