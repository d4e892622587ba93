/** What each polynomial of `compiler/schedule/approximate/coefficients.ts` is a fit of. */
import type { coefficients } from "../../compiler/schedule/approximate/coefficients.ts";
import { erf, erfc, erfcx, series } from "./reference.ts";
import type { Fit } from "./remez.ts";

/** `f32`, `f64`: how many coefficients. */
type Family = Omit<Fit, "coefficients" | "precision"> & { readonly doc: string; readonly f32?: number; readonly f64?: number };

const LN2 = Math.LN2;
/** (e^x - 1 - x) / x^2 */
const expTail = (x: number): number => series(0.5, (n) => x / (n + 2));
/** log(1 + x) / x */
const log1pOverX = (x: number): number => (Math.abs(x) < 1e-4 ? 1 - x / 2 + (x * x) / 3 : Math.log1p(x) / x);
/** (log(1 + x) - x + x^2 / 2) / x^3: the Taylor terms from 1/3 on; far from 0 by the logarithm. */
const logTail = (x: number): number => {
  if (Math.abs(x) > 0.25) return (Math.log1p(x) - x + (x * x) / 2) / x ** 3;
  let sum = 0;
  for (let n = 40; n >= 0; n--) sum = 1 / (n + 3) - x * sum;
  return sum;
};
/** (sin(x) / x - 1) / x^2 by z = x^2 */
const sinTail = (z: number): number => series(-1 / 6, (n) => -z / ((2 * n + 2) * (2 * n + 3)));
/** (cos(x) - 1 + x^2 / 2) / x^4 by z = x^2 */
const cosTail = (z: number): number => series(1 / 24, (n) => -z / ((2 * n + 3) * (2 * n + 4)));
/** (tanh(x) / x - 1) / x^2 by z = x^2 */
const tanhTail = (z: number): number => (z < 1e-3 ? -1 / 3 + (2 * z) / 15 - (17 * z * z) / 315 : (Math.tanh(Math.sqrt(z)) / Math.sqrt(z) - 1) / z);
/** (atan(x) / x - 1) / x^2 by z = x^2 */
const atanTail = (z: number): number => {
  if (z > 0.04) return (Math.atan(Math.sqrt(z)) / Math.sqrt(z) - 1) / z;
  let sum = 0;
  for (let n = 20; n >= 1; n--) sum = (n % 2 === 0 ? 1 : -1) / (2 * n + 1) + z * sum;
  return sum;
};
/** (atanh(s) / s - 1 - z / 3) / z^2 by z = s^2 */
const atanhTail = (z: number): number => {
  let sum = 0;
  for (let n = 40; n >= 2; n--) sum = 1 / (2 * n + 1) + z * sum;
  return sum;
};
/** erf(x) / x by z = x^2 */
const erfOverX = (z: number): number => (z === 0 ? 2 / Math.sqrt(Math.PI) : erf(Math.sqrt(z)) / Math.sqrt(z));

export const fits: Record<keyof typeof coefficients, Family> = {
  exp: { doc: "(e^x - 1 - x) / x^2, |x| <= ln2 / 2", target: expTail, weight: (x) => (x * x) / Math.exp(x), from: -LN2 / 2, to: LN2 / 2, f32: 5, f64: 10 },
  log: { doc: "(log(1 + x) - x + x^2 / 2) / x^3, |x| <= 1/3", target: logTail, weight: (x) => Math.abs((x * x) / log1pOverX(x)), from: -1 / 3, to: 1 / 3, f32: 9 },
  atanh: { doc: "(atanh(s) / s - 1 - z / 3) / z^2 by z = s^2, |s| <= 1/5", target: atanhTail, weight: (z) => z * z, from: 0, to: 0.2 ** 2, f32: 3, f64: 8 },
  sin: { doc: "(sin(x) / x - 1) / z by z = x^2, |x| <= pi/4", target: sinTail, weight: (z) => z, from: 0, to: (Math.PI / 4) ** 2, f32: 3, f64: 6 },
  cos: { doc: "(cos(x) - 1 + z / 2) / z^2 by z = x^2, |x| <= pi/4", target: cosTail, weight: (z) => z * z, from: 0, to: (Math.PI / 4) ** 2, f32: 3, f64: 6 },
  tanh: { doc: "(tanh(x) / x - 1) / z by z = x^2, |x| <= 5/8", target: tanhTail, weight: (z) => z, from: 0, to: 0.625 ** 2, f32: 5 },
  atan: { doc: "(atan(x) / x - 1) / z by z = x^2, |x| <= 1", target: atanTail, weight: (z) => z, from: 0, to: 1, f32: 9 },
  atanReduced: { doc: "the same for |x| <= tan(pi/8)", target: atanTail, weight: (z) => z, from: 0, to: Math.tan(Math.PI / 8) ** 2, f64: 11 },
  erf: { doc: "erf(x) / x - 1 by z = x^2, |x| <= 1", target: (z) => erfOverX(z) - 1, weight: (z) => 1 / erfOverX(z), from: 0, to: 1, f32: 8, f64: 16 },
  erfcLog: { doc: "log(erfc(x)) / x, 0.925 <= x <= 4", target: (x) => Math.log(erfc(x)) / x, weight: (x) => (x * erfc(x)) / erf(x), from: 0.925, to: 4, f32: 8 },
  erfcx: { doc: "e^(x^2) erfc(x) by t = 1 / (x + 2), 1 <= x <= 6", target: (t) => erfcx(1 / t - 2), weight: (t) => Math.exp(-((1 / t - 2) ** 2)), from: 1 / 8, to: 1 / 3, f64: 15 },
};
