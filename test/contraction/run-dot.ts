/** Runs a lowered dot in the interpreter, and a reference that rounds as it must: bit for bit the same. */
import { lowerDot } from "../../compiler/schedule/contraction/index.ts";
import type { DotRequest, Epilogue } from "../../compiler/schedule/contraction/index.ts";
import type { Element, SiteId } from "../../compiler/ir/graph.ts";
import { elementCount } from "../../compiler/ir/graph.ts";
import type { Cells } from "./interpret.ts";
import { cells, interpret } from "./interpret.ts";

export interface Case {
  readonly left: readonly number[];
  readonly right: readonly number[];
  readonly leftContract: readonly number[];
  readonly rightContract: readonly number[];
  readonly leftBatch?: readonly number[];
  readonly rightBatch?: readonly number[];
  readonly element?: Element;
  readonly initial?: "row" | "full";
}

export function requestOf({ left, right, leftContract, rightContract, leftBatch = [], rightBatch = [], element = "f32", initial }: Case, epilogue?: Epilogue): DotRequest {
  return {
    name: "dot",
    site: 0 as SiteId, // no site table here
    machine: { name: "test", lanes: 4 },
    left: { element, shape: left },
    right: { element, shape: right },
    attributes: { leftBatch, rightBatch, leftContract, rightContract },
    initial,
    epilogue,
  };
}

/** Numbers whose sums round. */
export function filled(element: Element, length: number, seed: number): Cells {
  const data = cells(element, length);
  let state = seed * 7919 + 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    data[i] = element === "bool" ? (state >>> 20) & 1 : element === "f32" || element === "f64" ? (state / 2 ** 31) * 3 : state >> 8;
  }
  return data;
}

/** Runs `request` on its operands; `extras` are the epilogue's buffers. Scratch is poisoned, borders are checked. */
export function runDot(request: DotRequest, left: Cells, right: Cells, initial: Cells | undefined, result: Cells, extras: readonly Cells[] = []): void {
  const { kernels, scratchBytes } = lowerDot(request);
  const scratch = new ArrayBuffer(scratchBytes);
  new Float32Array(scratch).fill(NaN);
  for (const { kernel, roles } of kernels) {
    const memory = kernel.buffers.filter(({ space }) => space === "memory");
    const bound = roles.map((role, i): Cells => {
      const { storage, length } = memory[i];
      const view = (buffer: ArrayBufferLike, byteOffset: number): Cells => new (cells(storage, 0).constructor as new (buffer: ArrayBufferLike, byteOffset: number, length: number) => Cells)(buffer, byteOffset, length); // typed arrays share this constructor
      switch (role.kind) {
        case "left": return view(left.buffer, left.byteOffset + role.byteOffset);
        case "right": return view(right.buffer, right.byteOffset + role.byteOffset);
        case "initial": if (initial === undefined) throw new Error("no initial"); return initial;
        case "result": return result;
        case "extra": return extras[role.index];
        case "length": throw new Error("no length");
        case "scratch": return view(scratch, role.byteOffset);
      }
    });
    interpret(kernel)(...bound);
  }
}

const strides = (shape: readonly number[]): number[] => shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
const positions = (shape: readonly number[]): number[][] => shape.reduce<number[][]>((all, size) => all.flatMap((at) => Array.from({ length: size }, (_, i) => [...at, i])), [[]]);

/** The result with every product and sum rounded, k ascending. */
export function reference(request: DotRequest, left: Cells, right: Cells, initial?: Cells): Cells {
  const { left: l, right: r, attributes: a } = request;
  const free = (shape: readonly number[], ...taken: (readonly number[])[]): number[] => shape.map((_, axis) => axis).filter((axis) => !taken.flat().includes(axis));
  const leftFree = free(l.shape, a.leftBatch, a.leftContract);
  const rightFree = free(r.shape, a.rightBatch, a.rightContract);
  const take = (shape: readonly number[], axes: readonly number[]): number[] => axes.map((axis) => shape[axis]);
  const offsets = (shape: readonly number[], axes: readonly number[]): number[] => positions(take(shape, axes)).map((at) => at.reduce((sum, index, i) => sum + index * strides(shape)[axes[i]], 0));
  const element = l.element;
  const round = (x: number): number => ({ f32: Math.fround(x), f64: x, i32: x | 0, u32: x >>> 0, bool: x & 1 })[element];
  const times = (x: number, y: number): number => (element === "i32" || element === "u32" ? round(Math.imul(x, y)) : round(x * y));
  const [lb, rb, lf, rf, lk, rk] = [offsets(l.shape, a.leftBatch), offsets(r.shape, a.rightBatch), offsets(l.shape, leftFree), offsets(r.shape, rightFree), offsets(l.shape, a.leftContract), offsets(r.shape, a.rightContract)];
  const result = cells(element, lb.length * lf.length * rf.length);
  let at = 0;
  for (let b = 0; b < lb.length; b++)
    for (const row of lf)
      for (let column = 0; column < rf.length; column++) {
        let sum = initial === undefined ? 0 : request.initial === "row" ? initial[column] : initial[at];
        for (let k = 0; k < lk.length; k++) sum = round(sum + times(left[lb[b] + row + lk[k]], right[rb[b] + rf[column] + rk[k]]));
        result[at++] = sum;
      }
  return result;
}
