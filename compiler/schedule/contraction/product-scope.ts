/** The borders of a contraction's kernel: its operands, result and extra buffers with their roles, where sums start and end. */
import type { RunTimeSize } from "../../ir/graph.ts";
import { apply, at, KernelScope, literal, load, local, loop, setLocal, store } from "../expression.ts";
import type { BufferId, Expression, Index, Kernel, Lanes, LocalId, Scalar, Statement, VariableId } from "../kernel.ts";
import type { DotRequest, Place, Role, RoledKernel } from "./request.ts";
import { innermost, type Product } from "./shape.ts";
import { nest, scale, sum } from "./indices.ts";

/** 4 or fewer elements of the result, side by side. */
export interface Vector {
  readonly lanes: Lanes;
  readonly count?: number;
}

/** A kernel under construction. */
export class ProductScope extends KernelScope {
  readonly element: Scalar;
  readonly left: BufferId;
  readonly right: BufferId;
  readonly #roles: Role[] = [];
  readonly #initial: BufferId | undefined;
  readonly #result: BufferId | undefined;
  readonly #extras: readonly BufferId[];
  /** Sets the ends of loops over k, and those by the number of k without the length. */
  readonly #prelude: Statement[] = [];
  readonly #ends = new Map<number, Index>();
  readonly #filled: LocalId | undefined;

  constructor(
    readonly request: DotRequest,
    readonly product: Product,
  ) {
    super();
    this.element = request.left.element;
    const { batch, rows, columns, left, right, swapped } = product;
    const count = batch * rows * columns;
    const { initial, epilogue } = request;
    this.left = this.bound(left.role, "left", this.element, left.elements);
    this.right = this.bound(right.role, "right", this.element, right.elements);
    this.#initial = initial && this.bound({ kind: "initial" }, "initial", this.element, initial === "full" ? count : swapped ? 1 : columns);
    this.#result = epilogue ? undefined : this.bound({ kind: "result" }, "result", this.element, count);
    this.#extras = (epilogue?.buffers ?? []).map(({ name, storage, length }, index) => this.bound({ kind: "extra", index }, name, storage, length));
    if (request.filled && left.contract.length === 1) this.#filled = this.#fill(request.filled);
  }

  /** How many k count in this call. */
  #fill({ times, plus }: RunTimeSize): LocalId {
    const filled = this.local("i32");
    const length = load(this.bound({ kind: "length" }, "length", "i32", 1), at(0));
    this.#prelude.push(setLocal(filled, apply("add", "i32", 1, apply("mul", "i32", 1, length, literal(times, "i32")), literal(plus, "i32"))));
    return filled;
  }

  /** A loop over k up to `to`, or to where the operands hold nothing but zeros. */
  alongDepth(variable: VariableId, from: number, to: number, step: number, body: readonly Statement[]): Statement {
    if (this.#filled === undefined || to === from) return loop(variable, from, to, step, body);
    let end = this.#ends.get(to);
    if (end === undefined) {
      const offset = this.local("i32");
      this.#prelude.push(setLocal(offset, apply("min", "i32", 1, local(this.#filled), literal(to, "i32"))));
      end = { base: 0, terms: [], offset };
      this.#ends.set(to, end);
    }
    return { kind: "loop", mode: "serial", variable, from: at(from), to: end, step, body };
  }

  /** A memory buffer with its role. */
  bound(role: Role, name: string, storage: Scalar, length: number): BufferId {
    this.#roles.push(role);
    return this.buffer(name, storage, length);
  }

  /** Loops over the batch axes; `body` gets the offsets into left and right and the position in the result. */
  eachBatch(body: (left: Index, right: Index, batch: Index) => readonly Statement[]): readonly Statement[] {
    const { left, right } = this.product;
    return nest(this, [left.batch, right.batch], ([leftOffset, rightOffset], position) => body(sum(leftOffset, at(left.base)), sum(rightOffset, at(right.base)), position));
  }

  /** Loops over all but the innermost of the left operand's free axes; `body` gets the offset into it and the first row. */
  eachRows(body: (offset: Index, first: Index, rows: number) => readonly Statement[]): readonly Statement[] {
    const { free } = this.product.left;
    const { size } = innermost(free);
    return nest(this, [free.slice(0, -1)], ([offset], position) => body(offset, scale(position, size), size));
  }

  /** The place of a vector of the result, lanes along the product's columns. */
  place(out: Statement[], batch: Index, row: Index, column: Index, { lanes, count }: Vector): Place {
    const { rows, columns, swapped } = this.product;
    const flat = sum(scale(batch, rows * columns), scale(row, columns), column);
    return { scope: this, out, lanes, count, flat, batch, row: swapped ? column : row, column: swapped ? row : column, along: swapped ? "row" : "column" };
  }

  get startsFromMemory(): boolean {
    return this.#initial !== undefined;
  }

  /** What the sum at `place` starts from. */
  start({ lanes, count, flat, column, along }: Place): Expression {
    if (this.#initial === undefined) return literal(0, this.element, lanes);
    if (this.request.initial === "full") return load(this.#initial, flat, lanes, count);
    return along === "column" ? load(this.#initial, column, lanes, count) : this.splat(load(this.#initial, column), lanes);
  }

  /** Hands a finished sum to the epilogue or the result. */
  finish(value: LocalId, place: Place): void {
    if (this.#result === undefined) this.request.epilogue?.finish(value, place, this.#extras);
    else place.out.push(store(this.#result, place.flat, local(value), place.lanes, place.count));
  }

  splat(value: Expression, lanes: Lanes): Expression {
    return lanes === 1 ? value : apply("splat", this.element, lanes, value);
  }

  /** accumulator = accumulator + left * right, in the element's field. */
  accumulate(accumulator: LocalId, left: Expression, right: Expression, lanes: Lanes): Statement {
    const [add, mul] = this.element === "bool" ? (["xor", "and"] as const) : (["add", "mul"] as const);
    return setLocal(accumulator, apply(add, this.element, lanes, local(accumulator), apply(mul, this.element, lanes, left, right)));
  }

  kernel(name: string, body: readonly Statement[]): RoledKernel {
    return { kernel: kernelOf(this, name, [...this.#prelude, ...body], this.request), roles: this.#roles };
  }
}

export function kernelOf({ buffers, locals, variables }: KernelScope, name: string, body: readonly Statement[], { site }: DotRequest): Kernel {
  return { name, buffers, locals, variables, body, site };
}
