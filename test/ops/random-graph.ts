/**
 * Random well-typed regions, for properties that must hold of every graph: an optimization keeps its meaning, targets
 * agree with the reference, derivatives agree with differences. Values are computed while the graph grows, so that
 * floats stay finite and moderate.
 */
import { Builder } from "../../compiler/ir/builder.ts";
import { elementCount, sameShape } from "../../compiler/ir/graph.ts";
import type { Element, Region, TensorType, ValueId } from "../../compiler/ir/graph.ts";
import type { AttributesOf, OpName } from "../../compiler/ops/index.ts";
import { applyOp } from "../../compiler/reference/index.ts";
import type { Tensor } from "../../compiler/reference/index.ts";
import { Random } from "./random.ts";

export interface RandomGraphOptions {
  /** About how many ops (30). */
  readonly nodes?: number;
  /** smooth: differentiable everywhere; continuous: kinks and `stop` too; all (the default): jumps too, as floor and comparison. */
  readonly kind?: "all" | "continuous" | "smooth";
  /** Elements that occur (f32, i32, u32, bool). */
  readonly elements?: readonly Element[];
}

export interface RandomGraph {
  readonly region: Region;
  /** Values of its params. */
  readonly args: readonly Tensor[];
}

const largest = 256;
const bound = 30;

const floatUnary = ["neg", "tanh", "sin", "cos", "erf", "logistic", "exp", "expm1"] as const;
const positiveUnary = ["log", "log1p", "sqrt"] as const;
const jumps = ["sign", "floor", "ceil", "round", "trunc"] as const;
const comparisons = ["eq", "ne", "lt", "le", "gt", "ge"] as const;
const integerBinary =
  ["add", "sub", "mul", "idiv", "imod", "min", "max", "bit_and", "bit_or", "bit_xor", "shift_left", "shift_right"] as const;
const boolBinary = ["add", "sub", "mul", "bit_and", "bit_or", "bit_xor", "eq"] as const;

class Grower {
  readonly b = new Builder();
  readonly values: Tensor[] = [];
  readonly pool: ValueId[] = [];
  readonly r: Random;
  readonly elements: readonly Element[];
  readonly kinks: boolean;
  readonly jumps: boolean;

  constructor(seed: number, { kind = "all", elements = ["f32", "i32", "u32", "bool"] }: RandomGraphOptions) {
    this.r = new Random(seed);
    this.elements = elements;
    this.kinks = kind !== "smooth";
    this.jumps = kind === "all";
  }

  parameter(type: TensorType): void {
    const id = this.b.parameter(type);
    this.values[id] = this.r.tensors([type], { low: -2, high: 2 })[0];
    this.pool.push(id);
  }

  apply<K extends OpName>(op: K, args: readonly ValueId[], attributes: AttributesOf<K>): ValueId {
    const results = this.b.ops(op, args, attributes);
    const given = args.map((arg) => this.values[arg]);
    applyOp(op, given, attributes, results.map((id) => this.b.typeOf(id))).forEach((value, i) => {
      this.values[results[i]] = value;
      const fits = i === 0 || this.jumps; // the positions of a sort jump
      if (fits && this.moderate(value)) this.pool.push(results[i]);
    });
    return results[0];
  }

  /** Builds one random op; some picks find nothing to work on and build none. */
  step(): void {
    const x = this.r.pick(this.pool);
    const { element, shape } = this.b.typeOf(x);
    const ways = [() => this.move(x), () => this.index(x)];
    if (shape.length > 0) ways.push(() => this.reduce(x), () => this.accumulate(x));
    if (element !== "bool") ways.push(() => this.convert(x));
    if (element === "bool") ways.push(() => this.bools(x));
    else if (element === "i32" || element === "u32") ways.push(() => this.integers(x));
    else ways.push(...Array.from({ length: 4 }, () => () => this.floats(x)), () => this.contract(x), () => this.choose(x));
    if (this.r.chance(0.1)) ways.push(() => this.source());
    this.r.pick(ways)();
  }

  private moderate({ type, data }: Tensor): boolean {
    if (data.length > largest || data.length === 0 || !this.elements.includes(type.element)) return false;
    return !this.isFloat(type.element) || data.every((x) => Math.abs(x) <= bound);
  }

  private isFloat(element: Element): boolean {
    return element === "f32" || element === "f64";
  }

  private literal(type: TensorType, low: number, high: number): ValueId {
    const count = this.r.chance(0.5) ? 1 : elementCount(type.shape);
    const draw = (): number => this.isFloat(type.element) ? Math.fround(this.r.uniform(low, high)) : this.r.integer(Math.ceil(low), high);
    return this.apply("constant", [], { element: type.element, shape: type.shape, data: Array.from({ length: count }, draw) });
  }

  /** x^2 + 1/2. */
  private positive(x: ValueId): ValueId {
    return this.apply("add", [this.apply("mul", [x, x], {}), this.literal(this.b.typeOf(x), 0.5, 0.5)], {});
  }

  /** A value of x's type: of the pool, x itself or a constant. */
  private partner(x: ValueId): ValueId {
    const type = this.b.typeOf(x);
    const others = this.pool.filter((id) => {
      const other = this.b.typeOf(id);
      return other.element === type.element && sameShape(other.shape, type.shape);
    });
    if (this.r.chance(0.75)) return this.r.pick(others);
    return type.element === "bool" ? this.literal(type, 0, 1) : this.literal(type, type.element === "u32" ? 0 : -2, 2);
  }

  private floats(x: ValueId): void {
    const y = this.partner(x);
    const ways: (() => void)[] = [
      () => this.apply(this.r.pick(floatUnary), [x], {}),
      () => this.apply(this.r.pick(positiveUnary), [this.positive(x)], {}),
      () => this.apply("integer_pow", [x], { exponent: this.r.integer(0, 3) }),
      () => this.apply(this.r.pick(["add", "sub", "mul"] as const), [x, y], {}),
      () => this.apply(this.r.pick(["add", "sub", "mul"] as const), [x, y], {}),
      () => this.apply(this.r.pick(["div", "atan2"] as const), [x, this.positive(y)], {}),
      () => this.apply("pow", [this.positive(x), this.apply("tanh", [y], {})], {}),
    ];
    if (this.kinks) {
      ways.push(() => this.apply(this.r.pick(["abs", "stop"] as const), [x], {}), () => this.apply(this.r.pick(["min", "max"] as const), [x, y], {}));
    }
    if (this.jumps) {
      ways.push(() => this.apply(this.r.pick(jumps), [x], {}), () => this.apply(this.r.pick(comparisons), [x, y], {}));
    }
    this.r.pick(ways)();
  }

  private integers(x: ValueId): void {
    const { element } = this.b.typeOf(x);
    const y = this.partner(x);
    const ways: (() => void)[] = [
      () => this.apply(this.r.pick(integerBinary), [x, y], {}),
      () => this.apply(this.r.pick(["neg", "abs", "bit_not"] as const), [x], {}),
      () => this.apply(this.r.pick(comparisons), [x, y], {}),
      () => this.apply("bitcast", [x], { to: element === "i32" ? "u32" : "i32" }),
    ];
    if (element === "u32") ways.push(() => this.apply("mul_high", [x, y], {}));
    this.r.pick(ways)();
  }

  private bools(x: ValueId): void {
    if (this.r.chance(0.2)) this.apply("bit_not", [x], {});
    else this.apply(this.r.pick(boolBinary), [x, this.partner(x)], {});
  }

  private choose(x: ValueId): void {
    const { shape } = this.b.typeOf(x);
    const conditions = this.pool.filter((id) => this.b.typeOf(id).element === "bool" && sameShape(this.b.typeOf(id).shape, shape));
    const condition = conditions.length > 0 ? this.r.pick(conditions) : this.literal({ element: "bool", shape }, 0, 1);
    this.apply("select", [condition, x, this.partner(x)], {});
  }

  private convert(x: ValueId): void {
    const { element } = this.b.typeOf(x);
    if (this.isFloat(element)) {
      const to = this.r.pick(this.jumps ? this.elements : this.elements.filter((item) => this.isFloat(item)));
      this.apply("cast", [x], { to });
      return;
    }
    // Integers of any size become moderate floats.
    const small = this.apply("imod", [x, this.literal(this.b.typeOf(x), 7, 7)], {});
    this.apply("cast", [small], { to: this.r.pick(this.elements) });
  }

  private move(x: ValueId): void {
    const { element, shape } = this.b.typeOf(x);
    const rank = shape.length;
    const each = (low: number, high: number): number[] => shape.map(() => this.r.integer(low, high));
    const ways: (() => void)[] = [
      () => this.apply("reshape", [x], { shape: this.r.pick([[elementCount(shape)], [...shape, 1], [1, ...shape]]) }),
      () => this.apply("broadcast", [x], { shape: [...shape, this.r.integer(1, 3)], axes: shape.map((_, i) => i) }),
      () => this.apply("broadcast", [x], { shape: [this.r.integer(1, 3), ...shape], axes: shape.map((_, i) => i + 1) }),
      () => this.apply("transpose", [x], { permutation: this.r.shuffled(shape.map((_, i) => i)) }),
      () => {
        const start = shape.map((size) => this.r.integer(0, Math.max(0, size - 2)));
        this.apply("slice", [x], { start, limit: shape.map((size, i) => this.r.integer(start[i] + 1, size)), step: each(1, 2) });
      },
      () => {
        const value = this.literal({ element, shape: [] }, element === "u32" || element === "bool" ? 0 : -1, 1);
        this.apply("pad", [x, value], { low: each(0, 1), high: each(0, 1), interior: each(0, 1) });
      },
    ];
    if (rank > 0) {
      ways.push(
        () => this.apply("concat", [x, this.partner(x)], { axis: this.r.integer(0, rank - 1) }),
        () => this.apply("reverse", [x], { axes: this.axes(rank) }),
        () => {
          const axes = this.axes(rank);
          const [size, stride, dilation] = [1, 1, 1].map((low) => axes.map(() => this.r.integer(low, 2)));
          const windows = { axes, size, stride, dilation };
          if (axes.some((axis, i) => shape[axis] <= (size[i] - 1) * dilation[i])) return;
          const y = this.apply("window", [x], windows);
          if (this.r.chance(0.5)) this.apply("overlap_add", [y], { ...windows, extent: axes.map((axis) => shape[axis]) });
        },
      );
    }
    this.r.pick(ways)();
  }

  private axes(rank: number): number[] {
    const chosen = Array.from({ length: rank }, (_, i) => i).filter(() => this.r.chance(0.5));
    return chosen.length > 0 ? chosen : [this.r.integer(0, rank - 1)];
  }

  private reduce(x: ValueId): void {
    const { element, shape } = this.b.typeOf(x);
    const smooth = ["reduce_sum", "reduce_sum", "reduce_prod"] as const;
    const kinked = ["reduce_max", "reduce_min"] as const;
    const exact = !this.isFloat(element);
    const op = this.r.pick<"reduce_sum" | "reduce_prod" | "reduce_max" | "reduce_min">(this.kinks || exact ? [...smooth, ...kinked] : smooth);
    this.apply(op, [x], { axes: this.axes(shape.length) });
    if (element !== "bool" && (this.jumps || exact) && this.r.chance(0.3)) {
      this.apply(this.r.pick(["argmax", "argmin"] as const), [x], { axis: this.r.integer(0, shape.length - 1) });
    }
  }

  private accumulate(x: ValueId): void {
    const { element, shape } = this.b.typeOf(x);
    const attributes = { axis: this.r.integer(0, shape.length - 1), reversed: this.r.chance(0.5) };
    const ordered = element !== "bool" && (this.kinks || !this.isFloat(element));
    const op = this.r.pick<"cumsum" | "cumprod" | "cummax" | "sort">(ordered ? ["cumsum", "cumprod", "cummax", "sort"] : ["cumsum", "cumprod"]);
    if (op === "sort") this.apply("sort", [x], { descending: attributes.reversed });
    else this.apply(op, [x], attributes);
  }

  private contract(x: ValueId): void {
    const left = this.b.typeOf(x);
    const y = this.r.pick(this.pool.filter((id) => this.b.typeOf(id).element === left.element));
    const right = this.b.typeOf(y);
    const pairs: [number, number][] = [];
    const used = new Set<number>();
    left.shape.forEach((size, i) => {
      const j = right.shape.findIndex((other, axis) => other === size && !used.has(axis));
      if (j < 0 || this.r.chance(0.3)) return;
      used.add(j);
      pairs.push([i, j]);
    });
    const batched = pairs.length > 1 && this.r.chance(0.5) ? 1 : 0;
    const free = elementCount(left.shape) * elementCount(right.shape) / pairs.reduce((p, [i]) => p * left.shape[i] ** 2, 1);
    if (free > largest) return;
    const [batch, contract] = [pairs.slice(0, batched), pairs.slice(batched)];
    this.apply("dot", [x, y], {
      leftBatch: batch.map(([i]) => i), rightBatch: batch.map(([, j]) => j),
      leftContract: contract.map(([i]) => i), rightContract: contract.map(([, j]) => j),
    });
  }

  private index(x: ValueId): void {
    const { element, shape } = this.b.typeOf(x);
    if (shape.length === 0) return;
    const batch = shape.length > 1 && this.r.chance(0.4) ? 1 : 0;
    const depth = shape.length - batch > 1 && this.r.chance(0.3) ? 2 : 1;
    const places = [this.r.integer(1, 4)];
    const type: TensorType = { element: "i32", shape: [...shape.slice(0, batch), ...places, depth] };
    const data = Array.from({ length: elementCount(type.shape) }, () => this.r.integer(-1, 4));
    const indices = this.apply("constant", [], { ...type, data });
    if (this.r.chance(0.5)) {
      this.apply("gather", [x, indices], { batch });
      return;
    }
    const updates: TensorType = { element, shape: [...shape.slice(0, batch), ...places, ...shape.slice(batch + depth)] };
    const source = this.apply("gather", [x, indices], { batch });
    const extra = element === "bool" || element === "u32" ? source : this.apply("add", [source, this.literal(updates, -2, 2)], {});
    const ordered = element !== "bool" && (this.kinks || !this.isFloat(element));
    const mode = this.r.pick<"add" | "set" | "max">(ordered ? ["add", "set", "max"] : ["add", "set"]);
    this.apply("scatter", [x, indices, extra], { batch, mode });
  }

  private source(): void {
    const element = this.r.pick(this.elements);
    const shape = this.r.pick([[], [3], [2, 3]]);
    if (element === "u32") {
      const key = this.apply("constant", [], { element, shape: [2], data: [this.r.integer(0, 1e6), this.r.integer(0, 1e6)] });
      const data = this.literal({ element, shape: [] }, 0, 9);
      this.apply("random_bits", [this.apply("random_fold", [key, data], {})], { shape });
    } else if (element !== "bool" && shape.length > 0) {
      this.apply("iota", [], { shape, axis: shape.length - 1, element });
    } else {
      this.literal({ element, shape }, 0, 1);
    }
  }
}

/** The random region of a seed, with values for its params. It returns up to four of its values, floats first. */
export function randomGraph(seed: number, options: RandomGraphOptions = {}): RandomGraph {
  const grower = new Grower(seed, options);
  const { b, r, pool, values } = grower;
  const floats: readonly Element[] = grower.elements.filter((element) => element === "f32" || element === "f64");
  for (const shape of [[3], [2, 3], [3, 2], []]) grower.parameter({ element: r.pick(floats), shape });
  for (const element of grower.elements) if (!floats.includes(element)) grower.parameter({ element, shape: [2, 3] });
  const count = b.params.length + (options.nodes ?? 30);
  for (let tries = 0; pool.length < count && tries < count * 20; tries++) grower.step();
  const made = pool.filter((id) => !b.params.includes(id));
  const late = made.slice(-12);
  const isFloat = (id: ValueId): boolean => floats.includes(b.typeOf(id).element);
  const results = [
    ...r.shuffled(late.filter(isFloat)).slice(0, 3),
    ...r.shuffled(late.filter((id) => !isFloat(id))).slice(0, 1),
  ];
  return { region: b.region(results), args: b.params.map((id) => values[id]) };
}

/** Appends a region's nodes to a builder, its params bound to the given values; answers its results. */
export function inline(b: Builder, region: Region, args: readonly ValueId[]): readonly ValueId[] {
  const renamed = new Map<ValueId, ValueId>(region.params.map((param, i) => [param, args[i]]));
  const rename = (id: ValueId): ValueId => {
    const found = renamed.get(id);
    if (found === undefined) throw new Error(`%${id} is not defined`);
    return found;
  };
  for (const node of region.nodes) {
    if (node.kind !== "op") throw new Error(`a random graph has ops alone, found ${node.kind}`);
    b.ops(node.op, node.args.map(rename), node.attributes).forEach((id, i) => renamed.set(node.results[i], id));
  }
  return region.results.map(rename);
}
