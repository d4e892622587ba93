/** Does this engine compute what the compiler's f64 reference says? One call per entry on made-up arguments, against baked numbers. */

import { arrays, type ElementName } from "./elements.ts";

/** element, byte offset, count, for indices the first number out of range (0: none), and what it is where that is not made up. */
export type TestArgument = readonly [element: ElementName, at: number, count: number, below: number, value?: number];
/** What a tensor must be after the call: sum and sum of squares of its elements, by the reference. */
export type TestCheck = readonly [name: string, element: ElementName, at: number, count: number, sum: number, squares: number];
export type TestCase = readonly [symbol: string, given: readonly TestArgument[], checks: readonly TestCheck[]];

export interface SelfTestResult {
  readonly passed: boolean;
  /** The value that deviates most, as `step: loss`. */
  readonly worst: string;
  /** Its deviation as a part of what is allowed: above 1 the test has failed. */
  readonly deviation: number;
}

/** Element `i` of made-up argument number `ordinal`: a multiple of 2^-24 in [0, 1), a scalar of a float type below 1/64; exact in f32. */
export function testValue(element: ElementName, ordinal: number, i: number, count: number, below: number): number {
  let hash = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(ordinal + 1, 0x85ebca77);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  hash = (hash ^ (hash >>> 15)) >>> 8;
  if (element === "f32" || element === "f64") return hash / (count === 1 ? 2 ** 30 : 2 ** 24);
  return hash % (below || 2);
}

/** How far the values are from their sums, as a part of what is allowed. */
export function deviationOf(values: Iterable<number>, [, , , count, sum, squares]: TestCheck): number {
  let [a, b] = [0, 0];
  for (const value of values) {
    a += value;
    b += value * value;
  }
  // |sum of errors| <= sqrt(n * sum of squared values) * relative error, by Cauchy and Schwarz.
  return Math.max(Math.abs(a - sum) / (1e-3 * Math.sqrt(count * squares) + 1e-5), Math.abs(b - squares) / (2e-3 * squares + 1e-5));
}

/** Runs the cases from the initial state of seed 0 and puts the memory back as it was. */
export function selfTest(buffer: ArrayBuffer, kernels: Readonly<Record<string, () => void>>, boot: (seed: number) => void, cases: readonly TestCase[]): SelfTestResult {
  const memory = new Uint8Array(buffer);
  const before = memory.slice();
  let worst = "";
  let deviation = 0;
  try {
    for (const [symbol, given, checks] of cases) {
      boot(0);
      given.forEach(([element, at, count, below, value], ordinal) => {
        const view = new arrays[element](buffer, at, count);
        for (let i = 0; i < count; i++) view[i] = value ?? testValue(element, ordinal, i, count, below);
      });
      kernels[symbol]();
      for (const check of checks) {
        const [name, element, at, count] = check;
        const part = deviationOf(new arrays[element](buffer, at, count), check);
        if (!(part <= deviation)) {
          worst = `${symbol}: ${name}`;
          deviation = part;
        }
      }
    }
  } finally {
    memory.set(before);
  }
  return { passed: deviation <= 1, worst, deviation };
}
