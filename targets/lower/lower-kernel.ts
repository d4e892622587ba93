/**
 * Kernel -> LoweredKernel: unrolled loops written out (or kept as plain loops where nothing asks for constants), loops of
 * one turn replaced by their body, indices folded, register buffers turned into locals, every value typed.
 */
import { invariant } from "../../compiler/diagnostics/diagnostic.ts";
import { invocationVariable, workgroupVariable } from "../../compiler/schedule/kernel.ts";
import type { BufferId, Expression, Index, Kernel, Lanes, LocalId, Scalar, Statement, VariableId } from "../../compiler/schedule/kernel.ts";
import { indexes, turnsOf } from "./accesses.ts";
import { foldApply } from "./fold-value.ts";
import { foldIndex, isConstant, rangeOf } from "./fold-index.ts";
import type { Action, LoweredKernel, MemoryBuffer, Value } from "./lowered.ts";
import { Registers } from "./registers.ts";
import { typedApply } from "./typed.ts";

/** `unroll`: what becomes of an unrolled loop whose variable no register buffer's index uses. */
export function lowerKernel(kernel: Kernel, unroll: "always" | "registers"): LoweredKernel {
  const locals: { type: Scalar; lanes: Lanes }[] = kernel.locals.map(({ type, lanes }) => ({ type, lanes }));
  const buffers = new Map<BufferId, MemoryBuffer>();
  for (const [index, { space, storage }] of kernel.buffers.entries()) {
    const id = index as BufferId; // it brands an index into kernel.buffers
    if (space === "memory") buffers.set(id, { id, storage, binding: buffers.size });
  }
  const lowering = new Lowering(kernel, unroll, locals);
  const body = lowering.actions(kernel.body);
  return { name: kernel.name, buffers, locals, body, ranges: lowering.ranges };
}

class Lowering {
  readonly ranges = new Map<VariableId, readonly [number, number]>();
  /** Values of the variables of loops that are being written out. */
  readonly #known = new Map<VariableId, number>();
  readonly #kernel: Kernel;
  readonly #unroll: "always" | "registers";
  readonly #registers: Registers;
  readonly #locals: { type: Scalar; lanes: Lanes }[];

  constructor(kernel: Kernel, unroll: "always" | "registers", locals: { type: Scalar; lanes: Lanes }[]) {
    this.#kernel = kernel;
    this.#unroll = unroll;
    this.#registers = new Registers(kernel.buffers, kernel.body, locals);
    this.#locals = locals;
    if (kernel.grid === undefined) return;
    this.ranges.set(workgroupVariable, [0, kernel.grid.workgroups - 1]).set(invocationVariable, [0, kernel.grid.invocations - 1]);
  }

  actions(body: readonly Statement[]): Action[] {
    return body.flatMap((statement) => this.#action(statement));
  }

  #action(statement: Statement): readonly Action[] {
    switch (statement.kind) {
      case "loop":
        return this.#loop(statement);
      case "if": {
        const test = this.#value(statement.test);
        if (test.kind === "literal") return this.actions(test.value !== 0 ? statement.then : statement.else);
        return [{ kind: "if", test, then: this.actions(statement.then), else: this.actions(statement.else) }];
      }
      case "let":
        return [{ kind: "let", local: statement.local, value: this.#value(statement.value) }];
      case "store": {
        const value = this.#value(statement.value);
        const at = this.#index(statement.at);
        const { storage, name } = this.#kernel.buffers[statement.buffer];
        invariant(value.lanes === statement.lanes, () => `a store of ${statement.lanes} lanes gets ${value.lanes}`);
        invariant(value.type === storage, () => `a store of ${value.type} to ${name}, which holds ${storage}`);
        const count = checkedCount(statement.lanes, statement.count);
        if (this.#registers.has(statement.buffer)) return this.#registers.store(statement.buffer, at, value, count);
        return [{ kind: "store", buffer: statement.buffer, at, value, count }];
      }
      case "combine":
        return this.#combine(statement);
      case "fence":
        return [{ kind: "fence" }];
      case "bind":
        return [{ kind: "bind", variable: statement.variable, value: this.#value(statement.value) }];
      case "barrier":
        return [{ kind: "barrier", over: statement.over }];
      case "leave":
        return [{ kind: "leave", test: this.#value(statement.test) }];
    }
  }

  #loop(loop: Extract<Statement, { kind: "loop" }>): readonly Action[] {
    const { variable, step } = loop;
    const from = this.#index(loop.from);
    const to = this.#index(loop.to);
    invariant(step > 0, () => "the step of a loop is positive");
    const turns = turnsOf(from, to, step);
    const writtenOut = turns !== undefined && (turns <= 1 || (loop.mode === "unroll" && (this.#unroll === "always" || indexes(loop.body, variable, (buffer) => this.#registers.has(buffer)))));
    if (writtenOut) {
      const actions: Action[] = [];
      for (let turn = 0; turn < turns; turn++) {
        this.#known.set(variable, from.base + turn * step);
        actions.push(...this.actions(loop.body));
      }
      this.#known.delete(variable);
      // A fence stands directly inside a serial loop; where that loop had one turn there is nothing to fence.
      return loop.mode === "serial" ? actions.filter(({ kind }) => kind !== "fence") : actions;
    }
    invariant(loop.mode === "serial" || turns !== undefined, () => "the bounds of an unrolled loop are constant");
    const last = turns === undefined ? rangeOf(to, this.ranges)[1] - 1 : from.base + (turns - 1) * step;
    const bounds: readonly [number, number] = [from.offset === undefined ? rangeOf(from, this.ranges)[0] : -Infinity, to.offset === undefined ? last : Infinity];
    const earlier = this.ranges.get(variable);
    // Written-out loops around this one make it again, with other bounds.
    this.ranges.set(variable, earlier === undefined ? bounds : [Math.min(earlier[0], bounds[0]), Math.max(earlier[1], bounds[1])]);
    return [{ kind: "loop", variable, from, to, step, turns, body: this.actions(loop.body) }];
  }

  /** (l0 op l1) op (l2 op l3) */
  #combine({ local, op, value: vector }: Extract<Statement, { kind: "combine" }>): readonly Action[] {
    const value = this.#value(vector);
    const { type } = value;
    invariant(value.lanes === 4, () => "combine takes 4 lanes");
    const whole = (this.#locals.push({ type, lanes: 4 }) - 1) as LocalId; // brands an index into locals
    const lane = (index: number): Value => ({ kind: "lane", of: { kind: "local", local: whole, type, lanes: 4 }, lane: index, type, lanes: 1 });
    const both = (a: Value, b: Value): Value => typedApply(op, type, 1, [a, b]);
    return [
      { kind: "let", local: whole, value },
      { kind: "let", local, value: both(both(lane(0), lane(1)), both(lane(2), lane(3))) },
    ];
  }

  #value(expression: Expression): Value {
    switch (expression.kind) {
      case "literal":
        return expression;
      case "local":
        return { ...this.#kernel.locals[expression.local], kind: "local", local: expression.local };
      case "index": {
        const at = this.#index(expression.at);
        const { lanes } = expression;
        return lanes === 1 && isConstant(at) ? { kind: "literal", type: "i32", lanes, value: at.base } : { kind: "index", type: "i32", lanes, at };
      }
      case "lane": {
        const of = this.#value(expression.of);
        return { kind: "lane", of, lane: expression.lane, type: of.type, lanes: 1 };
      }
      case "load": {
        const { buffer, lanes } = expression;
        const at = this.#index(expression.at);
        const count = checkedCount(lanes, expression.count);
        if (this.#registers.has(buffer)) return this.#registers.load(buffer, at, lanes, count);
        const type = this.#kernel.buffers[buffer].storage;
        invariant(lanes === 1 || type !== "f64", () => "f64 has one lane");
        return { kind: "load", type, lanes, buffer, at, count };
      }
      case "apply":
        return foldApply(typedApply(expression.op, expression.type, expression.lanes, expression.args.map((arg) => this.#value(arg))));
    }
  }

  #index(index: Index): Index {
    return foldIndex(index, this.#known);
  }
}

/** A count of all lanes is none. */
function checkedCount(lanes: Lanes, count: number | undefined): number | undefined {
  if (count === undefined || count >= lanes) return undefined;
  invariant(lanes === 4 && count >= 1, () => `a count of ${count} for ${lanes} lanes`);
  return count;
}
