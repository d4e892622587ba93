/**
 * A group as one loop nest.
 *
 *     for each outer run                    outer atoms, the last of them 4 at a time unless an inner one is last
 *       for each phase                      a phase ends where a reduction's result is needed
 *         for each inner run                accumulate reductions, store full members
 *       store kept members
 *
 * Order of a reduction. Along lanes (the last atom is reduced): element j of the last run goes to partial j mod 16, outer
 * inner runs ascending; the partials are added as ((v0 + v1) + (v2 + v3)), v being vectors of 4, then (l0 + l1) + (l2 + l3).
 * Otherwise (kept lanes, f64, fewer than 4 elements): one partial, ascending.
 */
import type { OpNode, SiteId, ValueId } from "../../ir/graph.ts";
import { keyOf, linear } from "../coordinates.ts";
import type { Affine } from "../coordinates.ts";
import { loop, store } from "../expression.ts";
import type { Facts } from "../facts.ts";
import type { Group } from "../group.ts";
import type { BufferId, Expression, Lanes, LocalId, Statement, VariableId } from "../kernel.ts";
import type { Unit } from "../unit.ts";
import { BufferTable } from "./buffers.ts";
import { Evaluator } from "./evaluate.ts";
import type { Found, Run } from "./evaluate.ts";
import { costOf, findRuns, planPhases } from "./plan.ts";
import type { Phases } from "./plan.ts";
import { Partials, reductionOf, Search } from "./reduce.ts";
import { Registers } from "./registers.ts";
import type { Operand } from "./registers.ts";

/** One vector of a turn: `id` tells it from its neighbours, `shift` is where it starts. */
interface Copy {
  readonly id: number;
  readonly shift: number;
  readonly count?: number;
}

interface Target extends Found {
  readonly value: ValueId;
}

/** Vectors in flight along a reduced axis, each with its own partials. */
const partialVectors = 4;
/** Machine ops of a body that may be written out several times. */
const writtenOut = 32;

export function lowerNest(facts: Facts, group: Group, stored: ReadonlySet<ValueId>, name: string, site: SiteId): Unit {
  return new Nest(facts, group, stored).lower(name, site);
}

class Nest {
  private readonly r = new Registers();
  private readonly runs: readonly Run[];
  private readonly outer: readonly number[];
  private readonly inner: readonly number[];
  /** The run walked 4 at a time; -1: none. */
  private readonly vectorRun: number;
  private readonly cost: number;
  private readonly phases: Phases;
  private readonly buffers: BufferTable;
  private readonly evaluator: Evaluator;
  private phase = 0;
  /** The vectors of the current turn; without a vector run, the one element. */
  private copies: readonly Copy[] = [{ id: 0, shift: 0 }];
  private vectorTerms: readonly (readonly [VariableId, number])[] = [];
  private vectorLevel = 0;

  constructor(
    private readonly facts: Facts,
    private readonly group: Group,
    stored: ReadonlySet<ValueId>,
  ) {
    ({ runs: this.runs, outer: this.outer, inner: this.inner } = findRuns(facts, group));
    const last = this.runs.length - 1;
    this.vectorRun = facts.lanes === 4 && !group.scalar && last >= 0 && this.runs[last].size >= 4 ? last : -1;
    this.cost = costOf(facts, group);
    this.phases = planPhases(facts, group, stored, !this.isStraight());
    this.buffers = new BufferTable(facts, this.r.scope);
    this.evaluator = new Evaluator(facts, this.r, group.sizes, this.runs, { find: (value, index, dynamic) => this.find(value, index, dynamic) });
  }

  lower(name: string, site: SiteId): Unit {
    this.walk(this.outer, () => {
      for (this.phase = 0; this.phase < this.phases.count; this.phase++) {
        this.reduceAndStore();
        this.search();
      }
      this.storeAll(this.phases.keptStores.map((value) => this.outputOf(value)));
    });
    const { buffers, locals, variables } = this.r.scope;
    return this.buffers.unit({ name, buffers, locals, variables, body: this.r.close(), site });
  }

  // ---- loops

  /** Lanes along the reduced atoms. */
  private get alongLanes(): boolean {
    return this.inner.includes(this.vectorRun);
  }

  /** Whether the inner loops are written out, so that all phases see one another's registers. */
  private isStraight(): boolean {
    return this.inner.every((run) => run === this.vectorRun && Math.floor(this.runs[run].size / 4) < 2 * partialVectors);
  }

  private walk(runs: readonly number[], body: () => void): void {
    if (runs.length === 0) body();
    else if (runs[0] === this.vectorRun) this.walkVector(runs[0], body);
    else this.walkSerial(runs[0], () => this.walk(runs.slice(1), body));
  }

  private walkSerial(run: number, body: () => void): void {
    const { size } = this.runs[run];
    const variable = this.r.scope.variable();
    this.r.open();
    this.evaluator.bindings[run] = { at: { base: 0, terms: [[variable, 1]] }, level: this.r.level, lanes: 1, vector: run === this.vectorRun };
    body();
    const statements = this.r.close();
    this.r.push(loop(variable, 0, size, 1, statements, size <= 4 && size * weightOf(statements) <= writtenOut ? "unroll" : "serial"));
  }

  private walkVector(run: number, body: () => void): void {
    const { size } = this.runs[run];
    const vectors = Math.floor(size / 4);
    const reduces = this.alongLanes && this.phases.reductions.length > 0;
    const wide = reduces ? partialVectors : this.cost <= 8 ? 4 : this.cost <= 16 ? 2 : 1;
    const perTurn = Math.min(wide, vectors);
    const turns = Math.floor(vectors / perTurn);
    const copies: Copy[] = [];
    if (turns > 1) {
      const variable = this.r.scope.variable();
      const step = 4 * perTurn;
      this.r.open();
      this.walkCopies(Array.from({ length: perTurn }, (_, id) => ({ id, shift: 4 * id })), [[variable, 1]], body);
      const statements = this.r.close();
      this.r.push(loop(variable, 0, turns * step, step, statements));
      // Ids that differ from the loop's, and keep vector i on partial i mod 4.
      for (let at = turns * step; at < size; at += 4) copies.push({ id: partialVectors + copies.length, shift: at, ...countOf(size - at) });
    } else {
      for (let at = 0; at < size; at += 4) copies.push({ id: copies.length, shift: at, ...countOf(size - at) });
    }
    if (copies.length > 0) this.walkCopies(copies, [], body);
  }

  private walkCopies(copies: readonly Copy[], terms: readonly (readonly [VariableId, number])[], body: () => void): void {
    this.copies = copies;
    this.vectorTerms = terms;
    this.vectorLevel = this.r.level;
    body();
    this.copies = [{ id: 0, shift: 0 }];
  }

  private select({ id, shift, count }: Copy): void {
    this.r.copy = id;
    if (this.vectorRun < 0) return;
    this.evaluator.bindings[this.vectorRun] = { at: { base: shift, terms: this.vectorTerms }, level: this.vectorLevel, lanes: 4, count, vector: true };
  }

  private forCopies(visit: (copy: Copy) => void): void {
    for (const copy of this.copies) {
      this.select(copy);
      visit(copy);
    }
  }

  // ---- a phase

  private reduceAndStore(): void {
    const stores = this.phases.stores.filter(({ phase }) => phase === this.phase);
    const sums = this.phases.reductions.filter(({ value, phase }) => phase === this.phase && !isSearch(this.facts.op(value)));
    if (stores.length === 0 && sums.length === 0) return;
    const targets = stores.map(({ value, spill }) => (spill ? this.spillOf(value) : this.outputOf(value)));
    const partials = sums.map(({ value }) => this.partialsOf(value));
    this.walk(this.inner, () => {
      this.storeAll(targets, sums.length > 0, () => {
        sums.forEach(({ value }, i) => {
          const [arg] = this.facts.op(value).args;
          const place = this.group.fullPlace(this.facts.types[arg].shape);
          this.forCopies((copy) => partials[i].add(this.slot(copy), this.evaluator.value(arg, place), this.alongLanes ? copy.count : undefined));
        });
      });
    });
    sums.forEach(({ value }, i) => this.keep(value, (copy) => (this.alongLanes ? partials[i].total() : partials[i].at(copy.id))));
  }

  private partialsOf(value: ValueId): Partials {
    const node = this.facts.op(value);
    const { element } = this.facts.types[value];
    if (isSearch(node) || !isReduce(node)) throw new Error(`internal: ${node.op} is no sum`);
    const lanes: Lanes = this.vectorRun < 0 ? 1 : 4;
    const slots = this.alongLanes ? [0, 1, 2, 3] : this.copies.map(({ id }) => id);
    const looped = this.alongLanes ? !this.isStraight() : this.inner.length > 0;
    return new Partials(this.r, reductionOf(node.op, element), element, lanes, looped ? slots : []);
  }

  private slot({ id }: Copy): number {
    return this.alongLanes ? id % partialVectors : id;
  }

  /** Makes the result of a reduction known to what follows. */
  private keep(value: ValueId, finish: (copy: Copy) => LocalId): void {
    const { element } = this.facts.types[value];
    const place = this.group.places.get(value) ?? [];
    const lanes: Lanes = this.vectorRun < 0 || this.alongLanes ? 1 : 4;
    this.forCopies((copy) => {
      const operand = this.r.held(finish(copy), element, lanes, lanes === 4);
      this.r.remember(`${value}@${keyOf(place)}`, operand);
    });
  }

  /** argmax and argmin: a walk of their own, one element after the other along the reduced axis. */
  private search(): void {
    for (const { value, phase } of this.phases.reductions) {
      const node = this.facts.op(value);
      if (phase !== this.phase || !isSearch(node)) continue;
      const [arg] = node.args;
      const place = this.group.fullPlace(this.facts.types[arg].shape);
      const lanes: Lanes = this.vectorRun < 0 || this.alongLanes ? 1 : 4;
      const searches = new Map(this.copies.map((copy) => [copy.id, new Search(this.r, node.op, this.facts.types[arg].element, lanes)] as const));
      this.phase += 0.5; // its loads come after the stores of the phase
      const turn = (): void => {
        const at = this.inner.length === 0 ? this.r.literal(0, "i32") : this.position(this.inner[0]);
        if (this.alongLanes) searches.get(0)?.add(this.evaluator.value(arg, place), at);
        else this.forCopies((copy) => searches.get(copy.id)?.add(this.evaluator.value(arg, place), at));
      };
      if (this.inner.length === 0) turn();
      else {
        this.r.copy = singly;
        this.walkSerial(this.inner[0], turn);
        this.r.copy = 0;
      }
      this.phase -= 0.5;
      this.keep(value, (copy) => {
        const search = searches.get(copy.id);
        if (search === undefined) throw new Error("internal: no search for this vector");
        return search.finish();
      });
    }
  }

  private position(run: number): Operand {
    const { at, level } = this.evaluator.bindings[run];
    return { expression: { kind: "index", at, lanes: 1 }, element: "i32", lanes: 1, level, varies: false };
  }

  /** All values first, then the stores, so that an output may lie on an input. */
  private storeAll(targets: readonly Target[], others = false, between: () => void = () => undefined): void {
    const single = targets.length === 1 && !others;
    const stores: { readonly target: Target; readonly operand: Operand; readonly copy: Copy }[] = [];
    for (const target of targets) {
      const place = this.group.places.get(target.value) ?? [];
      this.forCopies((copy) => {
        const operand = this.evaluator.value(target.value, place);
        if (single) this.store(target, operand);
        else stores.push({ target, operand: this.r.settle(operand), copy });
      });
    }
    between();
    for (const { target, operand, copy } of stores) {
      this.select(copy);
      this.store(target, operand);
    }
  }

  private store({ buffer, index }: Found, operand: Operand): void {
    const { lanes, count } = this.evaluator.reach(index);
    const inside = operand.level < this.r.level ? this.r.settle(operand) : operand;
    const { expression } = this.r.widen(inside, lanes, this.r.level);
    this.r.push(store(buffer, this.evaluator.index(index), expression, lanes, lanes === 4 ? count : undefined));
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

  /** Where lanes lie along the reduced axis, one row is enough. */
  private spillOf(value: ValueId): Target {
    const { sizes, inner } = this.group;
    const full = this.indexOf(value);
    const wide = !this.alongLanes;
    const factors = full.factors.map((factor, atom) => (wide || (inner?.[atom] ?? false) ? factor : 0));
    let length = 1;
    for (let atom = sizes.length - 1; atom >= 0; atom--) {
      if (factors[atom] === 0) continue;
      factors[atom] = length;
      length *= sizes[atom];
    }
    return { value, index: { base: 0, factors }, buffer: this.buffers.spill(value, length) };
  }

  private find(value: ValueId, index: Affine, dynamic: boolean): { readonly buffer: BufferId; readonly index: Affine } | null {
    if (!this.group.has(value)) return { buffer: this.buffers.input(value, index, dynamic, this.phase), index };
    const made = this.phases.stores.find((candidate) => candidate.value === value && candidate.phase < this.phase);
    if (made === undefined) return null;
    return made.spill ? this.spillOf(value) : this.outputOf(value);
  }
}

/** Machine ops of a body, loops counted by what they are written as. */
function weightOf(statements: readonly Statement[]): number {
  const expression = (of: Expression): number => (of.kind === "apply" ? of.args.reduce((total, arg) => total + expression(arg), 1) : of.kind === "load" ? 1 : 0);
  return statements.reduce((total, statement): number => {
    switch (statement.kind) {
      case "loop": return total + 2 + weightOf(statement.body);
      case "if": return total + expression(statement.test) + weightOf(statement.then) + weightOf(statement.else);
      case "fence": case "barrier": return total;
      case "leave": return total + expression(statement.test);
      default: return total + 1 + expression(statement.value);
    }
  }, 0);
}

/** The copy id of a walk over the vector run one element at a time. */
const singly = -1;

const countOf = (rest: number): { readonly count?: number } => (rest < 4 ? { count: rest } : {});

const isSearch = (node: OpNode): node is OpNode<"argmax" | "argmin"> => node.op === "argmax" || node.op === "argmin";

const isReduce = (node: OpNode): node is OpNode<"reduce_sum" | "reduce_prod" | "reduce_max" | "reduce_min"> =>
  node.op === "reduce_sum" || node.op === "reduce_prod" || node.op === "reduce_max" || node.op === "reduce_min";
