/** Kernels that apply one approximation to a whole buffer, and error measures. */
import { approximate } from "../../compiler/schedule/approximate/index.ts";
import type { Approximated } from "../../compiler/schedule/approximate/index.ts";
import { at, KernelScope, load, local, loop, setLocal, store } from "../../compiler/schedule/expression.ts";
import type { SiteId } from "../../compiler/ir/graph.ts";
import type { Kernel, Lanes, Statement } from "../../compiler/schedule/kernel.ts";

/** y[i] = op(x[i], ...) for `length` elements, a multiple of `lanes * unroll`; buffers: the operands, then y. */
export function elementwise(op: Approximated, type: "f32" | "f64", length: number, lanes: Lanes = 1, unroll = 1): Kernel {
  const scope = new KernelScope();
  const operands = op === "pow" || op === "atan2" ? 2 : 1;
  const inputs = Array.from({ length: operands }, (_, i) => scope.buffer(`x${i}`, type, length));
  const result = scope.buffer("y", type, length);
  const i = scope.variable();
  const body: Statement[] = [];
  for (let turn = 0; turn < unroll; turn++) {
    const place = at(turn * lanes, [i, 1]);
    const args = inputs.map((input) => {
      const arg = scope.local(type, lanes);
      body.push(setLocal(arg, load(input, place, lanes)));
      return local(arg);
    });
    const value = approximate(op, args, type, lanes, scope, body);
    body.push(store(result, place, value, lanes));
  }
  return { name: op, buffers: scope.buffers, locals: scope.locals, variables: scope.variables, body: [loop(i, 0, length, lanes * unroll, body)], site: 0 as SiteId }; // no site table here
}

/** Distance in units in the last place of the exact value, which is given in f64; subnormals count in 2^-149 (2^-1074). */
export function ulps(type: "f32" | "f64", found: number, exact: number): number {
  if (Number.isNaN(exact) || Number.isNaN(found)) return Number.isNaN(exact) && Number.isNaN(found) ? 0 : Infinity;
  const rounded = type === "f32" ? Math.fround(exact) : exact;
  if (Object.is(found, rounded)) return Math.abs(found) === Infinity || exact === found ? 0 : Math.abs(found - exact) / unit(type, exact);
  if (!Number.isFinite(found) || !Number.isFinite(rounded)) {
    // one side overflows: count from the first value that is too great
    const edge = type === "f32" ? 2 ** 128 : Infinity;
    const clip = (x: number): number => Math.sign(x) * Math.min(Math.abs(x), edge);
    return Number.isFinite(clip(found)) && Number.isFinite(clip(exact)) ? Math.abs(clip(found) - clip(exact)) / unit(type, edge / 2) : Infinity;
  }
  if (found === 0 && exact === 0) return Infinity; // zeros of different sign
  return Math.abs(found - exact) / unit(type, exact);
}

function unit(type: "f32" | "f64", exact: number): number {
  const [digits, least] = type === "f32" ? [23, -126] : [52, -1022];
  return 2 ** (Math.max(Math.floor(Math.log2(Math.abs(exact))), least) - digits);
}

/** Every `stride`-th bit pattern of f32: both signs, infinities, NaNs, subnormals. */
export function patterns(stride: number): Float32Array {
  const bits = new Uint32Array(Math.floor(2 ** 32 / stride));
  for (let i = 0; i < bits.length; i++) bits[i] = i * stride;
  return new Float32Array(bits.buffer);
}

export const dense = (from: number, to: number, count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => from + ((to - from) * i) / count);
