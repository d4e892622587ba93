/** The borders of a contraction's kernel: its operand, result and extra buffers with their roles, where sums start and end. */
import { apply, KernelScope, literal, load, local, setLocal, store } from "../expression.ts";
import type { BufferId, Expression, Index, Kernel, LocalId, Scalar, Statement } from "../kernel.ts";
import type { DotRequest, Place, Role, RoledKernel } from "./request.ts";
import type { Product } from "./shape.ts";

/** A kernel under construction. */
export class ProductScope extends KernelScope {
  readonly roles: Role[] = [];
  readonly element: Scalar;
  private readonly initial: BufferId | undefined;
  private readonly result: BufferId | undefined;
  private readonly extras: readonly BufferId[];

  constructor(
    private readonly request: DotRequest,
    private readonly product: Product,
  ) {
    super();
    this.element = request.left.element;
    const { batch, rows, columns } = product;
    const count = batch * rows * columns;
    const { initial, epilogue } = request;
    this.initial = initial && this.bound({ kind: "initial" }, "initial", this.element, initial === "row" ? columns : count);
    this.result = epilogue ? undefined : this.bound({ kind: "result" }, "result", this.element, count);
    this.extras = (epilogue?.buffers ?? []).map(({ name, storage, length }, index) => this.bound({ kind: "extra", index }, name, storage, length));
  }

  /** A memory buffer with its role. */
  bound(role: Role, name: string, storage: Scalar, length: number): BufferId {
    this.roles.push(role);
    return this.buffer(name, storage, length);
  }

  /** What the sum at `place` starts from. */
  start({ lanes, count, flat, column }: Place): Expression {
    if (this.initial === undefined) return literal(0, this.element, lanes);
    return load(this.initial, this.request.initial === "row" ? column : flat, lanes, count);
  }

  /** Hands a finished sum to the epilogue or the result. */
  finish(value: LocalId, place: Place): void {
    if (this.result === undefined) this.request.epilogue?.finish(value, place, this.extras);
    else place.out.push(store(this.result, place.flat, local(value), place.lanes, place.count));
  }

  kernel(name: string, body: readonly Statement[]): RoledKernel {
    const { locals, buffers, variables } = this;
    return { kernel: { name, buffers, locals, variables, body, site: this.request.site }, roles: this.roles };
  }
}

export const sum = (...parts: readonly Index[]): Index => ({ base: parts.reduce((total, { base }) => total + base, 0), terms: parts.flatMap(({ terms }) => terms) });

export const scale = (index: Index, factor: number): Index => ({ base: index.base * factor, terms: index.terms.map(([variable, by]) => [variable, by * factor]) });

/** accumulator = accumulator + left * right, in the element's field. */
export function accumulate(scope: ProductScope, accumulator: LocalId, left: Expression, right: Expression, lanes: 1 | 4): Statement {
  const type = scope.element;
  const [add, mul] = type === "bool" ? (["xor", "and"] as const) : (["add", "mul"] as const);
  return setLocal(accumulator, apply(add, type, lanes, local(accumulator), apply(mul, type, lanes, left, right)));
}
