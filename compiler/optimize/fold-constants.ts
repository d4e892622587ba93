/**
 * Computes at build time what does not depend on an argument.
 *
 *     %0 = constant f32[] 2
 *     %1 = constant f32[] 3    ->        %0 = constant f32[] 6
 *     %2 = mul %0 %1                     return %0
 *     return %2
 *
 * Only what gives the very bits that the machine would give: an op of f32 is computed in f64 and rounded (for + - * / and
 * sqrt that is the correctly rounded result: f64 has more than twice the digits). Leaves alone transcendentals, whose
 * polynomials differ in the last bit; float sums and products, whose order the schedule fixes; results over 256 bytes,
 * which stay expressions, except that a tensor of one number is a constant of any size. Must run after erase-markers.
 */
import { elementCount } from "../ir/graph.ts";
import type { TensorType, ValueId } from "../ir/graph.ts";
import { definitionOf, inferTypes } from "../ops/index.ts";
import type { AttributesOf, OpName, Tensor } from "../ops/index.ts";
import { exactElementwise, isFloat } from "./families.ts";
import type { Pass } from "./pass.ts";
import { rewrite, stored } from "./rewrite.ts";
import type { Candidate, Rewrite, Rewriter, Rewrites } from "./rewrite.ts";

const LARGEST_BYTES = 256;

/** The op of numbers alone: all args are filled by one number each, so the result is too. */
const foldSplats: Rewrite = (w, node) => {
  const scalars: Tensor[] = [];
  for (const arg of node.args) {
    const number = w.splat(arg);
    if (number === undefined) return undefined;
    scalars.push(tensorOf({ element: w.typeOf(arg).element, shape: [], data: [number] }));
  }
  const [result] = compute(node, scalars);
  return w.constant({ element: result.type.element, shape: w.shapeOf(node.args[0]) }, result.data[0]);
};

/** An op that only moves elements of one number gives the same number. */
const foldMovedSplat: Rewrite = (w, node) => {
  const number = w.splat(node.args[0]);
  if (number === undefined || elementCount(w.shapeOf(node.args[0])) === 0) return undefined;
  if (!node.args.every((arg) => Object.is(w.splat(arg), number))) return undefined;
  return w.constant(resultType(w, node), number);
};

/** All args are constants, and the result is small. */
const foldSmall: Rewrite = (w, node) => {
  const constants: AttributesOf<"constant">[] = [];
  for (const arg of node.args) {
    const constant = w.as(arg, "constant");
    if (constant === undefined) return undefined;
    constants.push(constant.attributes);
  }
  const type = resultType(w, node);
  if (elementCount(type.shape) * (type.element === "f64" ? 8 : 4) > LARGEST_BYTES) return undefined;
  return w.constant(type, ...compute(node, constants.map(tensorOf))[0].data);
};

/** A float sum has no order yet, so only the integers' is one number. */
const foldSmallIntegers: Rewrite = (w, node) => (isFloat(w.typeOf(node.args[0]).element) ? undefined : foldSmall(w, node));

/**
 * The sum of n equal numbers, where every partial sum is exact, in whatever order: c is an integer times a power of two,
 * and n times that integer fits the significand.
 */
const foldSplatSum: Rewrite<"reduce_sum"> = (w, node) => {
  const written = w.splat(node.args[0]);
  if (written === undefined) return undefined;
  const { element, shape } = w.typeOf(node.args[0]);
  const number = stored(element, written);
  const count = elementCount(node.attributes.axes.map((axis) => shape[axis]));
  const type = resultType(w, node);
  if (element === "bool") return w.constant(type, number * (count % 2));
  if (!isFloat(element)) return w.constant(type, element === "i32" ? Math.imul(number, count) : Math.imul(number, count) >>> 0);
  if (!Number.isFinite(number) || oddPart(number) * count > (element === "f32" ? 2 ** 24 : 2 ** 53)) return undefined;
  const sum = number * count;
  return Number.isFinite(stored(element, sum)) ? w.constant(type, sum) : undefined;
};

const reshapeConstant: Rewrite<"reshape"> = (w, { args: [x], attributes: { shape } }) => {
  const constant = w.as(x, "constant");
  return constant && w.constant({ element: constant.attributes.element, shape }, ...constant.attributes.data);
};

const foldIotaOfOne: Rewrite<"iota"> = (w, { attributes: { element, shape, axis } }) =>
  shape[axis] === 1 ? w.constant({ element, shape }, 0) : undefined;

/** Equal numbers one by one -> the one number, so that it is known as such. */
const foldEqualNumbers: Rewrite<"constant"> = (w, { attributes: { element, shape, data } }) => {
  if (data.length < 2) return undefined;
  const first = stored(element, data[0]);
  return data.every((number) => Object.is(stored(element, number), first)) ? w.constant({ element, shape }, data[0]) : undefined;
};

const foldings: Rewrites = {
  ...Object.fromEntries(exactElementwise.map((op) => [op, [foldSplats, foldSmall]])),
  broadcast: [foldMovedSplat, foldSmall],
  transpose: [foldMovedSplat, foldSmall],
  slice: [foldMovedSplat, foldSmall],
  pad: [foldMovedSplat, foldSmall],
  concat: [foldMovedSplat, foldSmall],
  reverse: [foldMovedSplat, foldSmall],
  reshape: [reshapeConstant],
  reduce_max: [foldMovedSplat, foldSmall],
  reduce_min: [foldMovedSplat, foldSmall],
  cummax: [foldMovedSplat, foldSmall],
  reduce_sum: [foldSplatSum, foldSmallIntegers],
  reduce_prod: [foldSmallIntegers],
  cumsum: [foldSmallIntegers],
  cumprod: [foldSmallIntegers],
  argmax: [foldSmall],
  argmin: [foldSmall],
  gather: [foldSmall],
  random_fold: [foldSmall],
  random_bits: [foldSmall],
  iota: [foldIotaOfOne],
  constant: [foldEqualNumbers],
};

export const foldConstants: Pass = {
  name: "fold-constants",
  doc: "Computes constants by the machine's exact arithmetic; what is over 256 bytes stays an expression.",
  keeps: "exact",
  run: (region) => rewrite(region, foldings),
};

function resultType<K extends OpName>(w: Rewriter, node: Candidate<K>): TensorType {
  return inferTypes(node.op, node.args.map((arg: ValueId) => w.typeOf(arg)), node.attributes)[0];
}

function compute<K extends OpName>(node: Candidate<K>, args: readonly Tensor[]): readonly Tensor[] {
  const types = inferTypes(node.op, args.map((arg) => arg.type), node.attributes);
  return definitionOf(node.op).reference(args, node.attributes, types)
    .map((result) => ({ type: result.type, data: result.data.map((number) => stored(result.type.element, number)) }));
}

function tensorOf({ element, shape, data }: AttributesOf<"constant">): Tensor {
  const numbers = new Float64Array(elementCount(shape));
  for (let i = 0; i < numbers.length; i++) numbers[i] = stored(element, data.length === 1 ? data[0] : data[i]);
  return { type: { element, shape }, data: numbers };
}

/** |x| without its factors of two. */
function oddPart(x: number): number {
  let integer = Math.abs(x);
  if (integer === 0) return 0;
  while (!Number.isInteger(integer)) integer *= 2;
  while (integer % 2 === 0) integer /= 2;
  return integer;
}
