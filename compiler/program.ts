/** What the schedule hands to a target: kernels, plans and the layout of the module's one memory. Plain data. */
import type { Element, Extern, Region, RunTimeLength, RunTimeSize, Site, SiteId, State, TensorType, ValueId } from "./ir/graph.ts";
import type { Kernel, Placement, Step } from "./schedule/kernel.ts";

/** A leaf or tree at an entry's border, each leaf with its place in memory. */
export type PlacedTree =
  | {
      readonly kind: "tensor";
      readonly type: TensorType;
      readonly axes: readonly (string | null)[];
      /** The type with a tangent of its own that it stores. */
      readonly of?: string;
      readonly at: Placement;
      /** An argument that indexes an axis unchanged: its values must lie in 0 .. below - 1. */
      readonly below?: number;
      /** The same of an axis that is as long as a call tells. */
      readonly belowRows?: RunTimeSize;
      /** How many of its rows count, where a call tells that. */
      readonly rows?: RunTimeSize;
    }
  | { readonly kind: "record"; readonly fields: readonly { readonly name: string; readonly tree: PlacedTree }[] }
  | { readonly kind: "tuple"; readonly items: readonly PlacedTree[] };

export interface PlacedParameter {
  readonly name: string;
  readonly tree: PlacedTree;
  /** What a scalar is where the caller says nothing. */
  readonly default?: number | boolean;
}

/** A value of the graph: of an entry's region, or of a loop's body. */
export interface Origin {
  readonly region: Region;
  readonly value: ValueId;
}

/** What runs while some ranges of the arena are in use: a kernel, a host's function, "copy" or the border of a "loop". */
export interface Moment {
  readonly what: string;
  readonly site: SiteId | null;
  /** Of the plan before loops become kernels, those inside of a loop once; none for a loop's end, and for copies to where a value lies already. */
  readonly steps: number;
}

/** A range of memory from moment `from` (-1: before the first) to moment `to`, and the values in it, one after the other; without any it is a kernel's scratch. */
export interface ArenaBlock {
  readonly at: Placement;
  readonly bytes: number;
  readonly from: number;
  readonly to: number;
  readonly holds: readonly { readonly from: number; readonly type: TensorType; /** null: a copy */ readonly origin: Origin | null }[];
}

/** The arena over the time of a call, as it was planned. */
export interface Occupancy {
  readonly moments: readonly Moment[];
  readonly blocks: readonly ArenaBlock[];
}

export interface ProgramEntry {
  readonly name: string;
  /** Unique: `step`, `predict_1`, `predict_32`. */
  readonly symbol: string;
  readonly doc?: string;
  readonly train: boolean;
  readonly variant: Readonly<Record<string, number>>;
  /** A leading length that each call chooses, from 1 to the bound, and where it goes: i32. */
  readonly length?: RunTimeLength & { readonly at: Placement };
  readonly parameters: readonly PlacedParameter[];
  readonly result: PlacedTree | null;
  readonly plan: readonly Step[];
  readonly flops: number;
  readonly occupancy: Occupancy;
}

export interface PlacedState extends State {
  readonly at: Placement;
}

/** Bytes that memory holds before anything runs. */
export interface Constant {
  readonly at: Placement;
  readonly bytes: Uint8Array;
}

export interface Program {
  readonly kernels: readonly Kernel[];
  readonly entries: readonly ProgramEntry[];
  readonly states: readonly PlacedState[];
  /** Reads the seed (u32) at `seedAt` and writes every state's initial value. */
  readonly init: { readonly plan: readonly Step[]; readonly seedAt: Placement; readonly occupancy: Occupancy };
  readonly constants: readonly Constant[];
  readonly externs: readonly Extern[];
  /** Bytes of state + constants + arena's high-water mark: all the memory that the module ever uses. */
  readonly peakBytes: number;
  readonly memory: { readonly constantBytes: number; readonly stateBytes: number; readonly arenaBytes: number };
  readonly sites: readonly Site[];
  /** Of a parallel machine: a program without entries for one processor, whose `init` makes the initial values. */
  readonly initial?: Program;
  /** Of a parallel machine: nothing lies across a multiple of it. 8 banks at most. */
  readonly bankBytes?: number;
}

/** What a schedule may assume of the machine. */
export interface Machine {
  readonly name: string;
  /** 32-bit lanes of a vector register. */
  readonly lanes: 1 | 4;
  /**
   * Kernels are run by a grid of invocations, a bool takes 4 bytes, there is no f64, and `init` is left to the CPU
   * (`Program.initial`). Default: one processor runs kernel after kernel.
   */
  readonly parallel?: boolean;
  /** Bytes that a parallel machine addresses as one: its memory comes in banks of so many, or more where a value needs it. Default: all. */
  readonly bankBytes?: number;
  /** Of a parallel machine: a loop with little to do in a turn is one kernel. Default: its turns are steps of the plan. */
  readonly mergesLoops?: boolean;
}

export type Artifact =
  /** A module that exports `memory` and, for `init` and each entry's symbol, functions `<symbol>` (or `<symbol>$0`, `$1`, ... between host steps; the turns of the loops around are its arguments). */
  | { readonly kind: "wasm"; readonly bytes: Uint8Array }
  /** The text of a function expression `(memory: ArrayBuffer) => ({ init, step, ... })`. */
  | { readonly kind: "js"; readonly source: string }
  | WgslArtifact;

export interface Shader {
  readonly name: string;
  readonly code: string;
  readonly workgroups: readonly [x: number, y: number];
  /** The form for devices on which workgroup memory is fast; absent: it is the same. */
  readonly shared?: Pick<Shader, "code" | "workgroups">;
  /** The banks of memory that it binds, in the order of its bindings. */
  readonly banks: readonly number[];
}

/** A dispatch. */
export interface ShaderRun {
  /** Index into `shaders`. */
  readonly shader: number;
  /** Of the buffers whose places its runs do not share, in words of 4 bytes from the start of their bank. */
  readonly places: readonly WordPlace[];
}

/** A word of the memory. One that moves: its first turn's, then pairs of a loop's depth and the words that each turn of it adds. */
export type WordPlace = number | readonly number[];

/** A run, by its index; a test, directly in a loop, that ends it before the rest of a turn; a loop of at most so many turns. */
export type ShaderStep = number | readonly [test: WordPlace] | readonly [turns: number, body: readonly ShaderStep[]];

/** Shaders over `program`'s memory, a storage buffer for each bank, and in which order each routine runs them. */
export interface WgslArtifact {
  readonly kind: "wgsl";
  readonly shaders: readonly Shader[];
  readonly runs: readonly ShaderRun[];
  /** By entry symbol, or `<symbol>$0`, `$1`, ... between host steps. */
  readonly routines: Readonly<Record<string, readonly ShaderStep[]>>;
  readonly program: Program;
  /** As of a js artifact, for `program.initial`. */
  readonly initial: string;
}

export interface Target {
  readonly name: string;
  readonly machine: Machine;
  emit(program: Program): Promise<Artifact>;
}

/** `boolBytes`: what the machine takes for a bool. */
export const byteSize = (element: Element, boolBytes: 1 | 4 = 1): number => (element === "f64" ? 8 : element === "bool" ? boolBytes : 4);
export const boolBytesOf = ({ parallel }: Machine): 1 | 4 => (parallel === true ? 4 : 1);

/** The first moment at which the most bytes are in use, how many those are, and the ranges they are in. */
export function fullestMoment({ moments, blocks }: Occupancy): { readonly moment: number; readonly bytes: number; readonly blocks: readonly ArenaBlock[] } {
  const at = (moment: number) => {
    const live = blocks.filter(({ from, to }) => from <= moment && moment <= to);
    return { moment, bytes: live.reduce((sum, block) => sum + block.bytes, 0), blocks: live };
  };
  return moments.map((_, moment) => at(moment)).reduce((fullest, next) => (next.bytes > fullest.bytes ? next : fullest), at(-1));
}
