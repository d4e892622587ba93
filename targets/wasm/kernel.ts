/** A lowered kernel as a function: statements, loops with their pointers, addresses. */
import { invariant } from "../../compiler/diagnostics/diagnostic.ts";
import type { BufferId, Index, LocalId } from "../../compiler/schedule/kernel.ts";
import { isConstant, neverNegative, type Action, type Bindings, type Loop, type LoweredKernel, type Value, lifetimesOf, type Lifetimes } from "../lower/index.ts";
import { accessForm, carrier, factorOf, indexForm, keyOf, planPointers, setsOf, startOf, withoutOffset, type Access, type Form } from "./addresses.ts";
import type { Assembler, Ref } from "./assembler.ts";
import { FunctionBuilder } from "./function.ts";
import { repeatedVectors, vectorKey, type Literal } from "./repeated-vectors.ts";
import { elementBytes, emitLoad, emitSplatLoad, emitStore, type Address } from "./memory.ts";
import { bytesOf, emitLane, emitLiteral, emitPack, operations, valueType, type Emission } from "./operations.ts";

/** Defines the kernel's function; its parameters are the placements that `bindings` leaves open, in order. */
export function emitKernel(assembler: Assembler, kernel: LoweredKernel, bindings: Bindings, symbol: string): void {
  new KernelEmitter(assembler, kernel, bindings).emit(symbol);
}

interface OpenLoop {
  readonly loop: Loop;
  /** Local of each carried form, by key. */
  readonly pointers: ReadonlyMap<string, { readonly form: Form; readonly local: number }>;
  /** Label of the block around the loop, once a fence has asked for it. */
  exit?: string;
}

class KernelEmitter {
  readonly #builder: FunctionBuilder;
  readonly #kernel: LoweredKernel;
  /** Place of each buffer: a constant, or the parameter that has it. */
  readonly #places = new Map<BufferId, { readonly constant: number } | { readonly parameter: number }>();
  readonly #neverNegative: (local: LocalId) => boolean;
  readonly #sets = setsOf();
  readonly #carried: ReadonlyMap<Loop, ReadonlyMap<string, Form>>;
  readonly #lifetimes: Lifetimes;
  readonly #locals = new Map<LocalId, number>();
  /** What was found for an index object and a buffer: asked for when pointers are planned and when code is emitted. */
  readonly #accesses = new Map<Index, Map<BufferId, Access>>();
  /** Local of each vector constant that is repeated. */
  readonly #constants = new Map<string, number>();
  readonly #open: OpenLoop[] = [];
  readonly #emission: Emission;
  #fences = 0;

  constructor(assembler: Assembler, kernel: LoweredKernel, bindings: Bindings) {
    this.#kernel = kernel;
    let parameters = 0;
    for (const { id, binding } of kernel.buffers.values()) {
      const place = bindings[binding];
      this.#places.set(id, place === null ? { parameter: parameters++ } : { constant: place });
    }
    this.#builder = new FunctionBuilder(assembler, new Array<"i32">(parameters).fill("i32"));
    this.#lifetimes = lifetimesOf(kernel.body);
    this.#neverNegative = neverNegative(kernel);
    this.#carried = planPointers(kernel, this.#sets, (buffer, at) => this.#access(buffer, at).form);
    this.#emission = {
      builder: this.#builder,
      value: (of) => this.#value(of),
      splatLoad: (of) => (of.kind === "load" && of.type !== "bool" ? emitSplatLoad(this.#builder, this.#address(of.buffer, of.at)) : null),
    };
  }

  emit(symbol: string): void {
    const constants = repeatedVectors(this.#kernel.body).map((literal): Ref => {
      const local = this.#builder.variable("v128");
      const set = this.#builder.set(local, emitLiteral(this.#emission, literal));
      this.#constants.set(vectorKey(literal), local);
      return set;
    });
    this.#builder.finish(symbol, [], [...constants, ...this.#actions(this.#kernel.body)]);
  }

  #actions(body: readonly Action[]): Ref[] {
    return body.flatMap((action) => {
      const emitted = this.#action(action);
      this.#builder.endStatement();
      if (action.kind !== "let") this.#end(action);
      return emitted;
    });
  }

  #action(action: Action): readonly Ref[] {
    const { code } = this.#builder.assembler;
    switch (action.kind) {
      case "loop":
        return this.#loop(action);
      case "if": {
        const test = this.#value(action.test);
        this.#builder.endStatement();
        const [then, otherwise] = [action.then, action.else].map((branch) => (branch.length === 0 ? null : code.block(null, this.#actions(branch))));
        if (then === null) return otherwise === null ? [code.drop(test)] : [code.if(code.i32.eqz(test), otherwise)];
        return [otherwise === null ? code.if(test, then) : code.if(test, then, otherwise)];
      }
      case "let": {
        const value = this.#value(action.value);
        // What ends here is read before the local is set, so the local may take its place.
        this.#end(action);
        return [this.#builder.set(this.#local(action.local), value)];
      }
      case "store":
        return emitStore(this.#builder, action.value, action.count, this.#value(action.value), this.#address(action.buffer, action.at));
      case "fence":
        return this.#fence();
      case "bind":
      case "barrier":
      case "leave":
        throw new Error(`internal: ${this.#kernel.name} is for a grid of invocations`);
    }
  }

  #local(id: LocalId): number {
    let local = this.#locals.get(id);
    if (local === undefined) {
      const { type, lanes } = this.#kernel.locals[id];
      const wanted = valueType(type, lanes);
      local = this.#lifetimes.shared.has(id) ? this.#builder.local(wanted) : this.#builder.variable(wanted);
      this.#locals.set(id, local);
    }
    return local;
  }

  /** Gives back the locals that end with the action. */
  #end(action: Action): void {
    for (const id of this.#lifetimes.endings.get(action) ?? []) {
      this.#builder.release(this.#local(id));
      this.#locals.delete(id);
    }
  }

  #value(value: Value): Ref {
    switch (value.kind) {
      case "literal":
        return this.#literal(value);
      case "local":
        return this.#builder.get(this.#local(value.local));
      case "index":
        return this.#index(value.at, value.lanes === 4);
      case "load":
        return emitLoad(this.#builder, value, this.#address(value.buffer, value.at));
      case "apply":
        return operations[value.op](this.#emission, value);
      case "pack":
        return emitPack(this.#emission, value);
      case "lane":
        return emitLane(this.#emission, value);
    }
  }

  #literal(literal: Literal): Ref {
    const local = literal.lanes === 4 ? this.#constants.get(vectorKey(literal)) : undefined;
    return local === undefined ? emitLiteral(this.#emission, literal) : this.#builder.get(local);
  }

  #index(at: Index, vector: boolean): Ref {
    const { i32, i32x4, v128 } = this.#builder.assembler.code;
    const start = isConstant(at) ? null : this.#form(indexForm(at));
    if (!vector) return start === null ? i32.const(at.base) : this.#plus(start, at.base);
    const lanes = v128.const(bytesOf(Int32Array.of(at.base, at.base + 1, at.base + 2, at.base + 3)));
    return start === null ? lanes : i32x4.add(i32x4.splat(start), lanes);
  }

  #plus(value: Ref, add: number): Ref {
    const { i32 } = this.#builder.assembler.code;
    return add === 0 ? value : i32.add(value, i32.const(add | 0));
  }

  #access(buffer: BufferId, at: Index): Access {
    const known = this.#accesses.get(at)?.get(buffer);
    if (known !== undefined) return known;
    const place = this.#places.get(buffer);
    const storage = this.#kernel.buffers.get(buffer)?.storage;
    invariant(place !== undefined && storage !== undefined, () => `buffer ${buffer} is not in memory`);
    const access = accessForm(this.#kernel, buffer, at, elementBytes(storage), "constant" in place ? place.constant : null, this.#neverNegative);
    this.#accesses.set(at, (this.#accesses.get(at) ?? new Map<BufferId, Access>()).set(buffer, access));
    return access;
  }

  #address(buffer: BufferId, at: Index): Address {
    const { form, immediate } = this.#access(buffer, at);
    return { pointer: () => this.#form(form), offset: immediate };
  }

  /** The value of a form here: a pointer of an open loop, or what does not change in any. */
  #form(form: Form, depth = this.#open.length): Ref {
    const { i32 } = this.#builder.assembler.code;
    const around = this.#open.slice(0, depth).map(({ loop }) => loop);
    const found = carrier(form, around, this.#sets);
    if (found?.fixed) {
      const pointer = this.#open[around.indexOf(found.loop)].pointers.get(keyOf(form));
      invariant(pointer !== undefined, () => `no pointer for ${keyOf(form)}`);
      return this.#builder.get(pointer.local);
    }
    invariant(found !== null || form.terms.length === 0, () => `a variable of ${keyOf(form)} is of no loop around it`);
    const parts: Ref[] = [];
    if (found !== null) parts.push(this.#form(withoutOffset(form), depth));
    const place = form.placement === undefined ? undefined : this.#places.get(form.placement);
    if (place !== undefined && "parameter" in place) parts.push(this.#builder.get(place.parameter));
    if (form.offset !== undefined) {
      const { local, scale } = form.offset;
      const value = this.#builder.get(this.#local(local));
      const shift = Math.log2(scale);
      parts.push(scale === 1 ? value : Number.isInteger(shift) ? i32.shl(value, i32.const(shift)) : i32.mul(value, i32.const(scale)));
    }
    if (parts.length === 0) return i32.const(form.bias | 0);
    return this.#plus(parts.reduce((sum, part) => i32.add(sum, part)), form.bias);
  }

  #loop(loop: Loop): readonly Ref[] {
    const { code } = this.#builder.assembler;
    const { i32 } = code;
    const { before, pointers } = this.#enterPointers(loop);
    const open: OpenLoop = { loop, pointers };
    const again = this.#builder.label();
    const turn = this.#turnTest(loop, pointers);
    before.push(...turn.before);
    this.#open.push(open);
    const body = this.#actions(loop.body);
    this.#open.pop();
    for (const { form, local } of pointers.values()) body.push(this.#builder.set(local, i32.add(this.#builder.get(local), i32.const(factorOf(form, loop) * loop.step))));
    body.push(code.br_if(again, turn.test()));
    let whole = code.loop(again, code.block(null, body));
    if (open.exit !== undefined) whole = code.block(open.exit, [whole]);
    if (turn.guard !== null) whole = code.if(turn.guard, whole);
    for (const { local } of pointers.values()) this.#builder.release(local);
    if (turn.bound !== null) this.#builder.release(turn.bound);
    return [...before, whole];
  }

  /** Makes and starts the pointers that the loop carries. */
  #enterPointers(loop: Loop): { readonly before: Ref[]; readonly pointers: Map<string, { readonly form: Form; readonly local: number }> } {
    const { i32 } = this.#builder.assembler.code;
    const before: Ref[] = [];
    const pointers = new Map<string, { readonly form: Form; readonly local: number }>();
    for (const [key, form] of this.#carried.get(loop) ?? []) {
      const start = startOf(form, loop);
      let value = start.form.terms.length === 0 && start.form.offset === undefined && start.form.placement === undefined ? i32.const(start.add | 0) : this.#plus(this.#form(start.form), start.add);
      if (loop.from.offset !== undefined) value = i32.add(value, i32.mul(this.#builder.get(this.#local(loop.from.offset)), i32.const(factorOf(form, loop))));
      const local = this.#builder.local("i32");
      before.push(this.#builder.set(local, value));
      pointers.set(key, { form, local });
    }
    return { before, pointers };
  }

  /**
   * How the loop knows that there is another turn, after its pointers have moved. A pointer that starts at a constant
   * is compared with where it ends; else one whose end is computed before; bounds that are not constant are compared.
   */
  #turnTest(loop: Loop, pointers: ReadonlyMap<string, { readonly form: Form; readonly local: number }>): { readonly before: readonly Ref[]; readonly guard: Ref | null; readonly bound: number | null; readonly test: () => Ref } {
    const { i32 } = this.#builder.assembler.code;
    const { turns } = loop;
    if (turns === undefined) {
      const counter = pointers.get(keyOf({ bias: 0, terms: [[loop.variable, 1]] }));
      invariant(counter !== undefined, () => "a loop without a counter");
      const bound = this.#builder.local("i32");
      return {
        before: [this.#builder.set(bound, this.#index(loop.to, false))],
        guard: i32.lt_s(this.#builder.get(counter.local), this.#builder.get(bound)),
        bound,
        test: () => i32.lt_s(this.#builder.get(counter.local), this.#builder.get(bound)),
      };
    }
    for (const { form, local } of pointers.values()) {
      const start = startOf(form, loop);
      if (start.form.terms.length > 0 || form.offset !== undefined || form.placement !== undefined) continue;
      const end = start.add + factorOf(form, loop) * loop.step * turns;
      return { before: [], guard: null, bound: null, test: () => i32.ne(this.#builder.get(local), i32.const(end | 0)) };
    }
    const [{ form, local }] = pointers.values();
    const bound = this.#builder.local("i32");
    return {
      before: [this.#builder.set(bound, this.#plus(this.#builder.get(local), factorOf(form, loop) * loop.step * turns))],
      guard: null,
      bound,
      test: () => i32.ne(this.#builder.get(local), this.#builder.get(bound)),
    };
  }

  /**
   * A branch out of the loop that is never taken: a pointer that is a multiple of 4 does not equal an odd constant.
   * Each fence has its own constant, since engines drop a test that they have seen before.
   */
  #fence(): readonly Ref[] {
    const { code } = this.#builder.assembler;
    const open = this.#open.at(-1);
    const pointer = open === undefined ? undefined : [...open.pointers.values()].find(({ form }) => this.#isAligned(form, open.loop));
    if (open === undefined || pointer === undefined) return [];
    open.exit ??= this.#builder.label();
    return [code.br_if(open.exit, code.i32.eq(this.#builder.get(pointer.local), code.i32.const(2 * this.#fences++ + 1)))];
  }

  /** Whether the pointer is always a multiple of 4. Buffers of words are placed at such. */
  #isAligned({ placement, offset, bias, terms }: Form, loop: Loop): boolean {
    const placed = placement === undefined || this.#kernel.buffers.get(placement)?.storage !== "bool";
    return placed && offset === undefined && loop.from.offset === undefined && bias % 4 === 0 && terms.every(([, factor]) => factor % 4 === 0);
  }
}
