/**
 * sort for a grid. Stable, NaN last.
 *
 *     short rows     an invocation for each element counts the elements of its row that go before it, and puts it there
 *     long rows      so for blocks of 64; then runs of 64, 128, ... merge in pairs: an element's new place is its place in its run and
 *                    the number of elements of the other run that go before it, found by bisection. Positions move, keys are read
 *                    where they are.
 */
import type { OpNode, SiteId, ValueId } from "../../ir/graph.ts";
import { elementCount } from "../../ir/graph.ts";
import { apply, at, KernelScope, literal, load, local, loop, setLocal, store } from "../expression.ts";
import type { Facts } from "../facts.ts";
import type { BufferId, Expression, Index, LocalId, Scalar, Statement } from "../kernel.ts";
import { BufferTable } from "../lower/buffers.ts";
import type { Unit } from "../unit.ts";
import { joined } from "./box.ts";
import { gridOf, gridScope, guarded, indexValue, numberIn, scaled, split } from "./grid.ts";

/** Elements of a row from which blocks are merged. */
export const longRow = 512;
const block = 64;

/** Rows of keys, sorted along their last axis. */
export interface Sorting {
  readonly keys: ValueId;
  /** Rows, and the keys of each. */
  readonly rows: number;
  readonly length: number;
  readonly descending: boolean;
  /** What the keys in order are; absent: not wanted. */
  readonly sorted?: ValueId;
  /** What their positions in order are; absent: scratch memory, the first of every kernel. */
  readonly positions?: ValueId;
}

const i32 = (op: "add" | "sub" | "min" | "max" | "shr", a: Expression, b: Expression): Expression => apply(op, "i32", 1, a, b);
const integer = (value: number): Expression => literal(value, "i32");
const isLess = (a: Expression, b: Expression): Expression => apply("lt", "i32", 1, a, b);
const and = (a: Expression, b: Expression): Expression => apply("and", "bool", 1, a, b);
const or = (a: Expression, b: Expression): Expression => apply("or", "bool", 1, a, b);
const not = (a: Expression): Expression => apply("not", "bool", 1, a);

/** A kernel in the making, with an invocation for each element. */
class Sort {
  readonly scope = gridScope(new KernelScope());
  readonly buffers: BufferTable;
  readonly type: Scalar;
  readonly length: number;
  readonly inside: Statement[] = [];
  readonly source: BufferId;
  readonly column: Index;
  readonly own: LocalId;
  readonly other: LocalId;
  /** Where the positions lie in the end. */
  private readonly order: () => BufferId;
  private readonly row: Index["terms"];
  private readonly count: number;
  private readonly element: Scalar;

  constructor(
    facts: Facts,
    private readonly sorting: Sorting,
    private readonly name: string,
    private readonly site: SiteId,
  ) {
    const { keys, rows, length } = sorting;
    const { element } = facts.types[keys];
    this.element = element;
    this.type = element === "bool" ? "i32" : element;
    this.length = length;
    this.count = rows * length;
    this.buffers = new BufferTable(facts, this.scope);
    if (sorting.positions === undefined) {
      const order = orderBuffer(this.buffers, this.count);
      this.order = () => order;
    } else {
      const { positions } = sorting;
      this.order = () => this.buffers.target(positions);
    }
    this.source = this.buffers.gathered(facts.source(keys));
    const [row, column] = split(this.scope, numberIn(gridOf(this.count)), [rows, length], this.inside);
    this.row = row.terms.map(([variable, by]) => [variable, by * this.length]);
    this.column = column;
    [this.own, this.other] = [this.scope.local(this.type), this.scope.local(this.type)];
  }

  /** A place in the row. */
  inRow(index: Index): Index {
    return { ...index, terms: [...this.row, ...index.terms] };
  }

  found(offset: LocalId): Index {
    return this.inRow({ base: 0, terms: [], offset });
  }

  key(index: Index): Expression {
    const value = load(this.source, this.inRow(index));
    return this.element === "bool" ? apply("toI32", "bool", 1, value) : value;
  }

  goesBefore(a: LocalId, b: LocalId): Expression {
    const isNaN = (value: LocalId): Expression => apply("ne", this.type, 1, local(value), local(value));
    const before = apply(this.sorting.descending ? "gt" : "lt", this.type, 1, local(a), local(b));
    return this.element === "f32" || this.element === "f64" ? or(before, and(not(isNaN(a)), isNaN(b))) : before;
  }

  /** The positions as they are in the end, or others in scratch memory. */
  positions(inScratch: boolean): BufferId {
    return inScratch ? this.buffers.scratch("positions", "i32", this.count) : this.order();
  }

  storeKey(at: Index, from: Index): readonly Statement[] {
    return this.sorting.sorted === undefined ? [] : [store(this.buffers.target(this.sorting.sorted), at, load(this.source, this.inRow(from)))];
  }

  unit(): Unit {
    const { locals, variables } = this.scope;
    const grid = gridOf(this.count);
    const unit = this.buffers.unit({ name: this.name, buffers: this.scope.buffers, locals, variables, body: guarded(grid, this.count, this.inside), site: this.site, grid });
    return this.count === 0 ? { ...unit, runs: [] } : unit;
  }
}

export function sortForGrid(facts: Facts, node: OpNode<"sort">, name: string, site: SiteId): Unit {
  const { shape } = facts.types[node.args[0]];
  const [sorted, positions] = node.results;
  return sortRows(facts, { keys: node.args[0], rows: elementCount(shape.slice(0, -1)), length: shape.at(-1) ?? 1, descending: node.attributes.descending, sorted, positions }, name, site);
}

/** Scratch memory for the positions in order; asked for before any other. */
export const orderBuffer = (buffers: BufferTable, count: number): BufferId => buffers.scratch("order", "i32", count);

export function sortRows(facts: Facts, sorting: Sorting, name: string, site: SiteId): Unit {
  const { length } = sorting;
  if (length < longRow) {
    const sort = new Sort(facts, sorting, name, site);
    countBefore(sort, at(0), length, (target) => [...sort.storeKey(target, sort.column), store(sort.positions(false), target, indexValue(sort.column))]);
    return sort.unit();
  }
  const passes = Math.ceil(Math.log2(length / block));
  // The last pass writes the result; the others take turns with scratch memory.
  const toScratch = (pass: number): boolean => (passes - pass) % 2 === 1;
  const blocks = new Sort(facts, sorting, `${name}_blocks`, site);
  const [number] = split(blocks.scope, blocks.column, [Math.ceil(length / block), block], blocks.inside);
  const first: Index = { base: 0, terms: number.terms.map(([variable, by]) => [variable, by * block]) };
  countBefore(blocks, first, block, (target) => [store(blocks.positions(toScratch(0)), target, indexValue(blocks.column))]);
  const merges = Array.from({ length: passes }, (_, pass) => {
    const sort = new Sort(facts, sorting, `${name}_merge`, site);
    merge(sort, block * 2 ** pass, sort.positions(toScratch(pass)), sort.positions(toScratch(pass + 1)), pass === passes - 1);
    return sort.unit();
  });
  return joined([blocks.unit(), ...merges]);
}

/** The element's place among `size` from `first` on, of which those in the row count; `put` what goes there. */
function countBefore(sort: Sort, first: Index, size: number, put: (target: Index) => readonly Statement[]): void {
  const { scope, inside, own, other, column, length } = sort;
  const rank = scope.local("i32");
  const turn = scope.variable();
  const here: Index = { base: 0, terms: [...first.terms, [turn, 1]] };
  const earlier = isLess(indexValue(here), indexValue(column));
  const isFirst = or(sort.goesBefore(other, own), and(earlier, not(sort.goesBefore(own, other))));
  const count = [setLocal(other, sort.key(here)), setLocal(rank, i32("add", local(rank), apply("toI32", "bool", 1, isFirst)))];
  inside.push(
    setLocal(own, sort.key(column)),
    setLocal(rank, integer(0)),
    loop(turn, 0, size, 1, length % size === 0 ? count : [{ kind: "if", test: isLess(indexValue(here), integer(length)), then: count, else: [] }]),
    ...put({ ...sort.inRow(first), offset: rank }),
  );
}

/** Runs of `width` positions, in pairs, from one buffer to the other. */
function merge(sort: Sort, width: number, from: BufferId, to: BufferId, isLast: boolean): void {
  const { scope, inside, own, other, column, length } = sort;
  const [pair, half, within] = split(scope, column, [Math.ceil(length / (2 * width)), 2, width], inside);
  const [position, start, low, high, middle, target] = Array.from({ length: 6 }, () => scope.local("i32"));
  const isLeft = apply("eq", "i32", 1, indexValue(half), integer(0));
  const pairStart = indexValue(at(0, ...scaled(pair, 2 * width)));
  const goes = or(and(isLeft, sort.goesBefore(other, own)), and(not(isLeft), not(sort.goesBefore(own, other))));
  inside.push(
    setLocal(position, load(from, sort.inRow(column))),
    setLocal(own, sort.key({ base: 0, terms: [], offset: position })),
    // Of the other run: where it begins, and how much of it there is.
    setLocal(start, i32("add", pairStart, i32("sub", integer(width), indexValue(at(0, ...scaled(half, width)))))),
    setLocal(low, integer(0)),
    setLocal(high, i32("max", i32("min", i32("sub", integer(length), local(start)), integer(width)), integer(0))),
    loop(scope.variable(), 0, Math.log2(width) + 1, 1, [{
      kind: "if", test: isLess(local(low), local(high)), else: [],
      then: [
        setLocal(middle, i32("shr", i32("add", local(low), local(high)), integer(1))),
        setLocal(target, i32("add", local(start), local(middle))),
        setLocal(target, load(from, sort.found(target))),
        setLocal(other, sort.key({ base: 0, terms: [], offset: target })),
        { kind: "if", test: goes, then: [setLocal(low, i32("add", local(middle), integer(1)))], else: [setLocal(high, local(middle))] },
      ],
    }]),
    setLocal(target, i32("add", i32("add", pairStart, indexValue(within)), local(low))),
    store(to, sort.found(target), local(position)),
    ...(isLast ? sort.storeKey(sort.found(target), { base: 0, terms: [], offset: position }) : []),
  );
}
