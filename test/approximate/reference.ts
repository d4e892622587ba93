/** Functions in f64 that JavaScript lacks, or loses near zero. */

/** erf(x) = 2/sqrt(pi) e^(-x^2) sum_n 2^n x^(2n+1) / (2n+1)!!, all terms of one sign. */
export function erf(x: number): number {
  if (!(Math.abs(x) < 6)) return Number.isNaN(x) ? NaN : Math.sign(x);
  if (Math.abs(x) > 2) return Math.sign(x) * (1 - erfc(Math.abs(x)));
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) sum += term *= (2 * x * x) / (2 * n + 1);
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** erfc(x) for x > 0, without cancellation from 1.5 on. */
export const erfc = (x: number): number => (x < 1.5 ? 1 - erf(x) : Math.exp(-x * x) * erfcx(x));

/** e^(x^2) erfc(x) for x >= 1, by the continued fraction 1/sqrt(pi) / (x + (1/2) / (x + (2/2) / (x + ...))). */
export function erfcx(x: number): number {
  let tail = x;
  for (let n = 400; n >= 1; n--) tail = x + n / 2 / tail;
  return 1 / Math.sqrt(Math.PI) / tail;
}

/** sum_n start * ratio(1) * ... * ratio(n), until it stands. */
export function series(start: number, ratio: (n: number) => number): number {
  let term = start;
  let sum = start;
  for (let n = 1; n < 60; n++) sum += term *= ratio(n);
  return sum;
}
