/**
 * The same region at three lengths. What differs between them is what depends on the run-time length: sizes, as affine
 * functions of it, and numbers.
 */
import type { Node, OpNode, Region, RunTimeSize, SiteId, ValueId } from "../ir/graph.ts";
import { isLoop } from "../ir/graph.ts";

/** One thing at the bound, and at two other lengths. */
export type Three<T> = readonly [T, T, T];

export const each = <T, R>([a, b, c]: Three<T>, of: (value: T) => R): Three<R> => [of(a), of(b), of(c)];

/** The three lengths of a bound: two neighbours show a slope, the third that it is one; none is 1, which broadcasts. */
export const lengthsOf = (bound: number): Three<number> => [bound, bound + 1, bound > 3 ? Math.ceil(bound / 2) : bound + 5];

/** What depends on the length in its form. */
export class Unlike {
  constructor(readonly site: SiteId | null, readonly kind: "form" | "number") {}
}

/** The affine function through three numbers, if there is one. */
export function affine(values: Three<number>, lengths: Three<number>): RunTimeSize | undefined {
  const times = (values[1] - values[0]) / (lengths[1] - lengths[0]);
  const plus = values[0] - times * lengths[0];
  return Number.isInteger(times) && values.every((value, i) => times * lengths[i] + plus === value) ? { times, plus } : undefined;
}

/** A region at three lengths: one list of nodes, of which only sizes and numbers differ. */
export class Probed {
  readonly #sizes: readonly (readonly RunTimeSize[])[];

  /** @throws Unlike where the three are not of one form */
  constructor(readonly regions: Three<Region>, readonly lengths: Three<number>) {
    const [first, ...others] = regions;
    for (const other of others) {
      const at = first.nodes.findIndex((node, i) => other.nodes[i] === undefined || !alike(node, other.nodes[i]));
      if (at >= 0) throw new Unlike(first.nodes[at].site, "form");
      if (other.types.length !== first.types.length || other.results.some((result, i) => result !== first.results[i])) throw new Unlike(null, "form");
    }
    const makers = new Map(first.nodes.flatMap((node) => node.results.map((result) => [result, node.site] as const)));
    this.#sizes = first.types.map((type, value) => type.shape.map((_, axis) => {
      const size = affine(each(regions, (region) => region.types[value].shape[axis]), lengths);
      if (size === undefined || size.times + size.plus < 0) throw new Unlike(makers.get(value as ValueId) ?? null, "form"); // an index of `types`
      return size;
    }));
  }

  /** The sizes of a value. */
  sizes(value: ValueId): readonly RunTimeSize[] {
    return this.#sizes[value];
  }

  /** A node at the three lengths. */
  node(index: number): Three<Node> {
    return each(this.regions, ({ nodes }) => nodes[index]);
  }

  /** A part of a node, which is a region. */
  inside(bodies: Three<Region>): Probed {
    return new Probed(bodies, this.lengths);
  }

  /** Whether anything in it depends on the length. */
  get varies(): boolean {
    const [first] = this.regions;
    return this.#sizes.some((sizes) => sizes.some(({ times }) => times !== 0)) || first.nodes.some((_, i) => nodeVaries(this.node(i)));
  }
}

/** Apart from its args and results. */
function nodeVaries(nodes: Three<Node>): boolean {
  return nodes.slice(1).some((other) => text(other) !== text(nodes[0]));
}

/** Attributes, with the bodies of loops. */
function text(node: Node): string {
  if (node.kind === "op") return JSON.stringify(node.attributes);
  if (node.kind === "scan") return `${node.length} ${regionText(node.body)}`;
  return node.kind === "while" ? `${node.max} ${regionText(node.until)} ${regionText(node.body)}` : "";
}
const regionText = ({ nodes, types }: Region): string => JSON.stringify([nodes.map(text), types.map(({ shape }) => shape)]);

function alike(a: Node, b: Node): boolean {
  const same = a.kind === b.kind && sameList(a.args, b.args) && sameList(a.results, b.results);
  if (!same) return false;
  if (a.kind === "op") return b.kind === "op" && a.op === b.op && sameForm(a, b);
  if (a.kind === "scan") return b.kind === "scan" && a.reversed === b.reversed && a.unroll === b.unroll && a.carries === b.carries && a.inputs === b.inputs;
  return !isLoop(a) || (isLoop(b) && a.carries === b.carries);
}

const sameList = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.every((item, i) => item === b[i]);

/** Attributes that have one structure: only numbers may differ, and how many a constant has. */
function sameForm(a: OpNode, b: OpNode): boolean {
  const like = (x: unknown, y: unknown): boolean => {
    if (typeof x === "number" && typeof y === "number") return true;
    if (Array.isArray(x) && Array.isArray(y)) return x.length === y.length && x.every((item, i) => like(item, y[i]));
    return x === y;
  };
  const [left, right] = [a, b].map(({ attributes }) => Object.entries(attributes));
  return left.length === right.length && left.every(([name, value], i) => right[i][0] === name && (name === "data" || like(value, right[i][1])));
}
