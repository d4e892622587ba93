/** Lowers a dot: chooses a form of the product by its sizes and layout. */
import { byteSize } from "../../program.ts";
import { parallelProduct } from "../gpu/index.ts";
import { chooseTile } from "./choose-tile.ts";
import { directProduct } from "./direct.ts";
import type { Packing } from "./packed.ts";
import { packedProduct, packedScratchBytes } from "./packed.ts";
import { plainProduct } from "./plain.ts";
import { rearranged } from "./rearrange.ts";
import type { DotRequest, LoweredDot, Role, RoledKernel } from "./request.ts";
import type { Product } from "./shape.ts";
import { alone, innermost, isSimple, isSpread, productOf, stridesOf, swap } from "./shape.ts";
import type { Slice } from "./slices.ts";
import { inSlice, isLong, slicesOf } from "./slices.ts";

/** Multiply-adds up to which an operand of awkward axes is read in place, one element at a time. */
const PLAIN = 1024;
/** Rows up to which no operand is packed. */
const FEW_ROWS = 8;
/** Rows up to which the right operand is read in place, if its rows are contiguous and it has at most these bytes. */
const IN_PLACE = [
  { rows: 4, bytes: Infinity, anyLayout: true },
  { rows: 8, bytes: Infinity, anyLayout: false },
  { rows: 16, bytes: 131072, anyLayout: false },
  { rows: Infinity, bytes: 20480, anyLayout: false },
];
/** Bytes of the panels in a block: where the left operand is packed, and where it is read in place. */
const BLOCK_BYTES = { packed: 393216, inPlace: 163840 };
/** Depth from which a left operand with contiguous columns is packed, and the columns that it must serve. */
const PACK_LEFT = { depth: 128, columns: 96 };
/** The same where a step in k is a multiple of 2048 bytes, which fall on few sets of a cache. */
const PACK_LEFT_ALIGNED = { depth: 24, columns: 48, elements: 512 };
/** Multiply-adds from which speed counts more than code. */
const LARGE = 2 ** 21;
/** Most row tiles packed together. */
const LEFT_TILES = 12;

/**
 * The kernels of a dot. Every sum adds its products with the contracted index ascending (row-major over the contract
 * axes as the attributes list them), starting from `initial` or zero, rounding each product and each addition.
 */
export function lowerDot(request: DotRequest): LoweredDot {
  const given = productOf(request);
  const product = given.columns === 1 && given.rows > 1 && !isSpread(given.left) ? swap(given) : given;
  const flops = 2 * product.batch * product.rows * product.columns * product.depth;
  if (request.machine.parallel === true) return { ...parallelProduct(request, given), flops };
  if (!(isSimple(product.left) && isSimple(product.right)) && flops <= 2 * PLAIN) return { kernels: [plainProduct(request, product)], scratchBytes: 0, flops };

  const kernels: RoledKernel[] = [];
  let scratchBytes = 0;
  const reserve = (bytes: number): number => {
    const at = scratchBytes;
    scratchBytes += Math.ceil(bytes / 16) * 16;
    return at;
  };
  const simple = (side: "left" | "right", inner: "free" | "contract") => {
    const operand = alone(product[side]);
    if (isSimple(operand) || (side === "left" && isSpread(operand))) return operand;
    const { element } = request.left;
    const made = rearranged(request, operand, element, inner, reserve);
    kernels.push(made.kernel);
    return made.operand;
  };
  const arranged: Product = { ...product, left: simple("left", "contract"), right: simple("right", "free") };
  const whole: Slice = { request, product: arranged, role: (role) => role };
  if (!isLong(arranged)) return { kernels: [...kernels, sliceKernel(whole, reserve)], scratchBytes, flops };

  const bytes = byteSize(request.left.element);
  const partial: Role = request.epilogue ? { kind: "scratch", byteOffset: reserve(bytes * product.batch * product.rows * product.columns) } : { kind: "result" };
  const before = scratchBytes;
  for (const slice of slicesOf({ ...request, filled: undefined }, arranged, bytes, partial)) {
    // they run one after another in the same scratch
    const made = sliceKernel(slice, (size) => {
      scratchBytes = Math.max(scratchBytes, before + Math.ceil(size / 16) * 16);
      return before;
    });
    kernels.push(inSlice(slice, made));
  }
  return { kernels, scratchBytes, flops };
}

function sliceKernel({ request, product }: Slice, reserve: (bytes: number) => number): RoledKernel {
  const packing = choosePacking(request, product);
  if (packing === null) return directProduct(request, product, stridesOf(product), lanesOf(request, product));
  return packedProduct(request, product, stridesOf(product), packing, reserve(packedScratchBytes(product, packing)));
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
  const spread = !isSimple(product.left);
  if (!hasVectors(request) || columns < 4) return null;
  const least = leftDepth % PACK_LEFT_ALIGNED.elements === 0 ? PACK_LEFT_ALIGNED : PACK_LEFT;
  const packLeft = !spread && leftDepth !== 1 && rows > FEW_ROWS && depth >= least.depth && columns >= least.columns;
  const inPlace = IN_PLACE.some((limit) => rows <= limit.rows && 4 * columns * depth <= limit.bytes && (limit.anyLayout || rightColumn === 1));
  if (inPlace && !packLeft) return null;
  const tile = chooseTile(innermost(product.left.free).size, Math.ceil(columns / 4), { packed: true, copyCost: rows * columns * depth < LARGE ? 0.15 : 0 });
  const panels = Math.ceil(columns / (4 * tile.vectors));
  const fitting = Math.max(2, Math.floor((packLeft ? BLOCK_BYTES.packed : BLOCK_BYTES.inPlace) / (16 * tile.vectors * depth)));
  const blocks = Math.ceil(panels / fitting);
  return { tile, panels: Math.min(panels, Math.max(2, Math.ceil(panels / blocks))), leftTiles: packLeft ? greatestDivisor(Math.floor(rows / tile.rows), LEFT_TILES) : 0 };
}

function greatestDivisor(of: number, most: number): number {
  for (let divisor = most; divisor > 1; divisor--) if (of % divisor === 0) return divisor;
  return 1;
}
