/** Reductions over named axes, shared by the library functions (`sum(x, axis = 0)`) and index notation (`sum[k](...)`). */
import type { Span } from "../../grammar/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import { elementCount } from "../ir/graph.ts";
import type { Frame } from "./context.ts";
import { fail } from "./problem.ts";
import { idOf, tensor } from "./tensors.ts";
import { describe, isFloat, ownShape, type TensorValue } from "./values.ts";

export const reductions = ["sum", "mean", "prod", "max", "min", "any", "all", "argmax", "argmin", "count"] as const;
export type Reduction = (typeof reductions)[number];
export const isReduction = (name: string): name is Reduction => (reductions as readonly string[]).includes(name);

/** `axes` are positions among the tensor's own axes; `keep` leaves them with size 1. */
export function reduceAxes(frame: Frame, reduction: Reduction, value: TensorValue, axes: readonly number[], keep: boolean, span: Span): TensorValue {
  const { context } = frame;
  const { builder } = context;
  const lead = value.variables.length;
  const physical = axes.map((axis) => axis + lead).sort((a, b) => a - b);
  const shape = ownShape(value);
  const count = elementCount(axes.map((axis) => shape[axis]));
  let id = idOf(context, value, span);
  const { element } = value.type;
  if (reduction === "any" || reduction === "all") {
    if (element !== "bool") fail(say.needsBool(span, reduction, describe(value)));
  }
  if (reduction === "mean" && !isFloat(element)) fail(say.needsFloat(span, reduction, describe(value)));
  if (element === "bool" && ["max", "min", "argmax", "argmin"].includes(reduction)) fail(say.noOrder(span, reduction));
  if ((reduction === "argmax" || reduction === "argmin") && axes.length === 0) fail(say.needsAxis(span, reduction, describe(value)));
  if ((reduction === "argmax" || reduction === "argmin") && count === 0) fail(say.nothingToReduce(span, reduction, describe(value)));
  switch (reduction) {
    case "sum":
      id = builder.sum(id, physical);
      break;
    case "count":
      if (element !== "bool") fail(say.needsBool(span, reduction, describe(value)));
      id = builder.sum(builder.cast(id, "i32"), physical);
      break;
    case "mean":
      id = builder.sum(id, physical);
      id = builder.mul(id, builder.like(id, 1 / count));
      break;
    case "prod":
      id = builder.op("reduce_prod", [id], { axes: physical });
      break;
    case "max":
    case "any":
      id = builder.op("reduce_max", [id], { axes: physical });
      break;
    case "min":
    case "all":
      id = builder.op("reduce_min", [id], { axes: physical });
      break;
    case "argmax":
    case "argmin": {
      if (physical.length > 1) {
        const order = [...shape.map((_, i) => i).filter((i) => !axes.includes(i)).map((i) => i + lead), ...physical];
        const moved = builder.transpose(id, [...Array.from({ length: lead }, (_, i) => i), ...order]);
        const rest = builder.typeOf(moved).shape.slice(0, lead + shape.length - axes.length);
        id = builder.op(reduction, [builder.reshape(moved, [...rest, count])], { axis: rest.length });
      } else id = builder.op(reduction, [id], { axis: physical[0] });
      break;
    }
  }
  const kept = shape.map((_, i) => !axes.includes(i));
  if (!keep) return tensor(context, id, value.axes.filter((_, i) => kept[i]), value.variables);
  const widened = [...value.variables.map((v) => v.range), ...shape.map((size, i) => (kept[i] ? size : 1))];
  return tensor(context, builder.reshape(id, widened), value.axes.map((axis, i) => (kept[i] ? axis : {})), value.variables);
}
