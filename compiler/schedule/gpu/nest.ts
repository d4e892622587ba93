/**
 * A group for a grid of invocations.
 *
 *     long rows        a workgroup for each row: invocation i takes elements i, i + n, i + 2n, ... of each phase, what they hold meets in
 *                      workgroup memory (`across.ts`), invocation 0 stores what the row keeps
 *     few long rows    many invocations for each row, in kernels of their own
 *     short rows       an invocation for each row
 *     no reduction     an invocation for each element
 *
 * An invocation meets an element in every phase or in none, so what it stored it may read again without a barrier.
 *
 * Few long rows: each phase is a kernel that leaves in scratch memory what each part of a row came to; then a workgroup for each row
 * combines that and leaves the result for later phases, or stores what the row keeps. Parts whose invocations are neighbours take turns
 * in one stretch of the row.
 */
import type { Element, OpNode, SiteId, ValueId } from "../../ir/graph.ts";
import { scale, sum } from "../contraction/indices.ts";
import { keyOf, linear } from "../coordinates.ts";
import type { Affine } from "../coordinates.ts";
import { apply, at, KernelScope, literal, load, local, store } from "../expression.ts";
import type { Facts } from "../facts.ts";
import type { Group } from "../group.ts";
import { invocationVariable, workgroupVariable } from "../kernel.ts";
import type { BufferId, Grid, Index, LocalId } from "../kernel.ts";
import { BufferTable } from "../lower/buffers.ts";
import { Evaluator } from "../lower/evaluate.ts";
import type { Found } from "../lower/evaluate.ts";
import { findRuns, planPhases } from "../lower/plan.ts";
import type { Made, Phases, Runs } from "../lower/plan.ts";
import { Registers } from "../lower/registers.ts";
import type { Operand } from "../lower/registers.ts";
import type { Unit } from "../unit.ts";
import { type Accumulator, accumulatorOf, heldBy, isReduction, type ReductionOp } from "./accumulate.ts";
import { combineAcross } from "./across.ts";
import { joined } from "./box.ts";
import { gridOf, gridScope, guarded, indexValue, numberIn, side, split } from "./grid.ts";

/** Elements from which a row has a workgroup of its own. */
const longRow = 64;
/** Elements from which that workgroup is a large one. */
const veryLongRow = 1024;
/** Rows from which neighbouring rows side by side keep a device busy, where a row's elements lie apart. */
const manyRows = 256;

/** Rows from which they keep a device busy with a workgroup for each, and elements from which fewer are worth more kernels. */
const busyRows = 64;
const splitRow = 2 ** 15;
/** The same where a row's elements lie apart: of a row, of all rows. */
const splitColumn = 1024;
const splitColumns = 2 ** 17;
/** Invocations that share few rows, that share one, and elements that each has at least. */
const sharers = 2 ** 15;
const sharersOfRow = 2 ** 13;
const leastElements = 32;

interface Plan extends Runs {
  readonly facts: Facts;
  readonly group: Group;
  readonly phases: Phases;
  readonly rows: number;
  /** Elements of a row. */
  readonly length: number;
  /** Whether the elements of a row lie apart, and those of neighbouring rows side by side. */
  readonly apart: boolean;
}

export function lowerParallelNest(facts: Facts, group: Group, stored: ReadonlySet<ValueId>, name: string, site: SiteId): Unit {
  const runs = findRuns(facts, group);
  const { outer, inner } = runs;
  const [rows, length] = [outer, inner].map((some) => some.reduce((total, run) => total * runs.runs[run].size, 1));
  const apart = inner.length > 0 && inner.at(-1) !== runs.runs.length - 1;
  const plan: Plan = { ...runs, facts, group, phases: planPhases(facts, group, stored, inner.length > 0), rows, length, apart };
  const parts = partsOf(plan);
  if (parts > 1) return inParts(plan, parts, name, site);
  const hasWorkgroup = inner.length > 0 && length >= longRow && !(apart && rows >= manyRows);
  return hasWorkgroup ? new Nest(plan, workgroupFor(rows, length)).rows(name, site) : new Nest(plan, gridOf(rows)).single(name, site);
}

const workgroupFor = (rows: number, length: number): Grid => ({ workgroups: rows, invocations: length >= veryLongRow ? 256 : 64 });

/** Parts of a row that neighbours in a workgroup take. */
const besides = ({ rows, apart }: Plan): number => (apart ? Math.ceil(side / rows) : side);

/** Invocations that share a row. */
function partsOf(plan: Plan): number {
  const { inner, rows, length, apart } = plan;
  if (inner.length === 0 || rows === 0) return 1;
  const isLong = apart ? length >= splitColumn && rows * length >= splitColumns : length >= splitRow && rows < busyRows;
  const most = Math.min(sharersOfRow, Math.floor(sharers / rows), Math.floor(length / leastElements));
  return isLong ? Math.max(1, most - (most % besides(plan))) : 1;
}

function inParts(plan: Plan, parts: number, name: string, site: SiteId): Unit {
  const { phases: { count, reductions, keptStores }, rows } = plan;
  const last = Math.max(...reductions.map(({ phase }) => phase));
  return joined(Array.from({ length: count }, (_, phase) => {
    const own = [new Nest(plan, gridOf(rows * parts), parts).part(phase, `${name}_parts`, site)];
    const isCombined = reductions.some((made) => made.phase === phase && (phase < count - 1 || keptStores.length > 0));
    return isCombined ? [...own, new Nest(plan, workgroupFor(rows, parts), parts).whole(phase, phase === last, name, site)] : own;
  }).flat());
}

interface Target extends Found {
  readonly value: ValueId;
}

/** The elements of a row that an invocation has: so many, or until the row ends. */
interface Share {
  readonly from: Index;
  readonly step: number;
  readonly count?: number;
}

/** A kernel of a plan; one of its methods writes it. */
class Nest {
  private readonly r = new Registers(gridScope(new KernelScope()));
  private readonly buffers: BufferTable;
  private readonly evaluator: Evaluator;
  /** By reduction: what the parts of each row came to, and the result. */
  private readonly partials = new Map<ValueId, { readonly parts: readonly BufferId[]; readonly result: BufferId }>();
  private phase = 0;

  /** `parts`: of a row that invocations share. */
  constructor(private readonly plan: Plan, private readonly grid: Grid, private readonly parts = 1) {
    const { facts, group, runs, rows, phases } = plan;
    this.buffers = new BufferTable(facts, this.r.scope);
    this.evaluator = new Evaluator(facts, this.r, group.sizes, runs, { find: (value, index, dynamic) => this.find(value, index, dynamic) });
    if (parts === 1) return;
    // Scratch memory lies alike in all kernels of a plan.
    phases.reductions.forEach(({ value }, which) => {
      const held = heldBy(...this.reduction(value)).map((element, i) => this.buffers.scratch(`parts${which}_${i}`, element, rows * parts));
      this.partials.set(value, { parts: held, result: this.buffers.scratch(`whole${which}`, facts.types[value].element, rows) });
    });
    for (const { value, spill } of phases.stores) if (spill) this.spillOf(value);
  }

  /** An invocation for each row. */
  single(name: string, site: SiteId): Unit {
    const { r, grid, plan: { outer, rows } } = this;
    r.open();
    this.bind(outer, numberIn(grid));
    this.runPhases(null);
    this.storeAll(this.keptTargets());
    const body = r.close();
    r.push(...guarded(grid, rows, body));
    return this.unit(name, site);
  }

  /** A workgroup for each row. */
  rows(name: string, site: SiteId): Unit {
    this.bind(this.plan.outer, at(0, [workgroupVariable, 1]));
    this.runPhases({ from: at(0, [invocationVariable, 1]), step: this.grid.invocations });
    if (this.plan.phases.keptStores.length > 0) {
      this.r.push({ kind: "barrier", over: "memory" }); // all have read what may be overwritten
      this.byFirst(() => { this.storeAll(this.keptTargets()); });
    }
    return this.unit(name, site);
  }

  /** A phase, by an invocation for each part of each row. */
  part(phase: number, name: string, site: SiteId): Unit {
    const { r, grid, parts, plan: { outer, rows, length, apart } } = this;
    this.phase = phase;
    r.open();
    const sizes = apart ? [parts, rows] : [rows, parts];
    const [first, second] = split(r.scope, numberIn(grid), sizes, r.statementsAt(r.level));
    const [row, part] = apart ? [second, first] : [first, second];
    this.bind(outer, row);
    this.recall(row);
    const step = besides(this.plan);
    const count = Math.ceil(length / parts);
    const [stretch, place] = split(r.scope, part, [parts / step, step], r.statementsAt(r.level));
    this.reduceAndStore({ from: sum(scale(stretch, step * count), place), step, count }, ({ value }, accumulator) => {
      const target = sum(scale(row, parts), part);
      accumulator.held().forEach((id, i) => r.push(store(this.partialsOf(value).parts[i], target, local(id))));
    });
    const body = r.close();
    r.push(...guarded(grid, rows * parts, body));
    return this.unit(name, site);
  }

  /** What the parts of a phase come to, by a workgroup for each row. `finishes`: and what the row keeps. */
  whole(phase: number, finishes: boolean, name: string, site: SiteId): Unit {
    const { r, parts, grid: { invocations }, plan: { outer, phases } } = this;
    this.phase = phase;
    const row = at(0, [workgroupVariable, 1]);
    this.bind(outer, row);
    this.recall(row);
    const own = phases.reductions.filter((made) => made.phase === phase);
    const accumulators = own.map(({ value }) => this.accumulator(value));
    this.every(at(0, [invocationVariable, 1]), invocations, parts, (part) => {
      const here = sum(scale(row, parts), part);
      own.forEach(({ value }, i) => r.push(...accumulators[i].absorb(accumulators[i].held(), this.partialsOf(value).parts.map((buffer) => load(buffer, here)))));
    });
    const totals = combineAcross(r, accumulators, invocations);
    own.forEach(({ value }, i) => this.keep(value, totals[i][accumulators[i].result]));
    this.byFirst(() => {
      if (finishes) this.storeAll(this.keptTargets());
      if (phase < phases.count - 1) own.forEach(({ value }, i) => r.push(store(this.partialsOf(value).result, row, local(totals[i][accumulators[i].result]))));
    });
    return this.unit(name, site);
  }

  private unit(name: string, site: SiteId): Unit {
    const { buffers, locals, variables } = this.r.scope;
    return this.buffers.unit({ name, buffers, locals, variables, body: this.r.close(), site, grid: this.grid });
  }

  // ---- loops

  /** Row-major element `index` of some runs, in the innermost open body. */
  private bind(runs: readonly number[], index: Index): void {
    const { r, plan } = this;
    const indices = split(r.scope, index, runs.map((run) => plan.runs[run].size), r.statementsAt(r.level));
    runs.forEach((run, i) => { this.evaluator.bindings[run] = { at: indices[i], level: r.level, lanes: 1, vector: false }; });
  }

  /** For the elements of the row that this invocation has: all, if it shares none. */
  private walk(share: Share | null, body: () => void): void {
    const { inner, length } = this.plan;
    if (inner.length === 0) body();
    else if (share === null) this.walkSerial(inner, body);
    else if (share.count === undefined) this.every(share.from, share.step, length, (index) => { this.bind(inner, index); body(); });
    else this.every(at(0), 1, share.count, (turn) => this.within(sum(share.from, scale(turn, share.step)), (index) => { this.bind(inner, index); body(); }));
  }

  /** If the row has an element there. */
  private within(index: Index, body: (index: Index) => void): void {
    const { r } = this;
    r.open();
    body(index);
    const then = r.close();
    r.push({ kind: "if", test: apply("lt", "i32", 1, indexValue(index), literal(this.plan.length, "i32")), then, else: [] });
  }

  private walkSerial([run, ...rest]: readonly number[], body: () => void): void {
    this.every(at(0), 1, this.plan.runs[run].size, (index) => {
      this.evaluator.bindings[run] = { at: index, level: this.r.level, lanes: 1, vector: false };
      if (rest.length === 0) body();
      else this.walkSerial(rest, body);
    });
  }

  private every(from: Index, step: number, to: number, body: (index: Index) => void): void {
    const { r } = this;
    const variable = r.scope.variable();
    r.open();
    body(at(0, [variable, 1]));
    const statements = r.close();
    r.push({ kind: "loop", mode: "serial", variable, from, to: at(to), step, body: statements });
  }

  /** By the first invocation of a workgroup. */
  private byFirst(body: () => void): void {
    const { r } = this;
    r.open();
    body();
    const then = r.close();
    if (then.length > 0) r.push({ kind: "if", test: apply("eq", "i32", 1, indexValue(at(0, [invocationVariable, 1])), literal(0, "i32")), then, else: [] });
  }

  // ---- phases

  private runPhases(share: Share | null): void {
    const { r, grid: { invocations }, plan: { phases } } = this;
    for (this.phase = 0; this.phase < phases.count; this.phase++) {
      const own: Accumulator[] = [];
      const made: ValueId[] = [];
      this.reduceAndStore(share, ({ value }, accumulator) => { made.push(value); own.push(accumulator); });
      const totals = share === null ? own.map((accumulator) => accumulator.held()) : combineAcross(r, own, invocations);
      made.forEach((value, i) => this.keep(value, totals[i][own[i].result]));
    }
  }

  /** `finish`: what becomes of what a reduction came to. */
  private reduceAndStore(share: Share | null, finish: (made: Made, accumulator: Accumulator) => void): void {
    const { phases, facts, group } = this.plan;
    const stores = phases.stores.filter(({ phase }) => phase === this.phase);
    const reductions = phases.reductions.filter(({ phase }) => phase === this.phase);
    if (stores.length === 0 && reductions.length === 0) return;
    const targets = stores.map(({ value, spill }) => (spill ? this.spillOf(value) : this.outputOf(value)));
    const accumulators = reductions.map(({ value }) => this.accumulator(value));
    this.walk(share, () => {
      this.storeAll(targets, () => {
        reductions.forEach(({ value }, i) => {
          const [arg] = facts.op(value).args;
          accumulators[i].add(this.evaluator.value(arg, group.fullPlace(facts.types[arg].shape)), this.position());
        });
      });
    });
    reductions.forEach((made, i) => { finish(made, accumulators[i]); });
  }

  /** What makes a value, and the element that it reduces. */
  private reduction(value: ValueId): readonly [OpNode<ReductionOp>, Element] {
    const { facts } = this.plan;
    const node = facts.op(value);
    if (!isReduction(node)) throw new Error(`internal: ${node.op} reduces nothing`);
    return [node, facts.types[node.args[0]].element];
  }

  private accumulator(value: ValueId): Accumulator {
    return accumulatorOf(this.r, ...this.reduction(value), this.plan.inner.length > 0);
  }

  /** Along the reduced axis. */
  private position(): Operand {
    const { inner } = this.plan;
    if (inner.length === 0) return this.r.literal(0, "i32");
    const { at: index, level } = this.evaluator.bindings[inner[0]];
    return { expression: indexValue(index), element: "i32", lanes: 1, level, varies: false };
  }

  /** Makes the result of a reduction known to what follows. */
  private keep(value: ValueId, result: LocalId): void {
    const operand = this.r.held(result, this.plan.facts.types[value].element, 1, false);
    this.r.remember(`${value}@${keyOf(this.plan.group.places.get(value) ?? [])}`, operand);
  }

  /** Makes known what earlier kernels found. */
  private recall(row: Index): void {
    const { r, plan: { facts, phases } } = this;
    for (const { value, phase } of phases.reductions) {
      if (phase >= this.phase) continue;
      const result = r.scope.local(facts.types[value].element);
      r.push({ kind: "let", local: result, value: load(this.partialsOf(value).result, row) });
      this.keep(value, result);
    }
  }

  private partialsOf(value: ValueId): { readonly parts: readonly BufferId[]; readonly result: BufferId } {
    const found = this.partials.get(value);
    if (found === undefined) throw new Error(`internal: ${this.plan.facts.op(value).op} is not made in parts`);
    return found;
  }

  private keptTargets(): Target[] {
    return this.plan.phases.keptStores.map((value) => this.outputOf(value));
  }

  /** All values first, then the stores, so that an output may lie on an input. */
  private storeAll(targets: readonly Target[], between: () => void = () => undefined): void {
    const values = targets.map(({ value }) => this.r.settle(this.evaluator.value(value, this.plan.group.places.get(value) ?? [])));
    between();
    targets.forEach(({ buffer, index }, i) => this.r.push(store(buffer, this.evaluator.index(index), values[i].expression)));
  }

  // ---- values in memory

  private indexOf(value: ValueId): Affine {
    return linear(this.plan.facts.types[value].shape, this.plan.group.places.get(value) ?? [], this.plan.group.sizes.length);
  }

  private outputOf(value: ValueId): Target {
    const index = this.indexOf(value);
    const made = this.plan.phases.stores.find((candidate) => candidate.value === value);
    return { value, index, buffer: this.buffers.output(value, index, made?.phase ?? Infinity) };
  }

  private spillOf(value: ValueId): Target {
    const { shape } = this.plan.facts.types[value];
    return { value, index: this.indexOf(value), buffer: this.buffers.spill(value, shape.reduce((product, size) => product * size, 1)) };
  }

  private find(value: ValueId, index: Affine, dynamic: boolean): Found | null {
    if (!this.plan.group.has(value)) return { buffer: this.buffers.input(value, index, dynamic, this.phase), index };
    const made = this.plan.phases.stores.find((candidate) => candidate.value === value && candidate.phase < this.phase);
    if (made === undefined) return null;
    return made.spill ? this.spillOf(value) : this.outputOf(value);
  }
}
