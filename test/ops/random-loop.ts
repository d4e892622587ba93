/** Random regions around loops with random bodies: carries of any element that swap and stay, inputs, emits, captures, loops in loops. */
import { Builder } from "../../compiler/ir/builder.ts";
import type { Element, Region, TensorType, ValueId } from "../../compiler/ir/graph.ts";
import { evaluate } from "../../compiler/reference/index.ts";
import type { Tensor } from "../../compiler/reference/index.ts";
import { Random } from "./random.ts";
import type { RandomGraph } from "./random-graph.ts";

const elements: readonly Element[] = ["f32", "f32", "f32", "i32", "bool"];
const shapes: readonly (readonly number[])[] = [[], [3], [2, 3], [3, 3], [4]];

class Grower {
  constructor(readonly b: Builder, readonly r: Random, readonly pool: ValueId[]) {}

  private pickLike({ element, shape }: TensorType): ValueId {
    const alike = this.pool.filter((id) => this.b.typeOf(id).element === element && this.b.typeOf(id).shape.join() === shape.join());
    return alike.length > 0 && this.r.chance(0.85) ? this.r.pick(alike) : this.make({ element, shape });
  }

  /** A value of a type, made of something in the pool if there is something to make it of. */
  make(type: TensorType): ValueId {
    const { b, r } = this;
    const sources = this.pool.filter((id) => b.typeOf(id).element === type.element);
    let value: ValueId;
    if (sources.length === 0 || r.chance(0.15)) value = this.constant(type);
    else {
      const x = r.pick(sources);
      const { shape } = b.typeOf(x);
      const single = shape.length === 0 ? x : b.reshape(b.op("slice", [x], { start: shape.map(() => 0), limit: shape.map(() => 1), step: shape.map(() => 1) }), []);
      value = shape.join() === type.shape.join() ? x : b.broadcast(single, type.shape, []);
      value = this.tame(value);
    }
    this.pool.push(value);
    return value;
  }

  private constant(type: TensorType): ValueId {
    const draw = (): number => (type.element === "f32" ? Math.fround(this.r.uniform(-1, 1)) : this.r.integer(0, 1));
    return this.b.constant(type, ...Array.from({ length: this.r.chance(0.5) ? 1 : type.shape.reduce((a, c) => a * c, 1) }, draw));
  }

  /** Keeps floats between -1 and 1, so that loops stay there. */
  private tame(x: ValueId): ValueId {
    return this.b.typeOf(x).element === "f32" ? this.b.op(this.r.pick(["tanh", "sin"] as const), [x], {}) : x;
  }

  step(depth: number): void {
    const { b, r } = this;
    const x = r.pick(this.pool);
    const type = b.typeOf(x);
    const y = this.pickLike(type);
    const ways: (() => ValueId)[] = [() => b.op(r.pick(["add", "mul", "sub"] as const), [x, y], {})];
    if (type.element === "f32") {
      ways.push(() => b.op(r.pick(["min", "max"] as const), [x, y], {}), () => b.neg(x));
      if (type.shape.length === 2 && type.shape[0] === type.shape[1]) {
        ways.push(() => b.op("dot", [x, y], { leftBatch: [], rightBatch: [], leftContract: [1], rightContract: [0] }));
      }
    }
    if (type.element !== "bool") ways.push(() => b.op("lt", [x, y], {}));
    if (type.shape.length > 0) {
      ways.push(
        () => b.op(r.pick(["reduce_sum", "reduce_max"] as const), [x], { axes: [0] }),
        () => b.op("reverse", [x], { axes: [0] }),
        () => b.transpose(x, type.shape.map((_, i) => i).reverse()),
        () => b.op("cumsum", [x], { axis: 0, reversed: false }),
      );
    }
    const made = r.pick(ways)();
    this.pool.push(b.typeOf(made).element === "f32" ? this.tame(made) : made);
    if (depth > 0 && r.chance(0.2)) this.loop(depth - 1);
  }

  /** A stack of a while, with zeros for the turns that it did not take. */
  private written(stack: ValueId, turns: ValueId): ValueId {
    const { b } = this;
    const type = b.typeOf(stack);
    const taken = b.op("lt", [b.op("iota", [], { shape: type.shape, axis: 0, element: "i32" }), b.broadcast(turns, type.shape, [])], {});
    return b.select(taken, stack, b.zeros(type));
  }

  loop(depth: number): void {
    const { b, r } = this;
    const isScan = r.chance(0.75);
    const length = r.pick([1, 2, 3, 5]);
    const carryTypes = Array.from({ length: r.integer(isScan ? 0 : 1, 3) }, (): TensorType => ({ element: r.pick(elements), shape: r.pick(shapes) }));
    if (carryTypes.length > 1 && r.chance(0.4)) carryTypes[1] = carryTypes[0];
    const inputTypes = Array.from({ length: isScan ? r.integer(0, 2) : 0 }, (): TensorType => ({ element: r.pick(elements), shape: r.pick(shapes) }));
    const carries = carryTypes.map((type) => this.pickLike(type));
    const inputs = inputTypes.map(({ element, shape }) => this.pickLike({ element, shape: [length, ...shape] }));
    const captures = Array.from({ length: r.integer(0, 2) }, () => r.pick(this.pool));
    const captureTypes = captures.map((id) => b.typeOf(id));
    const paramTypes: TensorType[] = [{ element: "i32", shape: [] }, ...carryTypes, ...inputTypes, ...captureTypes];

    const inner = new Builder();
    const params = paramTypes.map((type) => inner.parameter(type));
    const body = new Grower(inner, r, [...params]);
    const steps = r.integer(1, 6);
    for (let i = 0; i < steps; i++) body.step(depth);
    const nexts = carryTypes.map((type, i) => (r.chance(0.15) ? params[1 + i] : body.pickLike(type)));
    if (!isScan) {
      const test = new Builder();
      const until = new Grower(test, r, paramTypes.map((type) => test.parameter(type)));
      for (let i = 0; i < 2; i++) until.step(0);
      const wanted: TensorType = { element: "bool", shape: [] };
      const stops = r.chance(0.5) ? test.op("ge", [test.params[0], test.constant({ element: "i32", shape: [] }, r.integer(0, length))], {}) : until.pickLike(wanted);
      const emits = Array.from({ length: r.integer(0, 2) }, () => r.pick(body.pool));
      const results = b.while([...carries, ...captures], { max: length, carries: carryTypes.length, until: test.region([stops]), body: inner.region([...nexts, ...emits]) });
      this.pool.push(...results.map((id, i) => (i < carries.length || i === results.length - 1 ? id : this.written(id, results[results.length - 1]))));
      return;
    }
    const emits = Array.from({ length: r.integer(carryTypes.length === 0 ? 1 : 0, 3) }, () => r.pick(r.chance(0.3) ? nexts.concat(params) : body.pool));
    this.pool.push(...b.scan([...carries, ...inputs, ...captures], {
      length, reversed: r.chance(0.3), carries: carryTypes.length, inputs: inputTypes.length, unroll: r.pick([1, 1, 2, 3]), body: inner.region([...nexts, ...emits]),
    }));
  }
}

export interface RandomLoop extends RandomGraph {
  readonly region: Region;
  readonly args: readonly Tensor[];
}

export function randomLoop(seed: number): RandomLoop {
  const r = new Random(seed);
  const b = new Builder();
  const types: TensorType[] = elements.flatMap((element) => shapes.slice(0, 3).map((shape) => ({ element, shape })));
  const params = r.shuffled(types).slice(0, 6).map((type) => b.parameter(type));
  const grower = new Grower(b, r, [...params]);
  for (let i = 0; i < 3; i++) grower.step(0);
  const loops = r.integer(1, 2);
  for (let i = 0; i < loops; i++) {
    grower.loop(2);
    grower.step(0);
  }
  const made = grower.pool.filter((id) => !params.includes(id));
  const results = r.shuffled(made.slice(-10)).slice(0, 4);
  return { region: b.region(results), args: r.tensors(params.map((id) => b.typeOf(id)), { low: -1, high: 1 }) };
}
