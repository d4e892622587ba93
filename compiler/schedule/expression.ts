/** Short constructors for kernel expressions and statements. */
import type { BufferId, Expression, Index, Kernel, Lanes, LocalId, MachineOp, Scalar, Statement, VariableId } from "./kernel.ts";

export const at = (base: number, ...terms: readonly (readonly [VariableId, number])[]): Index => ({ base, terms });
export const literal = (value: number, type: Scalar = "f32", lanes: Lanes = 1): Expression => ({ kind: "literal", type, lanes, value });
export const local = (id: LocalId): Expression => ({ kind: "local", local: id });
export const load = (buffer: BufferId, index: Index, lanes: Lanes = 1, count?: number): Expression => ({ kind: "load", buffer, at: index, lanes, count });
export const lane = (of: Expression, index: number): Expression => ({ kind: "lane", of, lane: index });
export const apply = (op: MachineOp, type: Scalar, lanes: Lanes, ...args: readonly Expression[]): Expression => ({ kind: "apply", op, type, lanes, args });
export const setLocal = (id: LocalId, value: Expression): Statement => ({ kind: "let", local: id, value });
export const store = (buffer: BufferId, index: Index, value: Expression, lanes: Lanes = 1, count?: number): Statement => ({ kind: "store", buffer, at: index, value, lanes, count });
export const loop = (variable: VariableId, from: number, to: number, step: number, body: readonly Statement[], mode: "serial" | "unroll" = "serial"): Statement =>
  ({ kind: "loop", mode, variable, from: at(from), to: at(to), step, body });

/** Collects the locals, variables and buffers of a kernel while its body is written. */
export class KernelScope {
  readonly locals: { type: Scalar; lanes: Lanes }[] = [];
  readonly buffers: Kernel["buffers"][number][] = [];
  variables = 0;
  /** Whether the machine may take (x + c) - c for x, as shading languages allow. */
  reorders = false;

  variable(): VariableId {
    return this.variables++ as VariableId;
  }
  local(type: Scalar, lanes: Lanes = 1): LocalId {
    return (this.locals.push({ type, lanes }) - 1) as LocalId;
  }
  buffer(name: string, storage: Scalar, length: number, space: Kernel["buffers"][number]["space"] = "memory"): BufferId {
    return (this.buffers.push({ name, storage, length, space }) - 1) as BufferId;
  }
}
