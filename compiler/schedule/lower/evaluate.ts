/** Writes the expression of an element (or 4 neighbours) of a value, for given loops around it. */
import type { OpNode, ValueId } from "../../ir/graph.ts";
import { isMovement, keyOf, linear, through } from "../coordinates.ts";
import type { Affine, MovementOp } from "../coordinates.ts";
import { load } from "../expression.ts";
import type { Facts } from "../facts.ts";
import type { BufferId, Index, Lanes } from "../kernel.ts";
import { gatherPlaces, scatterPlaces } from "../leaves.ts";
import { lowerElementwise } from "./elementwise.ts";
import type { Operand, Registers } from "./registers.ts";

/** How a run of neighbouring atoms is walked: the run's row-major index, and in which loop body it is known. */
export interface Binding {
  readonly at: Index;
  readonly level: number;
  /** 4 on the vector axis: the turn covers at, at + 1, ... */
  readonly lanes: Lanes;
  /** Only so many of the lanes exist. */
  readonly count?: number;
  readonly vector: boolean;
}

/** Atoms that are walked as one, in order. */
export interface Run {
  readonly atoms: readonly number[];
  readonly size: number;
}

export interface Found {
  readonly buffer: BufferId;
  readonly index: Affine;
}

/** Where the evaluator finds values. */
export interface Source {
  /** Where to load an element of a value from; null where it is made here. `dynamic`: a computed offset is added. */
  find(value: ValueId, index: Affine, dynamic: boolean): Found | null;
}

export class Evaluator {
  readonly bindings: Binding[];

  constructor(
    private readonly facts: Facts,
    readonly r: Registers,
    private readonly sizes: readonly number[],
    private readonly runs: readonly Run[],
    private readonly source: Source,
  ) {
    this.bindings = runs.map(() => ({ at: { base: 0, terms: [] }, level: 0, lanes: 1, vector: false }));
  }

  value(value: ValueId, coordinates: readonly Affine[]): Operand {
    const { facts, r } = this;
    const role = facts.roles[value];
    if (role === "splat") {
      const node = facts.op(value);
      if (node.op !== "constant") throw new Error("internal: a splat is a constant");
      return r.literal(node.attributes.data[0], node.attributes.element);
    }
    const key = `${value}@${keyOf(coordinates)}`;
    const known = r.recall(key);
    if (known !== undefined) return known;
    const operand = this.make(value, coordinates);
    // What is read once may still be met several times: by each vector of a turn, or each turn of an inner loop.
    const again = facts.uses[value] > 1 || operand.level < r.level || (!operand.varies && this.bindings.some(({ vector }) => vector));
    if (!again) return operand;
    const settled = r.settle(operand);
    r.remember(key, settled);
    return settled;
  }

  private make(value: ValueId, coordinates: readonly Affine[]): Operand {
    const { facts } = this;
    if (facts.roles[value] === "virtual") return this.node(facts.op(value), coordinates);
    const index = linear(facts.types[value].shape, coordinates, this.sizes.length);
    const found = this.source.find(value, index, false);
    return found === null ? this.node(facts.op(value), coordinates) : this.load(value, found);
  }

  /** A pointwise or virtual node at a place of its result. */
  node(node: OpNode, coordinates: readonly Affine[]): Operand {
    const { facts } = this;
    const [result] = node.results;
    if (isMovement(node.op)) {
      const [arg] = node.args;
      const place = through(node as OpNode<MovementOp>, facts.types[arg], facts.types[result], coordinates, this.sizes); // isMovement narrows the op, not the node
      return place === null ? this.flat(arg, linear(facts.types[result].shape, coordinates, this.sizes.length)) : this.value(arg, place);
    }
    switch (node.op) {
      case "iota": return this.numbered(coordinates[node.attributes.axis], node.attributes.element);
      case "constant": return this.r.literal(node.attributes.data[0], node.attributes.element);
      case "gather": return this.gathered(node, coordinates);
      case "scatter": return this.scattered(node, coordinates);
      default: {
        const args = node.args.map((arg) => this.value(arg, coordinates));
        return lowerElementwise(this.r, node, args, facts.types[result].element);
      }
    }
  }

  /** The row-major element of what is in memory. */
  private flat(value: ValueId, index: Affine): Operand {
    const source = this.facts.source(value);
    const key = `flat ${source}@${keyOf([index])}`;
    const known = this.r.recall(key);
    if (known !== undefined) return known;
    const operand = this.r.settle(this.load(source, this.stored(source, index, false)));
    this.r.remember(key, operand);
    return operand;
  }

  private stored(value: ValueId, index: Affine, dynamic: boolean): Found {
    const found = this.source.find(value, index, dynamic);
    if (found === null) throw new Error(`internal: value ${value} is not in memory`);
    return found;
  }

  private load(value: ValueId, { buffer, index }: Found, offset?: Operand): Operand {
    const at = this.index(index);
    const { lanes, count, level, varies } = this.reach(index);
    const { element } = this.facts.types[value];
    if (offset === undefined) return { expression: load(buffer, at, lanes, lanes === 4 ? count : undefined), element, lanes, level, varies };
    if (offset.expression.kind === "literal") {
      return { expression: load(buffer, { ...at, base: at.base + offset.expression.value }, lanes, lanes === 4 ? count : undefined), element, lanes, level, varies };
    }
    if (offset.expression.kind !== "local") throw new Error("internal: an offset is a local");
    return {
      expression: load(buffer, { ...at, offset: offset.expression.local }, lanes, lanes === 4 ? count : undefined),
      element, lanes, level: Math.max(level, offset.level), varies: varies || offset.varies,
    };
  }

  // ---- coordinates

  /** An affine function of the atoms in terms of the loops. */
  index(affine: Affine): Index {
    let { base } = affine;
    const terms: (readonly [Index["terms"][number][0], number])[] = [];
    this.runs.forEach(({ atoms }, run) => {
      const factor = affine.factors[atoms[atoms.length - 1]];
      if (factor === 0) return;
      const { at } = this.bindings[run];
      base += at.base * factor;
      for (const [variable, by] of at.terms) terms.push([variable, by * factor]);
    });
    return { base, terms };
  }

  /** In which loop body an affine function is known, and in how many lanes what it indexes is read. */
  reach(affine: Affine): { level: number; lanes: Lanes; count: number | undefined; varies: boolean } {
    let level = 0;
    let lanes: Lanes = 1;
    let count: number | undefined;
    let varies = false;
    this.runs.forEach(({ atoms }, run) => {
      if (atoms.every((atom) => affine.factors[atom] === 0)) return;
      const binding = this.bindings[run];
      level = Math.max(level, binding.level);
      if (!binding.vector) return;
      varies = true;
      ({ lanes, count } = binding);
    });
    return { level, lanes, count, varies };
  }

  private numbered(at: Affine, element: Operand["element"]): Operand {
    const { level, lanes, varies } = this.reach(at);
    const number: Operand = { expression: { kind: "index", at: this.index(at), lanes }, element: "i32", lanes, level, varies };
    switch (element) {
      case "i32": return number;
      case "u32": return this.r.apply("bitsU32", "i32", "u32", number);
      case "f32": return this.r.apply("toF32", "i32", "f32", number);
      case "f64": return this.r.apply("toF64", "i32", "f64", number);
      case "bool": return this.r.apply("toBool", "i32", "bool", number);
    }
  }

  // ---- indexing

  private gathered(node: OpNode<"gather">, coordinates: readonly Affine[]): Operand {
    const { facts, r } = this;
    const [x, indices] = node.args;
    const { from, index, steps, limits } = gatherPlaces(facts, node, coordinates, this.sizes);
    const key = `offset ${node.results[0]}@${index.map(keyOf).join("/")}`;
    let offset = r.recall(key);
    if (offset === undefined) {
      const parts = index.map((place, j) => {
        const low = r.op("max", this.value(indices, place), r.literal(0, "i32"));
        const inside = r.op("min", low, r.literal(limits[j] - 1, "i32"));
        return steps[j] === 1 ? inside : r.op("mul", inside, r.literal(steps[j], "i32"));
      });
      offset = r.settle(parts.length === 0 ? r.literal(0, "i32") : parts.reduce((sum, part) => r.op("add", sum, part)));
      r.remember(key, offset);
    }
    const start = linear(facts.types[x].shape, from, this.sizes.length);
    const source = facts.source(x);
    return this.load(source, this.stored(source, start, true), offset);
  }

  private scattered(node: OpNode<"scatter">, coordinates: readonly Affine[]): Operand {
    const { r } = this;
    const [x, indices, updates] = node.args;
    const { tests, update } = scatterPlaces(this.facts, node, coordinates, this.sizes);
    const old = r.settle(this.value(x, coordinates));
    const added = this.value(updates, update);
    const hits = tests.map(({ place, at }) => r.apply("eq", "i32", "bool", this.numbered(at, "i32"), this.value(indices, place)));
    const hit = hits.reduce((all, one) => r.op("and", all, one));
    switch (node.attributes.mode) {
      case "set": return r.op("select", hit, added, old);
      case "max": return r.op("select", hit, old.element === "bool" ? r.op("or", old, added) : r.op("max", old, added), old);
      case "add": return r.op("select", hit, old.element === "bool" ? r.op("xor", old, added) : r.op("add", old, added), old);
    }
  }
}
