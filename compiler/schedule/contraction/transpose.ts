/** 4 x 4 blocks turned in registers. */
import { apply, literal, load, local, setLocal } from "../expression.ts";
import type { BufferId, Expression, Index, LocalId, Statement } from "../kernel.ts";
import type { ProductScope } from "./product-scope.ts";

const zip = (scope: ProductScope, half: "Low" | "High", a: Expression, b: Expression): Expression => apply(`zip${half}`, scope.element, 4, a, b);

/**
 * Of 4 rows, the vectors (row0[i], row1[i], row2[i], row3[i]) for i below `length` (4, or 1 where only the first element
 * of each row exists), in locals. `rows`: where each row starts; null is a row of zeros.
 */
export function transposed(scope: ProductScope, buffer: BufferId, rows: readonly (Index | null)[], length: 4 | 1, out: Statement[]): readonly LocalId[] {
  const hold = (value: Expression): LocalId => {
    const id = scope.local(scope.element, 4);
    out.push(setLocal(id, value));
    return id;
  };
  const [r0, r1, r2, r3] = rows.map((row) => (row === null ? literal(0, scope.element, 4) : local(hold(load(buffer, row, 4, length)))));
  const even = local(hold(zip(scope, "Low", r0, r2)));
  const odd = local(hold(zip(scope, "Low", r1, r3)));
  if (length === 1) return [hold(zip(scope, "Low", even, odd))];
  const highEven = local(hold(zip(scope, "High", r0, r2)));
  const highOdd = local(hold(zip(scope, "High", r1, r3)));
  return [hold(zip(scope, "Low", even, odd)), hold(zip(scope, "High", even, odd)), hold(zip(scope, "Low", highEven, highOdd)), hold(zip(scope, "High", highEven, highOdd))];
}
