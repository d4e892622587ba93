/** Transcendental ops written in MachineOps. */
import type { OpName } from "../../ops/attributes.ts";
import type { KernelScope } from "../expression.ts";
import type { Expression, Lanes, Statement } from "../kernel.ts";
import { Arithmetic } from "./arithmetic.ts";
import type { Real } from "./coefficients.ts";
import { erf, exp, expm1, logistic, tanh } from "./exponential.ts";
import { log, log1p } from "./logarithm.ts";
import { pow } from "./power.ts";
import { atan2, cos, sin } from "./trigonometric.ts";

type Formula = (a: Arithmetic, ...args: readonly Expression[]) => Expression;

const formulas = { exp, expm1, log, log1p, sin, cos, tanh, erf, logistic, pow, atan2 } satisfies { readonly [K in OpName]?: unknown };

export type Approximated = keyof typeof formulas;

/**
 * The value of `op` at `args`, each a local or a literal. Statements that it needs go to `out`, locals come from
 * `scope`. f32 with 1 or 4 lanes gives the same bits; f64 has 1 lane. Each formula's file states its worst error.
 */
export function approximate(op: Approximated, args: readonly Expression[], type: Real, lanes: Lanes, scope: KernelScope, out: Statement[]): Expression {
  const formula: Formula = formulas[op];
  return formula(new Arithmetic(type, lanes, scope, out), ...args);
}
