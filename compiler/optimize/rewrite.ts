/**
 * The frame that the passes share. A pass is a table: for each op, rewrites that may find a better value for a node.
 * `rewrite` walks a region in order and appends every node to a new one; what a rewrite appends is offered to the
 * rewrites again, so a chain of simplifications takes one walk. Dead nodes go at the end. A second walk could find more
 * only where a rewrite asked how often a value is used, which is known of the walk's input; then walks repeat.
 */
import { invariant } from "../diagnostics/diagnostic.ts";
import { Builder } from "../ir/builder.ts";
import type { BuildNode } from "../ir/builder.ts";
import type { Element, Node, OpNode, Region, TensorType, ValueId } from "../ir/graph.ts";
import type { AttributesOf, OpName } from "../ops/attributes.ts";
import { sweep } from "./sweep.ts";

/** A node that is about to be appended, its args in the new region. */
export interface Candidate<K extends OpName = OpName> {
  readonly op: K;
  readonly args: readonly ValueId[];
  readonly attributes: AttributesOf<K>;
}

/** Another value for the node, of the same type; undefined: this rewrite does not apply. */
export type Rewrite<K extends OpName = OpName> = (w: Rewriter, node: Candidate<K>) => ValueId | undefined;

/** The first rewrite that applies wins. Ops with two results (`sort`) have none. */
export type Rewrites = { readonly [K in OpName]?: readonly Rewrite<K>[] };

/** More walks than any program takes: each fires a rewrite, and every rewrite makes the region simpler. */
const WALKS = 64;

export function rewrite(region: Region, rewrites: Rewrites): Region {
  let current = sweep(region);
  for (let walk = 0; walk < WALKS; walk++) {
    const rewriter = new Rewriter(rewrites, current);
    const next = rewriter.walk(current);
    if (rewriter.fired === 0) return current;
    current = sweep(next);
    if (!rewriter.foundShared) return current;
  }
  return current;
}

export class Rewriter extends Builder {
  /** How many rewrites applied. */
  fired = 0;
  /** Whether a rewrite was told that a value has other users, who may be gone after this walk. */
  foundShared = false;
  private readonly definitions: (BuildNode | undefined)[] = [];
  /** By old id: uses in the old region. */
  private readonly oldUses: Int32Array;
  /** By new id: uses in the old region of all values that became this one. */
  private readonly counts: number[] = [];

  constructor(private readonly rewrites: Rewrites, region: Region) {
    super();
    this.oldUses = countUses(region);
  }

  walk(region: Region): Region {
    const renamed = new Array<ValueId>(region.types.length);
    const rename = (old: ValueId, value: ValueId): void => {
      renamed[old] = value;
      this.counts[value] = (this.counts[value] ?? 0) + this.oldUses[old];
    };
    for (const param of region.params) rename(param, this.parameter(region.types[param]));
    for (const node of region.nodes) {
      this.site = node.site;
      const values = this.append(node, renamed, region.types);
      for (let i = 0; i < values.length; i++) rename(node.results[i], values[i]);
    }
    return this.region(region.results.map((result) => renamed[result]));
  }

  override ops<K extends OpName>(op: K, args: readonly ValueId[], attributes: AttributesOf<K>): readonly ValueId[] {
    const found = this.simplify({ op, args, attributes });
    if (found !== undefined) return [found];
    const results = super.ops(op, args, attributes);
    const node = this.nodes[this.nodes.length - 1];
    for (const result of results) this.definitions[result] = node;
    return results;
  }

  // ---- what rewrites ask

  /** The node that defines a value, if it is an `op`. */
  as<K extends OpName>(value: ValueId, op: K): OpNode<K> | undefined {
    const node = this.definitions[value];
    // The op's name picks the member of the union; TypeScript does not narrow by a generic name.
    return node?.kind === "op" && node.op === op ? (node as unknown as OpNode<K>) : undefined;
  }

  /** The op node that defines a value. */
  definition(value: ValueId): OpNode | undefined {
    const node = this.definitions[value];
    return node?.kind === "op" ? node : undefined;
  }

  shapeOf(value: ValueId): readonly number[] {
    return this.types[value].shape;
  }

  /** The one number that fills a constant, as it is written: f32 stores it rounded. */
  splat(value: ValueId): number | undefined {
    const data = this.as(value, "constant")?.attributes.data;
    return data?.length === 1 ? data[0] : undefined;
  }

  /** Whether nothing else uses the value, so that a rewrite of its only user makes it vanish. */
  single(value: ValueId): boolean {
    const alone = (this.counts[value] ?? 0) <= 1;
    if (!alone) this.foundShared = true;
    return alone;
  }

  // ---- appending

  private append(node: Node, renamed: readonly ValueId[], types: readonly TensorType[]): readonly ValueId[] {
    const same = node.args.every((arg) => renamed[arg] === arg);
    const moved = same ? node : { ...node, args: node.args.map((arg) => renamed[arg]) };
    if (moved.kind === "leave") {
      this.fired++;
      return moved.args;
    }
    if (moved.kind === "op") {
      const found = this.simplify(moved);
      if (found !== undefined) return [found];
    }
    const results = node.results.map((result) => this.define(types[result]));
    // Before the first change every node is the old one: no copy is made of what stays.
    const copy = same && node.results[0] === results[0] ? node : { ...moved, results };
    this.nodes.push(copy);
    for (const result of copy.results) this.definitions[result] = copy;
    return copy.results;
  }

  private simplify<K extends OpName>(node: Candidate<K>): ValueId | undefined {
    // A mapped type indexed by the name is the list of that name's rewrites.
    const candidates = this.rewrites[node.op] as readonly Rewrite<K>[] | undefined;
    if (candidates === undefined) return undefined;
    for (const candidate of candidates) {
      const found = candidate(this, node);
      if (found === undefined) continue;
      this.fired++;
      invariant(this.fired < 1_000_000, () => `rewrites of ${node.op} do not end`);
      return found;
    }
    return undefined;
  }
}

/** Uses of each value by nodes and results. */
export function countUses(region: Region): Int32Array {
  const uses = new Int32Array(region.types.length);
  for (const node of region.nodes) for (const arg of node.args) uses[arg]++;
  for (const result of region.results) uses[result]++;
  return uses;
}

/** A number of a constant as the machine holds it. */
export function stored(element: Element, number: number): number {
  return element === "f32" ? Math.fround(number) : number;
}
