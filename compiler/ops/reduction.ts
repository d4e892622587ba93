/** Reductions over axes, and positions of extremes. */
import type { Element, TensorType, ValueId } from "../ir/graph.ts";
import type { AttributesOf } from "./attributes.ts";
import { shiftAxes, shiftAxis, shifted } from "./batching.ts";
import type { OpDefinition, OpTable, RuleContext, Tensor } from "./define.ts";
import { general, linear, nonDifferentiable, onePerInput } from "./families.ts";
import { compare, flattenLast, padAxis, sliceAxis } from "./rules.ts";
import { describe, field, inverse, need, needAxes, needElement, numbers, otherAxes, pick } from "./shapes.ts";
import { newTensor, offsets, products, stridesOf, wraps } from "./tensors.ts";

type Names = "reduce_sum" | "reduce_prod" | "reduce_max" | "reduce_min" | "argmax" | "argmin";
type Axes = AttributesOf<"reduce_sum">;

/** The start of a maximum (of a minimum with the sign turned). */
export const lowest: Readonly<Record<Element, number>> = { f32: -Infinity, f64: -Infinity, i32: -0x80000000, u32: 0, bool: 0 };
export const highest: Readonly<Record<Element, number>> = { f32: Infinity, f64: Infinity, i32: 0x7fffffff, u32: 0xffffffff, bool: 1 };

function inferReduction([x]: readonly TensorType[], { axes }: Axes): readonly TensorType[] {
  needElement(x, field);
  needAxes(axes, x.shape.length);
  return [{ element: x.element, shape: pick(x.shape, otherAxes(x.shape.length, axes)) }];
}

/** Folds the elements of each slice in row-major order. */
const folding = (start: (element: Element) => number, step: (element: Element) => (a: number, b: number) => number) =>
  ([x]: readonly Tensor[], { axes }: Axes, [type]: readonly TensorType[]): readonly Tensor[] => {
    const { shape, element } = x.type;
    const strides = stridesOf(shape);
    const kept = otherAxes(shape.length, axes);
    const within = offsets(pick(shape, axes), pick(strides, axes));
    const y = newTensor(type);
    const combine = step(element);
    const wrap = wraps[element];
    offsets(pick(shape, kept), pick(strides, kept)).forEach((from, i) => {
      let value = start(element);
      for (let j = 0; j < within.length; j++) value = wrap(combine(value, x.data[from + within[j]]));
      y.data[i] = value;
    });
    return [y];
  };

/** Repeats a reduction's result over the axes that it lost. */
const spread = ({ b, x, attributes: { axes } }: RuleContext<Axes>, value: ValueId): ValueId => {
  const { shape } = b.typeOf(x[0]);
  return b.broadcast(value, shape, otherAxes(shape.length, axes));
};

/** The product of all other elements of the slice, for each element: exclusive products from both ends, so zeros do no harm. */
function productOfOthers({ b, x, attributes: { axes } }: RuleContext<Axes>): ValueId {
  const { shape } = b.typeOf(x[0]);
  const kept = otherAxes(shape.length, axes);
  const flat = flattenLast(b, x[0], kept, axes);
  const axis = kept.length;
  const count = b.typeOf(flat).shape[axis];
  if (count === 0) return x[0]; // there is no element to give credit to
  const exclusive = (reversed: boolean): ValueId => {
    const rest = reversed ? sliceAxis(b, flat, axis, 1, count) : sliceAxis(b, flat, axis, 0, count - 1);
    const running = b.op("cumprod", [rest], { axis, reversed });
    return reversed ? padAxis(b, running, axis, 0, 1, 1) : padAxis(b, running, axis, 1, 0, 1);
  };
  const others = b.mul(exclusive(false), exclusive(true));
  const order = [...kept, ...axes];
  return b.transpose(b.reshape(others, pick(shape, order)), inverse(order));
}

/** Maximum or minimum: the credit is divided equally among the elements that attain it; a NaN attains nothing. */
function extreme(
  doc: string, start: Readonly<Record<Element, number>>, step: (a: number, b: number) => number,
): OpDefinition<Axes> {
  const attained = (context: RuleContext<Axes>): ValueId =>
    compare(context.b, "eq", context.x[0], spread(context, context.y[0]));
  const countOf = ({ b, y, attributes: { axes } }: RuleContext<Axes>, mask: ValueId): ValueId => {
    const count = b.sum(b.cast(mask, b.typeOf(y[0]).element), axes);
    return b.op("max", [count, b.like(count, 1)], {});
  };
  return general({
    doc, arity: 1, infer: inferReduction, flops: onePerInput, batch: shifted(shiftAxes),
    reference: folding((element) => start[element], () => step),
    jvp: (context, [dx]) => {
      const { b, x, attributes: { axes } } = context;
      if (dx === null || b.typeOf(x[0]).element === "bool") return [null];
      const mask = attained(context);
      return [b.div(b.sum(b.select(mask, dx, b.like(dx, 0)), axes), countOf(context, mask))];
    },
    vjp: (context, [ct]) => {
      const { b, x } = context;
      if (ct === null || b.typeOf(x[0]).element === "bool") return [null];
      const mask = attained(context);
      return [b.select(mask, spread(context, b.div(ct, countOf(context, mask))), b.like(x[0], 0))];
    },
    samples: { low: -2, high: 2, distinct: true },
  });
}

const position = (doc: string, better: (a: number, b: number) => boolean): OpDefinition<AttributesOf<"argmax">> =>
  nonDifferentiable({
    doc, arity: 1, flops: onePerInput, batch: shifted(shiftAxis),
    infer: ([x], { axis }) => {
      needElement(x, numbers);
      needAxes([axis], x.shape.length);
      need(x.shape[axis] > 0, () => `no elements along axis ${axis} of ${describe(x)}`);
      return [{ element: "i32", shape: x.shape.filter((_, i) => i !== axis) }];
    },
    reference: ([x], { axis }, [type]) => {
      const { shape } = x.type;
      const strides = stridesOf(shape);
      const kept = otherAxes(shape.length, [axis]);
      const y = newTensor(type);
      offsets(pick(shape, kept), pick(strides, kept)).forEach((from, i) => {
        let best = 0;
        for (let j = 0; j < shape[axis]; j++) {
          const value = x.data[from + j * strides[axis]];
          const leader = x.data[from + best * strides[axis]];
          if (Number.isNaN(leader)) break;
          if (Number.isNaN(value) || better(value, leader)) best = j;
        }
        y.data[i] = best;
      });
      return [y];
    },
    samples: { low: -2, high: 2, distinct: true },
  });

export const reduction: OpTable<Names> = {
  reduce_sum: linear("reduce_sum", {
    doc: "Sum over `axes`, which vanish; over bool the parity. Integers wrap. Empty: 0.",
    infer: inferReduction, flops: onePerInput,
    reference: folding(() => 0, () => (a, b) => a + b),
    transposed: spread,
    shift: shiftAxes,
  }),
  reduce_prod: general({
    doc: "Product over `axes`, which vanish; over bool all. Integers wrap. Empty: 1. The derivative is exact at zeros too.",
    arity: 1, infer: inferReduction, flops: onePerInput, batch: shifted(shiftAxes),
    reference: folding(() => 1, (element) => products[element]),
    // dy = sum over i of dx[i] * product of the others
    jvp: (context, [dx]) => [
      dx === null ? null : context.b.sum(context.b.mul(dx, productOfOthers(context)), context.attributes.axes),
    ],
    vjp: (context, [ct]) => [
      ct === null ? null : context.b.mul(spread(context, ct), productOfOthers(context)),
    ],
    tolerance: 1e-5,
  }),
  reduce_max: extreme(
    "Maximum over `axes`, which vanish; over bool any. NaN in, NaN out. Empty: the lowest value of the element. " +
      "Ties share the credit equally; a slice with a NaN passes none, nor does bool.",
    lowest, Math.max,
  ),
  reduce_min: extreme(
    "Minimum over `axes`, which vanish; over bool all. NaN in, NaN out. Empty: the highest value of the element. " +
      "Ties share the credit equally; a slice with a NaN passes none, nor does bool.",
    highest, Math.min,
  ),
  argmax: position("First position of the maximum along `axis`, as i32; a NaN counts as the maximum.", (a, b) => a > b),
  argmin: position("First position of the minimum along `axis`, as i32; a NaN counts as the minimum.", (a, b) => a < b),
};
