/** Copies an operand whose free or contract axes do not lie in one row, so that they do. */
import { at, KernelScope, load, store } from "../expression.ts";
import { byteSize } from "../../program.ts";
import type { Scalar } from "../kernel.ts";
import { nest, sum } from "./indices.ts";
import { kernelOf } from "./product-scope.ts";
import type { DotRequest, RoledKernel } from "./request.ts";
import type { Axis, Operand } from "./shape.ts";
import { turns } from "./shape.ts";

/** The copy is [batch..., outer, inner]; `inner` is "contract" for a left operand, "free" for a right one. */
export function rearranged(request: DotRequest, operand: Operand, element: Scalar, inner: "free" | "contract", reserve: (bytes: number) => number): { readonly kernel: RoledKernel; readonly operand: Operand } {
  const scope = new KernelScope();
  const source = scope.buffer("source", element, operand.elements);
  const elements = turns([...operand.batch, ...operand.free, ...operand.contract]);
  const target = scope.buffer("target", element, elements);
  const axes = [...operand.batch, ...(inner === "free" ? [...operand.contract, ...operand.free] : [...operand.free, ...operand.contract])];
  const body = nest(scope, [axes], ([offset], position) => [store(target, position, load(source, sum(offset, at(operand.base))))]);

  const innerSize = turns(operand[inner]);
  const outerSize = turns(operand[inner === "free" ? "contract" : "free"]);
  const role = { kind: "scratch", byteOffset: reserve(byteSize(element) * elements) } as const;
  const outer: Axis = { size: outerSize, stride: innerSize };
  const last: Axis = { size: innerSize, stride: 1 };
  return {
    kernel: { kernel: kernelOf(scope, `${request.name}_rearrange`, body, request), roles: [operand.role, role] },
    operand: {
      role,
      elements,
      base: 0,
      batch: contiguous(operand.batch, outerSize * innerSize),
      free: [inner === "free" ? last : outer],
      contract: [inner === "free" ? outer : last],
    },
  };
}

/** The same axes row-major, the last of them `step` elements apart. */
const contiguous = (axes: readonly Axis[], step: number): Axis[] => axes.map(({ size }, axis) => ({ size, stride: step * turns(axes.slice(axis + 1)) }));
