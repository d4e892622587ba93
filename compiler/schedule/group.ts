/** What is computed together: the nodes of one kernel, the space it walks, and what of it goes to memory. */
import type { OpNode, ValueId } from "../ir/graph.ts";
import { canonical } from "./coordinates.ts";
import type { Affine } from "./coordinates.ts";
import type { ScheduledNode } from "./facts.ts";

/**
 * nest: loops over atoms; reductions run over the inner ones. dot: a product and the work on its finished values.
 * alone: one node with a kernel of its own.
 */
export class Group {
  readonly nodes: ScheduledNode[] = [];
  /** Where each member stands: a full member walks all atoms, a kept one (a reduction, and what follows) the outer ones. */
  readonly places = new Map<ValueId, readonly Affine[]>();
  readonly kept = new Set<ValueId>();
  /** Values of other groups, params and constants that are read from memory. */
  readonly reads = new Set<ValueId>();
  readonly depends = new Set<Group>();
  /** By atom; null: no reduction yet. */
  inner: readonly boolean[] | null = null;
  /** Whether something in it works lane by lane. */
  scalar = false;
  first = Infinity;
  last = -1;

  constructor(
    readonly kind: "nest" | "dot" | "alone",
    /** Of the atoms. */
    readonly sizes: readonly number[],
  ) {}

  /** The atoms that a kept member walks. */
  outerAtoms(inner = this.inner): number[] {
    return this.sizes.map((_, atom) => atom).filter((atom) => !(inner?.[atom] ?? false));
  }

  fullPlace(shape: readonly number[]): Affine[] {
    return canonical(shape, this.sizes.map((_, atom) => atom), this.sizes.length);
  }

  keptPlace(shape: readonly number[], inner = this.inner): Affine[] {
    return canonical(shape, this.outerAtoms(inner), this.sizes.length);
  }

  has(value: ValueId): boolean {
    return this.places.has(value);
  }

  add(node: ScheduledNode, position: number): void {
    this.nodes.push(node);
    this.first = Math.min(this.first, position);
    this.last = Math.max(this.last, position);
  }

  ops(): OpNode[] {
    return this.nodes.filter((node) => node.kind === "op");
  }
}

/** The sizes of the atoms of a shape. */
export const atomsOf = (shape: readonly number[]): number[] => shape.filter((size) => size !== 1);

export const sameSizes = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.every((size, i) => size === b[i]);
