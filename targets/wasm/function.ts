/** The locals and labels of a function while its body is written. */
import type { Assembler, Ref, ValueType } from "./assembler.ts";

export class FunctionBuilder {
  readonly assembler: Assembler;
  readonly #params: readonly ValueType[];
  readonly #locals: ValueType[] = [];
  readonly #free: Record<ValueType, number[]> = { i32: [], f32: [], f64: [], v128: [] };
  #borrowed: number[] = [];
  #labels = 0;

  constructor(assembler: Assembler, params: readonly ValueType[]) {
    this.assembler = assembler;
    this.#params = params;
  }

  /** A local that is 0 at first and holds its value throughout: never one that was released. */
  variable(type: ValueType): number {
    return this.#params.length + this.#locals.push(type) - 1;
  }

  /** A local to be set before it is read; `release` gives it back. */
  local(type: ValueType): number {
    return this.#free[type].pop() ?? this.variable(type);
  }

  release(index: number): void {
    this.#free[this.#locals[index - this.#params.length]].push(index);
  }

  /** A local for use within one statement. */
  temporary(type: ValueType): number {
    const index = this.local(type);
    this.#borrowed.push(index);
    return index;
  }

  /** Gives back what the statement borrowed. */
  endStatement(): void {
    for (const index of this.#borrowed) this.release(index);
    this.#borrowed = [];
  }

  get(index: number): Ref {
    const position = index - this.#params.length;
    const type = position < 0 ? this.#params[index] : this.#locals[position];
    return this.assembler.code.local.get(index, this.assembler.type(type));
  }

  set(index: number, value: Ref): Ref {
    return this.assembler.code.local.set(index, value);
  }

  /** The value twice: once computed, later read. The first must run before the second. */
  twice(type: ValueType, value: Ref): readonly [Ref, Ref] {
    const index = this.temporary(type);
    return [this.assembler.code.local.tee(index, value, this.assembler.type(type)), this.get(index)];
  }

  label(): string {
    return `l${this.#labels++}`;
  }

  /** Defines the function. */
  finish(name: string, results: readonly ValueType[], body: readonly Ref[]): void {
    const { assembler } = this;
    const whole = assembler.code.block(null, body, results.length === 0 ? assembler.none : assembler.type(results[0]));
    assembler.function(name, this.#params, results, this.#locals, whole);
  }
}
