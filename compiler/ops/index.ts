/** The one op table. */
import type { Element, TensorType } from "../ir/graph.ts";
import { arithmetic } from "./arithmetic.ts";
import type { AttributesOf, OpName } from "./attributes.ts";
import { contraction } from "./contraction.ts";
import { cumulative } from "./cumulative.ts";
import { ShapeError } from "./define.ts";
import type { OpDefinition, OpTable } from "./define.ts";
import { indexing } from "./indexing.ts";
import { logic } from "./logic.ts";
import { movement } from "./movement.ts";
import { random } from "./random.ts";
import { reduction } from "./reduction.ts";
import { isFloat } from "./shapes.ts";
import { sources } from "./sources.ts";
import { transcendental } from "./transcendental.ts";
import { windows } from "./windows.ts";

export type { AttributesOf, OpAttributes, OpName } from "./attributes.ts";
export { ShapeError } from "./define.ts";
export { axisToFront, repeat } from "./batching.ts";
export type { BatchContext, OpDefinition, OpTable, RuleContext, Tensor } from "./define.ts";
export { philox } from "./philox.ts";
export { highest, lowest } from "./reduction.ts";
export { isFloat } from "./shapes.ts";
export { wraps } from "./tensors.ts";
export { windowAxes, windowCount } from "./windows.ts";

export const ops: OpTable<OpName> = {
  ...arithmetic,
  ...transcendental,
  ...logic,
  ...movement,
  ...windows,
  ...reduction,
  ...cumulative,
  ...contraction,
  ...indexing,
  ...random,
  ...sources,
};

const pointwise: ReadonlySet<string> = new Set(Object.keys({ ...arithmetic, ...transcendental, ...logic }));
/** Whether element i of the result comes from element i of each arg. */
export const isPointwise = (op: OpName): boolean => pointwise.has(op);

export const opNames = Object.keys(ops) as readonly OpName[]; // Object.keys forgets the key type

/** The entry of an op, typed by its attributes. */
export const definitionOf = <K extends OpName>(op: K): OpDefinition<AttributesOf<K>> =>
  ops[op] as unknown as OpDefinition<AttributesOf<K>>; // an indexed union loses that K is one name

/**
 * The result types of an op.
 * @throws ShapeError naming the op, if the args do not fit
 */
export function inferTypes<K extends OpName>(
  op: K, args: readonly TensorType[], attributes: AttributesOf<K>,
): readonly TensorType[] {
  const { arity, infer } = definitionOf(op);
  if (arity !== null && args.length !== arity) throw new ShapeError(`${op}: ${args.length} args, expected ${arity}`);
  try {
    return infer(args, attributes);
  } catch (error) {
    if (error instanceof ShapeError) error.message = `${op}: ${error.message}`;
    throw error;
  }
}

/** Whether tangents and cotangents of an element exist: floats have them, and bool, whose credit adds by exclusive or. */
export const carriesCredit = (element: Element): boolean => isFloat(element) || element === "bool";

/**
 * Whether credit can pass between arg `index` and a result of the given types: the op is differentiable there, and
 * both are floats or both are bool.
 */
export function passesCredit(op: OpName, index: number, arg: TensorType, result: TensorType): boolean {
  const { jvp, credits } = definitionOf(op);
  if (jvp === undefined || credits?.[index] === false) return false;
  if (!carriesCredit(arg.element) || !carriesCredit(result.element)) return false;
  return isFloat(arg.element) === isFloat(result.element);
}
