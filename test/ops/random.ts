/** Seeded draws for tests. */
import { elementCount } from "../../compiler/ir/graph.ts";
import type { TensorType } from "../../compiler/ir/graph.ts";
import type { OpDefinition, Tensor } from "../../compiler/ops/index.ts";

type Samples = OpDefinition<unknown>["samples"];

export class Random {
  private state: number;
  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** In [0, 1): mulberry32. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x100000000;
  }
  uniform(low: number, high: number): number {
    return low + (high - low) * this.next();
  }
  /** An integer in [low, high]. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }
  chance(probability: number): boolean {
    return this.next() < probability;
  }
  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.next() * items.length)];
  }
  shuffled<T>(items: readonly T[]): T[] {
    const result = [...items];
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.integer(0, i);
      [result[i], result[j]] = [result[j], result[i]];
    }
    return result;
  }

  /** One tensor per type; if `samples` say distinct, no two of all the floats are near each other, nor near 0. */
  tensors(types: readonly TensorType[], samples: Samples): Tensor[] {
    const total = types.reduce((sum, { shape }) => sum + elementCount(shape), 0);
    const width = (samples.high - samples.low) / total;
    const grid = this.shuffled(Array.from({ length: total }, (_, i) => {
      const value = samples.low + width * (i + 0.5 + this.uniform(-0.2, 0.2));
      return Math.abs(value) < width * 0.2 ? value + width * 0.25 : value;
    }));
    return types.map((type) => {
      const data = new Float64Array(elementCount(type.shape));
      for (let i = 0; i < data.length; i++) data[i] = this.number(type, samples, grid);
      return { type, data };
    });
  }

  /** Floats of the interval [-1, 1]: directions and cotangents. */
  direction(type: TensorType): Tensor {
    return { type, data: new Float64Array(elementCount(type.shape)).map(() => this.uniform(-1, 1)) };
  }

  private number({ element }: TensorType, { low, high, distinct }: Samples, grid: number[]): number {
    switch (element) {
      case "f32":
      case "f64": {
        const spaced = grid.pop();
        return distinct === true && spaced !== undefined ? spaced : this.uniform(low, high);
      }
      case "i32": return this.chance(0.2) ? this.integer(-0x80000000, 0x7fffffff) : this.integer(-9, 9);
      case "u32": return this.chance(0.2) ? this.integer(0, 0xffffffff) : this.integer(0, 40);
      case "bool": return this.integer(0, 1);
    }
  }
}
