/**
 * Register buffers become locals: one vector for each aligned 4 elements that are only met together, else one scalar for
 * each element.
 */
import { invariant } from "../../compiler/diagnostics/diagnostic.ts";
import type { Buffer, BufferId, Index, Lanes, LocalId, Scalar, Statement } from "../../compiler/schedule/kernel.ts";
import { eachUnrolledAccess } from "./accesses.ts";
import { isConstant } from "./fold-index.ts";
import type { Action, Value } from "./lowered.ts";

export class Registers {
  readonly #buffers: readonly Buffer[];
  /** Aligned 4 elements that some access does not meet as a whole. */
  readonly #scalar = new Set<string>();
  readonly #locals: { type: Scalar; lanes: Lanes }[];
  readonly #places = new Map<string, LocalId>();

  /** `locals` is appended to. */
  constructor(buffers: readonly Buffer[], body: readonly Statement[], locals: { type: Scalar; lanes: Lanes }[]) {
    this.#buffers = buffers;
    this.#locals = locals;
    if (buffers.every(({ space }) => space === "memory")) return;
    eachUnrolledAccess(body, (buffer) => this.has(buffer), (buffer, { base }, lanes, count) => {
      if (lanes === 4 && count === undefined && base % 4 === 0) return;
      for (let element = base; element < base + lanes; element++) this.#scalar.add(quadOf(buffer, element));
    });
  }

  has(buffer: BufferId): boolean {
    return this.#buffers[buffer].space === "register";
  }

  #local(buffer: BufferId, element: number, lanes: Lanes): LocalId {
    const { name, storage, length } = this.#buffers[buffer];
    invariant(element >= 0 && element < length, () => `element ${element} of the register buffer ${name} of ${length}`);
    const key = `${buffer}:${element}`;
    let local = this.#places.get(key);
    if (local === undefined) {
      local = (this.#locals.push({ type: storage, lanes }) - 1) as LocalId; // brands an index into locals
      this.#places.set(key, local);
    }
    return local;
  }

  #element(buffer: BufferId, at: Index): number {
    invariant(isConstant(at), () => `the register buffer ${this.#buffers[buffer].name} has an index that is not constant`);
    return at.base;
  }

  load(buffer: BufferId, at: Index, lanes: Lanes, count = lanes as number): Value {
    const type = this.#buffers[buffer].storage;
    const element = this.#element(buffer, at);
    const scalar = (lane: number): Value =>
      lane < count ? { kind: "local", local: this.#local(buffer, element + lane, 1), type, lanes: 1 } : { kind: "literal", value: 0, type, lanes: 1 };
    if (lanes === 1) return scalar(0);
    if (!this.#scalar.has(quadOf(buffer, element))) return { kind: "local", local: this.#local(buffer, element, 4), type, lanes: 4 };
    return { kind: "pack", type, lanes: 4, parts: [0, 1, 2, 3].map(scalar) };
  }

  store(buffer: BufferId, at: Index, value: Value, count = value.lanes as number): readonly Action[] {
    const element = this.#element(buffer, at);
    if (value.lanes === 1) return [{ kind: "let", local: this.#local(buffer, element, 1), value }];
    if (!this.#scalar.has(quadOf(buffer, element))) return [{ kind: "let", local: this.#local(buffer, element, 4), value }];
    const { type } = value;
    const whole = (this.#locals.push({ type, lanes: 4 }) - 1) as LocalId; // brands an index into locals
    const lanes = [0, 1, 2, 3].slice(0, count).map((lane): Action => ({
      kind: "let",
      local: this.#local(buffer, element + lane, 1),
      value: { kind: "lane", of: { kind: "local", local: whole, type, lanes: 4 }, lane, type, lanes: 1 },
    }));
    return [{ kind: "let", local: whole, value }, ...lanes];
  }
}

const quadOf = (buffer: BufferId, element: number): string => `${buffer}:${Math.floor(element / 4)}`;
