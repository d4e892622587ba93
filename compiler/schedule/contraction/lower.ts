/** Lowers a dot: chooses a form of the product by its sizes and layout. */
import { byteSize } from "../../program.ts";
import { chooseTile } from "./choose-tile.ts";
import { directProduct } from "./direct.ts";
import type { Packing } from "./packed.ts";
import { packedProduct, packedScratchBytes } from "./packed.ts";
import { plainProduct } from "./plain.ts";
import { rearranged } from "./rearrange.ts";
import type { DotRequest, LoweredDot, RoledKernel } from "./request.ts";
import type { Product } from "./shape.ts";
import { isSimple, productOf, stridesOf, swap } from "./shape.ts";

/** Multiply-adds up to which an operand of awkward axes is read in place, one element at a time. */
const PLAIN = 1024;
/** Bytes of a right operand that stays in the first-level cache beside the left's rows. */
const CACHED_BYTES = 32768;
/** Rows up to which packing the right operand does not pay. */
const FEW_ROWS = 4;
/** Bytes of the panels in a block where the left operand is packed. */
const BLOCK_BYTES = 262144;
/** Depth from which a left operand with contiguous columns is packed, and the columns that it must serve. */
const PACK_LEFT = { depth: 128, columns: 64 };

/**
 * The kernels of a dot. Every sum adds its products with the contracted index ascending (row-major over the contract
 * axes as the attributes list them), starting from `initial` or zero, rounding each product and each addition.
 */
export function lowerDot(request: DotRequest): LoweredDot {
  const given = productOf(request.left, request.right, request.attributes);
  const product = given.columns === 1 && given.rows > 1 ? swap(given) : given;
  const flops = 2 * product.batch * product.rows * product.columns * product.depth;
  if (!(isSimple(product.left) && isSimple(product.right)) && flops <= 2 * PLAIN) return { kernels: [plainProduct(request, product)], scratchBytes: 0, flops };

  const kernels: RoledKernel[] = [];
  let scratchBytes = 0;
  const reserve = (bytes: number): number => {
    const at = scratchBytes;
    scratchBytes += Math.ceil(bytes / 16) * 16;
    return at;
  };
  const simple = (side: "left" | "right", inner: "free" | "contract") => {
    const operand = product[side];
    if (isSimple(operand)) return operand;
    const element = request.left.element;
    const made = rearranged(request, operand, element, inner, reserve(byteSize(element) * operand.elements));
    kernels.push(made.kernel);
    return made.operand;
  };
  const arranged: Product = { ...product, left: simple("left", "contract"), right: simple("right", "free") };
  const packing = choosePacking(request, arranged);
  if (packing === null) kernels.push(directProduct(request, arranged, stridesOf(arranged), lanesOf(request, arranged)));
  else kernels.push(packedProduct(request, arranged, stridesOf(arranged), packing, reserve(packedScratchBytes(arranged, packing))));
  return { kernels, scratchBytes, flops };
}

const hasVectors = ({ machine, left: { element } }: DotRequest): boolean => machine.lanes === 4 && element !== "f64" && element !== "bool";

/** Lanes of a product in place: vectors need a right operand with contiguous columns or rows. */
function lanesOf(request: DotRequest, product: Product): 1 | 4 {
  const { rightColumn, rightDepth } = stridesOf(product);
  return hasVectors(request) && product.columns > 1 && (rightColumn === 1 || (rightDepth === 1 && product.depth > 1)) ? 4 : 1;
}

function choosePacking(request: DotRequest, product: Product): Packing | null {
  const { rows, columns, depth } = product;
  const { leftDepth, rightColumn } = stridesOf(product);
  if (!hasVectors(request) || rows <= FEW_ROWS || columns < 4) return null;
  if (rightColumn === 1 && 4 * columns * depth <= CACHED_BYTES) return null;
  const tile = chooseTile(rows, Math.ceil(columns / 4), true);
  const packLeft = leftDepth !== 1 && depth >= PACK_LEFT.depth && columns >= PACK_LEFT.columns;
  const panels = Math.ceil(columns / (4 * tile.vectors));
  const fitting = Math.max(1, Math.floor(BLOCK_BYTES / (16 * tile.vectors * depth)));
  const blocks = Math.ceil(panels / fitting);
  return { tile, panels: packLeft ? Math.ceil(panels / blocks) : 1, packLeft };
}
