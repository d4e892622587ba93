/**
 * A long product as a sequence of products over stretches of k. Each resumes from the stored sums of the one before, so
 * that the order of additions is that of one product.
 */
import type { DotRequest, Role, RoledKernel } from "./request.ts";
import { type Axis, isSimple, type Operand, type Product, turns } from "./shape.ts";

/** Depth beyond which a product is cut, and about the depth of the pieces: they fit in the second-level cache. */
const LONGEST = 1536;
const USUAL = 1024;
const FEW_ROWS = 16;

export interface Slice {
  readonly request: DotRequest;
  readonly product: Product;
  /** What `initial` and `result` mean in this slice's kernel. */
  role(role: Role): Role;
}

/** One row, and few rows of windows, read the right operand once: nothing is gained. */
export const isLong = ({ depth, rows, left }: Product): boolean => depth > LONGEST && rows > (isSimple(left) ? 1 : FEW_ROWS);

/** `partial`: where sums wait between slices; scratch where an epilogue must not see them, else the result itself. */
export function slicesOf(request: DotRequest, product: Product, elementBytes: number, partial: Role): readonly Slice[] {
  const { depth } = product;
  const size = sliceDepth(depth, product.left.contract);
  const slices: Slice[] = [];
  for (let from = 0; from < depth; from += size) {
    const [first, last] = [from === 0, from + size >= depth];
    const length = Math.min(size, depth - from);
    slices.push({
      request: { ...request, initial: first ? request.initial : "full", epilogue: last ? request.epilogue : undefined },
      product: { ...product, depth: length, left: stretch(product.left, from, length, depth, elementBytes), right: stretch(product.right, from, length, depth, elementBytes) },
      role: (role) => ((role.kind === "initial" && !first) || (role.kind === "result" && !last) ? partial : role),
    });
  }
  return slices;
}

/**
 * The greatest divisor from half of the usual depth on, so that all slices are one kernel; else nearly equal pieces. Where
 * k goes over several axes, whole turns of the outermost.
 */
function sliceDepth(depth: number, [outer, ...inner]: readonly Axis[]): number {
  if (inner.length > 0) {
    const turn = turns(inner);
    let most = Math.max(1, Math.floor(USUAL / turn));
    while (outer.size % most !== 0) most--;
    return most * turn;
  }
  for (let size = USUAL; size >= USUAL / 2; size--) if (depth % size === 0) return size;
  return Math.ceil(depth / Math.ceil(depth / USUAL) / 4) * 4;
}

/** Of an operand: k from `from` on. Slices of one length have buffers of one length, and so one kernel. */
function stretch(operand: Operand, from: number, length: number, depth: number, elementBytes: number): Operand {
  const { role, elements } = operand;
  const [{ stride }, ...inner] = operand.contract;
  const turn = turns(inner);
  const moved: Role = "byteOffset" in role ? { ...role, byteOffset: role.byteOffset + (from / turn) * stride * elementBytes } : role;
  return { ...operand, role: moved, elements: elements - ((depth - length) / turn) * stride, contract: [{ size: length / turn, stride }, ...inner] };
}

/** The kernel with its roles as the slice means them. */
export const inSlice = ({ role }: Slice, { kernel, roles }: RoledKernel): RoledKernel => ({ kernel, roles: roles.map(role) });
