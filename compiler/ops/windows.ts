/** Windows over a tensor as a view of it, and the transpose of that: what convolutions and pooling are made of. */
import { elementCount } from "../ir/graph.ts";
import type { TensorType } from "../ir/graph.ts";
import type { AttributesOf } from "./attributes.ts";
import { behind } from "./batching.ts";
import type { OpTable } from "./define.ts";
import { linear } from "./families.ts";
import { describe, field, need, needAxes, needElement, needSizes, pick, range } from "./shapes.ts";
import { newTensor, offsets, stridesOf, take, wraps } from "./tensors.ts";

type Window = AttributesOf<"window">;

/** How many windows fit: 0 where not even one does. */
export const windowCount = (extent: number, size: number, stride: number, dilation: number): number =>
  size === 0 ? 0 : Math.max(0, Math.floor((extent - (size - 1) * dilation - 1) / stride) + 1);

/** Where the window axes stand in the result: behind the last of `axes`. */
export const windowAxes = ({ axes, size }: Pick<Window, "axes" | "size">): number[] => range(size.length, axes[axes.length - 1] + 1);

function needWindow({ axes, size, stride, dilation }: Window, rank: number): void {
  needAxes(axes, rank);
  need(axes.length > 0 && axes.every((axis, i) => i === 0 || axes[i - 1] < axis), () => `axes ${axes.join(", ")} do not ascend`);
  needSizes(size);
  const lists = [size, stride, dilation];
  need(lists.every((list) => list.length === axes.length) && [...stride, ...dilation].every((by) => Number.isInteger(by) && by >= 1),
    () => `${lists.map((list) => `[${list.join(", ")}]`).join(" ")} for ${axes.length} axes`);
}

/** The shape of all windows over `shape`. */
function windowed(shape: readonly number[], { axes, size, stride, dilation }: Window): number[] {
  const counted = shape.map((extent, axis) => {
    const i = axes.indexOf(axis);
    return i < 0 ? extent : windowCount(extent, size[i], stride[i], dilation[i]);
  });
  const last = axes[axes.length - 1] + 1;
  return [...counted.slice(0, last), ...size, ...counted.slice(last)];
}

/** Places in a tensor of `shape` of each element of its windows. */
function places(shape: readonly number[], of: TensorType, { axes, size, stride, dilation }: Window): Int32Array {
  const strides = stridesOf(shape);
  const moved = strides.map((step, axis) => { const i = axes.indexOf(axis); return i < 0 ? step : step * stride[i]; });
  const inside = size.map((_, i) => strides[axes[i]] * dilation[i]);
  const last = axes[axes.length - 1] + 1;
  return offsets(of.shape, [...moved.slice(0, last), ...inside, ...moved.slice(last)]);
}

const shift = <A extends Window>(attributes: A): A => ({ ...attributes, axes: behind(attributes.axes) });

export const windows: OpTable<"window" | "overlap_add"> = {
  window: linear("window", {
    doc: "All windows along `axes`: y[p..., k...] = x[p * stride + k * dilation ...], as many as fit; the window axes stand behind the last of `axes`.",
    infer: ([x], attributes) => {
      needWindow(attributes, x.shape.length);
      return [{ element: x.element, shape: windowed(x.shape, attributes) }];
    },
    reference: ([x], attributes, [type]) => [take(x, places(x.type.shape, type, attributes), type)],
    transposed: ({ b, x, attributes: { axes, size, stride, dilation } }, ct) =>
      b.op("overlap_add", [ct], { axes, size, stride, dilation, extent: pick(b.typeOf(x[0]).shape, axes) }),
    shift,
  }),

  overlap_add: linear("overlap_add", {
    doc: "The transpose of `window` over axes of sizes `extent`: elements of windows that lie on one place are added.",
    infer: ([x], attributes) => {
      const { axes, size, extent } = attributes;
      const rank = x.shape.length - size.length;
      needElement(x, field);
      needSizes(extent);
      needWindow(attributes, rank);
      need(extent.length === axes.length, () => `${extent.length} extents for ${axes.length} axes`);
      const inside = windowAxes(attributes);
      const shape = x.shape.filter((_, axis) => !inside.includes(axis)).map((count, axis) => extent[axes.indexOf(axis)] ?? count);
      const wanted = windowed(shape, attributes);
      need(wanted.every((count, axis) => count === x.shape[axis]), () => `${describe(x)} are no windows of [${shape.join(", ")}]`);
      return [{ element: x.element, shape }];
    },
    reference: ([x], attributes, [type]) => {
      const y = newTensor(type);
      const wrap = wraps[type.element];
      places(type.shape, x.type, attributes).forEach((to, i) => { y.data[to] = wrap(y.data[to] + x.data[i]); });
      return [y];
    },
    transposed: ({ b, attributes: { axes, size, stride, dilation } }, ct) => b.op("window", [ct], { axes, size, stride, dilation }),
    shift,
    flops: ([x]) => elementCount(x.shape),
  }),
};
