/** The product as a plain nest of loops, one scalar sum at a time: any element, any axes. */
import { load, setLocal } from "../expression.ts";
import type { Statement } from "../kernel.ts";
import { nest, sum } from "./indices.ts";
import { ProductScope } from "./product-scope.ts";
import type { DotRequest, RoledKernel } from "./request.ts";
import type { Product } from "./shape.ts";

export function plainProduct(request: DotRequest, product: Product): RoledKernel {
  const scope = new ProductScope(request, product);
  const { left, right } = product;
  const accumulator = scope.local(scope.element);
  const body = scope.eachBatch((leftBatch, rightBatch, batch) =>
    nest(scope, [left.free], ([leftRow], row) =>
      nest(scope, [right.free], ([rightColumn], column) => {
        const out: Statement[] = [];
        const place = scope.place(out, batch, row, column, { lanes: 1 });
        out.push(setLocal(accumulator, scope.start(place)));
        out.push(
          ...nest(scope, [left.contract, right.contract], ([leftDepth, rightDepth]) => [
            scope.accumulate(accumulator, load(scope.left, sum(leftBatch, leftRow, leftDepth)), load(scope.right, sum(rightBatch, rightColumn, rightDepth)), 1),
          ]),
        );
        scope.finish(accumulator, place);
        return out;
      }),
    ),
  );
  return scope.kernel(request.name, body);
}
