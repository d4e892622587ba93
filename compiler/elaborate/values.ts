/** What an expression stands for while a program is elaborated. */
import type {
  FunctionDeclaration, LambdaExpression, ModelDeclaration, OptimizerDeclaration, RulesDeclaration, Span, TypeDeclaration,
} from "../../grammar/index.ts";
import type { Element, Region, TensorType, ValueId } from "../ir/graph.ts";
import type { AttributesOf } from "../ops/attributes.ts";
import type { Tensor } from "../ops/define.ts";
import type { Context, Frame } from "./context.ts";
import type { Scope } from "./scope.ts";

/** How an axis is called in the user's program, and where that name was given. */
export interface Axis {
  readonly name?: string;
  readonly span?: Span;
  /** Its size was made up for a trial run. */
  readonly madeUp?: boolean;
  /** Its size is a bound of what a call chooses. */
  readonly bounded?: boolean;
}

/** A compile-time number. `element` is set where a declared type fixed it (`lr: f32`). */
export interface NumberValue {
  readonly kind: "number";
  readonly value: number;
  /** Written or computed without a division or a point: alone it is an i32. */
  readonly integer: boolean;
  readonly element?: Element;
  readonly axis?: Axis;
  /** A size made up for a trial run: no state may have it. */
  readonly madeUp?: boolean;
}

export interface BooleanValue {
  readonly kind: "boolean";
  readonly value: boolean;
}

/** A variable of the index notation: `range` values, the first of them `from`. */
export interface IndexVariable {
  readonly name: string;
  readonly from: number;
  readonly range: number;
}

/** A tensor that is known at build: its closed region, and its numbers once somebody asks. */
export interface BuildTime {
  readonly region: Region;
  data(): Tensor;
}

export interface TensorValue {
  readonly kind: "tensor";
  /** The value in the builder of `context`; build-time tensors have neither. */
  readonly id?: ValueId;
  readonly context?: Context;
  readonly buildTime?: BuildTime;
  /** The physical type: one leading axis per index variable, then the tensor's own axes. */
  readonly type: TensorType;
  readonly axes: readonly Axis[];
  readonly variables: readonly IndexVariable[];
  /** A tap met several times: the parts of this stack, so that a derivative can be asked for at each. */
  readonly parts?: readonly TensorValue[];
  /** A tap stacked by a loop: the zeros that every turn added at the tap, which take its derivative. */
  readonly credit?: ValueId;
  /** What a static index picked this from. */
  readonly part?: Part;
  /** The value of this index variable itself: indexing an axis by it just renames the axis. */
  readonly iotaOf?: IndexVariable;
}

/** `x[1]`, `x[:, 0:4]`: a slice of a tensor, without the axes that had one position. */
export interface Part {
  readonly of: TensorValue;
  /** Along each axis of `of`. */
  readonly slice: AttributesOf<"slice">;
}

/** A type with a tangent of its own: `type SO3 = f32[4] tangent f32[3] retract so3_retract`. */
export interface PointType {
  readonly name: string;
  readonly declaration: TypeDeclaration;
  /** Of the declaration. */
  readonly scope: Scope;
  readonly element: Element;
  /** The axes of one point's storage and of one step. */
  readonly storage: readonly number[];
  readonly tangent: readonly number[];
}

/**
 * A point, or an array of points, of a type with a tangent of its own. Credit passes by the step alone: it is zero, and
 * stands for the point moved by that much, `retract(point, step)`.
 */
export interface PointValue {
  readonly kind: "point";
  readonly type: PointType;
  /** [...S, storage] */
  readonly value: TensorValue;
  /** [...S, tangent] */
  readonly step: TensorValue;
}

export interface TupleValue {
  readonly kind: "tuple";
  readonly items: readonly Value[];
  /** Written `[a, b]`: becomes a tensor where one is needed. */
  readonly list: boolean;
}

export interface RecordValue {
  readonly kind: "record";
  readonly fields: ReadonlyMap<string, Value>;
}

/** A model: a tree that can be called. */
export interface ModelValue {
  readonly kind: "model";
  readonly declaration: ModelDeclaration;
  /** The scope of its file, with its generics bound. */
  readonly scope: Scope;
  readonly members: ReadonlyMap<string, Member>;
  /** The instance in the module's state that it was read from; a computed tree has none. */
  readonly path?: string;
  readonly frozen: boolean;
  /** A family of equals: the length of its leading axis. */
  readonly family?: number;
  /** One of a family: the node of the stack and the positions along its leading axes. */
  readonly place?: Place;
  /** Its state is read like its parameters and cannot be assigned: a model "that a loop goes over", or that is chosen at run time. */
  readonly readOnly?: string;
}

/** Where one model of a family is: the path of the stack, and a position along each of its leading axes. */
export interface Place {
  readonly path: string;
  readonly at: readonly number[];
}

export interface Member {
  readonly role: "param" | "state" | "layer";
  readonly value: Value;
}

/** A model's name with some generics given: an instance where it is named, a nested layer where it is called. */
export interface ConstructorValue {
  readonly kind: "constructor";
  readonly declaration: ModelDeclaration;
  readonly scope: Scope;
  readonly generics: readonly GenericArgument[];
  readonly span: Span;
}

export interface GenericArgument {
  readonly name?: string;
  /** null: `_`, to be inferred. */
  readonly value: Value | null;
  readonly span: Span;
}

export interface FunctionValue {
  readonly kind: "function";
  readonly declaration: FunctionDeclaration;
  readonly scope: Scope;
  readonly generics: readonly GenericArgument[];
}
export interface LambdaValue {
  readonly kind: "lambda";
  readonly expression: LambdaExpression;
  readonly scope: Scope;
}
export interface BuiltinValue {
  readonly kind: "builtin";
  readonly name: string;
}
/** A function that the compiler hands to library code or to syntax of its own. */
export interface NativeValue {
  readonly kind: "native";
  call(frame: Frame, given: readonly Value[], span: Span): Value;
}
export interface OptimizerValue {
  readonly kind: "optimizer";
  readonly declaration: OptimizerDeclaration;
  readonly scope: Scope;
  readonly options: ReadonlyMap<string, Value>;
  readonly span: Span;
}
export interface RulesValue {
  readonly kind: "rules";
  readonly declaration: RulesDeclaration;
  readonly scope: Scope;
}
export interface TypeValue {
  readonly kind: "type";
  readonly declaration: TypeDeclaration;
  readonly scope: Scope;
}
/** `0..n` with compile-time bounds. */
export interface RangeValue {
  readonly kind: "range";
  readonly from: number;
  readonly to: number;
}
/** What a body without `return` gives. */
export interface NothingValue {
  readonly kind: "nothing";
}
/** Stands where an error was reported; whoever touches it stops silently. */
export interface PoisonValue {
  readonly kind: "poison";
}

export type Value =
  | NumberValue | BooleanValue | TensorValue | PointValue | TupleValue | RecordValue | ModelValue | ConstructorValue | FunctionValue
  | LambdaValue | BuiltinValue | NativeValue | OptimizerValue | RulesValue | TypeValue | RangeValue | NothingValue | PoisonValue;

export const nothing: NothingValue = { kind: "nothing" };
/** What the name `training` is bound to: true inside of a `train fn`, wherever it is read. */
export const training: BooleanValue = { kind: "boolean", value: false };
export const poison: PoisonValue = { kind: "poison" };
export const number = (value: number, integer = Number.isInteger(value), axis?: Axis): NumberValue => ({ kind: "number", value, integer, axis });
export const boolean = (value: boolean): BooleanValue => ({ kind: "boolean", value });
export const tuple = (items: readonly Value[], list = false): TupleValue => ({ kind: "tuple", items, list });
export const record = (fields: Iterable<readonly [string, Value]>): RecordValue => ({ kind: "record", fields: new Map(fields) });

/** The tensor's own shape, without the axes of index variables. */
export const ownShape = (tensor: TensorValue): readonly number[] => tensor.type.shape.slice(tensor.variables.length);

/** The axes of an array of points, without those of a point itself. */
export const pointShape = ({ type, value }: PointValue): readonly number[] => ownShape(value).slice(0, ownShape(value).length - type.storage.length);
/** The array of a storage or a step, as if a point were one number: for positions and axes. */
export const arrayOf = ({ type: { storage }, value }: PointValue): TensorValue => ({
  ...value, type: { ...value.type, shape: value.type.shape.slice(0, value.type.shape.length - storage.length) }, axes: value.axes.slice(0, value.axes.length - storage.length),
});
export const pointAxes = (point: PointValue): readonly Axis[] => point.value.axes.slice(0, pointShape(point).length);

export const isFloat = (element: Element): boolean => element === "f32" || element === "f64";

/** An axis as messages show it: `In=64`, or `64` where it has no name. */
export const describeSize = (size: number, axis: Axis | undefined): string => (axis?.name ? `${axis.name}=${size}` : String(size));

const describeShape = (shape: readonly number[], axes: readonly Axis[]): string =>
  (shape.length === 0 ? "" : `[${shape.map((size, i) => describeSize(size, axes[i])).join(", ")}]`);

const describeItem = (value: Value): string => (value.kind === "number" ? String(value.value) : describe(value));

/** A type as messages show it: `f32[B=32, In=64]`, `{ h: f32[8] }`, `model Mlp`. */
export function describe(value: Value): string {
  switch (value.kind) {
    case "number":
      return `the number ${value.value}`;
    case "boolean":
      return value.value ? "true" : "false";
    case "tensor":
      return value.type.element + describeShape(ownShape(value), value.axes);
    case "point":
      return value.type.name + describeShape(pointShape(value), pointAxes(value));
    case "tuple":
      return value.list ? `[${value.items.map(describeItem).join(", ")}]` : `(${value.items.map(describeItem).join(", ")})`;
    case "record":
      return `{ ${[...value.fields].map(([name, field]) => `${name}: ${describe(field)}`).join(", ")} }`;
    case "model":
      return value.family === undefined ? `model ${value.declaration.name.text}` : `a family of ${value.family} ${value.declaration.name.text}`;
    case "constructor":
      return `model ${value.declaration.name.text}`;
    case "function":
      return `fn ${value.declaration.name.text}`;
    case "lambda":
    case "native":
      return "a function";
    case "builtin":
      return `fn ${value.name}`;
    case "optimizer":
      return `optimizer ${value.declaration.name.text}`;
    case "rules":
      return `rules ${value.declaration.name.text}`;
    case "type":
      return `type ${value.declaration.name.text}`;
    case "range":
      return `${value.from}..${value.to}`;
    case "nothing":
      return "nothing";
    case "poison":
      return "an error";
  }
}

