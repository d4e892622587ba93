/** Ops that only move elements. All but `pad` are linear with one arg; over bool they are linear too. */
import { elementCount, sameShape } from "../ir/graph.ts";
import type { TensorType } from "../ir/graph.ts";
import { behind, repeat, shiftAxes, shiftAxis, shifted } from "./batching.ts";
import type { OpTable } from "./define.ts";
import { general, linear } from "./families.ts";
import { orZeros, sliceAxis } from "./rules.ts";
import { describe, inverse, need, needAxes, needSizes, otherAxes } from "./shapes.ts";
import { newTensor, offsets, place, stridesOf, take } from "./tensors.ts";

type Names = "reshape" | "broadcast" | "transpose" | "slice" | "pad" | "concat" | "reverse";

const perAxis = (rank: number, lists: readonly (readonly number[])[]): void =>
  need(lists.every((list) => list.length === rank && list.every(Number.isInteger)),
    () => `${lists.map((list) => `[${list.join(", ")}]`).join(" ")} for ${rank} axes`);

const sliceSize = (start: number, limit: number, step: number): number =>
  Math.max(0, Math.ceil((limit - start) / step));

/** Places of x's elements in the padded result. */
function padOffsets(x: TensorType, y: TensorType, low: readonly number[], interior: readonly number[]): Int32Array {
  const strides = stridesOf(y.shape);
  const base = low.reduce((sum, count, axis) => sum + count * strides[axis], 0);
  return offsets(x.shape, strides.map((stride, axis) => stride * (interior[axis] + 1)), base);
}

export const movement: OpTable<Names> = {
  reshape: linear("reshape", {
    doc: "The same elements in row-major order, in another shape.",
    infer: ([x], { shape }) => {
      needSizes(shape);
      need(elementCount(x.shape) === elementCount(shape), () => `${describe(x)} to [${shape.join(", ")}]`);
      return [{ element: x.element, shape }];
    },
    reference: ([x], _, [type]) => [{ type, data: x.data }],
    transposed: ({ b, x }, ct) => b.reshape(ct, b.typeOf(x[0]).shape),
    shift: ({ shape }, size) => ({ shape: [size, ...shape] }),
  }),

  broadcast: linear("broadcast", {
    doc: "Input axis i becomes output axis axes[i], repeated where it has size 1; all other axes are new repetitions.",
    infer: ([x], { shape, axes }) => {
      needSizes(shape);
      needAxes(axes, shape.length);
      need(axes.length === x.shape.length, () => `${axes.length} axes for ${describe(x)}`);
      axes.forEach((axis, i) => {
        need(i === 0 || axes[i - 1] < axis, () => `axes ${axes.join(", ")} do not ascend`);
        need(x.shape[i] === 1 || x.shape[i] === shape[axis], () => `${describe(x)} to [${shape.join(", ")}]`);
      });
      return [{ element: x.element, shape }];
    },
    reference: ([x], { shape, axes }, [type]) => {
      const strides = shape.map(() => 0);
      stridesOf(x.type.shape).forEach((stride, i) => { if (x.type.shape[i] !== 1) strides[axes[i]] = stride; });
      return [take(x, offsets(shape, strides), type)];
    },
    transposed: ({ b, x, attributes: { shape, axes } }, ct) => {
      const from = b.typeOf(x[0]).shape;
      const kept = axes.filter((axis, i) => from[i] === shape[axis]);
      return b.reshape(b.sum(ct, otherAxes(shape.length, kept)), from);
    },
    shift: ({ shape, axes }, size) => ({ shape: [size, ...shape], axes: [0, ...behind(axes)] }),
  }),

  transpose: linear("transpose", {
    doc: "Reorders axes: y.shape[i] = x.shape[permutation[i]].",
    infer: ([x], { permutation }) => {
      needAxes(permutation, x.shape.length);
      need(permutation.length === x.shape.length, () => `${permutation.length} axes for ${describe(x)}`);
      return [{ element: x.element, shape: permutation.map((axis) => x.shape[axis]) }];
    },
    reference: ([x], { permutation }, [type]) => {
      const strides = stridesOf(x.type.shape);
      return [take(x, offsets(type.shape, permutation.map((axis) => strides[axis])), type)];
    },
    transposed: ({ b, attributes: { permutation } }, ct) => b.transpose(ct, inverse(permutation)),
    shift: ({ permutation }) => ({ permutation: [0, ...behind(permutation)] }),
  }),

  slice: linear("slice", {
    doc: "x[start:limit:step] along every axis.",
    infer: ([x], { start, limit, step }) => {
      perAxis(x.shape.length, [start, limit, step]);
      x.shape.forEach((size, i) => {
        need(start[i] >= 0 && start[i] <= limit[i] && limit[i] <= size && step[i] >= 1,
          () => `${start[i]}:${limit[i]}:${step[i]} along axis ${i} of ${describe(x)}`);
      });
      return [{ element: x.element, shape: x.shape.map((_, i) => sliceSize(start[i], limit[i], step[i])) }];
    },
    reference: ([x], { start, step }, [type]) => {
      const strides = stridesOf(x.type.shape);
      const base = start.reduce((sum, first, axis) => sum + first * strides[axis], 0);
      return [take(x, offsets(type.shape, strides.map((stride, axis) => stride * step[axis]), base), type)];
    },
    transposed: ({ b, x, y, attributes: { start, step } }, ct) => {
      const { element, shape } = b.typeOf(x[0]);
      const sizes = b.typeOf(y[0]).shape;
      const covered = sizes.map((size, i) => (size === 0 ? 0 : (size - 1) * step[i] + 1));
      return b.op("pad", [ct, b.constant({ element, shape: [] }, 0)], {
        low: start, high: shape.map((size, i) => size - start[i] - covered[i]), interior: step.map((n) => n - 1),
      });
    },
    shift: ({ start, limit, step }, size) => ({ start: [0, ...start], limit: [size, ...limit], step: [1, ...step] }),
  }),

  pad: general({
    doc: "(x, value): x with `low` and `high` values around and `interior` values between neighbours, per axis.",
    arity: 2,
    infer: ([x, value], { low, high, interior }) => {
      perAxis(x.shape.length, [low, high, interior]);
      need([...low, ...high, ...interior].every((count) => count >= 0), () => "negative padding");
      need(value.shape.length === 0 && value.element === x.element, () => `${describe(x)} with ${describe(value)}`);
      const shape = x.shape.map((size, i) => low[i] + size + Math.max(0, size - 1) * interior[i] + high[i]);
      return [{ element: x.element, shape }];
    },
    batch: ({ b, x: [x, value], batched, size, attributes, apply }) => {
      const { low, high, interior } = attributes;
      const outer = { low: [0, ...low], high: [0, ...high], interior: [0, ...interior] };
      if (!batched[1]) return apply([x, value], outer);
      // Each element has its own value: padded with anything first.
      const { element, shape } = b.typeOf(x);
      const [padded] = apply([x, b.constant({ element, shape: [] }, 0)], batched[0] ? outer : attributes);
      const inside = b.constant({ element: "bool", shape: batched[0] ? shape.slice(1) : shape }, 0);
      const padding = b.op("pad", [inside, b.constant({ element: "bool", shape: [] }, 1)], attributes);
      const all = batched[0] ? padded : repeat(b, padded, size);
      return [b.select(repeat(b, padding, size), b.broadcast(value, b.typeOf(all).shape, [0]), all)];
    },
    reference: ([x, value], { low, interior }, [type]) => {
      const y = newTensor(type);
      y.data.fill(value.data[0]);
      place(x, padOffsets(x.type, type, low, interior), y);
      return [y];
    },
    jvp: ({ b, x, attributes }, [dx, dvalue]) => [
      dx === null && dvalue === null
        ? null
        : b.op("pad", [orZeros(b, dx, x[0]), orZeros(b, dvalue, x[1])], attributes),
    ],
    vjp: ({ b, x, attributes }, [ct], wanted) => {
      if (ct === null) return [null, null];
      const { shape } = b.typeOf(x[0]);
      const { low, interior } = attributes;
      const inner = () => b.op("slice", [ct], {
        start: low,
        limit: shape.map((size, i) => low[i] + (size === 0 ? 0 : (size - 1) * (interior[i] + 1) + 1)),
        step: interior.map((count) => count + 1),
      });
      // The value's credit is what lies on the padding.
      const outer = () => {
        const inside = b.constant({ element: "bool", shape }, 0);
        const padding = b.op("pad", [inside, b.constant({ element: "bool", shape: [] }, 1)], attributes);
        return b.sum(b.select(padding, ct, b.like(ct, 0)), shape.map((_, axis) => axis));
      };
      return [wanted[0] ? inner() : null, wanted[1] ? outer() : null];
    },
  }),

  concat: general({
    doc: "The args one behind the other along `axis`.",
    arity: null,
    infer: (args, { axis }) => {
      need(args.length > 0, () => "no args");
      const [first] = args;
      needAxes([axis], first.shape.length);
      const outside = (type: TensorType) => type.shape.filter((_, i) => i !== axis);
      for (const arg of args) {
        need(arg.element === first.element && arg.shape.length === first.shape.length &&
          sameShape(outside(arg), outside(first)), () => `${describe(first)} and ${describe(arg)} along axis ${axis}`);
      }
      const total = args.reduce((sum, arg) => sum + arg.shape[axis], 0);
      return [{ element: first.element, shape: first.shape.map((size, i) => (i === axis ? total : size)) }];
    },
    batch: shifted(shiftAxis),
    reference: (args, { axis }, [type]) => {
      const y = newTensor(type);
      const strides = stridesOf(type.shape);
      let from = 0;
      for (const x of args) {
        place(x, offsets(x.type.shape, strides, from * strides[axis]), y);
        from += x.type.shape[axis];
      }
      return [y];
    },
    jvp: ({ b, x, attributes }, dx) => [
      dx.every((d) => d === null) ? null : b.op("concat", dx.map((d, i) => orZeros(b, d, x[i])), attributes),
    ],
    vjp: ({ b, x, attributes: { axis } }, [ct], wanted) => {
      let from = 0;
      return x.map((arg, i) => {
        const start = from;
        from += b.typeOf(arg).shape[axis];
        return ct === null || !wanted[i] ? null : sliceAxis(b, ct, axis, start, from);
      });
    },
  }),

  reverse: linear("reverse", {
    doc: "The last first along each of `axes`.",
    infer: ([x], { axes }) => {
      needAxes(axes, x.shape.length);
      return [x];
    },
    reference: ([x], { axes }, [type]) => {
      const strides = stridesOf(type.shape);
      const base = axes.reduce((sum, axis) => sum + (type.shape[axis] - 1) * strides[axis], 0);
      const from = offsets(type.shape, strides.map((stride, i) => (axes.includes(i) ? -stride : stride)), base);
      return [take(x, from, type)];
    },
    transposed: ({ b, attributes }, ct) => b.op("reverse", [ct], attributes),
    shift: shiftAxes,
  }),
};

