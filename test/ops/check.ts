/**
 * Derivatives against central differences, as JAX's `check_grads`: the tangent in a random direction, the cotangent by
 * <ct, J dx> = <J' ct, dx>. A derivative is a function again, so the same check serves for higher orders.
 */
import { expect } from "vitest";
import { pull, push } from "../../compiler/differentiate/index.ts";
import { Builder } from "../../compiler/ir/builder.ts";
import type { TensorType, ValueId } from "../../compiler/ir/graph.ts";
import { verify } from "../../compiler/ir/verify.ts";
import { evaluate } from "../../compiler/reference/index.ts";
import type { Tensor } from "../../compiler/reference/index.ts";
import type { Random } from "./random.ts";

/** A function of tensors, as the nodes that it appends. */
export interface Fn {
  readonly types: readonly TensorType[];
  build(b: Builder, x: readonly ValueId[]): readonly ValueId[];
}

const isFloat = ({ element }: TensorType): boolean => element === "f32" || element === "f64";

export function run(fn: Fn, args: readonly Tensor[]): readonly Tensor[] {
  const b = new Builder();
  const x = fn.types.map((type) => b.parameter(type));
  const region = b.region(fn.build(b, x));
  verify(region);
  return evaluate(region, args);
}

const floatArgs = (fn: Fn): number[] => fn.types.map((_, i) => i).filter((i) => isFloat(fn.types[i]));

/** The types of a function's results, and which of them are floats. */
function outputs(fn: Fn): { readonly types: readonly TensorType[]; readonly floats: readonly number[] } {
  const b = new Builder();
  const types = fn.build(b, fn.types.map((type) => b.parameter(type))).map((id) => b.typeOf(id));
  return { types, floats: types.map((_, i) => i).filter((i) => isFloat(types[i])) };
}

const orZeros = (b: Builder, value: ValueId | null, like: ValueId): ValueId => value ?? b.zeros(b.typeOf(like));

/** (x, dx of the float args) -> tangents of the float results. */
export function tangentOf(fn: Fn): Fn {
  const moving = floatArgs(fn);
  return {
    types: [...fn.types, ...moving.map((i) => fn.types[i])],
    build: (b, given) => {
      const x = given.slice(0, fn.types.length);
      const y = fn.build(b, x).filter((id) => isFloat(b.typeOf(id)));
      return push(b, y, moving.map((i) => x[i]), given.slice(fn.types.length)).map((dy, i) => orZeros(b, dy, y[i]));
    },
  };
}

/** (x, ct of the float results) -> cotangents of the float args. */
export function cotangentOf(fn: Fn): Fn {
  const { types, floats } = outputs(fn);
  return {
    types: [...fn.types, ...floats.map((i) => types[i])],
    build: (b, given) => {
      const x = given.slice(0, fn.types.length);
      const y = fn.build(b, x).filter((id) => isFloat(b.typeOf(id)));
      const wrt = floatArgs(fn).map((i) => x[i]);
      return pull(b, y, wrt, given.slice(fn.types.length)).map((ct, i) => orZeros(b, ct, wrt[i]));
    },
  };
}

const inner = (a: readonly Tensor[], b: readonly Tensor[]): number =>
  a.reduce((sum, { data }, i) => sum + data.reduce((part, x, j) => part + x * b[i].data[j], 0), 0);

export function expectNear(actual: number, wanted: number, tolerance: number, what: string): void {
  const scale = Math.max(1, Math.abs(wanted));
  const near = Math.abs(actual - wanted) <= tolerance * scale || Object.is(actual, wanted);
  expect(near, `${what}: ${actual}, expected ${wanted}`).toBe(true);
}

export interface CheckOptions {
  /** Relative to max(1, |value|). */
  readonly tolerance?: number;
  /** Half the distance of the inner two of four points; values with kinks must lie further apart. */
  readonly step?: number;
}

/** Tangent and cotangent of `fn` at `args`. */
export function checkFirst(fn: Fn, args: readonly Tensor[], r: Random, options: CheckOptions = {}, what = "fn"): void {
  const { tolerance = 1e-6, step = 1e-3 } = options;
  const moving = floatArgs(fn);
  const dx = moving.map((i) => r.direction(fn.types[i]));
  const at = (h: number): readonly Tensor[] =>
    run(fn, args.map((arg, i) => {
      const d = dx[moving.indexOf(i)];
      return d === undefined ? arg : { type: arg.type, data: arg.data.map((x, j) => x + h * d.data[j]) };
    })).filter(({ type }) => isFloat(type));
  // Five-point formula, error O(step^4).
  const [p1, m1, p2, m2] = [at(step), at(-step), at(2 * step), at(-2 * step)];
  const tangents = run(tangentOf(fn), [...args, ...dx]);
  tangents.forEach((dy, k) => dy.data.forEach((value, j) => {
    if (!Number.isFinite(p1[k].data[j])) return; // the extreme of nothing
    const numeric = (8 * (p1[k].data[j] - m1[k].data[j]) - (p2[k].data[j] - m2[k].data[j])) / (12 * step);
    expectNear(value, numeric, tolerance, `${what}: tangent of result ${k}[${j}]`);
  }));
  const ct = tangents.map(({ type }) => r.direction(type));
  const cotangents = run(cotangentOf(fn), [...args, ...ct]);
  expectNear(inner(dx, cotangents), inner(ct, tangents), 1e-9, `${what}: <J' ct, dx>`);
}

/** To second order: the derivatives of both derivatives, and the symmetry of the second. */
export function checkSecond(fn: Fn, args: readonly Tensor[], r: Random, options: CheckOptions = {}, what = "fn"): void {
  checkFirst(fn, args, r, options, what);
  const { types, floats } = outputs(fn);
  const ct = floats.map((i) => r.direction(types[i]));
  const dx = floatArgs(fn).map((i) => r.direction(fn.types[i]));
  checkFirst(cotangentOf(fn), [...args, ...ct], r, options, `cotangent of ${what}`);
  checkFirst(tangentOf(fn), [...args, ...dx], r, options, `tangent of ${what}`);
  const hessianTimes = (direction: readonly Tensor[]): readonly Tensor[] =>
    run(tangentOf(cotangentOf(fn)), [...args, ...ct, ...direction, ...ct.map(({ type, data }) => ({ type, data: data.map(() => 0) }))]);
  const other = floatArgs(fn).map((i) => r.direction(fn.types[i]));
  expectNear(inner(other, hessianTimes(dx)), inner(dx, hessianTimes(other)), 1e-9, `${what}: symmetry of the second derivative`);
}
