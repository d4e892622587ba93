/**
 * Names of the axes of all values: axes that an operation ties to each other are one axis, and have the name that it has
 * at the entry's border: first that of an argument, then that of a state, then that of a result. Axes that a reshape joins
 * have a name if they all do: `B·T`. Constants tie nothing: one may serve several axes of a size.
 */
import { sameShape } from "../../compiler/ir/graph.ts";
import { isPointwise } from "../../compiler/ops/index.ts";
import type { Flat, FlatOperation } from "./flat.ts";

type Names = readonly (string | null)[];

/** `border`: values with the names of their axes, the most telling first. */
export function axisNames(flat: Flat, border: readonly (readonly [value: number, names: Names])[]): readonly Names[] {
  const classes = new AxisClasses(flat);
  for (const operation of flat.operations) tie(operation, classes);
  for (const { feedback } of flat.loops) for (const [made, read] of feedback) classes.alike(made, read);
  for (const { id, shape, across } of flat.values) {
    if (across === null) continue;
    const of = flat.values[across.of].shape;
    if (across.how === "carry") classes.alike(id, across.of);
    else if (across.how === "slice") shape.forEach((_, i) => classes.tie(id, i, across.of, i + 1));
    else of.forEach((_, i) => classes.tie(id, i + 1, across.of, i));
  }
  classes.tieParts();
  const found = new Map<number, string>();
  for (const [value, names] of border) {
    names.forEach((name, axis) => {
      const at = classes.find(value, axis);
      if (name !== null && !found.has(at)) found.set(at, name);
    });
  }
  for (const { whole, parts } of classes.joined) {
    const at = classes.find(...whole);
    const names = parts.map((part) => found.get(classes.find(...part)));
    if (!found.has(at) && names.every((name) => name !== undefined)) found.set(at, names.join("·"));
  }
  return flat.values.map(({ id, shape }) => shape.map((_, axis) => found.get(classes.find(id, axis)) ?? null));
}

type ValueAxis = readonly [value: number, axis: number];

class AxisClasses {
  /** One axis, and those that a reshape makes of it or joins to it. */
  readonly joined: { readonly whole: ValueAxis; readonly parts: readonly ValueAxis[] }[] = [];
  /** By value: whether it is made of constants alone. */
  private readonly fixed: boolean[] = [];
  private readonly first: number[] = [];
  private readonly parent: number[] = [];

  constructor(private readonly flat: Flat) {
    for (const { shape, maker, across } of flat.values) {
      this.fixed.push(across !== null ? this.fixed[across.of] ?? false : maker !== null && flat.operations[maker].args.every((arg) => this.fixed[arg]));
      this.first.push(this.parent.length);
      for (const _ of shape) this.parent.push(this.parent.length);
    }
  }

  find(value: number, axis: number): number {
    let at = this.first[value] + axis;
    while (this.parent[at] !== at) at = this.parent[at] = this.parent[this.parent[at]];
    return at;
  }

  shape(value: number): readonly number[] {
    return this.flat.values[value].shape;
  }

  /** Axes of unequal sizes are not the same: of size 1 and broadcast, cut, padded. */
  tie(a: number, i: number, b: number, j: number): void {
    if (this.fixed[a] || this.fixed[b] || this.shape(a)[i] !== this.shape(b)[j]) return;
    const [x, y] = [this.find(a, i), this.find(b, j)];
    this.parent[Math.max(x, y)] = Math.min(x, y);
  }

  /** Where one axis falls into parts of the same sizes twice, the parts are the same. */
  tieParts(): void {
    for (let changed = true; changed;) {
      changed = false;
      const known = new Map<string, readonly ValueAxis[]>();
      for (const { whole, parts } of this.joined) {
        const key = `${this.find(...whole)} ${parts.map(([value, axis]) => this.shape(value)[axis]).join()}`;
        const others = known.get(key);
        if (others === undefined) known.set(key, parts);
        parts.forEach((part, i) => {
          if (others === undefined || this.find(...part) === this.find(...others[i])) return;
          this.tie(...part, ...others[i]);
          changed ||= this.find(...part) === this.find(...others[i]);
        });
      }
    }
  }

  alike(a: number, b: number): void {
    if (sameShape(this.shape(a), this.shape(b))) this.shape(a).forEach((_, axis) => this.tie(a, axis, b, axis));
  }
}

/** Ties the axes of an operation's arguments and results to each other. */
function tie({ node, args, results }: FlatOperation, classes: AxisClasses): void {
  if (node.kind !== "op") return;
  const [x, y] = args;
  const [result] = results;
  if (isPointwise(node.op)) return args.forEach((arg) => classes.alike(arg, result));
  switch (node.op) {
    case "reshape": return tieReshape(classes, x, result);
    case "broadcast": return node.attributes.axes.forEach((to, from) => classes.tie(x, from, result, to));
    case "transpose": return node.attributes.permutation.forEach((from, to) => classes.tie(x, from, result, to));
    case "reduce_sum": case "reduce_prod": case "reduce_max": case "reduce_min": return tieKept(classes, x, result, node.attributes.axes);
    case "argmax": case "argmin": return tieKept(classes, x, result, [node.attributes.axis]);
    case "dot": {
      const { leftBatch, rightBatch, leftContract, rightContract } = node.attributes;
      leftBatch.forEach((axis, i) => { classes.tie(x, axis, result, i); classes.tie(y, rightBatch[i], result, i); });
      leftContract.forEach((axis, i) => classes.tie(x, axis, y, rightContract[i]));
      const free = (value: number, ...taken: (readonly number[])[]): number[] => classes.shape(value).map((_, axis) => axis).filter((axis) => !taken.some((axes) => axes.includes(axis)));
      const left = free(x, leftBatch, leftContract);
      left.forEach((axis, i) => classes.tie(x, axis, result, leftBatch.length + i));
      return free(y, rightBatch, rightContract).forEach((axis, i) => classes.tie(y, axis, result, leftBatch.length + left.length + i));
    }
    case "gather": {
      const { batch } = node.attributes;
      const indices = classes.shape(y).slice(0, -1);
      indices.forEach((_, axis) => classes.tie(y, axis, result, axis));
      const picked = classes.shape(y)[indices.length];
      return classes.shape(x).slice(batch + picked).forEach((_, i) => classes.tie(x, batch + picked + i, result, indices.length + i));
    }
    case "scatter": return classes.alike(x, result);
    case "concat": case "slice": case "pad": case "reverse": case "sort": case "cumsum": case "cumprod": case "cummax":
      return [...args, ...results].forEach((value) => {
        if (classes.shape(value).length === classes.shape(result).length) classes.shape(result).forEach((_, axis) => classes.tie(value, axis, result, axis));
      });
    default: return; // windows, draws, sources: their axes are new
  }
}

function tieKept(classes: AxisClasses, x: number, result: number, gone: readonly number[]): void {
  classes.shape(x).map((_, axis) => axis).filter((axis) => !gone.includes(axis)).forEach((axis, i) => classes.tie(x, axis, result, i));
}

/** A reshape in pieces of as many elements on both sides: one axis that stays, one that falls into several, or several that join. */
function tieReshape(classes: AxisClasses, x: number, result: number): void {
  const [from, to] = [classes.shape(x), classes.shape(result)];
  let [i, j] = [0, 0];
  while (i < from.length && j < to.length) {
    const [a, b] = [i, j];
    let [left, right] = [from[i++], to[j++]];
    while (left !== right) {
      if (left < right && i < from.length) left *= from[i++];
      else if (left > right && j < to.length) right *= to[j++];
      else return;
    }
    const axes = (value: number, start: number, end: number): ValueAxis[] => Array.from({ length: end - start }, (_, k) => [value, start + k]);
    if (i - a === 1 && j - b === 1) classes.tie(x, a, result, b);
    else if (i - a === 1) classes.joined.push({ whole: [x, a], parts: axes(result, b, j) });
    else if (j - b === 1) classes.joined.push({ whole: [result, b], parts: axes(x, a, i) });
  }
}
