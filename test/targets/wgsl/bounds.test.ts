/** Worst errors of the ops that shaders compute by formulas, and of those that WGSL leaves room for: measured on whatever adapter there is. */
import { describe, expect, test } from "vitest";
import { Builder } from "../../../compiler/ir/builder.ts";
import { tensor } from "../../../compiler/reference/index.ts";
import { dense, patterns, ulps } from "../../approximate/errors.ts";
import { erf } from "../../approximate/reference.ts";
import { runRegion } from "./run.ts";
import { adapter } from "./watched.ts";

type Unary = "exp" | "expm1" | "log" | "log1p" | "tanh" | "erf" | "logistic" | "sqrt" | "sin" | "cos";
type Binary = "div" | "pow" | "atan2";

const logistic = (x: number): number => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));

/** Reference and bound in ulp, as `targets/wgsl/operations.ts` states them. */
const unary: readonly (readonly [Unary, (x: number) => number, number])[] = [
  ["exp", Math.exp, 1.5], ["expm1", Math.expm1, 2], ["log", Math.log, 2], ["log1p", Math.log1p, 2], ["tanh", Math.tanh, 2],
  ["erf", erf, 1.5], ["logistic", logistic, 3], ["sqrt", Math.sqrt, 2.5],
];
const binary: readonly (readonly [Binary, (x: number, y: number) => number, (x: number, y: number) => number])[] = [
  ["div", (x, y) => x / y, () => 2.5], ["pow", Math.pow, (x, y) => 2 + 2 * (Math.min(150, Math.abs(y * Math.log2(Math.abs(x)))) || 0)], ["atan2", Math.atan2, () => 2],
];

const least = 2 ** -126;

async function valuesOf(op: Unary | Binary, ...operands: readonly Float32Array[]): Promise<ArrayLike<number>> {
  const b = new Builder();
  const type = { element: "f32", shape: [operands[0].length] } as const;
  const params = operands.map(() => b.parameter(type));
  const [{ data }] = await runRegion(b.region(b.ops(op, params, {})), operands.map((operand) => tensor(type, [...operand])));
  return data;
}

/**
 * What is off by more than its bound. A subnormal operand, result or step on the way to one is 0 on some devices: then it is the distance
 * to what comes of that, or less than the smallest normal number.
 */
async function failures(op: Unary | Binary, reference: (...args: number[]) => number, bound: (...args: number[]) => number, ...operands: readonly Float32Array[]): Promise<string[]> {
  const found = await valuesOf(op, ...operands);
  const flushed = (x: number): number => (Math.abs(x) < least ? 0 * x : x);
  return Array.from(operands[0].keys()).flatMap((i) => {
    const args = operands.map((operand) => operand[i]);
    const exact = [reference(...args), reference(...args.map(flushed))];
    const fits = exact.some((value) => Math.abs(found[i] - value) < least || ulps("f32", found[i], value) <= bound(...args));
    return fits ? [] : [`${op}(${args.join(", ")}) = ${found[i]}, not ${exact[0]}: ${ulps("f32", found[i], exact[0])} ulp`];
  }).slice(0, 5);
}

describe.skipIf(adapter === null)("worst errors on WGSL", () => {
  const bits = patterns(65521);
  const turned = (values: Float32Array): Float32Array => values.map((_, i) => values[(i * 7919) % values.length]);

  test.each(unary)("%s", async (op, reference, bound) => {
    for (const samples of [bits, dense(-12, 12, 30_000), dense(-1, 1.5, 30_000), dense(-110, 110, 30_000)]) {
      expect(await failures(op, reference, () => bound, samples)).toEqual([]);
    }
  });

  test.each(binary)("%s", async (op, reference, bound) => {
    for (const operands of [[bits, turned(bits)], [dense(-4, 4, 30_000), turned(dense(-5, 5, 30_000))], [dense(0, 100, 30_000), dense(-30, 20, 30_000)]]) {
      expect(await failures(op, reference, bound, ...operands)).toEqual([]);
    }
  });

  test.each(["sin", "cos"] as const)("%s up to 1e5", async (op) => {
    for (const samples of [dense(-12, 12, 30_000), dense(-1e5, 1e5, 30_000), bits.filter((x) => Math.abs(x) <= 1e5)]) {
      const found = await valuesOf(op, samples);
      samples.forEach((x, i) => {
        const exact = Math[op](x);
        const fits = Math.abs(found[i] - exact) < least || (Math.abs(exact) > 2 ** -12 || Math.abs(x) < 1 ? ulps("f32", found[i], exact) <= 2 : Math.abs(found[i] - exact) <= 2 ** -35);
        if (!fits) expect.fail(`${op}(${x}) = ${found[i]}, not ${exact}`);
      });
    }
  });
});
