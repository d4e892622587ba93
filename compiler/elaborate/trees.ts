/** Tuples, records and models as trees: leaf by leaf. */
import type { Span } from "../../grammar/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import type { Context } from "./context.ts";
import { fail, Problem } from "./problem.ts";
import { asTensor } from "./tensors.ts";
import { describe, type Member, type ModelValue, type PointValue, record, type RecordValue, type TensorValue, tuple, type Value } from "./values.ts";

/** Not a single tensor: elementwise functions go through it leaf by leaf. */
export const isTree = (value: Value): boolean =>
  value.kind === "record" || value.kind === "model" || (value.kind === "tuple" && !value.list) || (value.kind === "tuple" && value.items.some(isTree));

/** Numbers and lists become tensors. */
export function asTensors(context: Context, value: Value, span: Span): Value {
  switch (value.kind) {
    case "tuple":
      return value.list ? asTensor(context, value, span) : tuple(value.items.map((item) => asTensors(context, item, span)));
    case "record":
      return record([...value.fields].map(([name, field]) => [name, asTensors(context, field, span)]));
    case "model":
    case "point":
      return value;
    default:
      return asTensor(context, value, span);
  }
}

/** Applies `f` to each leaf. Of a model only parameters move; its state stays. */
export function mapTree(value: Value, f: (leaf: Value, path: readonly string[]) => Value, span: Span, path: readonly string[] = []): Value {
  if (!isTree(value)) return value.kind === "poison" ? refusePoison() : f(value, path);
  switch (value.kind) {
    case "tuple":
      return tuple(value.items.map((item, i) => mapTree(item, f, span, [...path, String(i)])), value.list);
    case "record":
      return record([...value.fields].map(([name, field]) => [name, mapTree(field, f, span, [...path, name])]));
    case "model":
      return computed(value, (member, name) => mapTree(member.value, f, span, [...path, name]));
    default:
      return fail(say.expectedTensor(span, describe(value)));
  }
}

/** The model with new parameters; nothing ties it to the module's state any more. */
function computed(model: ModelValue, f: (member: Member, name: string) => Value): ModelValue {
  const members = new Map<string, Member>();
  for (const [name, member] of model.members) {
    members.set(name, member.role === "state" ? member : { role: member.role, value: f(member, name) });
  }
  return { ...model, members, path: undefined, place: undefined, readOnly: undefined };
}

/** Combines two trees where both have a leaf; where one lacks it, the other's stays. Anything that is no tree meets every leaf. */
export function combineTrees(a: Value, b: Value, f: (a: Value, b: Value) => Value, span: Span): Value {
  if (!isTree(a) && !isTree(b)) return f(a, b);
  if (!isTree(a)) return mapTree(b, (leaf) => f(a, leaf), span);
  if (!isTree(b)) return mapTree(a, (leaf) => f(leaf, b), span);
  if (a.kind === "tuple" && b.kind === "tuple") {
    if (a.items.length !== b.items.length) fail(say.treesDiffer(span, describe(a), describe(b)));
    return tuple(a.items.map((item, i) => combineTrees(item, b.items[i], f, span)), a.list && b.list);
  }
  if (a.kind === "model") {
    return computed(a, (member, name) => {
      const other = child(b, name);
      return other ? combineTrees(member.value, other, f, span) : member.value;
    });
  }
  if (b.kind === "model") {
    return computed(b, (member, name) => {
      const other = child(a, name);
      return other ? combineTrees(other, member.value, f, span) : member.value;
    });
  }
  if (a.kind === "record" && b.kind === "record") {
    const names = new Set([...a.fields.keys(), ...b.fields.keys()]);
    return record([...names].map((name): [string, Value] => {
      const [left, right] = [a.fields.get(name), b.fields.get(name)];
      if (left && right) return [name, combineTrees(left, right, f, span)];
      return [name, left ?? right ?? fail(say.treesDiffer(span, describe(a), describe(b)))];
    }));
  }
  return fail(say.treesDiffer(span, describe(a), describe(b)));
}

export function child(value: Value, name: string): Value | undefined {
  if (value.kind === "record") return value.fields.get(name);
  if (value.kind === "model") return value.members.get(name)?.value;
  if (value.kind === "tuple") return value.items[Number(name)];
  if (value.kind === "point") return name === storageName ? value.value : undefined;
  return undefined;
}

export interface Leaf {
  readonly path: readonly string[];
  readonly value: TensorValue;
  /** Of a point: what is stored. No credit passes by it. */
  readonly storage?: boolean;
}

/** What the storage of a point is called below it. */
const storageName = "value";

/**
 * The tensors of a tree, in order. Of a model its parameters; `states` adds its state. Of a point its storage and its step.
 * Compile-time numbers are not leaves.
 */
export function leaves(value: Value, options: { states?: boolean } = {}, path: readonly string[] = []): Leaf[] {
  switch (value.kind) {
    case "tensor":
      return [{ path, value }];
    case "point":
      return [{ path: [...path, storageName], value: value.value, storage: true }, { path, value: value.step }];
    case "tuple":
      return value.items.flatMap((item, i) => leaves(item, options, [...path, String(i)]));
    case "record":
      return [...value.fields].flatMap(([name, field]) => leaves(field, options, [...path, name]));
    case "model":
      return [...value.members].flatMap(([name, member]) =>
        (member.role === "state" && !options.states ? [] : leaves(member.value, options, [...path, name])));
    case "poison":
      return refusePoison();
    default:
      return [];
  }
}

/** The tree of a model's parameters, as a record: what gradients look like. */
export function parameterTree(value: Value): Value {
  if (value.kind !== "model") return value;
  const fields: [string, Value][] = [];
  for (const [name, member] of value.members) {
    if (member.role !== "state") fields.push([name, parameterTree(member.value)]);
  }
  return record(fields);
}

/** The tree that derivatives by a value have: of models the parameters, of points the steps. */
export function creditTree(value: Value): Value {
  return withPoints(parameterTree(value), ({ step }) => step);
}

/** A value as it crosses the module's border: of models the parameters, of points the storage. */
export function storageTree(value: Value): Value {
  return withPoints(parameterTree(value), (point) => point.value);
}

/** A tree with something else in the place of each point; a model in a record becomes the tree of its parameters, too. */
function withPoints(value: Value, f: (point: PointValue) => TensorValue): Value {
  switch (value.kind) {
    case "point":
      return f(value);
    case "tuple":
      return tuple(value.items.map((item) => withPoints(item, f)), value.list);
    case "record":
      return record([...value.fields].map(([name, field]) => [name, withPoints(field, f)]));
    case "model":
      return withPoints(parameterTree(value), f);
    default:
      return value;
  }
}

/** Rebuilds a tree like `shape`, in which there are no points, from leaves in the order of `leaves(shape)`; numbers stay. Models become records. */
export function rebuild(shape: Value, next: () => Value | null): Value | null {
  switch (shape.kind) {
    case "tensor":
      return next();
    case "tuple": {
      const items = shape.items.map((item) => rebuild(item, next));
      return items.every((item) => item === null) ? null : tuple(items.map((item) => item ?? record([])), false);
    }
    case "record":
    case "model": {
      const entries: [string, Value][] = [];
      const children = shape.kind === "record" ? [...shape.fields] : [...shape.members].filter(([, m]) => m.role !== "state").map(([name, m]): [string, Value] => [name, m.value]);
      for (const [name, value] of children) {
        const built = rebuild(value, next);
        if (built) entries.push([name, built]);
      }
      return record(entries) satisfies RecordValue;
    }
    default:
      return shape;
  }
}

function refusePoison(): never {
  throw new Problem(null);
}

/** The same tree with other tensors; of a model its parameters. */
export function replaceLeaves(value: Value, f: (leaf: TensorValue) => TensorValue): Value {
  switch (value.kind) {
    case "tensor":
      return f(value);
    case "point":
      return { ...value, value: f(value.value), step: f(value.step) };
    case "tuple":
      return tuple(value.items.map((item) => replaceLeaves(item, f)), value.list);
    case "record":
      return { kind: "record", fields: new Map([...value.fields].map(([name, field]) => [name, replaceLeaves(field, f)])) };
    case "model":
      return { ...value, members: new Map([...value.members].map(([name, member]) => [name, member.role === "state" ? member : { ...member, value: replaceLeaves(member.value, f) }])) };
    default:
      return value;
  }
}

/** Every leaf cut, state too; models cannot be assigned then, `why` says which. */
export function slicesOf(value: Value, why: string, cut: (leaf: TensorValue) => TensorValue): Value {
  const again = (inner: Value): Value => slicesOf(inner, why, cut);
  switch (value.kind) {
    case "tuple":
      return tuple(value.items.map(again), value.list);
    case "record":
      return record([...value.fields].map(([name, field]) => [name, again(field)]));
    case "model":
      return { ...value, readOnly: why, members: new Map([...value.members].map(([name, member]) => [name, { ...member, value: again(member.value) }])) };
    default:
      return replaceLeaves(value, cut);
  }
}
