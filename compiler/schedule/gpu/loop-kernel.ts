/**
 * A loop of a plan as one kernel: all its turns by one workgroup, in which the kernels of a turn follow each other with barriers between.
 *
 *     loop t0 < 100                            kernel loop_100, 1 workgroup of 64
 *       run dot_1x64_64x64 (8 workgroups)        for i2 = 0 .. 100
 *       run tanh_64 (1 workgroup)                  each invocation does what elements i, i + 64, ... of the first need; barrier
 *                                                  the same for the second; barrier
 *
 * The time to start kernels is saved, and what is lost is that one workgroup works where many could. A loop with too much to do keeps its kernels, but those in it are looked at by themselves.
 */
import type { SiteId } from "../../ir/graph.ts";
import { sum } from "../contraction/indices.ts";
import { apply, at, KernelScope, literal, load, local, loop, store } from "../expression.ts";
import { invocationVariable, workgroupVariable } from "../kernel.ts";
import type { BufferId, Expression, Grid, Index, Kernel, LocalId, Moving, Place, Scalar, Statement, Step, VariableId } from "../kernel.ts";
import { type Names, renamed } from "../rename.ts";
import { gridScope, indexValue } from "./grid.ts";
import { workOf } from "./work.ts";

/** Instructions of all invocations that a workgroup does, four at a time, in what a driver on a processor takes to start a kernel. */
const startWork = 2 ** 14;
/** Instructions of an invocation after which a device may take a kernel for hung. */
const mostWork = 2 ** 27;
const mostInvocations = 256;
/** Text of a kernel that drivers still compile at once, in kernels of a turn. */
const mostStages = 16;
/** Bytes of workgroup memory that every device has. */
const workgroupBytes = 2 ** 14;

type Draft = Step<Kernel>;
type LoopDraft = Extract<Draft, { kind: "loop" }>;
type RunDraft = Extract<Draft, { kind: "run" }>;

/** The plan with its small loops as kernels. `bankBytes`: of a part of the memory, nothing lies across two. */
export function mergeLoops(plan: readonly Draft[], bankBytes: number, depth = 0): readonly Draft[] {
  return plan.map((step) => (step.kind === "loop" ? loopKernel(step, bankBytes, depth) ?? { ...step, body: mergeLoops(step.body, bankBytes, depth + 1) } : step));
}

/** `depth`: of the loops around it. null: it is no kernel. */
function loopKernel(step: LoopDraft, bankBytes: number, depth: number): RunDraft | null {
  const runs = runsIn(step.body);
  const invocations = invocationsFor(runs);
  if (invocations === null || runs.length === 0 || runs.length > mostStages || !isPlain(step, depth)) return null;
  if (runs.reduce((total, run) => total + elementsOf(run) * workOf(run.kernel), 0) > startWork * runs.length || step.turns * workIn(step.body, invocations) > mostWork) return null;
  return new Merger(step, bankBytes, depth, invocations).run();
}

const gridOf = ({ kernel: { grid, name } }: RunDraft): Grid => {
  if (grid === undefined) throw new Error(`internal: ${name} has no grid`);
  return grid;
};

const elementsOf = (run: RunDraft): number => gridOf(run).workgroups * gridOf(run).invocations;

const runsIn = (steps: readonly Draft[]): readonly RunDraft[] =>
  steps.flatMap((step) => (step.kind === "run" ? (gridOf(step).workgroups === 0 ? [] : [step]) : step.kind === "loop" ? runsIn(step.body) : []));

const meets = (body: readonly Statement[]): boolean => body.some((of) => of.kind === "barrier" || (of.kind === "loop" && meets(of.body)) || (of.kind === "if" && (meets(of.then) || meets(of.else))));

/** Those of kernels whose invocations meet, or as many as the widest of the others is wide. null: two such kernels differ. */
function invocationsFor(runs: readonly RunDraft[]): number | null {
  const fixed = new Set(runs.filter(({ kernel }) => meets(kernel.body)).map((run) => gridOf(run).invocations));
  if (fixed.size > 1) return null;
  const widest = Math.max(1, ...runs.map(elementsOf));
  return [...fixed].at(0) ?? Math.min(mostInvocations, 2 ** Math.ceil(Math.log2(widest)));
}

/** Nothing waits for the host, each loop has turns to save, and no number that is stored changes with a loop around the kernel. */
const isPlain = ({ turns, body }: LoopDraft, depth: number): boolean => turns >= 2 && body.every((step) => {
  switch (step.kind) {
    case "run":
    case "until": return true;
    case "index": return typeof step.value === "number" || step.value.perTurn.every((turn) => turn.depth >= depth);
    case "loop": return isPlain(step, depth);
    case "host":
    case "copy": return false;
  }
});

/** Of an invocation in a turn, those of inner loops all counted. */
const workIn = (steps: readonly Draft[], invocations: number): number => steps.reduce((total, step) =>
  total + (step.kind === "run" ? Math.ceil(elementsOf(step) / invocations) * workOf(step.kernel) : step.kind === "loop" ? step.turns * workIn(step.body, invocations) : 1), 0);

/** Memory that the kernel binds as one: of an element, in a bank, and moved alike by the loops around. */
interface Region {
  readonly buffer: BufferId;
  readonly place: Place;
  /** Its first byte, in the first turn of the loops around. */
  readonly from: number;
}

class Merger {
  private readonly scope = gridScope(new KernelScope());
  private readonly regions = new Map<string, Region>();
  private readonly shared = new Map<string, BufferId>();
  /** Of the loops in the kernel, outermost first. */
  private readonly turns: VariableId[] = [];
  private site = 0 as SiteId; // until a stage gives its own

  constructor(private readonly step: LoopDraft, private readonly bankBytes: number, private readonly depth: number, private readonly invocations: number) {}

  run(): RunDraft | null {
    this.bindMemory();
    const body = this.loop(this.step);
    const { buffers, locals, variables } = this.scope;
    if (buffers.reduce((total, { space, length }) => total + (space === "workgroup" ? 4 * length : 0), 0) > workgroupBytes) return null;
    const grid = { workgroups: 1, invocations: this.invocations };
    return { kind: "run", kernel: { name: `loop_${this.step.turns}`, buffers, locals, variables, body, site: this.site, grid }, bindings: [...this.regions.values()].map(({ place }) => place) };
  }

  // ---- memory

  private keyOf(at: Place, storage: Scalar): string {
    const { base, perTurn } = moving(at);
    const outer = perTurn.filter(({ depth }) => depth < this.depth).map(({ depth, by }) => `${depth}*${by}`);
    return [storage, Math.floor(base / this.bankBytes), ...outer].join();
  }

  /** One buffer for each region, from the first byte that any step may touch to the last. */
  private bindMemory(): void {
    const extents = new Map<string, { storage: Scalar; outer: Moving["perTurn"]; from: number; to: number }>();
    const touch = (at: Place, storage: Scalar, elements: number, turns: readonly number[]): void => {
      const { base, perTurn } = moving(at);
      const reach = perTurn.filter(({ depth }) => depth >= this.depth).map(({ depth, by }) => by * (turns[depth - this.depth] - 1));
      const [from, to] = [base + reach.reduce((total, by) => total + Math.min(0, by), 0), base + reach.reduce((total, by) => total + Math.max(0, by), 4 * elements)];
      const key = this.keyOf(at, storage);
      const known = extents.get(key);
      extents.set(key, { storage, outer: perTurn.filter(({ depth }) => depth < this.depth), from: Math.min(from, known?.from ?? from), to: Math.max(to, known?.to ?? to) });
    };
    const visit = (steps: readonly Draft[], turns: readonly number[]): void => {
      for (const step of steps) {
        if (step.kind === "run") memoryOf(step.kernel).forEach(([, { storage, length }], i) => touch(step.bindings[i], storage, length, turns));
        else if (step.kind === "index") touch(step.at, "i32", 1, turns);
        else if (step.kind === "until") touch(step.test, "bool", 1, turns);
        else if (step.kind === "loop") {
          if (step.count !== undefined) touch(step.count, "i32", 1, turns);
          visit(step.body, [...turns, step.turns]);
        }
      }
    };
    visit([this.step], []);
    for (const [key, { storage, outer, from, to }] of extents) {
      const buffer = this.scope.buffer(`memory${this.regions.size}`, storage, Math.ceil((to - from) / 4));
      this.regions.set(key, { buffer, from, place: outer.length === 0 ? from : { base: from, perTurn: outer } });
    }
  }

  /** Element `index` of what lies at a place. */
  private at(at: Place, storage: Scalar, index: Index): readonly [BufferId, Index] {
    const region = this.regions.get(this.keyOf(at, storage));
    if (region === undefined) throw new Error("internal: a place without a region");
    const { base, perTurn } = moving(at);
    const start = { base: (base - region.from) / 4, terms: perTurn.filter(({ depth }) => depth >= this.depth).map(({ depth, by }) => [this.turns[depth - this.depth], by / 4] as const) };
    return [region.buffer, { ...sum(start, index), ...(index.offset === undefined ? {} : { offset: index.offset }) }];
  }

  // ---- steps

  private steps(steps: readonly Draft[]): readonly Statement[] {
    return steps.flatMap((step): readonly Statement[] => {
      switch (step.kind) {
        case "run": return gridOf(step).workgroups === 0 ? [] : this.stage(step.kernel, gridOf(step), step.bindings);
        case "index": {
          const { base, perTurn } = typeof step.value === "number" ? { base: step.value, perTurn: [] } : step.value;
          return [this.put(step.at, at(base, ...perTurn.map(({ depth, by }) => [this.turns[depth - this.depth], by] as const))), meeting];
        }
        case "until": return [{ kind: "leave", test: load(...this.at(step.test, "bool", at(0))) }];
        case "loop": return [...this.loop(step), meeting];
        case "host":
        case "copy": throw new Error(`internal: a ${step.kind} in a kernel`);
      }
    });
  }

  private loop({ turns, count, body }: LoopDraft): readonly Statement[] {
    const turn = this.scope.variable();
    this.turns.push(turn);
    const inside = this.steps(body);
    this.turns.pop();
    if (count === undefined) return [loop(turn, 0, turns, 1, inside)];
    return [this.put(count, at(0)), loop(turn, 0, turns, 1, [...inside, this.put(count, at(1, [turn, 1]))])];
  }

  /** Stores a number, by the first invocation. */
  private put(place: Place, value: Index): Statement {
    return { kind: "if", test: apply("eq", "i32", 1, invocation, literal(0, "i32")), then: [store(...this.at(place, "i32", at(0)), indexValue(value))], else: [] };
  }

  /** What a kernel's grid does, by the workgroup. */
  private stage(kernel: Kernel, grid: Grid, bindings: readonly Place[]): readonly Statement[] {
    this.site = kernel.site;
    if (meets(kernel.body)) {
      const variable = this.scope.variable();
      const body = this.inlined(kernel, bindings, [variable], [invocationVariable]);
      return [loop(variable, 0, grid.workgroups, 1, [...body, { kind: "barrier", over: "workgroup" }]), meeting];
    }
    const count = grid.workgroups * grid.invocations;
    const number = count <= this.invocations ? invocationVariable : this.scope.variable();
    const body = this.ofNumber(kernel, grid, bindings, number);
    if (number !== invocationVariable) return [{ kind: "loop", mode: "serial", variable: number, from: at(0, [invocationVariable, 1]), to: at(count), step: this.invocations, body }, meeting];
    return [...(count === this.invocations ? body : [{ kind: "if", test: apply("lt", "i32", 1, invocation, literal(count, "i32")), then: body, else: [] } as const]), meeting];
  }

  /** The body of a kernel for the invocation with a number in its grid. */
  private ofNumber(kernel: Kernel, { workgroups, invocations }: Grid, bindings: readonly Place[], number: VariableId): readonly Statement[] {
    if (workgroups === 1) return this.inlined(kernel, bindings, [], [number]);
    if (invocations === 1) return this.inlined(kernel, bindings, [number], []);
    const [workgroup, own] = [this.scope.variable(), this.scope.variable()];
    let apart = false;
    /** An index that counts all invocations needs no more than their number. */
    const counted = (index: Index): Index => {
      const [ofWorkgroup, ofOwn] = [workgroup, own].map((wanted) => index.terms.find(([variable]) => variable === wanted)?.[1]);
      if (ofOwn !== undefined && ofWorkgroup === ofOwn * invocations) {
        return { ...index, terms: [...index.terms.filter(([variable]) => variable !== workgroup && variable !== own), [number, ofOwn]] };
      }
      apart ||= ofOwn !== undefined || ofWorkgroup !== undefined;
      return index;
    };
    const body = this.inlined(kernel, bindings, [workgroup], [own], counted);
    if (!apart) return body;
    const part = (op: "idiv" | "imod"): Expression => apply("bitsI32", "u32", 1, apply(op, "u32", 1, apply("bitsU32", "i32", 1, indexValue(at(0, [number, 1]))), literal(invocations, "u32")));
    return [
      { kind: "bind", variable: workgroup, value: part("idiv") },
      { kind: "bind", variable: own, value: part("imod") },
      ...body,
    ];
  }

  /** A body under names of this kernel. `workgroup`, `own`: what stands for these variables; none: 0. `written`: what becomes of an index then. */
  private inlined(kernel: Kernel, bindings: readonly Place[], workgroup: readonly VariableId[], own: readonly VariableId[], written = (index: Index): Index => index): readonly Statement[] {
    const { scope } = this;
    const locals = kernel.locals.map(({ type, lanes }) => scope.local(type, lanes));
    const variables = new Map<VariableId, readonly VariableId[]>([[workgroupVariable, workgroup], [invocationVariable, own]]);
    const fresh = (id: VariableId): VariableId => {
      const made = scope.variable();
      variables.set(id, [made]);
      return made;
    };
    const variable = (id: VariableId): VariableId => variables.get(id)?.at(0) ?? fresh(id);
    const places = new Map(memoryOf(kernel).map(([id, { storage }], i) => [id, { at: bindings[i], storage }] as const));
    const others = new Map(kernel.buffers.flatMap((buffer, i): (readonly [BufferId, BufferId])[] => {
      const id = i as BufferId; // an index into the buffers
      return buffer.space === "memory" ? [] : [[id, buffer.space === "workgroup" ? this.sharedBuffer(buffer) : scope.buffer(buffer.name, buffer.storage, buffer.length, buffer.space)]];
    }));
    const names: Names = {
      local: (id) => locals[id],
      variable,
      index: ({ base, terms, offset }) => written({
        base, terms: terms.flatMap(([id, by]) => (variables.get(id) ?? [variable(id)]).map((renamedTo) => [renamedTo, by] as const)),
        ...(offset === undefined ? {} : { offset: locals[offset] }),
      }),
      place: (id, index) => {
        const found = places.get(id);
        if (found !== undefined) return this.at(found.at, found.storage, index);
        return [others.get(id) ?? id, index];
      },
    };
    return renamed(kernel.body, names);
  }

  /** Kernels of a turn use the same workgroup memory, one after the other. */
  private sharedBuffer({ name, storage, length }: Kernel["buffers"][number]): BufferId {
    const key = `${name} ${storage} ${length}`;
    const buffer = this.shared.get(key) ?? this.scope.buffer(name, storage, length, "workgroup");
    this.shared.set(key, buffer);
    return buffer;
  }
}

const meeting: Statement = { kind: "barrier", over: "memory" };
const invocation = indexValue(at(0, [invocationVariable, 1]));
const moving = (at: Place): Moving => (typeof at === "number" ? { base: at, perTurn: [] } : at);
const memoryOf = ({ buffers }: Kernel): readonly (readonly [BufferId, Kernel["buffers"][number]])[] =>
  buffers.flatMap((buffer, i) => (buffer.space === "memory" ? [[i as BufferId, buffer] as const] : [])); // an index into the buffers
