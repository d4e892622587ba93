/**
 * Minimax polynomials for f32 by Remez exchange on a grid of Chebyshev points; for f64, where the error of a minimax fit
 * would drown in the rounding of the target, interpolation in the Chebyshev points of the interval.
 * W. Fraser, "A survey of methods of computing minimax and near-minimax polynomial approximations", J. ACM 12 (1965).
 */
export interface Fit {
  /** What the polynomial stands for, as a function of its variable. */
  readonly target: (x: number) => number;
  /** The error counts times this. */
  readonly weight: (x: number) => number;
  readonly from: number;
  readonly to: number;
  readonly coefficients: number;
  /** f32: each coefficient is rounded in turn, lowest power first, and the rest refitted around it. */
  readonly precision: "f32" | "f64";
}

const GRID = 1024;

/** The coefficients, lowest power first, and the greatest weighted error reached. */
export function fit({ target, weight, from, to, coefficients, precision }: Fit): { readonly polynomial: readonly number[]; readonly error: number } {
  const samples = chebyshevPoints(from, to, GRID).map((x) => ({ x, weight: weight(x), value: target(x) }));
  const error = (polynomial: readonly number[], at: (typeof samples)[number]): number => at.weight * (at.value - evaluate(polynomial, at.x));
  const worst = (polynomial: readonly number[]): number => Math.max(...samples.map((sample) => Math.abs(error(polynomial, sample))));

  let fixed: number[] = [];
  if (precision === "f64") fixed = interpolate({ target, from, to, coefficients });
  else while (fixed.length < coefficients) fixed.push(Math.fround(exchange(samples, fixed, coefficients, error)[fixed.length]));
  return { polynomial: fixed, error: worst(fixed) };
}

export const evaluate = (polynomial: readonly number[], x: number): number => polynomial.reduceRight((sum, coefficient) => sum * x + coefficient, 0);

const chebyshevPoints = (from: number, to: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => (from + to) / 2 - ((to - from) / 2) * Math.cos((Math.PI * (i + 0.5)) / count));

function interpolate({ target, from, to, coefficients }: Pick<Fit, "target" | "from" | "to" | "coefficients">): number[] {
  const scale = Math.max(Math.abs(from), Math.abs(to));
  const rows = chebyshevPoints(from, to, coefficients).map((x) => [...Array.from({ length: coefficients }, (_, j) => (x / scale) ** j), target(x)]);
  return solve(rows).map((value, j) => value / scale ** j);
}

interface Sample {
  readonly x: number;
  readonly weight: number;
  readonly value: number;
}

/** The best polynomial that starts with the coefficients `fixed`. */
function exchange(samples: readonly Sample[], fixed: readonly number[], coefficients: number, error: (polynomial: readonly number[], at: Sample) => number): number[] {
  const unknowns = coefficients - fixed.length;
  const scale = Math.max(...samples.map(({ x }) => Math.abs(x)));
  let reference = Array.from({ length: unknowns + 1 }, (_, i) => samples[Math.round(((GRID - 1) * (1 - Math.cos((Math.PI * i) / unknowns))) / 2)]);
  let polynomial: number[] = [];
  for (let turn = 0; turn < 40; turn++) {
    // weight * (value - polynomial) = +-level at every reference point
    const rows = reference.map((sample, i) => [
      ...Array.from({ length: unknowns }, (_, j) => sample.weight * (sample.x / scale) ** (j + fixed.length)),
      i % 2 === 0 ? 1 : -1,
      error(fixed, sample),
    ]);
    const solution = solve(rows);
    polynomial = [...fixed, ...solution.slice(0, unknowns).map((value, j) => value / scale ** (j + fixed.length))];
    const level = Math.abs(solution[unknowns]);
    const extremes = alternating(samples, (sample) => error(polynomial, sample), unknowns + 1);
    if (extremes === null) return polynomial;
    reference = extremes;
    if (Math.max(...extremes.map((sample) => Math.abs(error(polynomial, sample)))) <= level * (1 + 1e-9)) break;
  }
  return polynomial;
}

/** The greatest error of each run of one sign, cut at the ends to `count` runs. */
function alternating(samples: readonly Sample[], error: (at: Sample) => number, count: number): Sample[] | null {
  const runs: Sample[] = [];
  for (const sample of samples) {
    const last = runs.at(-1);
    if (last === undefined || Math.sign(error(last)) !== Math.sign(error(sample))) runs.push(sample);
    else if (Math.abs(error(sample)) > Math.abs(error(last))) runs[runs.length - 1] = sample;
  }
  while (runs.length > count) {
    if (Math.abs(error(runs[0])) < Math.abs(error(runs[runs.length - 1]))) runs.shift();
    else runs.pop();
  }
  return runs.length < count ? null : runs;
}

/** Gaussian elimination with row pivoting of [matrix | right side]. */
function solve(rows: number[][]): number[] {
  const n = rows.length;
  for (let column = 0; column < n; column++) {
    const pivot = rows.slice(column).reduce((best, row, i) => (Math.abs(row[column]) > Math.abs(rows[best][column]) ? i + column : best), column);
    [rows[column], rows[pivot]] = [rows[pivot], rows[column]];
    for (let row = column + 1; row < n; row++) {
      const factor = rows[row][column] / rows[column][column];
      for (let j = column; j <= n; j++) rows[row][j] -= factor * rows[column][j];
    }
  }
  const solution = new Array<number>(n).fill(0);
  for (let row = n - 1; row >= 0; row--) {
    const known = rows[row].slice(row + 1, n).reduce((sum, value, j) => sum + value * solution[row + 1 + j], 0);
    solution[row] = (rows[row][n] - known) / rows[row][row];
  }
  return solution;
}
