/**
 * The graph IR: pure SSA in closed regions.
 *
 * A region sees only its params, so it can be moved, compared and printed by itself. Value ids are dense and in
 * definition order: params first, then the results of the nodes. There are no side effects: an entry takes the states
 * it reads and returns the states it assigns.
 */
import type { Span } from "../../grammar/index.ts";
import { InternalError } from "../diagnostics/diagnostic.ts";
import type { AttributesOf, OpName } from "../ops/attributes.ts";

export type Element = "f32" | "f64" | "i32" | "u32" | "bool";

export interface TensorType {
  readonly element: Element;
  readonly shape: readonly number[];
}

/** Index of a value in its region. */
export type ValueId = number & { readonly __value: unique symbol };
/** Index into `Graph.sites`. */
export type SiteId = number & { readonly __site: unique symbol };
/** Index into `Graph.states`. */
export type StateId = number & { readonly __state: unique symbol };

/** Where a node comes from. */
export interface Site {
  readonly span: Span;
  /** The model instance whose body made the node: `["net", "output"]`. */
  readonly path: readonly string[];
  /** Of a backward pass: the operation or call whose derivative, or rule, made the node; the place is that of the call. */
  readonly derivativeOf?: string;
  /** Where `span` is in the library: the user's text that calls it. */
  readonly caller?: Span;
}

/** The user's text that a node or a state comes from, where there is one. */
export const userSpan = ({ span, caller }: Pick<Site, "span" | "caller">): Span => caller ?? span;

interface Base {
  readonly args: readonly ValueId[];
  readonly results: readonly ValueId[];
  readonly site: SiteId;
}

/** An op of the op table. */
export type OpNode<K extends OpName = OpName> = {
  readonly [O in K]: Base & { readonly kind: "op"; readonly op: O; readonly attributes: AttributesOf<O> };
}[K];

/**
 * The end of a call whose credit a rule may redirect: results[i] is the value args[i], under a new name for the world
 * outside of the call. Only differentiation looks at it; `erase-markers` removes it.
 */
export interface LeaveNode extends Base {
  readonly kind: "leave";
  readonly call: CallSite;
}

/** A call of an `extern fn`: the one node with an effect; the order of host nodes is kept. */
export interface HostNode extends Base {
  readonly kind: "host";
  readonly name: string;
}

/**
 * A loop of a fixed number of turns. args: initial carries, inputs ([length, ...] each), captures. The body's params: the
 * index i32[], carries, one slice of each input, captures; its results: the next carries, then what the turn emits.
 * results: the last carries, then each emit stacked ([length, ...]). Reversed: the index runs from length - 1 down to 0,
 * slices and stacked emits stand at the index either way.
 */
export interface ScanNode extends Base {
  readonly kind: "scan";
  readonly length: number;
  readonly reversed: boolean;
  readonly carries: number;
  readonly inputs: number;
  /** Turns that the schedule writes out per step of the loop. */
  readonly unroll: number;
  readonly body: Region;
}

/**
 * A loop that ends early. args: initial carries, captures. `until` (params: index, carries, captures; result: bool[]) is
 * tested before each turn; true or `max` turns end it. body: (index, carries, captures) -> (next carries, emits).
 * results: the last carries, each emit stacked ([max, ...]; what no turn has written is unspecified), then the number of
 * turns, i32[].
 */
export interface WhileNode extends Base {
  readonly kind: "while";
  readonly max: number;
  readonly carries: number;
  readonly until: Region;
  readonly body: Region;
}

export type LoopNode = ScanNode | WhileNode;

export const isLoop = (node: { readonly kind: string }): node is LoopNode => node.kind === "scan" || node.kind === "while";

/** The regions of a loop that run each turn, in order. */
export const bodiesOf = (loop: LoopNode): readonly Region[] => (loop.kind === "while" ? [loop.until, loop.body] : [loop.body]);

const hosting = new WeakMap<Region, boolean>();

/** Whether a node calls the host, itself or in a turn: such nodes stay, in their order. */
export function callsHost(node: { readonly kind: string }): boolean {
  if (!isLoop(node)) return node.kind === "host";
  return bodiesOf(node).some((body) => {
    const known = hosting.get(body) ?? body.nodes.some(callsHost);
    hosting.set(body, known);
    return known;
  });
}

export type Node = OpNode | LeaveNode | HostNode | LoopNode;

/** What differentiation must know of a call: which values went in, and the rules that stand for its body. */
export interface CallSite {
  /** Name of the function, model or operator (`matmul`, `add`), as rule sets match it. */
  readonly callee: string;
  /** Path of the instance called, or of the model whose body holds the call: what `in net.output` matches. */
  readonly path: readonly string[];
  /** The differentiable leaves that went in: arguments, then the model's own parameters. */
  readonly inputs: readonly ValueId[];
  /** It takes or gives values of a type with a tangent of its own: rule sets leave it alone, a retraction's derivative looks into it. */
  readonly points?: boolean;
  /** Own rules of the callee. */
  readonly backward?: RuleHandle;
  readonly tangent?: RuleHandle;
  /** For a call in a mapped body: makes a rule found for one element work for the batch. */
  readonly lift?: (handle: RuleHandle, mode: "backward" | "tangent") => RuleHandle;
  /** The elaborator's record of the call, opaque to everybody else; rule handles and rule sets find it here. */
  readonly frame: unknown;
}

/**
 * A rule, ready to be inlined where a request meets its call. It appends nodes through the builder that the request
 * uses. backward: cotangents of the results -> cotangents of `inputs`. tangent: tangents of `inputs` -> of the results.
 * `null` is a symbolic zero on either side.
 */
export interface RuleHandle {
  readonly surrogate: boolean;
  readonly span: Span;
  /** Of a backward rule: which inputs it returns a cotangent for; absent: any of them may get one. */
  readonly credits?: readonly boolean[];
  /** `wanted[i]`: whether a cotangent of input i goes on to something asked for; absent: all do. */
  apply(given: readonly (ValueId | null)[], wanted?: readonly boolean[]): readonly (ValueId | null)[];
}

export interface Region {
  readonly params: readonly ValueId[];
  readonly nodes: readonly Node[];
  readonly results: readonly ValueId[];
  /** By value id. */
  readonly types: readonly TensorType[];
}

/** A size that a call tells: `times * n + plus`, where n is the entry's run-time length. */
export interface RunTimeSize {
  readonly times: number;
  readonly plus: number;
}

/** A leading length that each call chooses: `N <= 256`. Types have the bound in its place; only the first n rows count. */
export interface RunTimeLength {
  readonly name: string;
  readonly bound: number;
}

/** A value of the language at an entry's border: a tensor with the names of its axes, or a tree of such. */
export type Tree =
  | {
      readonly kind: "tensor";
      readonly type: TensorType;
      readonly axes: readonly (string | null)[];
      /** The type with a tangent of its own that it stores. */
      readonly of?: string;
      /** How many of its rows count, where a call tells that. */
      readonly rows?: RunTimeSize;
    }
  | { readonly kind: "record"; readonly fields: readonly { readonly name: string; readonly tree: Tree }[] }
  | { readonly kind: "tuple"; readonly items: readonly Tree[] };

export interface EntryParameter {
  readonly name: string;
  readonly tree: Tree;
  /** What a scalar is where the caller says nothing. */
  readonly default?: number | boolean;
}

/** One exported function at one choice of its variants. */
export interface Entry {
  readonly name: string;
  readonly doc?: string;
  readonly train: boolean;
  /** `N in {1, 32}` makes two entries of one name: `{ N: 1 }` and `{ N: 32 }`. */
  readonly variant: Readonly<Record<string, number>>;
  /** The region's last param is its value in a call, i32[]. */
  readonly length?: RunTimeLength;
  readonly parameters: readonly EntryParameter[];
  /** null: the entry returns nothing. */
  readonly result: Tree | null;
  /** The states read, in the order of the region's first params; the leaves of `parameters` follow, depth first. */
  readonly reads: readonly StateId[];
  /** The states assigned, in the order of the region's first results; the leaves of `result` follow. */
  readonly writes: readonly StateId[];
  readonly region: Region;
  readonly span: Span;
}

export interface State {
  /** `net.hidden.weight`, `step.adam.m.net.hidden.weight`; the random counter is `$random`: u32[2] = [seed, calls]. */
  readonly path: string;
  readonly type: TensorType;
  /** Names of its axes, where they have one. */
  readonly axes?: readonly (string | null)[];
  /** trained: a parameter; state: anything else persistent; frozen: a parameter of a `frozen var`; optimizer; random;
   * constant: a large `const`, computed by `init` rather than stored in the module, never assigned, saved or shown. */
  readonly role: "trained" | "state" | "frozen" | "optimizer" | "random" | "constant";
  readonly span: Span;
  /** As of a site. */
  readonly caller?: Span;
}

/** An `extern fn`, as the host must provide it. */
export interface Extern {
  readonly name: string;
  readonly doc?: string;
  readonly parameters: readonly EntryParameter[];
  readonly result: Tree | null;
}

export interface Graph {
  readonly entries: readonly Entry[];
  readonly states: readonly State[];
  /** params: [seed: u32[]]; results: the initial value of each state, in order. */
  readonly init: Region;
  readonly externs: readonly Extern[];
  readonly sites: readonly Site[];
}

export const elementCount = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

export const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((size, i) => size === b[i]);

/** Closes a switch over a union of this file: a new member is a type error there. */
export function assertNever(x: never, where: string): never {
  throw new InternalError(`internal: ${where} met ${JSON.stringify(x)}`);
}
