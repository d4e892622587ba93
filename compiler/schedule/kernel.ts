/**
 * The loop-nest IR: kernels (loops over buffers) and plans (which kernel runs when, on which bytes). Everything that a
 * target emits is written in it; nothing else knows a target.
 */
import type { SiteId } from "../ir/graph.ts";

/** The type of a register. A bool register of 4 lanes is a mask (all bits set), of 1 lane it is 0 or 1. */
export type Scalar = "f32" | "f64" | "i32" | "u32" | "bool";
/** 4 lanes of 32 bits or 1; f64 is computed lane by lane. */
export type Lanes = 1 | 4;

export type BufferId = number & { readonly __buffer: unique symbol };
export type LocalId = number & { readonly __local: unique symbol };
export type VariableId = number & { readonly __variable: unique symbol };
export type KernelId = number & { readonly __kernel: unique symbol };

/** An element index: base + sum of variable * factor, plus one computed i32 (a scalar local). */
export interface Index {
  readonly base: number;
  readonly terms: readonly (readonly [VariableId, number])[];
  readonly offset?: LocalId;
}

export interface Buffer {
  readonly name: string;
  /** How an element lies in memory: 4 bytes, f64 8, bool 1 (0 or 1). */
  readonly storage: Scalar;
  /** Elements. */
  readonly length: number;
  /**
   * memory: bound to bytes by each run of the kernel. register: a small array whose indices are constant once loops are
   * unrolled. workgroup: shared by the invocations of a workgroup, undefined at first; only in a kernel with a grid.
   */
  readonly space: "memory" | "register" | "workgroup";
}

export interface Local {
  readonly type: Scalar;
  readonly lanes: Lanes;
}

/**
 * One instruction or helper each. Operands share type and lanes unless said. IEEE arithmetic rounded to the type after
 * every op, so that js and wasm agree in every bit. Transcendentals are expanded before, in `approximate/`.
 */
export type MachineOp =
  | "add" | "sub" | "mul" // f32 f64 i32 u32; bool has xor, and
  | "div" | "sqrt" | "floor" | "ceil" | "trunc" | "nearest" // f32 f64
  | "neg" | "abs" // f32 f64 i32
  | "min" | "max" // f32 f64: NaN if either is, -0 < +0; i32 u32
  | "pmin" | "pmax" // f32 f64: (a, b) -> b < a ? b : a, and a < b ? b : a
  | "idiv" | "imod" // i32 u32, lanes 1: floor semantics, x / 0 = x mod 0 = 0; never traps
  | "and" | "or" | "xor" | "not" // i32 u32 bool
  | "shl" | "shr" // i32 u32: (x, count): count is an i32 of 1 lane for both, modulo 32; shr of i32 keeps the sign
  | "mulHigh" // u32: high half of the product
  | "eq" | "ne" | "lt" | "le" | "gt" | "ge" // -> bool
  | "select" // (bool, a, b)
  | "splat" // 1 lane -> 4
  | "zipLow" | "zipHigh" // 4 lanes, 32-bit types: (a, b) -> a0 b0 a1 b1, and a2 b2 a3 b3
  | "toF32" | "toF64" | "toI32" | "toU32" | "toBool" // from any; floats to integers truncate and saturate, NaN is 0
  | "bitsF32" | "bitsI32" | "bitsU32"; // same bits, 32-bit types

export type Monoid = "add" | "mul" | "min" | "max" | "and" | "or" | "xor";

export type Expression =
  /** `value` is exact: the f32 or f64 number, the integer, 0 or 1. */
  | { readonly kind: "literal"; readonly type: Scalar; readonly lanes: Lanes; readonly value: number }
  | { readonly kind: "local"; readonly local: LocalId }
  /** i32: the index; with 4 lanes index, index + 1, + 2, + 3. */
  | { readonly kind: "index"; readonly at: Index; readonly lanes: Lanes }
  /** Lanes read consecutive elements. `count`: only the first `count` (1..3) elements exist, the other lanes are 0. */
  | { readonly kind: "load"; readonly buffer: BufferId; readonly at: Index; readonly lanes: Lanes; readonly count?: number }
  /** One of the 4 lanes of a value. */
  | { readonly kind: "lane"; readonly of: Expression; readonly lane: number }
  /** `type`: the type of the (non-bool) operands; for select that of a and b; for conversions that of the operand. */
  | { readonly kind: "apply"; readonly op: MachineOp; readonly type: Scalar; readonly lanes: Lanes; readonly args: readonly Expression[] };

export type Statement =
  /**
   * serial: for (v = from; v < to; v += step). unroll: the same, bounds constant, written out; a register buffer's
   * index may use only unrolled variables.
   */
  | { readonly kind: "loop"; readonly mode: "serial" | "unroll"; readonly variable: VariableId; readonly from: Index; readonly to: Index; readonly step: number; readonly body: readonly Statement[] }
  | { readonly kind: "if"; readonly test: Expression; readonly then: readonly Statement[]; readonly else: readonly Statement[] }
  /** Sets a local; locals are mutable and may be set in a loop. */
  | { readonly kind: "let"; readonly local: LocalId; readonly value: Expression }
  | { readonly kind: "store"; readonly buffer: BufferId; readonly at: Index; readonly value: Expression; readonly lanes: Lanes; readonly count?: number }
  /** local (1 lane) = the 4 lanes of value combined as (l0 op l1) op (l2 op l3). */
  | { readonly kind: "combine"; readonly local: LocalId; readonly op: Monoid; readonly type: Scalar; readonly value: Expression }
  /** No meaning: keeps an engine from moving loads across it. Directly inside a serial loop. (Note in the facts on scheduling barriers.) */
  | { readonly kind: "fence" }
  /** Sets an index variable to an i32 of 1 lane. Only in a kernel with a grid. */
  | { readonly kind: "bind"; readonly variable: VariableId; readonly value: Expression }
  /** All invocations of a workgroup meet here; `over`: the space in which they see each other's stores. Only in a kernel with a grid, where all invocations come alike. */
  | { readonly kind: "barrier"; readonly over: "workgroup" | "memory" }
  /** Ends the loop that it stands directly inside of, for all invocations of a workgroup, if the first one's test is true: a barrier, too. The loop is serial, of 2 turns and more. */
  | { readonly kind: "leave"; readonly test: Expression };

/** How many invocations run a kernel's body, each by itself: `workgroups` times `invocations`. */
export interface Grid {
  readonly workgroups: number;
  /** Of a workgroup: 1 .. 256. */
  readonly invocations: number;
}

/** In a kernel with a grid these variables hold the number of the workgroup, and of the invocation in it. */
export const workgroupVariable = 0 as VariableId; // the first two of a kernel
export const invocationVariable = 1 as VariableId; // as above

export interface Kernel {
  readonly name: string;
  readonly buffers: readonly Buffer[];
  readonly locals: readonly Local[];
  /** Loop variables are 0 .. variables - 1. */
  readonly variables: number;
  readonly body: readonly Statement[];
  readonly site: SiteId;
  /** Absent: the body runs once, on its own. */
  readonly grid?: Grid;
  /** The same work on the same buffers in memory, for devices on which workgroup memory is fast. */
  readonly shared?: Kernel;
}

/** A byte offset in the module's one memory. */
export type Placement = number;

/** Of a loop around a step: what is added for each turn of it that is over. Depth 0 is the outermost loop. */
export interface PerTurn {
  readonly depth: number;
  readonly by: number;
}

/** A number that changes from turn to turn. Depths are distinct, no `by` is 0. */
export interface Moving {
  readonly base: number;
  readonly perTurn: readonly PerTurn[];
}

/** A placement, or one that moves with the loops around the step. */
export type Place = Placement | Moving;

/** `K`: how a kernel is named. */
export type Step<K = KernelId> =
  /** `bindings`: one for each of the kernel's memory buffers, in order; aligned to the buffer's elements. */
  | { readonly kind: "run"; readonly kernel: K; readonly bindings: readonly Place[] }
  /** memory.copy: distinct ranges. */
  | { readonly kind: "copy"; readonly from: Place; readonly to: Place; readonly bytes: number }
  /** Stores an i32 that depends on the turns of the loops around. */
  | { readonly kind: "index"; readonly at: Place; readonly value: number | Moving }
  /** Runs the body `turns` times, or until an `until` in it ends it; then stores the number of whole turns, an i32, at `count`. */
  | { readonly kind: "loop"; readonly turns: number; readonly count?: Place; readonly body: readonly Step<K>[] }
  /** Directly inside a loop: ends it if the bool is true. */
  | { readonly kind: "until"; readonly test: Place }
  /** The same places in every turn. */
  | { readonly kind: "host"; readonly extern: string; readonly args: readonly Placement[]; readonly results: readonly Placement[] };

/** The steps of a plan, those inside loops included, in order. */
export function* eachStep(plan: readonly Step[]): Generator<Step> {
  for (const step of plan) {
    yield step;
    if (step.kind === "loop") yield* eachStep(step.body);
  }
}
