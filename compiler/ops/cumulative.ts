/** Running sums, products and maxima along one axis. */
import type { Builder } from "../ir/builder.ts";
import type { Element, TensorType, ValueId } from "../ir/graph.ts";
import type { AttributesOf } from "./attributes.ts";
import { shiftAxis, shifted } from "./batching.ts";
import type { OpDefinition, OpTable, RuleContext, Tensor } from "./define.ts";
import { general, linear, onePerInput } from "./families.ts";
import { compare, padAxis, sliceAxis } from "./rules.ts";
import { field, inverse, needAxes, needElement, numbers, otherAxes, pick } from "./shapes.ts";
import { newTensor, offsets, products, stridesOf, wraps } from "./tensors.ts";

type Names = "cumsum" | "cumprod" | "cummax";
type Attributes = AttributesOf<"cumsum">;
type Context = RuleContext<Attributes>;

const inferCumulative = (allowed: readonly Element[]) =>
  ([x]: readonly TensorType[], { axis }: Attributes): readonly TensorType[] => {
    needElement(x, allowed);
    needAxes([axis], x.shape.length);
    return [x];
  };

const running = (step: (element: Element) => (a: number, b: number) => number) =>
  ([x]: readonly Tensor[], { axis, reversed }: Attributes, [type]: readonly TensorType[]): readonly Tensor[] => {
    const { shape, element } = x.type;
    const strides = stridesOf(shape);
    const kept = otherAxes(shape.length, [axis]);
    const y = newTensor(type);
    const combine = step(element);
    const wrap = wraps[element];
    const size = shape[axis];
    const stride = reversed ? -strides[axis] : strides[axis];
    offsets(pick(shape, kept), pick(strides, kept), reversed ? (size - 1) * strides[axis] : 0).forEach((from) => {
      for (let j = 0; j < size; j++) {
        const at = from + j * stride;
        y.data[at] = j === 0 ? x.data[at] : wrap(combine(y.data[at - stride], x.data[at]));
      }
    });
    return [y];
  };

/** Value k becomes what stood `by` turns earlier; `fill` comes in at the start. */
function delay(b: Builder, value: ValueId, { axis, reversed }: Attributes, by: number, fill: number): ValueId {
  const size = b.typeOf(value).shape[axis];
  return reversed
    ? padAxis(b, sliceAxis(b, value, axis, by, size), axis, 0, by, fill)
    : padAxis(b, sliceAxis(b, value, axis, 0, size - by), axis, by, 0, fill);
}

/**
 * Note [Running product]. With P_0 = x and P_{s+1}[k] = P_s[k] * P_s[k - 2^s] (1 before the start), the last P is the
 * running product (Hillis and Steele 1986). Its derivative is taken through these log2(n) products, so it costs
 * O(n log n) and divides by nothing: zeros in x, bool elements and higher derivatives are all exact.
 */
function doublings({ b, x, attributes }: Context): { readonly by: number; readonly product: ValueId; readonly delayed: ValueId }[] {
  const size = b.typeOf(x[0]).shape[attributes.axis];
  const steps = [];
  let product = x[0];
  for (let by = 1; by < size; by *= 2) {
    const delayed = delay(b, product, attributes, by, 1);
    steps.push({ by, product, delayed });
    if (by * 2 < size) product = b.mul(product, delayed);
  }
  return steps;
}

/** For each turn the position of its running maximum, i32: the newest turn that was not at most the maximum before. */
function leaders({ b, x, y, attributes: { axis, reversed } }: Context): ValueId {
  const { shape } = b.typeOf(x[0]);
  const size = shape[axis];
  const rest = reversed ? sliceAxis(b, x[0], axis, 0, size - 1) : sliceAxis(b, x[0], axis, 1, size);
  const before = reversed ? sliceAxis(b, y[0], axis, 1, size) : sliceAxis(b, y[0], axis, 0, size - 1);
  const stays = compare(b, "le", rest, before);
  const staysAll = reversed ? padAxis(b, stays, axis, 0, 1, 0) : padAxis(b, stays, axis, 1, 0, 0);
  // Positions count in the order of the turns, so that the newest is the greatest.
  const ascending = b.op("iota", [], { shape, axis, element: "i32" });
  const turns = reversed ? b.op("reverse", [ascending], { axes: [axis] }) : ascending;
  const newest = b.op("cummax", [b.select(staysAll, b.like(turns, 0), turns)], { axis, reversed });
  return reversed ? b.sub(b.like(newest, size - 1), newest) : newest;
}

/** Calls `body` with tensors whose axis is moved last and the leaders as gather's indices; moves the axis back. */
function alongLast(
  context: Context, value: ValueId, body: (moved: ValueId, indices: ValueId, batch: number) => ValueId,
): ValueId {
  const { b, attributes: { axis } } = context;
  const rank = b.typeOf(value).shape.length;
  const order = [...otherAxes(rank, [axis]), axis];
  const indices = b.transpose(leaders(context), order);
  const { shape } = b.typeOf(indices);
  const moved = body(b.transpose(value, order), b.reshape(indices, [...shape, 1]), rank - 1);
  return b.transpose(moved, inverse(order));
}

const cummax: OpDefinition<Attributes> = general({
  doc:
    "Running maximum along `axis`, from its end if `reversed`. NaN stays from its turn on. Ties: the credit goes to the " +
    "first; past a NaN each turn credits itself.",
  arity: 1, infer: inferCumulative(numbers), flops: onePerInput, batch: shifted(shiftAxis),
  reference: running(() => Math.max),
  jvp: (context, [dx]) => [
    dx === null
      ? null
      : alongLast(context, dx, (moved, indices, batch) => context.b.op("gather", [moved, indices], { batch })),
  ],
  vjp: (context, [ct]) => [
    ct === null
      ? null
      : alongLast(context, ct, (moved, indices, batch) =>
          context.b.op("scatter", [context.b.like(moved, 0), indices, moved], { batch, mode: "add" })),
  ],
  samples: { low: -2, high: 2, distinct: true },
});

export const cumulative: OpTable<Names> = {
  cumsum: linear("cumsum", {
    doc: "Running sum along `axis`, from its end if `reversed`; over bool the running parity. Integers wrap.",
    infer: inferCumulative(field), flops: onePerInput,
    reference: running(() => (a, b) => a + b),
    transposed: ({ b, attributes: { axis, reversed } }, ct) => b.op("cumsum", [ct], { axis, reversed: !reversed }),
    shift: shiftAxis,
  }),
  cumprod: general({
    doc: "Running product along `axis`, from its end if `reversed`. Integers wrap. The derivative is exact at zeros too.",
    arity: 1, infer: inferCumulative(field), flops: onePerInput, batch: shifted(shiftAxis),
    reference: running((element) => products[element]),
    // See Note [Running product]
    jvp: (context, [dx]) => {
      if (dx === null) return [null];
      const { b, attributes } = context;
      let tangent = dx;
      for (const { by, product, delayed } of doublings(context)) {
        tangent = b.add(b.mul(tangent, delayed), b.mul(product, delay(b, tangent, attributes, by, 0)));
      }
      return [tangent];
    },
    vjp: (context, [ct]) => {
      if (ct === null) return [null];
      const { b, attributes } = context;
      const back = { ...attributes, reversed: !attributes.reversed };
      let credit = ct;
      for (const { by, product, delayed } of doublings(context).reverse()) {
        credit = b.add(b.mul(credit, delayed), delay(b, b.mul(credit, product), back, by, 0));
      }
      return [credit];
    },
    tolerance: 1e-5,
  }),
  cummax,
};
