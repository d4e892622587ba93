/** Work shared out to the invocations of a grid: which element is whose, and its indices along the axes of a space. */
import { apply, at, KernelScope, literal } from "../expression.ts";
import { invocationVariable, workgroupVariable } from "../kernel.ts";
import type { Expression, Grid, Index, Statement } from "../kernel.ts";

/** Invocations of a workgroup that work side by side: a multiple of every device's subgroup, a part of every device's limit. */
export const side = 64;

/** Reserves the variables of the grid. */
export function gridScope<S extends KernelScope>(scope: S): S {
  scope.reorders = true;
  scope.variables = Math.max(scope.variables, 2);
  return scope;
}

/** Fewer invocations side by side leave most of a subgroup idle. */
const least = 8;

/** One invocation for each of `count` elements, and some to spare. `spread`: smaller workgroups where there are not that many, for invocations that work long. */
export function gridOf(count: number, spread = 1): Grid {
  let invocations = 1;
  while (invocations < side && invocations < count && (invocations < least || invocations * spread < count)) invocations *= 2;
  return { workgroups: Math.max(1, Math.ceil(count / invocations)), invocations };
}

/** The invocation's number in the grid. */
export const numberIn = ({ workgroups, invocations }: Grid): Index =>
  at(0, ...(workgroups === 1 ? [] : [[workgroupVariable, invocations] as const]), ...(invocations === 1 ? [] : [[invocationVariable, 1] as const]));

/** The terms of an index without a base, times a number. */
export const scaled = ({ terms }: Index, by: number): Index["terms"] => terms.map(([variable, factor]) => [variable, factor * by]);

export const indexValue = (index: Index): Expression => ({ kind: "index", at: index, lanes: 1 });

/** `body` for the first `count` invocations of the grid. */
export function guarded({ workgroups, invocations }: Grid, count: number, body: readonly Statement[]): readonly Statement[] {
  if (workgroups * invocations === count) return body;
  return [{ kind: "if", test: apply("lt", "i32", 1, indexValue(numberIn({ workgroups, invocations })), literal(count, "i32")), then: body, else: [] }];
}

/** Row-major indices along `sizes` of element `index` >= 0; statements that set their variables go to `out`. */
export function split(scope: KernelScope, index: Index, sizes: readonly number[], out: Statement[]): Index[] {
  const result: Index[] = sizes.map(() => at(0));
  const long = sizes.map((_, i) => i).filter((i) => sizes[i] !== 1);
  let rest = index;
  for (const [i, axis] of [...long.entries()].reverse()) {
    if (i === 0) {
      result[axis] = rest;
      continue;
    }
    const size = literal(Math.max(1, sizes[axis]), "u32"); // no turn at all where it is 0
    const whole = rest;
    const bound = (op: "idiv" | "imod"): Index => {
      const variable = scope.variable();
      const quotient = apply(op, "u32", 1, apply("bitsU32", "i32", 1, indexValue(whole)), size);
      out.push({ kind: "bind", variable, value: apply("bitsI32", "u32", 1, quotient) });
      return at(0, [variable, 1]);
    };
    result[axis] = bound("imod");
    rest = bound("idiv");
  }
  return result;
}
