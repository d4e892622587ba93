/** A stretch of a plan as a function: calls of kernels, copies, and loops whose turns are counted in locals. */
import { invariant } from "../../compiler/diagnostics/diagnostic.ts";
import type { KernelId, Moving, Place } from "../../compiler/schedule/kernel.ts";
import { argumentsOf, withoutHost, type Bindings, type Routine, type RoutineStep } from "../lower/index.ts";
import type { Assembler, Ref } from "./assembler.ts";
import { FunctionBuilder } from "./function.ts";

/** The function's parameters: turns of the loops around. */
export function emitPlan(assembler: Assembler, name: string, { depth, steps }: Routine, bindings: ReadonlyMap<KernelId, Bindings>): void {
  new PlanEmitter(assembler, depth, bindings).emit(name, steps);
}

interface OpenLoop {
  /** The local that counts whole turns. */
  readonly turn: number;
  /** null: the loop is not in this function. */
  readonly exit: string | null;
}

class PlanEmitter {
  readonly #builder: FunctionBuilder;
  readonly #bindings: ReadonlyMap<KernelId, Bindings>;
  /** Outermost first. */
  readonly #open: OpenLoop[];

  constructor(assembler: Assembler, depth: number, bindings: ReadonlyMap<KernelId, Bindings>) {
    this.#builder = new FunctionBuilder(assembler, new Array<"i32">(depth).fill("i32"));
    this.#open = Array.from({ length: depth }, (_, turn) => ({ turn, exit: null }));
    this.#bindings = bindings;
  }

  emit(name: string, steps: readonly RoutineStep[]): void {
    this.#builder.finish(name, [], steps.map((step) => this.#step(step)));
  }

  #step(step: RoutineStep): Ref {
    const { assembler } = this.#builder;
    const { code } = assembler;
    const { i32 } = code;
    switch (step.kind) {
      case "copy":
        return code.memory.copy(this.#number(step.to), this.#number(step.from), i32.const(step.bytes));
      case "run": {
        const open = argumentsOf(this.#bindings.get(step.kernel) ?? [], step.bindings);
        return code.call(`k${step.kernel}`, open.map((at) => this.#number(at)), assembler.none);
      }
      case "index":
        return i32.store(0, 4, this.#number(step.at), this.#number(step.value));
      case "until": {
        const exit = this.#open.at(-1)?.exit ?? null;
        invariant(exit !== null, () => "a test outside of a loop");
        return code.br_if(exit, i32.load8_u(0, 1, this.#number(step.test)));
      }
      case "loop":
        return this.#loop(step);
    }
  }

  #loop({ turns, count, body }: Extract<RoutineStep, { kind: "loop" }>): Ref {
    const { code } = this.#builder.assembler;
    const { i32 } = code;
    const turn = this.#builder.local("i32");
    const exit = this.#builder.label();
    const again = this.#builder.label();
    this.#open.push({ turn, exit });
    const steps = withoutHost(body).map((step) => this.#step(step));
    this.#open.pop();
    const next = this.#builder.set(turn, i32.add(this.#builder.get(turn), i32.const(1)));
    const more = code.br_if(again, i32.lt_u(this.#builder.get(turn), i32.const(turns)));
    const parts = [this.#builder.set(turn, i32.const(0))];
    if (turns > 0) parts.push(code.block(exit, [code.loop(again, code.block(null, [...steps, next, more]))]));
    if (count !== undefined) parts.push(i32.store(0, 4, this.#number(count), this.#builder.get(turn)));
    this.#builder.release(turn);
    return code.block(null, parts);
  }

  /** A byte offset, or another number that moves with the turns. */
  #number(at: Place | Moving): Ref {
    const { i32 } = this.#builder.assembler.code;
    if (typeof at === "number") return i32.const(at | 0);
    return at.perTurn.reduce((sum, { depth, by }) => {
      const turn = this.#builder.get(this.#open[depth].turn);
      return i32.add(sum, by === 1 ? turn : i32.mul(turn, i32.const(by | 0)));
    }, i32.const(at.base | 0));
  }
}
