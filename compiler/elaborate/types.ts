/** Declared types against values: generics are bound, sizes compared, numbers take the shape asked for. */
import {
  assertNever, type BracketItem, type Expression, type Generic, type Name, type NamedType, type Parameter, printExpression, type Span,
  type TypeExpression,
} from "../../grammar/index.ts";
import { type GivenSize, say } from "../diagnostics/catalogue.ts";
import { isLibrary } from "../diagnostics/diagnostic.ts";
import type { Element } from "../ir/graph.ts";
import { evaluate, type Expected } from "./expressions.ts";
import type { Frame } from "./context.ts";
import { freshPoint } from "./points.ts";
import { fail, Problem } from "./problem.ts";
import type { Scope } from "./scope.ts";
import { namesIn, solveSize } from "./solve-size.ts";
import { asTensor, broadcastTo, sizeValue, staticNumber, tensor } from "./tensors.ts";
import {
  type Axis, describe, describeSize, isFloat, nothing, ownShape, pointAxes, pointShape, type PointType, type PointValue, type TensorValue, tuple, type TypeValue, type Value,
} from "./values.ts";

const elements: ReadonlySet<string> = new Set<Element>(["f32", "f64", "i32", "u32", "bool"]);
export const narrowElements: ReadonlySet<string> = new Set(["f16", "i8", "u8", "i4", "u4", "u2", "u1", "f8", "f4"]);

/** The names of a signature that a call binds. */
export interface OpenNames {
  readonly sizes: Set<string>;
  readonly packs: Set<string>;
  /** Generics that stand for whole types: `fn clip[G](g: G) -> G`. */
  readonly types: Set<string>;
}

/** A tensor type whose sizes are all known. */
export interface KnownType {
  readonly element: Element;
  readonly shape: readonly number[];
  readonly axes: readonly Axis[];
}

// ---- which names are generic

/** A name declared nowhere, standing for an axis, is generic; so is `...S` that only a `dim` is called by. */
export function openNames(scope: Scope, generics: readonly Generic[], types: readonly (TypeExpression | undefined)[]): OpenNames {
  const open: OpenNames = { sizes: new Set(), packs: new Set(), types: new Set() };
  for (const generic of generics) {
    if (generic.pack) open.packs.add(generic.name.text);
    else open.sizes.add(generic.name.text);
  }
  const visit = (type: TypeExpression | undefined): void => {
    if (!type) return;
    switch (type.kind) {
      case "tupleType":
        return type.items.forEach(visit);
      case "recordType":
        return type.fields.forEach((field) => visit(field.type));
      case "functionType":
        type.parameters.forEach(visit);
        return visit(type.result);
      case "namedType":
        if (open.sizes.has(type.name.text)) {
          open.sizes.delete(type.name.text);
          open.types.add(type.name.text);
        }
        for (const item of type.bracket?.items ?? []) {
          if (item.kind === "ellipsis" && item.name) {
            if (!scope.findPack(item.name.text)) open.packs.add(item.name.text);
          } else if (item.kind === "value") for (const name of namesIn(item.value)) if (!scope.find(name)) open.sizes.add(name);
        }
        return;
      default:
        return assertNever(type, "openNames");
    }
  };
  types.forEach(visit);
  return open;
}

// ---- aliases

/** Replaces `Gaussian[...S]` by its definition, the alias's generics by what stands in the brackets. */
function expand(frame: Frame, type: NamedType): TypeExpression | null {
  const bound = frame.scope.find(type.name.text)?.read(frame.context);
  if (bound?.kind === "poison") throw new Problem(null);
  if (bound?.kind !== "type") return null;
  const { declaration } = bound;
  if (declaration.tangent) return null;
  const given = type.bracket?.items ?? [];
  const { generics } = declaration;
  const pack = generics.findIndex((generic) => generic.pack);
  // A pack takes what the single generics around it leave.
  const extra = given.length - generics.length;
  if (pack < 0 ? extra !== 0 : extra < -1) fail(say.aliasArguments(type.span, declaration.name.text, generics.length, given.length));
  const replacements = new Map<string, readonly BracketItem[]>();
  let next = 0;
  generics.forEach((generic, i) => {
    const count = i === pack ? extra + 1 : 1;
    replacements.set(generic.name.text, given.slice(next, next + count));
    next += count;
  });
  return substitute(declaration.type, replacements);
}

type Replacements = ReadonlyMap<string, readonly BracketItem[]>;

function substitute(type: TypeExpression, by: Replacements): TypeExpression {
  const again = (inner: TypeExpression): TypeExpression => substitute(inner, by);
  switch (type.kind) {
    case "tupleType":
      return { ...type, items: type.items.map(again) };
    case "recordType":
      return { ...type, fields: type.fields.map((field) => ({ ...field, type: again(field.type) })) };
    case "functionType":
      return { ...type, parameters: type.parameters.map(again), result: again(type.result) };
    case "namedType": {
      if (!type.bracket) return type;
      const items = type.bracket.items.flatMap((item): readonly BracketItem[] => {
        if (item.kind === "ellipsis" && item.name) return by.get(item.name.text) ?? [item];
        if (item.kind === "value") return [{ ...item, value: substituteExpression(item.value, by) }];
        return [item];
      });
      return { ...type, bracket: { ...type.bracket, items } };
    }
    default:
      return assertNever(type, "substitute");
  }
}

function substituteExpression(expression: Expression, by: Replacements): Expression {
  const again = (inner: Expression): Expression => substituteExpression(inner, by);
  switch (expression.kind) {
    case "name": {
      const [item] = by.get(expression.text) ?? [];
      return item?.kind === "value" ? item.value : expression;
    }
    case "binary":
      return { ...expression, left: again(expression.left), right: again(expression.right) };
    case "unary":
      return { ...expression, operand: again(expression.operand) };
    case "parenthesized":
      return { ...expression, value: again(expression.value) };
    case "call":
      return { ...expression, arguments: expression.arguments.map((argument) => ({ ...argument, value: again(argument.value) })) };
    default:
      return expression;
  }
}

/** The type with a tangent of its own that a name stands for, if it does. */
function pointTypeNamed(frame: Frame, { name }: NamedType): PointType | undefined {
  const bound = frame.scope.find(name.text)?.read(frame.context);
  return bound?.kind === "type" && bound.declaration.tangent ? pointType(frame, bound, name.span) : undefined;
}

/** A declared type with a tangent of its own: both must be floats of known sizes. */
export function pointType(frame: Frame, { declaration, scope }: TypeValue, span: Span): PointType {
  const { name: { text: name }, type, tangent, generics } = declaration;
  if (!tangent) return fail(say.notCallable(span, name, `type ${name}`));
  if (generics.length > 0) return fail(say.pointGenerics(generics[0].span, name));
  const known = ([type, tangent.type] as const).map((given) => {
    if (given.kind !== "namedType" || !elements.has(given.name.text)) return fail(say.pointStorage(given.span, name));
    return knownType({ ...frame, scope }, given);
  });
  const [storage, step] = known;
  if (!isFloat(storage.element) || step.element !== storage.element) return fail(say.pointStorage(tangent.type.span, name));
  return { name, declaration, scope, element: storage.element, storage: storage.shape, tangent: step.shape };
}

// ---- sizes

/** Whole, not negative, and small enough for offsets. */
export const isSize = (size: number): boolean => Number.isInteger(size) && size >= 0 && size < 2 ** 31;

/** A compile-time size: a whole number, not negative. */
export function evaluateSize(frame: Frame, expression: Expression): { size: number; axis: Axis } {
  const value = evaluate(frame, expression);
  const size = staticNumber(value);
  if (value.kind === "poison") throw new Problem(null);
  if (value.kind === "number" && value.madeUp && frame.context.makesStates) throw new Problem(null); // the first real call tells it
  if (size === undefined) return fail(say.sizeNotKnown(expression.span, printExpression(expression), describe(value)));
  if (!isSize(size)) return fail(say.badSize(expression.span, printExpression(expression), size));
  const madeUp = value.kind === "number" && value.madeUp;
  if (expression.kind !== "name") return { size, axis: { span: expression.span, madeUp } };
  const bounded = value.kind === "number" && value.axis?.bounded;
  // Of a library's generic users know what they gave for it.
  const given = isLibrary(expression.span.file) ? frame.scope.find(expression.text)?.span : undefined;
  return { size, axis: { name: expression.text, span: given ?? expression.span, madeUp, ...(bounded && { bounded }) } };
}

/** The sizes of a pack, as bound. */
function packSizes(frame: Frame, name: Name): { size: number; axis: Axis }[] {
  const value = frame.scope.find(name.text)?.read(frame.context);
  if (!value) return fail(say.unknownName(name.span, name.text, frame.scope.names()));
  if (value.kind === "poison") throw new Problem(null);
  if (value.kind !== "tuple") return fail(say.notAPack(name.span, name.text, describe(value)));
  return value.items.map((item) => {
    const size = staticNumber(item);
    if (size === undefined || !isSize(size)) return fail(say.notAPack(name.span, name.text, describe(value)));
    return { size, axis: item.kind === "number" ? item.axis ?? {} : {} };
  });
}

/** A tensor type with every size known. */
export function knownType(frame: Frame, type: NamedType): KnownType {
  const element = elementOf(frame, type);
  return { element, ...shapeOf(frame, type) };
}

function shapeOf(frame: Frame, type: NamedType): Pick<KnownType, "shape" | "axes"> {
  const shape: number[] = [];
  const axes: Axis[] = [];
  for (const item of type.bracket?.items ?? []) {
    if (item.kind === "ellipsis" && item.name) {
      for (const { size, axis } of packSizes(frame, item.name)) { shape.push(size); axes.push(axis); }
    } else if (item.kind === "value") {
      const { size, axis } = evaluateSize(frame, item.value);
      shape.push(size);
      axes.push(axis);
    } else fail(say.badAxis(item.span));
  }
  return { shape, axes };
}

function elementOf(frame: Frame, type: NamedType): Element {
  const name = type.name.text;
  // The set holds exactly the elements, so membership proves the type.
  if (elements.has(name)) return name as Element;
  if (narrowElements.has(name)) throw new Problem(null); // refused by name
  return fail(say.unknownType(type.name.span, name, [...elements, ...frame.scope.typeNames()]));
}

/** A type with its sizes, as messages show it. */
export function describeType(frame: Frame, type: TypeExpression): string {
  switch (type.kind) {
    case "tupleType":
      return `(${type.items.map((item) => describeType(frame, item)).join(", ")})`;
    case "recordType":
      return `{ ${type.fields.map((field) => `${field.name.text}: ${describeType(frame, field.type)}`).join(", ")} }`;
    case "functionType":
      return `fn(${type.parameters.map((item) => describeType(frame, item)).join(", ")}) -> ${describeType(frame, type.result)}`;
    case "namedType": {
      if (!type.bracket) return type.name.text;
      const items = type.bracket.items.flatMap((item): string[] => {
        if (item.kind === "ellipsis") {
          const pack = item.name && frame.scope.find(item.name.text)?.read(frame.context);
          if (pack?.kind !== "tuple") return [`...${item.name?.text ?? ""}`];
          return pack.items.map((size) => describeSize(staticNumber(size) ?? 0, size.kind === "number" ? size.axis : undefined));
        }
        if (item.kind !== "value") return ["?"];
        const text = printExpression(item.value);
        const bound = item.value.kind === "name" ? frame.scope.find(item.value.text)?.read(frame.context) : undefined;
        return [bound?.kind === "number" ? `${text}=${bound.value}` : text];
      });
      if (items.length === 0) return type.name.text;
      return `${type.name.text}[${items.join(", ")}]`;
    }
    default:
      return assertNever(type, "describeType");
  }
}

// ---- matching

/** What a mismatch is called in messages. */
export interface Place {
  readonly span: Span;
  /** `argument 'x' of mlp`, `the result of f`. */
  readonly what: string;
}

/** A size that is no name alone, and the size found there. */
interface Formula {
  readonly expression: Expression;
  readonly size: number;
  readonly madeUp: boolean | undefined;
  refuse(): never;
}

/**
 * One signature at one use. `match` binds open names from tensors; `finish` gives numbers their shape and compares the
 * sizes that are formulas of others. frame.scope is the callee's.
 */
export class Matcher {
  private readonly formulas: Formula[] = [];

  constructor(private readonly frame: Frame, private readonly open: OpenNames, private readonly lenient: boolean) {}

  /** Binds what the value tells; the coerced value comes from `coerce` once all arguments are matched. */
  match(type: TypeExpression, value: Value, place: Place): void {
    const { frame } = this;
    if (value.kind === "poison") throw new Problem(null);
    switch (type.kind) {
      case "tupleType":
        if (value.kind !== "tuple" || value.items.length !== type.items.length) return this.refuse(type, value, place);
        return type.items.forEach((item, i) => this.match(item, value.items[i], place));
      case "recordType":
        if (value.kind !== "record") return this.refuse(type, value, place);
        for (const field of type.fields) {
          const inner = value.fields.get(field.name.text);
          if (!inner) return fail(say.missingField(place.span, place.what, field.name.text, [...value.fields.keys()]));
          this.match(field.type, inner, place);
        }
        return;
      case "functionType":
        if (!["function", "lambda", "native", "builtin", "model", "constructor"].includes(value.kind)) this.refuse(type, value, place);
        return;
      case "namedType": {
        const name = type.name.text;
        if (this.open.types.has(name)) return frame.scope.bind(name, value);
        if (name === "model") return value.kind === "model" ? undefined : this.refuse(type, value, place);
        if (elements.has(name) || narrowElements.has(name)) return this.matchTensor(type, value, place);
        const bound = frame.scope.find(name)?.read(frame.context);
        if (bound && bound.kind !== "type") return; // a generic type that is bound already
        const points = pointTypeNamed(frame, type);
        if (points) {
          if (value.kind !== "point" || value.type.declaration !== points.declaration) return this.refuse(type, value, place);
          return this.matchShape(type, pointShape(value), value, place);
        }
        const expanded = expand(frame, type);
        if (expanded) return this.match(expanded, value, place);
        return this.matchTensor(type, value, place);
      }
      default:
        return assertNever(type, "match");
    }
  }

  /** Packs that no argument told are empty: a number stands where a tensor of any shape may. */
  closePacks(): void {
    for (const pack of this.open.packs) if (!this.frame.scope.own(pack)) this.frame.scope.bind(pack, tuple([], true));
  }

  /** Formulas are compared with the sizes found; one with a single unknown tells it first. */
  finish(): void {
    const { frame, open } = this;
    const unknowns = ({ expression }: Formula): string[] => [...namesIn(expression)].filter((name) => open.sizes.has(name));
    for (let waiting = this.formulas.splice(0); waiting.length > 0;) {
      const formula = waiting.find((one) => unknowns(one).length < 2) ?? waiting[0];
      waiting = waiting.filter((one) => one !== formula);
      const { expression, size, madeUp, refuse } = formula;
      const [unknown, ...others] = unknowns(formula);
      if (unknown !== undefined) {
        const solution = others.length === 0 ? solveSize(frame, expression, unknown, size) : undefined;
        if (solution === undefined) fail(say.sizeNotTold(expression.span, unknown, printExpression(expression)));
        if (!isSize(solution)) refuse();
        frame.scope.bind(unknown, sizeValue(solution, { name: unknown, span: expression.span, madeUp }), expression.span);
        open.sizes.delete(unknown);
      }
      if (evaluateSize(frame, expression).size !== size) refuse();
    }
  }

  private refuse(type: TypeExpression, value: Value, place: Place): never {
    return fail(say.typeMismatch(place.span, place.what, describeType(this.frame, type), describe(value)));
  }

  private refuseShape(type: NamedType, value: Value, place: Place): never {
    const { frame } = this;
    return fail(say.shapeMismatch(place.span, place.what, describeType(frame, type), describe(value), value.kind === "tensor" ? givenSizes(frame, type, value) : []));
  }

  private matchTensor(type: NamedType, value: Value, place: Place): void {
    const element = elementOf(this.frame, type);
    if (value.kind === "number") {
      if (element === "bool" || (!isFloat(element) && !Number.isInteger(value.value))) this.refuse(type, value, place);
      return;
    }
    if (value.kind === "boolean") return element === "bool" && !type.bracket ? undefined : this.refuse(type, value, place);
    if (value.kind === "range" || (value.kind === "tuple" && value.list)) {
      return this.matchTensor(type, asTensor(this.frame.context, value, place.span, element), place);
    }
    if (value.kind !== "tensor") return this.refuse(type, value, place);
    const accepted = value.type.element === element || (this.lenient && element === "f32" && value.type.element === "f64");
    if (!accepted) this.refuse(type, value, place);
    this.matchShape(type, ownShape(value), value, place);
  }

  /** Binds generics of a result from what is expected of it, leaf by leaf. */
  matchExpected(type: TypeExpression, expected: NonNullable<Expected>, span: Span): void {
    if (type.kind === "recordType" && expected.kind === "record") {
      for (const field of type.fields) {
        const inner = expected.fields.get(field.name.text);
        if (inner) this.matchExpected(field.type, inner, span);
      }
    }
    if (type.kind !== "namedType") return;
    const expanded = elements.has(type.name.text) ? null : expand(this.frame, type);
    if (expanded) this.matchExpected(expanded, expected, span);
    else if (expected.kind === "tensor" && type.bracket) this.matchShape(type, expected.known.shape, nothing, { span, what: "the result" });
  }

  /** Binds generics from a shape. */
  private matchShape(type: NamedType, shape: readonly number[], value: Value, place: Place): void {
    const { frame, open } = this;
    const items = type.bracket?.items ?? [];
    const fixed = items.filter((item) => item.kind !== "ellipsis").length;
    const packs = items.filter((item) => item.kind === "ellipsis");
    let free = packs.reduce((count, item) => count + (item.name && !this.isOpenPack(item.name) && frame.scope.find(item.name.text) ? packSizes(frame, item.name).length : 0), fixed);
    const openPacks = packs.filter((item) => item.name && this.isOpenPack(item.name));
    if (openPacks.length === 0 ? shape.length !== free : shape.length < free) this.refuseShape(type, value, place);
    free = shape.length - free;
    let at = 0;
    for (const item of items) {
      if (item.kind === "ellipsis" && item.name) {
        const name = item.name.text;
        if (this.isOpenPack(item.name)) {
          const own = axesOf(value);
          const sizes = shape.slice(at, at + free).map((size, i) => sizeValue(size, own[at + i]));
          frame.scope.bind(name, tuple(sizes, true), item.name.span);
          open.packs.delete(name);
          at += free;
          free = 0;
        } else {
          for (const { size } of packSizes(frame, item.name)) {
            if (shape[at] !== size) this.refuseShape(type, value, place);
            at++;
          }
        }
      } else if (item.kind === "value") {
        const { madeUp, bounded } = axesOf(value).at(at) ?? {};
        const size = shape[at++];
        const expression = item.value;
        if (expression.kind === "name" && open.sizes.has(expression.text)) {
          frame.scope.bind(expression.text, sizeValue(size, { name: expression.text, span: expression.span, madeUp, ...(bounded && { bounded }) }), expression.span);
          open.sizes.delete(expression.text);
        } else {
          this.formulas.push({ expression, size, madeUp, refuse: () => this.refuseShape(type, value, place) });
        }
      } else fail(say.badAxis(item.span));
    }
  }

  private isOpenPack(name: Name): boolean {
    return this.open.packs.has(name.text);
  }
}

const axesOf = (value: Value): readonly Axis[] => (value.kind === "tensor" ? value.axes : value.kind === "point" ? pointAxes(value) : []);

/** Where the sizes were given that a type and a value disagree about: counted from the right, those that differ. */
function givenSizes(frame: Frame, type: NamedType, value: TensorValue): GivenSize[] {
  const items = type.bracket?.items ?? [];
  const shape = ownShape(value);
  const sizes: GivenSize[] = [];
  for (let fromEnd = 1; fromEnd <= items.length; fromEnd++) {
    const item = items[items.length - fromEnd];
    if (item.kind !== "value") break;
    const at = shape.length - fromEnd;
    const bound = item.value.kind === "name" ? frame.scope.find(item.value.text) : undefined;
    const wanted = item.value.kind === "number" ? Number(item.value.text) : bound && staticNumber(bound.read(frame.context));
    if (wanted !== undefined && wanted === shape[at]) continue;
    if (bound?.span && !isLibrary(bound.span.file)) sizes.push({ text: `${printExpression(item.value)}=${wanted}`, span: bound.span });
    const { span } = value.axes[at] ?? {};
    if (span && !isLibrary(span.file)) sizes.push({ text: describeSize(shape[at], value.axes[at]), span });
  }
  return sizes;
}

/** The value in its declared type, all sizes known: numbers take shape and element, axes take the declared names. */
export function coerce(frame: Frame, type: TypeExpression, value: Value, place: Place, lenient = false): Value {
  switch (type.kind) {
    case "tupleType":
      return value.kind === "tuple" ? tuple(type.items.map((item, i) => coerce(frame, item, value.items[i], place, lenient))) : value;
    case "recordType": {
      if (value.kind !== "record") return value;
      const fields = new Map(value.fields);
      for (const field of type.fields) {
        const inner = fields.get(field.name.text);
        if (inner) fields.set(field.name.text, coerce(frame, field.type, inner, place, lenient));
      }
      return { kind: "record", fields };
    }
    case "functionType":
      return value;
    case "namedType": {
      const name = type.name.text;
      if (!elements.has(name)) {
        if (narrowElements.has(name)) elementOf(frame, type);
        const expanded = expand(frame, type);
        if (expanded) return coerce(frame, expanded, value, place, lenient);
        return value.kind === "point" && pointTypeNamed(frame, type) ? withAxes(value, shapeOf(frame, type).axes) : value;
      }
      const known = knownType(frame, type);
      if (value.kind === "number") {
        if (known.shape.length === 0) return { ...value, element: known.element, integer: value.integer && !isFloat(known.element) };
        return broadcastTo(frame.context, asTensor(frame.context, value, place.span, known.element), known.shape, known.axes, place.span);
      }
      if (value.kind === "boolean") return value;
      return named(asTensor(frame.context, value, place.span, known.element), known.axes);
    }
    default:
      return assertNever(type, "coerce");
  }
}

/** Axes take the names of a declared type, those that it has. */
const named = (given: TensorValue, axes: readonly Axis[]): TensorValue => ({ ...given, axes: given.axes.map((own, i) => (axes[i]?.name ? axes[i] : own)) });
const withAxes = (point: PointValue, axes: readonly Axis[]): PointValue => ({ ...point, value: named(point.value, axes), step: named(point.step, axes) });

/** A fresh tensor or tree of a declared type, made leaf by leaf: of points the storage. */
export function instantiateType(frame: Frame, type: TypeExpression, leaf: (known: KnownType, path: readonly string[]) => TensorValue, path: readonly string[] = []): Value {
  switch (type.kind) {
    case "tupleType":
      return tuple(type.items.map((item, i) => instantiateType(frame, item, leaf, [...path, String(i)])));
    case "recordType":
      return { kind: "record", fields: new Map(type.fields.map((field) => [field.name.text, instantiateType(frame, field.type, leaf, [...path, field.name.text])])) };
    case "functionType":
      return fail(say.functionAtBorder(type.span));
    case "namedType": {
      if (type.name.text === "model") return fail(say.modelAtBorder(type.span));
      const expanded = elements.has(type.name.text) ? null : expand(frame, type);
      if (expanded) return instantiateType(frame, expanded, leaf, path);
      const points = pointTypeNamed(frame, type);
      if (points) {
        const { shape, axes } = shapeOf(frame, type);
        return freshPoint(points, leaf({ element: points.element, shape: [...shape, ...points.storage], axes: [...axes, ...points.storage.map((): Axis => ({}))] }, path));
      }
      return leaf(knownType(frame, type), path);
    }
    default:
      return assertNever(type, "instantiateType");
  }
}

export const freshTensor = (frame: Frame, known: KnownType): TensorValue =>
  tensor(frame.context, frame.context.builder.parameter({ element: known.element, shape: known.shape }), known.axes);

export const parameterTypes = (parameters: readonly Parameter[]): (TypeExpression | undefined)[] => parameters.map((parameter) => parameter.type);
