import { describe, expect, test } from "vitest";
import { coefficients } from "../../compiler/schedule/approximate/coefficients.ts";
import type { Approximated } from "../../compiler/schedule/approximate/index.ts";
import { cells, interpret } from "../contraction/interpret.ts";
import { dense, elementwise, patterns, ulps } from "./errors.ts";
import { fits } from "./fits.ts";
import { erf } from "./reference.ts";
import { fit } from "./remez.ts";

const SPECIALS = [0, -0, 1, -1, Infinity, -Infinity, NaN, 2, -2, 0.5, -0.5, 3, -3, 1e-40, -1e-40, 3.4e38, -3.4e38, 1.5, -1.5, 1e10, 16777216, -1e30, 1e-30, 8388609, 0.99999994, 1.0000001];
const logistic = (x: number): number => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));

/** Reference and worst error in ulp, f32 and f64, as the formulas' files state. */
const unary: readonly (readonly [Approximated, (x: number) => number, number, number])[] = [
  ["exp", Math.exp, 1, 2],
  ["expm1", Math.expm1, 1.6, 4],
  ["log", Math.log, 0.9, 2],
  ["log1p", Math.log1p, 1.6, 4],
  ["tanh", Math.tanh, 1.5, 8],
  ["erf", erf, 1.2, 16],
  ["logistic", logistic, 2.5, 4],
];
const binary: readonly (readonly [Approximated, (x: number, y: number) => number, number, number])[] = [
  ["pow", Math.pow, 1.2, 2],
  ["atan2", Math.atan2, 1.5, 4],
];

type Type = "f32" | "f64";

function evaluate(op: Approximated, type: Type, ...operands: readonly (readonly number[] | Float32Array)[]): ArrayLike<number> {
  const count = operands[0].length;
  const inputs = operands.map((operand) => {
    const input = cells(type, count);
    input.set(operand);
    return input;
  });
  const result = cells(type, count);
  interpret(elementwise(op, type, count))(...inputs, result);
  return result;
}

/** The worst error, with where it is. */
function worst(op: Approximated, type: Type, reference: (...args: readonly number[]) => number, ...operands: readonly (readonly number[] | Float32Array)[]): { readonly error: number; readonly where: string } {
  const found = evaluate(op, type, ...operands);
  let error = 0;
  let where = "nowhere";
  for (let i = 0; i < found.length; i++) {
    const args = operands.map((operand) => operand[i]);
    const distance = ulps(type, found[i], reference(...args));
    if (distance > error) [error, where] = [distance, `${op}(${args.join(", ")}) = ${found[i]}, not ${reference(...args)}`];
  }
  return { error, where };
}

/** Deterministic 32-bit words. */
function words(count: number, seed: number): Uint32Array {
  let state = seed;
  return Uint32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const mixed = Math.imul(state ^ (state >>> 16), 0x7feb352d);
    return Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b) ^ (mixed >>> 16);
  });
}
const between = (low: number, high: number, count: number, seed: number): number[] => Array.from(words(count, seed), (word) => low + ((high - low) * word) / 2 ** 32);

describe("coefficients", () => {
  test.each(Object.keys(coefficients) as (keyof typeof coefficients)[])("%s is its fit", (name) => { // keys of a literal
    const { f32, f64, ...family } = fits[name];
    const made: { f32?: readonly number[]; f64?: readonly number[] } = coefficients[name];
    if (f32 !== undefined) expect(made.f32).toEqual(fit({ ...family, coefficients: f32, precision: "f32" }).polynomial.map((value) => Number(value.toPrecision(9))));
    // the engine's own Math functions may differ in the last bit
    if (f64 !== undefined) fit({ ...family, coefficients: f64, precision: "f64" }).polynomial.forEach((value, i) => expect(made.f64?.[i]).toBeCloseTo(value, 3));
    expect(made.f32?.length).toBe(f32);
    expect(made.f64?.length).toBe(f64);
  });
});

describe("worst errors", () => {
  test.each(unary)("%s", (op, reference, f32, f64) => {
    for (const samples of [patterns(16381), dense(-12, 12, 150_000), dense(-1, 1.5, 150_000), dense(-110, 110, 100_000)]) {
      const { error, where } = worst(op, "f32", reference, samples);
      expect(error, where).toBeLessThanOrEqual(f32);
    }
    for (const samples of [SPECIALS, between(-10, 10, 40_000, 1), between(-1, 1, 40_000, 2), between(-745, 710, 40_000, 3)]) {
      const { error, where } = worst(op, "f64", reference, samples);
      expect(error, where).toBeLessThanOrEqual(f64);
    }
  });

  test.each(binary)("%s", (op, reference, f32, f64) => {
    const table = [SPECIALS.flatMap((x) => SPECIALS.map(() => x)), SPECIALS.flatMap(() => SPECIALS)];
    const bits = [1, 2].map((seed) => new Float32Array(words(60_000, seed).buffer));
    const some = [between(-4, 4, 60_000, 3), between(-5, 5, 60_000, 4)];
    const steep = [between(0, 100, 60_000, 5), between(-30, 20, 60_000, 6)];
    for (const operands of [table, bits, some, steep]) {
      const rounded = operands.map((operand) => Float32Array.from(operand));
      const single = worst(op, "f32", reference, ...rounded);
      expect(single.error, single.where).toBeLessThanOrEqual(f32);
      const double = worst(op, "f64", reference, ...operands.map((operand) => [...operand]));
      expect(double.error, double.where).toBeLessThanOrEqual(f64);
    }
  });

  test("pow of negative bases and whole exponents", () => {
    const { error, where } = worst("pow", "f32", Math.pow, Float32Array.from(between(-100, 0, 50_000, 9)), between(-20, 20, 50_000, 10).map(Math.round));
    expect(error, where).toBeLessThanOrEqual(1.2);
  });

  test.each(["sin", "cos"] as const)("%s up to 1e5", (op) => {
    for (const samples of [dense(-12, 12, 150_000), dense(-1e5, 1e5, 150_000), dense(-110, 110, 100_000), patterns(16381).filter((x) => Math.abs(x) <= 1e5), Float32Array.of(0, -0)]) {
      const found = evaluate(op, "f32", samples);
      samples.forEach((x, i) => {
        const exact = Math[op](x);
        const ok = Math.abs(exact) > 2 ** -12 || Math.abs(x) < 1 ? ulps("f32", found[i], exact) <= 1.6 : Math.abs(found[i] - exact) <= 2 ** -36;
        if (!ok) expect.fail(`${op}(${x}) = ${found[i]}, not ${exact}`);
      });
    }
    const wide = between(-1e5, 1e5, 50_000, 7);
    const found = evaluate(op, "f64", wide);
    wide.forEach((x, i) => expect(Math.abs(found[i] - Math[op](x))).toBeLessThanOrEqual(4e-16));
  });

  test("sin and cos stay in range beyond, and give NaN for infinities", () => {
    const far = [1e6, -1e8, 3e38, 1e20];
    for (const op of ["sin", "cos"] as const) {
      for (const value of Array.from(evaluate(op, "f32", far))) expect(Math.abs(value)).toBeLessThanOrEqual(1);
      expect(Array.from(evaluate(op, "f32", [Infinity, -Infinity, NaN]))).toEqual([NaN, NaN, NaN]);
    }
  });
});

test("4 lanes give the bits of 1", () => {
  const samples = patterns(2 ** 22 + 3).subarray(0, 1020);
  for (const [op] of [...unary, ["sin"], ["cos"], ...binary] as const) {
    const operands = op === "pow" || op === "atan2" ? [samples, samples.slice().reverse()] : [samples];
    const [one, four] = ([1, 4] as const).map((lanes) => {
      const result = new Float32Array(samples.length);
      interpret(elementwise(op, "f32", samples.length, lanes))(...operands, result);
      return result;
    });
    expect(four, op).toEqual(one);
  }
});
