/** Lowers a dot: chooses a form of the product by its sizes and layout. */
import { plainProduct } from "./plain.ts";
import type { DotRequest, LoweredDot } from "./request.ts";
import { productOf } from "./shape.ts";

/**
 * The kernels of a dot. Every sum adds its products with the contracted index ascending (row-major over the contract
 * axes as the attributes list them), starting from `initial` or zero, rounding each product and each addition.
 */
export function lowerDot(request: DotRequest): LoweredDot {
  const product = productOf(request.left, request.right, request.attributes);
  return plainProduct(request, product);
}
