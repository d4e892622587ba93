/**
 * A group for a grid of invocations.
 *
 *     long rows      a workgroup for each row: invocation i takes elements i, i + n, i + 2n, ... of each phase, partial results
 *                    meet in workgroup memory (`across.ts`), invocation 0 stores what the row keeps
 *     short rows     an invocation for each row
 *     no reduction   an invocation for each element
 *
 * An invocation meets an element in every phase or in none, so what it stored it may read again without a barrier.
 */
import type { OpNode, SiteId, ValueId } from "../../ir/graph.ts";
import { keyOf, linear } from "../coordinates.ts";
import type { Affine } from "../coordinates.ts";
import { apply, at, KernelScope, literal, loop, store } from "../expression.ts";
import type { Facts } from "../facts.ts";
import type { Group } from "../group.ts";
import { invocationVariable, workgroupVariable } from "../kernel.ts";
import type { Grid, Index, LocalId } from "../kernel.ts";
import { BufferTable } from "../lower/buffers.ts";
import { Evaluator } from "../lower/evaluate.ts";
import type { Found, Run } from "../lower/evaluate.ts";
import { findRuns, planPhases } from "../lower/plan.ts";
import type { Phases } from "../lower/plan.ts";
import { Partials, reductionOf, Search } from "../lower/reduce.ts";
import { Registers } from "../lower/registers.ts";
import type { Operand } from "../lower/registers.ts";
import type { Unit } from "../unit.ts";
import { combineAcross } from "./across.ts";
import { gridOf, gridScope, guarded, indexValue, numberIn, split } from "./grid.ts";

/** Elements from which a row has a workgroup of its own. */
const longRow = 64;
/** Elements from which that workgroup is a large one. */
const veryLongRow = 1024;
/** Rows from which neighbouring rows side by side keep a device busy, where a row's elements lie apart. */
const manyRows = 256;

export function lowerParallelNest(facts: Facts, group: Group, stored: ReadonlySet<ValueId>, name: string, site: SiteId): Unit {
  return new Nest(facts, group, stored).lower(name, site);
}

interface Target extends Found {
  readonly value: ValueId;
}

class Nest {
  private readonly r = new Registers(gridScope(new KernelScope()));
  private readonly runs: readonly Run[];
  private readonly outer: readonly number[];
  private readonly inner: readonly number[];
  private readonly phases: Phases;
  private readonly buffers: BufferTable;
  private readonly evaluator: Evaluator;
  private readonly grid: Grid;
  /** Whether a workgroup has a row. */
  private readonly shared: boolean;
  private phase = 0;

  constructor(
    private readonly facts: Facts,
    private readonly group: Group,
    stored: ReadonlySet<ValueId>,
  ) {
    ({ runs: this.runs, outer: this.outer, inner: this.inner } = findRuns(facts, group));
    this.phases = planPhases(facts, group, stored, this.inner.length > 0);
    const [rows, length] = [this.outer, this.inner].map((runs) => runs.reduce((total, run) => total * this.runs[run].size, 1));
    const apart = this.inner.at(-1) !== this.runs.length - 1;
    const searches = this.phases.reductions.some(({ value }) => isSearch(facts.op(value)));
    this.shared = this.inner.length > 0 && length >= longRow && !searches && !(apart && rows >= manyRows);
    this.grid = this.shared ? { workgroups: rows, invocations: length >= veryLongRow ? 256 : 64 } : gridOf(rows);
    this.buffers = new BufferTable(facts, this.r.scope);
    this.evaluator = new Evaluator(facts, this.r, group.sizes, this.runs, { find: (value, index, dynamic) => this.find(value, index, dynamic) });
  }

  lower(name: string, site: SiteId): Unit {
    const { r, grid } = this;
    if (this.shared) {
      this.bind(this.outer, at(0, [workgroupVariable, 1]));
      this.runPhases();
      this.storeKept();
    } else {
      const rows = this.outer.reduce((total, run) => total * this.runs[run].size, 1);
      r.open();
      this.bind(this.outer, numberIn(grid));
      this.runPhases();
      this.storeAll(this.keptTargets());
      const body = r.close();
      r.push(...guarded(grid, rows, body));
    }
    const { buffers, locals, variables } = r.scope;
    return this.buffers.unit({ name, buffers, locals, variables, body: r.close(), site, grid });
  }

  // ---- loops

  /** Row-major element `index` of some runs, in the innermost open body. */
  private bind(runs: readonly number[], index: Index): void {
    const { r } = this;
    const indices = split(r.scope, index, runs.map((run) => this.runs[run].size), r.statementsAt(r.level));
    runs.forEach((run, i) => { this.evaluator.bindings[run] = { at: indices[i], level: r.level, lanes: 1, vector: false }; });
  }

  /** For the elements of the row that this invocation has. */
  private walk(body: () => void): void {
    const { r, inner } = this;
    if (inner.length === 0) {
      body();
      return;
    }
    if (!this.shared) {
      this.walkSerial(inner, body);
      return;
    }
    const length = inner.reduce((total, run) => total * this.runs[run].size, 1);
    const variable = r.scope.variable();
    r.open();
    this.bind(inner, at(0, [variable, 1]));
    body();
    const statements = r.close();
    r.push({ kind: "loop", mode: "serial", variable, from: at(0, [invocationVariable, 1]), to: at(length), step: this.grid.invocations, body: statements });
  }

  private walkSerial([run, ...rest]: readonly number[], body: () => void): void {
    const { r } = this;
    const variable = r.scope.variable();
    r.open();
    this.evaluator.bindings[run] = { at: at(0, [variable, 1]), level: r.level, lanes: 1, vector: false };
    if (rest.length === 0) body();
    else this.walkSerial(rest, body);
    const statements = r.close();
    r.push(loop(variable, 0, this.runs[run].size, 1, statements));
  }

  // ---- a phase

  private runPhases(): void {
    for (this.phase = 0; this.phase < this.phases.count; this.phase++) {
      this.reduceAndStore();
      this.search();
    }
  }

  private reduceAndStore(): void {
    const stores = this.phases.stores.filter(({ phase }) => phase === this.phase);
    const sums = this.phases.reductions.filter(({ value, phase }) => phase === this.phase && !isSearch(this.facts.op(value)));
    if (stores.length === 0 && sums.length === 0) return;
    const targets = stores.map(({ value, spill }) => (spill ? this.spillOf(value) : this.outputOf(value)));
    const partials = sums.map(({ value }) => this.partialsOf(value));
    this.walk(() => {
      this.storeAll(targets, () => {
        sums.forEach(({ value }, i) => {
          const [arg] = this.facts.op(value).args;
          partials[i].add(0, this.evaluator.value(arg, this.group.fullPlace(this.facts.types[arg].shape)), undefined);
        });
      });
    });
    const own = partials.map((partial) => ({ local: partial.at(0), element: partial.element, op: partial.reduction.op }));
    const totals = this.shared ? combineAcross(this.r, own, this.grid.invocations) : own.map(({ local }) => local);
    sums.forEach(({ value }, i) => this.keep(value, totals[i]));
  }

  private partialsOf(value: ValueId): Partials {
    const node = this.facts.op(value);
    if (!isReduce(node)) throw new Error(`internal: ${node.op} is no sum`);
    const { element } = this.facts.types[value];
    return new Partials(this.r, reductionOf(node.op, element), element, 1, this.inner.length > 0 ? [0] : []);
  }

  /** Makes the result of a reduction known to what follows. */
  private keep(value: ValueId, result: LocalId): void {
    const { element } = this.facts.types[value];
    const operand = this.r.held(result, element, 1, false);
    this.r.remember(`${value}@${keyOf(this.group.places.get(value) ?? [])}`, operand);
  }

  /** argmax and argmin: a walk of their own. */
  private search(): void {
    for (const { value, phase } of this.phases.reductions) {
      const node = this.facts.op(value);
      if (phase !== this.phase || !isSearch(node)) continue;
      const [arg] = node.args;
      const place = this.group.fullPlace(this.facts.types[arg].shape);
      const search = new Search(this.r, node.op, this.facts.types[arg].element, 1);
      this.phase += 0.5; // its loads come after the stores of the phase
      this.walk(() => search.add(this.evaluator.value(arg, place), this.position()));
      this.phase -= 0.5;
      this.keep(value, search.finish());
    }
  }

  /** Along the searched axis. */
  private position(): Operand {
    if (this.inner.length === 0) return this.r.literal(0, "i32");
    const { at: index, level } = this.evaluator.bindings[this.inner[0]];
    return { expression: indexValue(index), element: "i32", lanes: 1, level, varies: false };
  }

  private keptTargets(): Target[] {
    return this.phases.keptStores.map((value) => this.outputOf(value));
  }

  /** By one invocation, when all have read what may be overwritten. */
  private storeKept(): void {
    const { r } = this;
    const targets = this.keptTargets();
    if (targets.length === 0) return;
    r.push({ kind: "barrier", over: "memory" });
    r.open();
    this.storeAll(targets);
    const then = r.close();
    r.push({ kind: "if", test: apply("eq", "i32", 1, indexValue(at(0, [invocationVariable, 1])), literal(0, "i32")), then, else: [] });
  }

  /** All values first, then the stores, so that an output may lie on an input. */
  private storeAll(targets: readonly Target[], between: () => void = () => undefined): void {
    const values = targets.map(({ value }) => this.r.settle(this.evaluator.value(value, this.group.places.get(value) ?? [])));
    between();
    targets.forEach(({ buffer, index }, i) => this.r.push(store(buffer, this.evaluator.index(index), values[i].expression)));
  }

  // ---- values in memory

  private indexOf(value: ValueId): Affine {
    return linear(this.facts.types[value].shape, this.group.places.get(value) ?? [], this.group.sizes.length);
  }

  private outputOf(value: ValueId): Target {
    const index = this.indexOf(value);
    const made = this.phases.stores.find((candidate) => candidate.value === value);
    return { value, index, buffer: this.buffers.output(value, index, made?.phase ?? Infinity) };
  }

  private spillOf(value: ValueId): Target {
    const { shape } = this.facts.types[value];
    return { value, index: this.indexOf(value), buffer: this.buffers.spill(value, shape.reduce((product, size) => product * size, 1)) };
  }

  private find(value: ValueId, index: Affine, dynamic: boolean): Found | null {
    if (!this.group.has(value)) return { buffer: this.buffers.input(value, index, dynamic, this.phase), index };
    const made = this.phases.stores.find((candidate) => candidate.value === value && candidate.phase < this.phase);
    if (made === undefined) return null;
    return made.spill ? this.spillOf(value) : this.outputOf(value);
  }
}

const isSearch = (node: OpNode): node is OpNode<"argmax" | "argmin"> => node.op === "argmax" || node.op === "argmin";

const isReduce = (node: OpNode): node is OpNode<"reduce_sum" | "reduce_prod" | "reduce_max" | "reduce_min"> =>
  node.op === "reduce_sum" || node.op === "reduce_prod" || node.op === "reduce_max" || node.op === "reduce_min";
