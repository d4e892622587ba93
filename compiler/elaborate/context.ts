/** The bookkeeping of an elaboration: the whole program (Session), one region in the making (Context), one call (Frame). */
import type { SliceOf } from "./slices.ts";
import type { Declaration, MemberStatement, ModelDeclaration, Span } from "../../grammar/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { invariant, isLibrary } from "../diagnostics/diagnostic.ts";
import { Builder } from "../ir/builder.ts";
import { elementCount, type Extern, type Site, type SiteId, type State, type StateId, type TensorType, type ValueId } from "../ir/graph.ts";
import type { RuleSetItem } from "../../grammar/index.ts";
import { byteSize } from "../program.ts";
import { fail, Problem } from "./problem.ts";
import type { Scope } from "./scope.ts";
import type { Axis, ModelValue, Place, PointType, PointValue, Value } from "./values.ts";

/** One tensor of the module's persistent state. */
export interface Cell {
  readonly id: StateId;
  readonly path: string;
  readonly type: TensorType;
  readonly axes: readonly Axis[];
  readonly role: State["role"];
  readonly span: Span;
  /** As of a site. */
  readonly caller?: Span;
  /** The steps of points: always zero, no state of the module. */
  readonly isStep?: boolean;
  /** In the body of a `map`: what it is a slice of. */
  readonly slice?: SliceOf;
  /** Its initial value, built in the init region. */
  initial(init: Context): ValueId;
}

/** A cell, or the part of it that belongs to one model of a family: at positions of its leading axes. */
export interface CellNode {
  readonly kind: "cell";
  readonly cell: Cell;
  readonly at: readonly number[];
  /** As the user names it: `net.blocks[1].weight`. */
  readonly path: string;
}

/** The tree of states behind a `var`, a member or an optimizer's slot. */
export type StateNode =
  | CellNode
  | { readonly kind: "record"; readonly fields: ReadonlyMap<string, StateNode> }
  | { readonly kind: "tuple"; readonly items: readonly StateNode[]; readonly list: boolean }
  | PointNode
  | ModelNode;

/** A point: its storage, and its steps, which belong to the program's text alone. */
export interface PointNode {
  readonly kind: "point";
  readonly type: PointType;
  readonly value: CellNode;
  readonly step: CellNode;
}

export interface ModelNode {
  readonly kind: "model";
  readonly declaration: ModelDeclaration;
  scope: Scope;
  readonly path: string;
  readonly frozen: boolean;
  /** Lengths of the families around and of this one: the leading axes of its states. */
  readonly families: readonly number[];
  readonly family?: number;
  /** One of a family: the node of the stack and the positions along its leading axes. */
  readonly place?: Place;
  readonly members: Map<string, { readonly role: "param" | "state" | "layer"; readonly node: StateNode }>;
  /** Its body has not run yet. */
  pending: boolean;
  /** The trial of its body failed: what it lacks may have been reported. */
  broken?: boolean;
  /** Some generic is `_`: the first call tells it. */
  readonly inferred: boolean;
}

/** A derivative that an entry asked for, for `gradcheck`. */
export interface DerivativeRequest {
  readonly span: Span;
  readonly of: readonly ValueId[];
  readonly seeds: readonly ValueId[];
  readonly wrt: readonly { readonly label: string; readonly id: ValueId }[];
  /** null: no credit. */
  readonly gradients: readonly (ValueId | null)[];
  /** Calls whose `surrogate` rule took part, by name. */
  readonly surrogates: readonly string[];
  readonly ruleSet?: string;
}

/** A `prove` that only the compiled program can answer. */
export type Proof =
  | { readonly kind: "memory"; readonly limit: number; readonly span: Span }
  | { readonly kind: "transposed"; readonly states: readonly StateId[]; readonly span: Span };

/**
 * What an elaboration may make: values, evaluated expressions and nodes that requests walk. A program is written out
 * (`static for`, recursion, families, variants), so that a small text can stand for any number of operations.
 */
const maximumWork = 300_000;
/** Expressions inside of expressions, through calls; a call takes about five. */
const maximumNesting = 800;
/** A wasm memory's addresses end at 2^32; offsets within one tensor are i32. */
const maximumBytes = 2 ** 31 - 1;

/** Appends to a region as every builder, within the program's limits. */
class LimitedBuilder extends Builder {
  constructor(private readonly session: Session) {
    super();
  }
  protected override define(type: TensorType): ValueId {
    const span = this.session.sites.at(this.site)?.span;
    this.session.spend(1, span);
    this.session.checkBytes(type, span);
    return super.define(type);
  }
}

type SiteIds = Map<Span | undefined, Map<Span, SiteId>>;

/** What a trial run found, and whose run it was. */
export interface Deferred {
  readonly diagnostic: Diagnostic;
  readonly of?: Declaration;
}

export class Session {
  readonly diagnostics: Diagnostic[] = [];
  /** Found in trial runs: reported at the end where no real run said anything about the place. */
  readonly deferred: Deferred[] = [];
  readonly cells: Cell[] = [];
  readonly cellsByPath = new Map<string, Cell>();
  readonly modelNodes = new Map<string, ModelNode>();
  /** Top-level `var`s and the slots of optimizers. */
  readonly roots = new Map<string, StateNode>();
  /** Where each `var` is named. */
  readonly rootSpans = new Map<string, Span>();
  readonly sites: Site[] = [];
  readonly externs: Extern[] = [];
  /** Names of functions, models and operators that a rule set mentions: calls of these are marked. */
  readonly ruledNames = new Set<string>();
  /** Some rule set ends in `else error`: every operator is marked, so that a silent one is found. */
  markOperators = false;
  /** Declarations that some call or entry elaborated: the others get a trial run. */
  readonly elaborated = new Set<Declaration>();
  /** Large constants by the text of their region: equal ones share a state. */
  readonly constants = new Map<string, Cell>();
  readonly init: Context;
  readonly seed: number;
  /** > 0 while something is evaluated only to see whether it can be: its problems are nobody's. */
  probing = 0;
  /** > 0 inside of a trial run. */
  trial = 0;
  /** Whose trial run it is. */
  trialOf?: Declaration;
  /** Sites by the path of the call, the span and that of the library's caller, all by identity: it is asked for at every expression. */
  private readonly siteIds = new WeakMap<readonly string[], SiteIds>();
  private readonly derivativeSites = new Map<string, SiteId>();
  /** While a backward pass is made: the operation or call whose derivative is. */
  deriving: string | null = null;
  private readonly sitesByPath = new Map<string, SiteIds>();
  /** Statements that failed. */
  failures = 0;
  /** Paths of the instances whose bodies run. */
  readonly running = new Set<string>();
  private work = 0;
  private nesting = 0;
  /** The last place of the user's files that was evaluated or called the library: where what happens inside of the library is shown. */
  place: Span | undefined;

  /** `sizeFor`: what a run-time length of the given bound is taken for. */
  constructor(seed: number, readonly adjoint?: string, readonly sizeFor: (bound: number) => number = (bound) => bound) {
    this.seed = seed;
    this.init = new Context(this, "init");
    this.init.seed = this.init.builder.parameter({ element: "u32", shape: [] });
  }

  get errors(): number {
    return this.diagnostics.filter(({ severity }) => severity === "error").length;
  }

  report(found: Diagnostic): void {
    const inLibrary = isLibrary(found.span.file) && this.place;
    const diagnostic = inLibrary ? { ...found, span: inLibrary, notes: [...(found.notes ?? []), "inside of the library"] } : found;
    const twin = (other: Diagnostic) => other.code === diagnostic.code && other.severity === diagnostic.severity && sameSpan(other.span, diagnostic.span);
    if (this.trial === 0) {
      if (!this.diagnostics.some(twin)) this.diagnostics.push(diagnostic);
    } else if (!this.deferred.some((other) => twin(other.diagnostic))) this.deferred.push({ diagnostic, of: this.trialOf });
  }

  /** Reports what is wrong for every size, also from a trial run, and stops. */
  refuse(diagnostic: Diagnostic): never {
    this.forReal(() => this.report(diagnostic));
    throw new Problem(null);
  }

  /** Runs what a trial run has come upon, but would be the same without it: a top-level name's value. */
  forReal<T>(run: () => T): T {
    const { trial, trialOf } = this;
    this.trial = 0;
    this.trialOf = undefined;
    try {
      return run();
    } finally {
      this.trial = trial;
      this.trialOf = trialOf;
    }
  }

  /** Evaluates only to see whether it can be; undefined if not. */
  probe<T>(run: () => T): T | undefined {
    this.probing++;
    try {
      return run();
    } catch (error) {
      if (error instanceof Problem) return undefined;
      throw error;
    } finally {
      this.probing--;
    }
  }

  site(span: Span, { path, caller: found }: Pick<Frame, "path" | "caller">): SiteId {
    let known = this.siteIds.get(path);
    if (!known) {
      const text = path.join(".");
      known = this.sitesByPath.get(text) ?? new Map<Span | undefined, Map<Span, SiteId>>();
      this.sitesByPath.set(text, known);
      this.siteIds.set(path, known);
    }
    const caller = isLibrary(span.file) ? found : undefined;
    let bySpan = known.get(caller);
    if (!bySpan) known.set(caller, (bySpan = new Map()));
    let id = bySpan.get(span);
    if (id === undefined) {
      id = this.sites.length as SiteId;
      this.sites.push({ span, path, ...(caller && { caller }) });
      bySpan.set(span, id);
    }
    return this.deriving === null ? id : this.derivativeSite(id, this.deriving);
  }

  /** The site of the derivative of what stands at a site; that of a derivative stays what it is. */
  derivativeSite(of: SiteId, derivativeOf: string): SiteId {
    const site = this.sites[of];
    if (site.derivativeOf !== undefined) return of;
    const key = `${of} ${derivativeOf}`;
    let id = this.derivativeSites.get(key);
    if (id === undefined) {
      id = this.sites.length as SiteId;
      this.sites.push({ ...site, derivativeOf });
      this.derivativeSites.set(key, id);
    }
    return id;
  }

  /** Called for each step of the elaboration; beyond the limit everything stops at once, and one error says so. */
  spend(steps: number, span: Span | undefined): void {
    if (span && !isLibrary(span.file)) this.place = span;
    const before = this.work;
    this.work += steps;
    if (this.work <= maximumWork) return;
    if (before <= maximumWork && this.place) this.refuse(say.tooLong(this.place));
    throw new Problem(null);
  }

  /** Around what nests, so that no program can overflow the host's stack. */
  enter(span: Span, levels = 1): void {
    if (this.nesting >= maximumNesting) fail(say.tooDeep(span));
    this.nesting += levels;
  }
  leave(levels = 1): void {
    this.nesting -= levels;
  }

  checkBytes(type: TensorType, span: Span | undefined): void {
    const bytes = elementCount(type.shape) * byteSize(type.element);
    if (bytes > maximumBytes && span) fail(say.tooLarge(span, type, bytes));
  }

  addCell(cell: Omit<Cell, "id">): Cell {
    this.checkBytes(cell.type, cell.span);
    invariant(!this.cellsByPath.has(cell.path), () => `two states are called ${cell.path}`);
    const caller = isLibrary(cell.span.file) ? this.place : undefined;
    const added: Cell = { ...cell, ...(caller && { caller }), id: this.cells.length as StateId };
    this.cells.push(added);
    this.cellsByPath.set(cell.path, added);
    return added;
  }
}

const sameSpan = (a: Span, b: Span): boolean => a.file === b.file && a.start === b.start && a.end === b.end;

/**
 * A region in the making. entry: state is read and assigned; init: state reads as its initial value; build: `const`,
 * where nothing at run time can be read; trial: thrown away, state reads as fresh values.
 */
export class Context {
  readonly builder: Builder;
  readonly session: Session;
  readonly kind: "entry" | "init" | "build" | "trial";
  /** Versions of each state, oldest first; the first is what the region took in. */
  readonly versions = new Map<Cell, ValueId[]>();
  readonly written = new Set<Cell>();
  readonly requests: DerivativeRequest[] = [];
  readonly proofs: Proof[];
  /** Name of the entry, for messages and state paths. */
  readonly name: string;
  /** The seed of the init region; made by whoever builds it. */
  seed?: ValueId;
  /** Base keys for random draws, by purpose. */
  readonly keys = new Map<string, ValueId>();
  readonly usedPlaces = new Set<number>();
  /** In the trial run of a family's body: its path, and how many leading axes of its states to hide. */
  family: { readonly path: string; readonly count: number } | undefined;
  /** While the type of a state is evaluated: a made-up size stops it. */
  makesStates = false;
  /** By the ids of their steps. */
  readonly points = new Map<ValueId, PointValue>();
  private readonly initializing = new Map<Cell, "busy" | "broken">();
  /** The region around a loop's or a map's body. */
  readonly parent?: Context;
  /** Values of the region around that this one reads: outer id -> param. */
  readonly captures = new Map<ValueId, ValueId>();
  /** Told of what a body reads from outside after it was closed: rules of its calls run where a request meets them. */
  onCapture?: (outer: ValueId, param: ValueId) => void;
  /** In a body: what tells the turns apart in random draws. */
  turn?: { readonly index: ValueId; readonly place: number };

  constructor(session: Session, kind: Context["kind"], name = "", parent?: Context, builder: Builder = new LimitedBuilder(session)) {
    this.session = session;
    this.builder = builder;
    owners.set(this.builder, this);
    this.kind = kind;
    this.name = name;
    this.parent = parent;
    this.proofs = parent?.proofs ?? [];
  }

  /** A value of the region around, as a param of this one. */
  capture(outer: ValueId): ValueId {
    let param = this.captures.get(outer);
    if (param === undefined) {
      const type = this.parent?.builder.typeOf(outer);
      invariant(type, () => "a capture without a region around");
      param = this.builder.parameter(type);
      this.captures.set(outer, param);
      this.onCapture?.(outer, param);
    }
    return param;
  }

  read(cell: Cell): ValueId {
    const known = this.versions.get(cell);
    if (known) return known[known.length - 1];
    let id: ValueId;
    if (this.parent) {
      // Whether it is carried or only read shows when the body ends.
      const outer = this.parent.read(cell);
      id = this.kind === "init" ? this.capture(outer) : this.builder.parameter(this.parent.builder.typeOf(outer));
      if (this.kind !== "init") this.onCapture?.(outer, id);
    } else if (this.kind === "init") {
      const begun = this.initializing.get(cell);
      if (begun === "broken") throw new Problem(null);
      if (begun === "busy") fail(say.cyclicInitial(cell.span, cell.path));
      this.initializing.set(cell, "busy");
      try {
        id = cell.initial(this);
        this.initializing.delete(cell);
      } catch (error) {
        this.initializing.set(cell, "broken");
        throw error;
      }
    } else if (this.kind === "build") {
      return fail(say.notAtBuild(this.session.sites[this.builder.site].span, this.kind));
    } else {
      const hidden = this.family && cell.path.startsWith(`${this.family.path}.`) ? this.family.count : 0;
      const type = { ...cell.type, shape: cell.type.shape.slice(hidden) };
      id = cell.isStep ? this.builder.zeros(type) : this.builder.parameter(type);
    }
    this.versions.set(cell, [id]);
    return id;
  }

  assign(cell: Cell, id: ValueId): void {
    this.read(cell);
    this.versions.get(cell)?.push(id);
    this.written.add(cell);
  }

  /** What the states hold now, so that both arms of an `if` can start from the same. */
  snapshot(): Map<Cell, ValueId> {
    return new Map([...this.versions].map(([cell, versions]) => [cell, versions[versions.length - 1]]));
  }
}

const owners = new WeakMap<Builder, Context>();

/** Whose builder it is; the body of a derivative's loop, which no program text stands for, gets a context of its own. */
export const contextOf = (builder: Builder, { session, kind, name }: Context): Context =>
  owners.get(builder) ?? new Context(session, kind, name, undefined, builder);

/** The taps met below a `taps(...)` request: by path, every value in order. */
export interface TapRecorder {
  readonly found: Map<string, { readonly path: readonly string[]; readonly values: Value[]; readonly span: Span }>;
  /** In a loop's body: a slice of zeros of the given type, added to what is tapped, so that it can be asked for. */
  readonly perturb?: (type: TensorType) => ValueId;
}

/** One call: where it stands, what it counts. */
export interface Frame {
  readonly context: Context;
  readonly session: Session;
  readonly scope: Scope;
  /** The call's own scope, where its body's `let`s and its members live. */
  readonly self: ModelValue | null;
  /** Model path for sites and rule places: ["net", "output"]. */
  readonly path: readonly string[];
  /** Inside of the library: the user's text that called it. */
  readonly caller?: Span;
  /** Member names from the outermost model call below `taps(...)`. */
  readonly tapPath: readonly string[];
  readonly recorder: TapRecorder | null;
  readonly training: boolean;
  /** The function whose statement assigns optimizer state. */
  readonly owner: string;
  readonly counters: Counters;
  /** The arguments' tensors: for a request in this body they are free variables. */
  readonly free: Set<ValueId>;
  readonly depth: number;
  /** Inside of an `export fn` or `train fn`: module state may be assigned. */
  readonly mayAssign: boolean;
  /** Inside a rule's body: the line of the rule set, null for a function's own rule. */
  readonly activeRule?: RuleSetItem | null;
  /** Inside a rule's body: inputs whose credit goes nowhere. */
  readonly unwanted?: ReadonlySet<ValueId>;
  /** True under a run-time `if`: no tap, no host call. */
  readonly conditional: boolean;
  /** In the body of a `scan`: where `emit` goes. */
  readonly emit?: (value: Value, span: Span) => void;
  /** Names that the body asks derivatives by. */
  readonly requested?: ReadonlySet<string>;
  /** Directly in the arm of a run-time `if`: no `return`. */
  readonly arm?: boolean;
  /** In an optimizer's body: binds the slot that a `state` statement declares. */
  readonly slot?: (statement: MemberStatement) => void;
}

/** Ordinals that name random places and nested layers; shared by the statements of one call. */
export interface Counters {
  /** Hash of the chain of call sites down to this call. */
  readonly place: number;
  ordinal: number;
  readonly layers: Map<string, number>;
  readonly optimizers: Map<string, number>;
}

export const newCounters = (place: number): Counters => ({ place, ordinal: 0, layers: new Map(), optimizers: new Map() });

/** 32-bit FNV-1a over words: names a random place. */
export function mix(hash: number, word: number): number {
  let h = hash;
  for (let shift = 0; shift < 32; shift += 8) h = Math.imul(h ^ ((word >>> shift) & 255), 16777619);
  return h >>> 0;
}
export function hashText(text: string): number {
  let h = 2166136261;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  return h >>> 0;
}

