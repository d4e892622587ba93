/** Affine indices, and loops over axes. */
import type { KernelScope } from "../expression.ts";
import { at, loop } from "../expression.ts";
import type { Index, Statement } from "../kernel.ts";
import type { Axis } from "./shape.ts";

/** Sum of indices without computed offsets; terms of one variable are joined. */
export function sum(...parts: readonly Index[]): Index {
  const terms = new Map<Index["terms"][number][0], number>();
  for (const [variable, factor] of parts.flatMap((part) => part.terms)) terms.set(variable, (terms.get(variable) ?? 0) + factor);
  return at(
    parts.reduce((total, { base }) => total + base, 0),
    ...[...terms].filter(([, factor]) => factor !== 0),
  );
}

export const scale = (index: Index, factor: number): Index => ({ base: index.base * factor, terms: index.terms.map(([variable, by]) => [variable, by * factor]) });

/**
 * Loops over axes that several operands share; `body` gets the offset into each operand and the position counted
 * row-major.
 */
export function nest(scope: KernelScope, operands: readonly (readonly Axis[])[], body: (offsets: readonly Index[], position: Index) => readonly Statement[]): readonly Statement[] {
  const sizes = operands[0].map(({ size }) => size);
  const variables = sizes.map(() => scope.variable());
  const offsets = operands.map((axes) => at(0, ...axes.map(({ stride }, axis) => [variables[axis], stride] as const)));
  const weight = (axis: number): number => sizes.slice(axis + 1).reduce((total, size) => total * size, 1);
  const position = at(0, ...variables.map((variable, axis) => [variable, weight(axis)] as const));
  return variables.reduceRight<readonly Statement[]>((inner, variable, axis) => [loop(variable, 0, sizes[axis], 1, inner)], body(offsets, position));
}
