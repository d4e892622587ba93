/** The product as a plain nest of loops, one scalar sum at a time: any element, any axes. */
import { at, load, loop, setLocal } from "../expression.ts";
import type { Index, Statement } from "../kernel.ts";
import type { DotRequest, LoweredDot, Place } from "./request.ts";
import type { Axis, Product } from "./shape.ts";
import { accumulate, ProductScope, scale, sum } from "./product-scope.ts";

export function plainProduct(request: DotRequest, product: Product): LoweredDot {
  const scope = new ProductScope(request, product);
  const { left, right, batch, rows, columns, depth } = product;
  const leftBuffer = scope.bound({ kind: "left" }, "left", scope.element, left.elements);
  const rightBuffer = scope.bound({ kind: "right" }, "right", scope.element, right.elements);
  const accumulator = scope.local(scope.element);

  /** Loops over axes; `body` gets the offset into each operand and the position counted row-major. */
  const nest = (axes: readonly (readonly Axis[])[], body: (offsets: readonly Index[], position: Index) => Statement[]): Statement[] => {
    const sizes = axes[0].map(({ size }) => size);
    const variables = sizes.map(() => scope.variable());
    const offsets = axes.map((list) => at(0, ...list.map(({ stride }, axis) => [variables[axis], stride] as const)));
    const weight = (axis: number): number => sizes.slice(axis + 1).reduce((total, size) => total * size, 1);
    const position = at(0, ...variables.map((variable, axis) => [variable, weight(axis)] as const));
    return variables.reduceRight((inner, variable, axis) => [loop(variable, 0, sizes[axis], 1, inner)], body(offsets, position));
  };

  const body = nest([left.batch, right.batch], ([leftBatch, rightBatch], b) =>
    nest([left.free], ([leftRow], row) =>
      nest([right.free], ([rightColumn], column) => {
        const out: Statement[] = [];
        const flat = sum(scale(b, rows * columns), scale(row, columns), column);
        const place: Place = { scope, out, lanes: 1, flat, batch: b, row, column };
        out.push(setLocal(accumulator, scope.start(place)));
        out.push(...nest([left.contract, right.contract], ([leftDepth, rightDepth]) => [
          accumulate(scope, accumulator, load(leftBuffer, sum(leftBatch, leftRow, leftDepth)), load(rightBuffer, sum(rightBatch, rightColumn, rightDepth)), 1),
        ]));
        scope.finish(accumulator, place);
        return out;
      }),
    ),
  );
  return { kernels: [scope.kernel(request.name, body)], scratchBytes: 0, flops: 2 * batch * rows * columns * depth };
}
