/**
 * Every wording that the compiler says to a user, in one place. A wording belongs to a stable code; `explain` tells what
 * the code is about. The functions take what a message quotes and give a finished diagnostic.
 */
import type { Span } from "../../grammar/index.ts";
import { type Diagnostic, isLibrary, type Note } from "./diagnostic.ts";
import { nearest } from "./near-miss.ts";

interface Wording {
  readonly message: string;
  readonly label?: string;
  readonly notes?: readonly Note[];
  readonly help?: string;
}

const wording = <A extends readonly unknown[]>(code: Code, text: (...args: A) => Wording) =>
  (span: Span, ...args: A): Diagnostic => ({ severity: "error", code, span, ...text(...args) });

/** What each code is about, for `pullback explain CODE`. */
export const explanations = {
  syntax: "The text does not follow the grammar. The compiler goes on after the place, so one run shows every such error of a file. The grammar stands at the end of the language reference.",
  name: "A name is used that no block, parameter, generic, declaration or library entry around it gives. Names are looked up inside out; top-level order is free. `_` and a size that a call must find are generics.",
  type: "A value is of another kind or element than its place asks for: a record where a tensor is expected, i32 where f32 is. Nothing converts by itself but compile-time numbers: write f32(i).",
  shape: "Axes do not fit: a product whose inner sizes differ, operands that do not broadcast (NumPy's rule: sizes are equal or 1, aligned from the right), an argument of another shape than declared. The notes say where each size came from.",
  size: "A size must be a whole number known at build: a literal, a dim, a generic, or arithmetic of these. Arguments give sizes only through their shapes.",
  static: "Something that is evaluated at build (a static condition or range, a slice bound, an axis, a `const`, an initial value) needs a value that is known only at run time, or has no value.",
  arguments: "A call does not fit the signature: an argument is missing, given twice, unknown, or one too many.",
  generics: "The generics in brackets do not fit the declaration, or one can be inferred from nothing: give it, or let an argument's shape tell it.",
  index: "An index, slice or index variable is wrong: outside of its axis, not whole, of a non-integer element, or without a range.",
  field: "A record, tuple or model has no such field or place.",
  tree: "Two trees that must have one form have not: a gradient for a path that the model lacks, tuples of different length.",
  state: "Module state is used in a way that it does not allow: `<-` to a name that is no `var`, an assignment outside of an `export fn` or `train fn`, a frozen parameter, an initial value that needs itself.",
  model: "A model, layer or family is used in a way that it does not allow: a `param` outside of a model, a call of a whole family.",
  credit: "A derivative is asked for that is zero everywhere or has no meaning: no path of credit leads from the loss to what it is asked for, the loss is no scalar, an integer takes no credit.",
  rule: "A backward or tangent rule does not fit its function: it credits what is no input, gives a wrong shape, or the mode that a request needs has no rule.",
  prove: "A `prove` does not hold for the compiled program, or is no claim that the compiler knows.",
  if: "A run-time `if` runs both arms and merges their states; what cannot be merged (return, tap, a host call) must stand outside, or the condition must be known at build.",
  entry: "An exported function cannot have the name of a member that every module has (parameters, save, load, reset, selfTest, peakBytes, signature), nor `then`, which promises ask for.",
  memory: "The compiled program needs more bytes at its peak (state, constants and intermediate values) than --memory allows. The notes name the largest values that are live then, `pullback explain memory` all of them; a smaller batch needs less.",
  loop: "A `scan` does not fit: what it goes over has no common length, a carry changes its type from turn to turn, or `emit` stands where it cannot.",
  use: "A file named by `use` cannot be read, or uses itself.",
  limit: "The program is larger than a module can be: a tensor of more than 2^31 - 1 bytes, millions of operations once every `static for`, family and variant is written out, or a value at build that takes too long to compute.",
  recursion: "A call goes on without end: recursion must change a generic and reach a case that stops it.",
  length: "A run-time length (`export fn f[N <= 256](x: f32[N, 64])`) is any number of rows from 1 to its bound, chosen by each call. It is the first axis of arguments and results; the program must mean the same computation for every length.",
  later: "The language has this, this version of the compiler does not yet.",
} as const;
export type Code = keyof typeof explanations;

const quote = (name: string): string => `'${name}'`;
const list = (names: readonly string[]): string => names.map(quote).join(", ");
const nearMiss = (name: string, known: readonly string[]): string | undefined => {
  const near = nearest(name, known);
  return near ? `did you mean ${quote(near)}?` : undefined;
};
/** Of a name that is expected: which of those that are there may be meant. */
const misspelt = (name: string, found: readonly string[]): string | undefined => {
  const near = nearest(name, found);
  return near ? `should ${quote(near)} be called ${quote(name)}?` : undefined;
};
const spaceAxes = (rank: number): string => `${rank} space ax${rank === 1 ? "is" : "es"}`;
const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** A size as it is shown, `In=64` or `64`, and where it was given. */
export interface GivenSize {
  readonly text: string;
  readonly span: Span;
}
const sizeNotes = (sizes: readonly GivenSize[]): Note[] => sizes.map(({ text, span }): Note => ({ text: `${text} is given here`, span }));

/** The part of a tensor value that messages need. */
export interface ShapedValue {
  readonly type: { readonly element: string; readonly shape: readonly number[] };
  readonly axes: readonly { readonly name?: string; readonly span?: Span }[];
  readonly variables: readonly unknown[];
}
const ownSizes = (value: ShapedValue): readonly number[] => value.type.shape.slice(value.variables.length);
const sizeText = (value: ShapedValue, axis: number): string => {
  const size = ownSizes(value)[axis];
  const name = value.axes[axis]?.name;
  return name ? `${name}=${size}` : String(size);
};
const shapeText = (value: ShapedValue): string =>
  ownSizes(value).length === 0 ? value.type.element : `${value.type.element}[${ownSizes(value).map((_, i) => sizeText(value, i)).join(", ")}]`;
const axisNote = (which: string, quoted: string, value: ShapedValue, axis: number): Note => {
  const text = `the ${which} axis of ${quoted} is ${sizeText(value, axis)}`;
  const span = value.axes[axis]?.span;
  return span && !isLibrary(span.file) ? { text, span } : text;
};

interface CreditStep {
  readonly span: Span;
  /** The model that the step belongs to. */
  readonly path: readonly string[];
}
/** The way of credit from the loss backwards; of the library's steps the model that took them. */
function creditNotes(steps: readonly CreditStep[]): Note[] {
  const shown = steps.map(({ span, path }): { text: string; span?: Span; key: string } => (isLibrary(span.file)
    ? { text: `credit passes through ${path.join(".") || "the library"}`, key: path.join(".") }
    : { text: "credit passes here", span, key: `${span.start}:${span.end}` }));
  return shown.filter(({ key }, i) => key !== shown[i - 1]?.key).slice(0, 8).map(({ text, span }) => (span ? { text, span } : text));
}

export const say = {
  // ---- syntax and names
  syntax: (span: Span, message: string, help: string | undefined): Diagnostic => ({ severity: "error", code: "syntax", span, message, help }),
  unknownName: wording("name", (name: string, known: readonly string[]) => ({ message: `unknown name ${quote(name)}`, label: "not declared", help: nearMiss(name, known) })),
  unknownType: wording("name", (name: string, known: readonly string[]) => ({ message: `unknown type ${quote(name)}`, help: nearMiss(name, known) ?? "elements are f32, f64, i32, u32 and bool; a `type` declaration names others" })),
  declaredTwice: wording("name", (name: string, first: Span | undefined) => ({
    message: `${quote(name)} is declared twice in this file`, notes: first && [{ text: "first declared here", span: first }], help: "rename one of them",
  })),
  needsItself: wording("name", (name: string) => ({ message: `${quote(name)} needs itself`, help: "one of the names in the circle must do without the others" })),
  fileNotFound: wording("use", (path: string) => ({ message: `cannot read ${quote(path)}`, help: "the path is relative to this file" })),
  cyclicUse: wording("use", (chain: readonly string[]) => ({ message: "files use each other in a circle", label: chain.join(" -> "), help: "move what both need into a third file" })),
  notYet: wording("later", (what: string) => ({ message: `${what}: not in this version of the compiler`, help: "the language reference says what this version has" })),

  // ---- types
  typeMismatch: wording("type", (what: string, expected: string, found: string) => ({ message: `${what} must be ${expected}`, label: `found ${found}` })),
  expectedTensor: wording("type", (found: string) => ({ message: "a tensor or number is expected here", label: `found ${found}` })),
  pointIsNoTensor: wording("type", (found: string, storage: string) => ({
    message: "a tensor or number is expected here", label: `found ${found}, which has a tangent of its own`, help: `\`.value\` is its storage, ${storage}`,
  })),
  pointOperator: wording("type", (operator: string, found: string) => ({
    message: `${quote(operator)} has no meaning for values with a tangent of their own`, label: `found ${found}`, help: "`p + v` and `p - v` retract p by a step v of its tangent",
  })),
  notAStep: wording("shape", (point: string, wanted: string, found: string) => ({ message: `a step of ${point} must be ${wanted}`, label: `found ${found}` })),
  notStorage: wording("shape", (name: string, wanted: string, found: string) => ({ message: `${name} is made of ${wanted}`, label: `found ${found}` })),
  pointStorage: wording("type", (name: string) => ({ message: `type ${name} and its tangent must both be f32, or f64, of known axes`, help: "for example: type SO3 = f32[4] tangent f32[3] retract so3_retract" })),
  pointGenerics: wording("generics", (name: string) => ({ message: `type ${name} has a tangent of its own and so no generics`, help: `the sizes in ${name}[N] are those of an array` })),
  notARetraction: wording("type", (name: string, wanted: string, found: string) => ({ message: `the retraction ${quote(name)} takes a step and must give ${wanted}`, label: `found ${found}` })),
  elementsDiffer: wording("type", (left: string, right: string, quoted?: readonly string[]) => ({
    message: "the operands have different elements", label: quoted ? `${quoted[0]} is ${left}; ${quoted[1]} is ${right}` : `${left} and ${right}`, help: "convert one of them, for example f32(i)",
  })),
  needsFloat: wording("type", (what: string, found: string) => ({ message: `${what} needs f32 or f64`, label: `found ${found}`, help: "convert with f32(...)" })),
  needsInteger: wording("type", (what: string, found: string) => ({ message: `${what} needs integers`, label: `found ${found}`, help: "convert with i32(...)" })),
  needsBool: wording("type", (what: string, found: string) => ({ message: `${quote(what)} needs bool`, label: `found ${found}` })),
  noOrder: wording("type", (what: string) => ({ message: `bool has no order, so ${what} has no meaning here`, help: "use any or all" })),
  notOfElement: wording("type", (value: number, element: string) => ({
    message: `${value} is no ${element}`, help: element === "bool" ? "bool has true and false; compare: x != 0" : "write f32(...) around the other operand, or take another number",
  })),
  integerDivision: wording("type", (found: string) => ({ message: "integers have no `/`", label: `found ${found}`, help: "div(a, b) rounds down, mod(a, b) is the rest; or convert with f32(...)" })),
  integerPower: wording("type", (found: string) => ({ message: "integers have `^` only with a whole exponent of 0 or more known at build", label: `found ${found}` })),
  operatorOnNumbers: wording("type", (operator: string) => ({ message: `${quote(operator)} has no meaning for numbers` })),
  operatorOnBooleans: wording("type", (operator: string) => ({ message: `${quote(operator)} has no meaning for bool`, help: "bool has && || ! == != and, as the field of two elements, + (xor) and * (and)" })),
  staticDivisionByZero: wording("static", () => ({ message: "division by zero at build" })),
  missingField: wording("type", (what: string, name: string, found: readonly string[]) => ({
    message: `${what} lacks the field ${quote(name)}`, label: found.length > 0 ? `it has ${list(found)}` : undefined, help: misspelt(name, found),
  })),
  badAxis: wording("type", () => ({ message: "an axis of a type is a size or a pack such as `...N`" })),
  aliasArguments: wording("generics", (name: string, wanted: number, given: number) => ({ message: `type ${name} takes ${plural(wanted, "size")}, here ${given}` })),
  functionAtBorder: wording("type", () => ({ message: "a function cannot be an entry's argument or a stored value" })),
  modelAtBorder: wording("type", () => ({ message: "a model cannot be an entry's argument or the type of a stored value", help: "an entry names the module's models; `var net = ...` stores one" })),
  noReturn: wording("type", (name: string) => ({ message: `${quote(name)} declares a result but returns nothing`, help: "end the body with `return`" })),
  nothingToBind: wording("type", (name: string) => ({ message: `there is no value to call ${quote(name)}`, help: "the called body has no `return`" })),
  patternMismatch: wording("type", (count: number, found: string) => ({ message: `a tuple of ${count} is expected`, label: `found ${found}` })),
  conditionNotBool: wording("type", (found: string) => ({ message: "a condition is one bool", label: `found ${found}`, help: "`where` chooses element by element" })),
  notCallable: wording("type", (written: string, found: string) => ({ message: `${quote(written)} cannot be called`, label: `it is ${found}` })),
  notIndexable: wording("type", (found: string) => ({ message: "this cannot be indexed", label: `it is ${found}` })),
  spreadNeedsList: wording("type", (found: string) => ({ message: "`...` spreads a list or pack", label: `found ${found}` })),
  duplicateField: wording("field", (name: string) => ({ message: `the record has ${quote(name)} twice` })),

  // ---- shapes
  shapeMismatch: wording("shape", (what: string, expected: string, found: string, sizes: readonly GivenSize[]) => ({
    message: `${what} must be ${expected}`, label: `found ${found}`, notes: sizeNotes(sizes),
  })),
  matmulAxes: wording("shape", (quoted: readonly string[], left: ShapedValue, right: ShapedValue) => {
    const rows = ownSizes(right).length === 1 ? 0 : ownSizes(right).length - 2;
    const last = ownSizes(left).length - 1;
    const transposable = ownSizes(right).length >= 2 && ownSizes(right)[ownSizes(right).length - 1] === ownSizes(left)[last];
    const swapped = { ...right, axes: [...right.axes.slice(0, -2), right.axes[rows + 1], right.axes[rows]], type: { ...right.type, shape: [...right.type.shape.slice(0, -2), ...right.type.shape.slice(-2).reverse()] } };
    return {
      message: `axes do not match in \`${quoted[0]} @ ${quoted[1]}\``,
      label: `${quoted[0]} is ${shapeText(left)}; ${quoted[1]} is ${shapeText(right)}`,
      notes: [axisNote("last", quoted[0], left, last), axisNote(rows === 0 ? "first" : "second to last", quoted[1], right, rows)],
      help: transposable ? `${quoted[1]}.T is ${shapeText(swapped)}` : undefined,
    };
  }),
  scalarInMatmul: wording("shape", (quoted: string) => ({ message: "`@` needs a vector or matrix on each side", label: `${quoted} is a scalar`, help: "use `*`" })),
  cannotBroadcast: wording("shape", (operands: readonly ShapedValue[], quoted: readonly string[] | undefined, fromEnd: number) => ({
    message: "the shapes do not broadcast",
    label: operands.map((operand, i) => (quoted?.[i] ? `${quoted[i]} is ${shapeText(operand)}` : shapeText(operand))).join("; "),
    notes: operands.flatMap((operand, i): Note[] => {
      const axis = ownSizes(operand).length - fromEnd;
      if (axis < 0 || ownSizes(operand)[axis] === 1) return [];
      return [axisNote(fromEnd === 1 ? "last" : fromEnd === 2 ? "second to last" : `${-fromEnd}.`, quoted?.[i] ?? shapeText(operand), operand, axis)];
    }),
    help: "sizes must be equal or 1, aligned from the right; expand(x, axis) adds an axis of 1",
  })),
  accidentalBroadcast: (span: Span, operands: readonly ShapedValue[], quoted: readonly string[], shape: readonly number[], size: Span): Diagnostic => ({
    severity: "hint", code: "shape", span, message: `these broadcast to [${shape.join(", ")}]`,
    label: operands.map((operand, i) => `${quoted[i]} is ${shapeText(operand)}`).join("; "),
    notes: [{ text: "the axis of size 1 is declared here", span: size }],
    help: "squeeze(x, axis = -1) drops the axis of 1; if all pairs are meant, say so with expand(x, axis)",
  }),
  cannotBroadcastTo: wording("shape", (found: string, shape: readonly number[]) => ({ message: `this does not broadcast to [${shape.join(", ")}]`, label: `it is ${found}` })),
  transposeNeedsMatrix: wording("shape", (found: string) => ({ message: "`.T` swaps the last two axes", label: `this is ${found}` })),
  reshapeCount: wording("shape", (found: string, count: number, shape: readonly number[], wanted: number) => ({
    message: `cannot reshape to [${shape.join(", ")}]`, label: `${found} has ${plural(count, "element")}, the new shape ${wanted}`,
  })),
  concatShapes: wording("shape", (axis: number, found: readonly string[]) => ({ message: `only axis ${axis} of the parts may differ`, label: found.join("; ") })),
  concatAxis: wording("arguments", () => ({ message: "concat always names its axis", help: "add `axis = -1` or another" })),
  squeezeSize: wording("shape", (axis: number, found: string) => ({ message: `axis ${axis} is not of size 1`, label: `this is ${found}` })),
  permutation: wording("shape", (order: readonly number[], found: string) => ({ message: `[${order.join(", ")}] is no permutation of the axes`, label: `this is ${found}` })),
  padRank: wording("shape", (found: string, low: number, high: number) => ({ message: "pad takes one number per axis, low and high", label: `${found} with ${low} and ${high}` })),
  perSpaceAxis: wording("shape", (name: string, found: number, rank: number) => ({ message: `${quote(name)} is one number, or one for each of ${spaceAxes(rank)}`, label: `found ${found}` })),
  windowNumber: wording("shape", (name: string, found: number, least: number) => ({ message: `${quote(name)} is a whole number${least > -Infinity ? ` from ${least} on` : ""}`, label: `found ${found}` })),
  spaceAxes: wording("shape", (owner: string, found: string, rank: number) => ({ message: `${owner} needs ${spaceAxes(rank)} and the channels behind`, label: `x is ${found}` })),
  filterShape: wording("shape", (found: string) => ({ message: "filters are [window..., channels in, channels out]", label: `found ${found}` })),
  filterChannels: wording("shape", (x: ShapedValue, w: ShapedValue, groups: number) => ({
    message: groups === 1 ? "channels do not match" : `channels do not match in ${groups} groups`,
    label: `x is ${shapeText(x)}; w is ${shapeText(w)}`,
    notes: [axisNote("last", "x", x, ownSizes(x).length - 1), axisNote("second to last", "w", w, ownSizes(w).length - 2)],
    help: groups === 1 ? undefined : "filters have the channels of one group",
  })),
  groupsDivide: wording("shape", (groups: number, x: string, w: string) => ({ message: `${groups} groups must divide the channels in and out`, label: `x is ${x}; w is ${w}` })),
  windowTooLarge: wording("shape", (axis: number, size: number, dilation: number, extent: number) => ({
    message: `no window fits along space axis ${axis}`,
    label: `windows of ${size}${dilation > 1 ? ` with dilation ${dilation}, ${(size - 1) * dilation + 1} long,` : ""} over ${extent} with the padding`,
    help: "more padding, `padding = same`, or a smaller window",
  })),
  cutTooMuch: wording("shape", (extent: number, cut: number) => ({ message: `the padding cuts ${cut} of an axis of ${extent}` })),
  topK: wording("shape", (k: number, found: string) => ({ message: `cannot take the ${k} largest`, label: `of ${found}` })),
  needsAxis: wording("shape", (what: string, found: string) => ({ message: `${what} needs at least one axis`, label: `found ${found}` })),
  axisTwice: wording("shape", (found: string) => ({ message: "an axis is named twice", label: `of ${found}` })),
  nothingToReduce: wording("shape", (what: string, found: string) => ({ message: `${what} of no elements has no value`, label: `this is ${found}` })),
  axisOutside: wording("shape", (axis: number, found: string) => ({ message: `there is no axis ${axis}`, label: `in ${found}` })),
  stateType: wording("shape", (path: string, expected: string, found: string, declared: Span) => ({
    message: `${quote(path)} takes ${expected}`, label: `found ${found}`, notes: [{ text: "declared here", span: declared }],
  })),
  sizeNotKnown: wording("size", (quoted: string, found: string) => ({ message: `the size ${quote(quoted)} is not known at build`, label: `it is ${found}` })),
  oneSize: wording("size", (name: string, owner: string, found: string) => ({ message: `argument ${quote(name)} of ${owner} is one size`, label: `found ${found}` })),
  badSize: wording("size", (quoted: string, value: number) => ({ message: `the size ${quote(quoted)} is ${value}`, help: "sizes are whole numbers from 0 to 2147483647" })),
  dimNotWhole: wording("size", (name: string, found: string) => ({ message: `dim ${name} must be a whole number from 0 to 2147483647`, label: `found ${found}` })),
  notAPack: wording("size", (name: string, found: string) => ({ message: `${quote(name)} is no pack of axes`, label: `it is ${found}`, help: `a pack of any axes has a name of its own; one axis of that size is ${name}, without \`...\`` })),

  // ---- build time
  notAtBuild: wording("static", (kind: string) => ({
    message: kind === "init" ? "an initial value cannot read this: it is known only while an entry runs" : "a `const` cannot read this: it is known only at run time",
    help: "constants, generics and other initial values may be used",
  })),
  argumentNotStatic: wording("static", (name: string, owner: string, found: string) => ({ message: `argument ${quote(name)} of ${owner} must be known at build`, label: `found ${found}` })),
  rangeNotKnown: wording("static", (quoted: string) => ({ message: `the bound ${quote(quoted)} of the range is not known at build` })),
  rangeNotWhole: wording("static", () => ({ message: "the bounds of a range are whole numbers" })),
  sliceNotKnown: wording("static", (quoted: string) => ({ message: `the slice bound ${quote(quoted)} is not known at build`, help: "a gather `x[ids]` takes run-time positions" })),
  sliceStep: wording("index", (step: number) => ({ message: `a slice's step is 1 or more, here ${step}`, help: "flip(x, axis) reverses" })),
  staticCondition: wording("static", (found: string) => ({ message: "the condition of `static if` is not known at build", label: `it is ${found}` })),
  staticForRange: wording("static", (found: string) => ({ message: "`static for` goes over a range, list, family or leading axis known at build", label: `found ${found}` })),

  tooLong: wording("limit", () => ({ message: "written out, the program has too many operations", label: "stopped here", help: "`static for`, recursion, families and variants write their body once for each turn" })),
  tooLarge: wording("limit", (type: { readonly element: string; readonly shape: readonly number[] }, bytes: number) => ({
    message: `a tensor of ${type.element}[${type.shape.join(", ")}] has ${bytes} bytes`, label: "at most 2147483647 bytes",
  })),
  tooMuchAtBuild: wording("limit", (count: number) => ({
    message: `this needs ${count} steps at build`, label: "a value that must be known at build is computed in at most 67108864", help: "what needs no value at build is computed by the module itself",
  })),

  // ---- calls
  unknownArgument: wording("arguments", (name: string, owner: string, known: readonly string[]) => ({ message: `${owner} has no parameter ${quote(name)}`, help: nearMiss(name, known) ?? (known.length > 0 ? `it has ${list(known)}` : "it has none") })),
  argumentTwice: wording("arguments", (name: string, owner: string) => ({ message: `argument ${quote(name)} of ${owner} is given twice` })),
  tooManyArguments: wording("arguments", (owner: string, wanted: number, given: number) => ({ message: `${owner} takes ${plural(wanted, "argument")}, here ${given}` })),
  missingArgument: wording("arguments", (name: string, owner: string, known: readonly string[]) => ({
    message: `argument ${quote(name)} of ${owner} is missing`, help: known.length > 0 ? `${owner} takes ${list(known)}` : undefined,
  })),
  coreArguments: wording("arguments", (name: string, why: string) => ({ message: `the arguments of core.${name} do not fit`, label: why })),
  coreIsNoFunction: wording("arguments", () => ({ message: "'core' is no function", help: "it holds the operations: core.tanh(x)" })),
  recursion: wording("recursion", (name: string) => ({ message: `${quote(name)} calls itself without end`, help: "recursion must change a generic and stop under `static if`" })),
  tooDeep: wording("recursion", () => ({ message: "expressions and calls nest too deep here", help: "recursion must change a generic and stop under `static if`; name parts with `let`" })),
  unknownGeneric: wording("generics", (name: string, owner: string, known: readonly string[]) => ({ message: `${owner} has no generic ${quote(name)}`, help: nearMiss(name, known) ?? (known.length > 0 ? `it has ${list(known)}` : "it has none") })),
  tooManyGenerics: wording("generics", (owner: string, wanted: number, given: number) => ({ message: `${owner} takes ${plural(wanted, "generic")}, here ${given}` })),
  badGeneric: wording("generics", () => ({ message: "a generic is a value, `_`, or `name = value`" })),
  genericNotInferred: wording("generics", (name: string, owner: string) => ({ message: `nothing tells the generic ${quote(name)} of ${owner}`, help: `give it in brackets: ${owner}[${name} = ...]` })),
  sizeNotTold: wording("generics", (name: string, formula: string) => ({ message: `nothing tells the generic ${quote(name)} in the size ${quote(formula)}`, help: `an axis that is ${name} alone, or a linear formula of it, tells it` })),
  bracketNeedsCall: wording("index", (name: string) => ({ message: `${quote(name)} with index names must be called`, help: `write ${name}[k](...)` })),

  // ---- indices
  positionNotWhole: wording("index", (at: number) => ({ message: `a position is a whole number, here ${at}` })),
  positionOutside: wording("index", (at: number, length: number, what: string) => ({ message: `position ${at} is outside of 0..${length}`, label: `the axis is ${what}` })),
  tooManyIndices: wording("index", (found: string, given: number, rank: number) => ({ message: `${plural(given, "index").replace("indexs", "indices")} for ${plural(rank, "axis").replace("axiss", "axes")}`, label: `this is ${found}` })),
  indexElement: wording("index", (found: string) => ({ message: "an index is i32 or u32", label: `found ${found}` })),
  emptyAxis: wording("index", (found: string) => ({ message: "an empty axis has nothing to read", label: `this is ${found}` })),
  badIndex: wording("index", () => ({ message: "this is no index", help: "an index is a position, a slice a:b:step, a tensor of positions, or `...`" })),
  tupleIndex: wording("index", (length: number) => ({ message: `a tuple is indexed by one position known at build, 0 to ${length - 1}` })),
  notAnIndexPack: wording("index", (name: string) => ({ message: `${quote(name)} is no pack of index variables` })),
  indexRangeUnknown: wording("index", (name: string) => ({ message: `nothing tells the range of ${quote(name)}`, help: `give it: [${name} in 0..n]` })),
  indexRangeForm: wording("index", (name: string) => ({ message: `the range of ${quote(name)} is written a..b, both known at build`, help: `write [${name} in 0..n]` })),
  indexVariableForm: wording("index", () => ({ message: "an index variable is a name, `name in a..b`, or a pack `...n`" })),
  indexReductionArguments: wording("arguments", (name: string) => ({ message: `${name}[...](e) takes one expression` })),
  notInIndexNotation: wording("index", (what: string) => ({ message: `${what} has no meaning for values that depend on index variables`, help: "compute it before, with a `let`" })),

  // ---- fields and trees
  noField: wording("field", (name: string, owner: string, known: readonly string[]) => ({ message: `${owner} has no field ${quote(name)}`, help: nearMiss(name, known) ?? (known.length > 0 ? `it has ${list(known)}` : undefined) })),
  noMethod: wording("field", (name: string, owner: string) => ({ message: `${owner} has no field ${quote(name)}`, help: `${name} is a function: ${name}(${owner}), or ${owner} |> ${name}` })),
  noMember: wording("field", (name: string, owner: string, known: readonly string[]) => ({ message: `${owner} has no member ${quote(name)}`, help: nearMiss(name, known) ?? (known.length > 0 ? `it has ${list(known)}` : undefined) })),
  memberOfConstructor: wording("field", (model: string, name: string) => ({ message: `${model} is a model's name, not an instance: it has no ${quote(name)}`, help: `make one: var m = ${model}[...]` })),
  treesDiffer: wording("tree", (left: string, right: string) => ({ message: "the trees have different forms", label: `${left} and ${right}` })),
  treeExpected: wording("tree", (expected: string, found: string) => ({ message: `a tree like ${expected} is expected`, label: `found ${found}` })),

  // ---- state and models
  notAState: wording("state", (found: string) => ({ message: "this cannot be kept as state", label: `it is ${found}` })),
  notState: wording("state", (quoted: string) => ({ message: `${quote(quoted)} is no state of the module`, help: "a `var`, or a path of one, is expected" })),
  notAssignable: wording("state", (name: string) => ({ message: `${quote(name)} cannot be assigned`, help: "`<-` assigns a `var` or a model's `state`; `let` gives a new name" })),
  assignsState: wording("state", (name: string) => ({ message: `only an \`export fn\` or \`train fn\` assigns module state, here ${quote(name)}`, help: "return the new value and assign it in the entry, or make this function a `train fn`" })),
  frozenAssigned: wording("state", (path: string) => ({ message: `${quote(path)} is frozen`, help: "declare it with `var` without `frozen` to train it" })),
  cyclicInitial: wording("state", (path: string) => ({ message: `the initial value of ${quote(path)} needs itself` })),
  nothingMoved: wording("state", (quoted: string) => ({ message: `no parameter of ${quote(quoted)} gets an update` })),
  optimizerParameters: wording("arguments", (name: string) => ({ message: `optimizer ${name} must take a parameter and its gradient first`, help: `optimizer ${name}(p, g, ...)` })),
  notAnOptimizer: wording("type", (quoted: string, found: string) => ({ message: `${quote(quoted)} is no optimizer`, label: `it is ${found}` })),
  layerOutsideModel: wording("model", (name: string) => ({ message: `${name} is a model: calling it makes a layer, which only a model's body can hold`, help: `make an instance first: var m = ${name}[...]` })),
  memberOutsideModel: wording("model", (role: string) => ({ message: `\`${role}\` stands only in a model's body`, help: "a top-level `var` keeps module state" })),
  memberBracket: wording("model", (role: string) => ({ message: `a ${role} has no family`, help: "give it a leading axis instead" })),
  layerMissing: wording("model", (name: string, owner: string) => ({ message: `${owner} has no layer or parameter ${quote(name)} here`, help: "a computed tree has only what its instance had" })),
  notAModel: wording("model", (quoted: string, found: string) => ({ message: `${quote(quoted)} is no model`, label: `it is ${found}` })),
  modelIndex: wording("model", (found: string) => ({ message: "only a family of layers is indexed", label: `this is ${found}` })),
  emptyFamily: wording("model", () => ({ message: "a family has at least one model", label: "this is 0" })),
  familyIndex: wording("model", (count: number) => ({ message: `a family is indexed by one position, 0 to ${count - 1}`, help: "`map m in nets` and `scan for m in nets` go over all of them" })),
  familyTarget: wording("model", (count: number) => ({
    message: `one of a family is trained and assigned at a position known at build, 0 to ${count - 1}`,
    help: "train the whole family: of one at a run-time position credit reaches that one; or assign a row of a leaf, `nets.weight[i] <- w`",
  })),
  familyCall: wording("model", (name: string, count: number, path: string | undefined) => ({ message: `this is a family of ${count} ${name}`, help: `call one of them: ${path ?? "f"}[0](...)` })),
  modelParameterType: wording("model", (name: string) => ({ message: `parameter ${quote(name)} of a model needs a type` })),
  randomKey: wording("type", (found: string) => ({ message: "a key is one u32", label: `found ${found}`, help: "random_key() draws one" })),

  // ---- run-time if
  returnInIf: wording("if", () => ({ message: "`return` stands under a run-time `if`", help: "return `if c then a else b`" })),
  tapInIf: wording("if", (name: string) => ({ message: `the tap ${quote(name)} stands under a run-time \`if\`` })),
  hostInIf: wording("if", (name: string) => ({ message: `the host function ${quote(name)} is called under a run-time \`if\`` })),
  emitOutsideScan: wording("syntax", () => ({ message: "`emit` belongs to the body of a `scan`" })),

  // ---- loops
  emitInIf: wording("loop", () => ({ message: "`emit` stands under a run-time `if`", help: "emit `if c then a else b`" })),
  emitTwice: wording("loop", () => ({ message: "a body has one `emit`", help: "emit a record of several values" })),
  emitUntil: wording("loop", () => ({ message: "a `scan` with `until` has no `emit`: how often it turns is known only at run time" })),
  untilRange: wording("loop", () => ({ message: "a `scan` with `until` counts: `for i in 0..n`", help: "read x[i] in the body" })),
  loopRange: wording("loop", (found: string) => ({ message: "a `scan` goes over a range, a leading axis, a family, or a tuple of these", label: `found ${found}` })),
  loopTooLong: wording("limit", (turns: number) => ({ message: "a loop counts to at most 2147483647", label: `${turns} turns` })),
  loopLengths: wording("loop", (lengths: readonly number[]) => ({ message: "the things that the loop goes over differ in length", label: lengths.join(" and ") })),
  carryType: wording("loop", (name: string, expected: string, found: string) => ({ message: `the carry ${quote(name)} is ${expected} from turn to turn`, label: `found ${found}`, help: "start it with a value of the type that the body gives, for example 0.0 or zeros([n])" })),
  odeInterval: wording("loop", () => ({ message: "`odesolve` goes from one time to another: `for t in [t0, t1]`" })),
  odeSteps: wording("loop", () => ({ message: "nothing tells how many steps to take", help: "give `steps = n`, or `step = h` where both times are known at build, or `rtol = e` to let the error tell" })),
  odeExcess: wording("loop", (key: string, adaptive: boolean) => ({ message: adaptive ? `\`${key}\` and a tolerance both tell how many steps to take` : `\`${key}\` is about steps that the error decides`, help: adaptive ? `leave out \`${key}\`, or \`rtol\` and \`atol\`` : "give `rtol = e` or `atol = e`" })),
  odeNoPair: wording("loop", (method: string, pairs: readonly string[]) => ({ message: `${method} has no estimate of its error, so no tolerance can tell its steps`, help: `give \`steps = n\`, or take one of ${list(pairs)}` })),
  odeCheckpoints: wording("loop", () => ({ message: "checkpoints divide the steps, but how many there are is known only at run time", help: "`discrete` keeps all, `continuous` none; `steps = n` has checkpoints" })),
  odeReversible: wording("loop", (method: string, symmetric: readonly string[]) => ({ message: `a step back of ${method} does not undo a step, so the steps cannot be found again from the last`, help: `${list(symmetric)} can; with ${method} \`checkpointed\` and \`continuous\` save memory` })),
  odeMethod: wording("loop", (known: readonly string[]) => ({ message: "the first argument of `odesolve` is its method", help: `one of ${list(known)}` })),
  odeAdjoint: wording("loop", (name: string, known: readonly string[]) => ({ message: `there is no adjoint ${quote(name)}`, help: nearMiss(name, known) ?? `one of ${list(known)}` })),
  mapAssigns: wording("state", (path: string) => ({ message: `every element would assign the one state ${quote(path)}`, help: "a `map` has no order: its body assigns only slices of state that it goes over; a `scan` goes through them one by one" })),
  untilOption: wording("loop", (option: string) => ({ message: `a \`scan\` with \`until\` takes no \`${option}\`: how often it turns is known only at run time`, help: `leave out \`${option}\`` })),

  jacobianNeeds: wording("credit", (quoted: string, found: string) => ({ message: `${quote(quoted)} must be one tensor`, label: `found ${found}`, help: "jacobian(y, x) has the axes of y, then those of x" })),

  // ---- credit
  gradNeedsScalar: wording("credit", (found: string) => ({ message: "`grad` takes the derivative of a scalar", label: `this is ${found}`, help: "reduce it with sum or mean, or use pull(y, x, dy)" })),
  noCredit: wording("credit", (of: string, over: string, isNew: boolean) => ({
    message: `no credit reaches ${quote(over)} from ${quote(of)}: the derivative is zero`,
    help: isNew ? `this ${quote(over)} is computed only here: name it before, \`let z = ${over}\`, and use z in both` : "`stop`, integers, comparisons and rules that leave it out let nothing pass",
  })),
  wrtNotDifferentiable: wording("credit", (quoted: string, found: string) => ({ message: `${quote(quoted)} takes no credit`, label: `it is ${found}` })),
  wrtIndexed: wording("credit", (quoted: string) => ({ message: `${quote(quoted)} depends on an index variable`, help: "ask for the derivative outside of the index notation" })),
  pullNeedsTensor: wording("credit", (found: string) => ({ message: "`pull` needs a float tensor or a tree of such", label: `found ${found}` })),
  seedShape: wording("credit", (what: string, target: string, found: string) => ({ message: `${what} must fit ${target}`, label: `found ${found}` })),
  seedTree: wording("credit", (what: string, path: string) => ({ message: `${what} lacks ${quote(path)}` })),
  noTaps: wording("credit", (quoted: string) => ({ message: `nothing is tapped in ${quote(quoted)}`, help: "`tap h = ...` in a model's body makes h visible" })),

  // ---- rules
  notRules: wording("rule", (found: string) => ({ message: "`using` takes a rule set", label: `found ${found}` })),
  missingRule: wording("rule", (callee: string, mode: string) => ({ message: `${quote(callee)} has an own rule, but none for ${mode === "backward" ? "reverse" : "forward"} mode`, help: `add \`${mode}(...)\` to it` })),
  ruleParameters: wording("rule", (mode: string) => ({ message: `a ${mode} rule takes one parameter` })),
  ruleResult: wording("rule", (mode: string, found: string) => ({ message: `a ${mode} rule gives a record of credits`, label: `found ${found}` })),
  ruleCredits: wording("rule", (name: string, callee: string, known: readonly string[]) => ({ message: `${quote(name)} is no input of ${callee}`, help: nearMiss(name, known) ?? `it has ${list(known)}` })),
  ruleCreditTree: wording("rule", (name: string, path: string) => ({ message: `the credit for ${quote(name)} has a part ${quote(path)} that the input lacks` })),
  ruleSetParameters: wording("rule", (name: string, wanted: number, given: number) => ({ message: `${name} has ${plural(wanted, "input")}, the rule names ${given}` })),
  noRuleFor: wording("rule", (name: string) => ({ message: `a rule set cannot change the credit of ${quote(name)}`, help: "it names functions, models, and operators: matmul, add, mul, sum, exp, max, ..." })),
  wantedOutside: wording("rule", () => ({ message: "`wanted` asks about the inputs of a rule's call: it can only stand in a rule" })),
  ruleElse: wording("rule", (name: string) => ({ message: `a rule set ends in \`else exact\`, \`else error\` or \`else core\``, label: `found ${quote(name)}` })),
  ruleSetSilent: wording("rule", (set: string, callee: string, ending: string) => ({ message: `the rule set ${set} has no rule for ${quote(callee)} and ends in \`else ${ending}\`` })),
  creditElement: wording("rule", (what: string, target: string, found: string) => ({ message: `${what} must have the element of ${target}`, label: `found ${found}` })),
  creditShape: wording("rule", (what: string, target: string, found: string) => ({ message: `${what} must be ${target}`, label: `found ${found}` })),
  creditIntoPoint: wording("rule", (name: string) => ({
    message: `credit for a value of type ${name} does not pass through ${quote(`${name}(...)`)}`, help: "give the function around it a backward rule, or a tangent rule for forward mode",
  })),
  tangentShape: wording("rule", (target: string, found: string) => ({ message: `the tangent must have the form of the result, ${target}`, label: `found ${found}` })),

  // ---- entries and proofs
  entryParameterType: wording("type", (name: string) => ({ message: `parameter ${quote(name)} of an entry needs a type` })),
  numberTooLarge: wording("type", (text: string) => ({ message: `no element has a number as large as ${quote(text)}`, help: "write inf for infinity" })),
  entryDefault: wording("type", (name: string) => ({ message: `the default of an entry's parameter ${quote(name)} must be a number known at build, and its type a scalar's`, help: "leave it out, and let the caller say it" })),
  entrySize: wording("size", (name: string) => ({ message: `the size ${quote(name)} of an entry's signature is not known`, help: `declare it: dim ${name} = 32, or a variant [${name} in {1, 32}]` })),
  entryPack: wording("size", (name: string) => ({ message: `the pack ${quote(`...${name}`)} of an entry's signature is not known`, help: "an entry's axes are written out: f32[32, 64]" })),
  entryResult: wording("type", (found: string) => ({ message: "an entry returns tensors, numbers, records or tuples of these", label: `found ${found}` })),
  variantsNeeded: wording("generics", (name: string) => ({ message: `the generic ${quote(name)} of an entry needs its choices`, help: `write [${name} in {1, 32}]` })),
  boundOutside: wording("length", (name: string) => ({ message: `only an \`export fn\` can bound a run-time length ${quote(name)}`, help: `leave ${quote(name)} out of the brackets: each call tells it` })),
  secondBound: wording("length", (name: string, first: string) => ({ message: `an entry has one run-time length: ${quote(first)}, not ${quote(name)}, too`, help: `variants are as many as you like: [${name} in {1, 32}]` })),
  badBound: wording("length", (name: string) => ({ message: `the bound of ${quote(name)} must be a whole number known at build, 2 or more` })),
  staysLeading: wording("length", (found: string, name: string) => ({ message: `the run-time length ${quote(name)} stays the first axis`, label: `this is ${found}`, help: "for the derivative of a product write pull(result, w, dy), or sum over its rows: for [i, j] => sum[n](x[n, i] * y[n, j])" })),
  lengthNotTold: wording("length", (name: string) => ({ message: `no argument tells the run-time length ${quote(name)}`, help: `the first argument that has it begins with it alone: f32[${name}, 64]` })),
  lengthAtBorder: wording("length", (name: string, what: string) => ({ message: `${what} can have the run-time length ${quote(name)} only as the first axis` })),
  lengthFails: wording("length", (name: string, bound: number, size: number, message: string) => ({ message: `this does not hold for ${name}=${size}, and ${quote(name)} is any length from 1 to ${bound}`, label: message })),
  lengthUnlike: wording("length", (name: string) => ({ message: `what is computed here depends on the run-time length ${quote(name)} in its form, not only in its size`, help: `such a program needs variants: [${name} in {1, 32}]` })),
  lengthNumber: wording("length", (name: string) => ({ message: `a number is computed from the run-time length ${quote(name)} in a way that cannot wait for it`, help: `${name}, multiples of it and 1 / ${name} can; else count rows: sum(ones([${name}]))` })),
  nothingExported: wording("name", () => ({ message: "the file exports nothing", help: "write `export fn` or `export train fn` before a function" })),
  unknownDim: wording("name", (name: string, known: readonly string[]) => ({ message: `the file has no dim ${quote(name)}`, help: nearMiss(name, known) ?? (known.length > 0 ? `it has ${list(known)}` : undefined) })),
  unknownClaim: wording("prove", (quoted: string) => ({ message: `${quote(quoted)} is no claim that can be proved`, help: "independent(loss, x), !transposed(w), memory <= bytes" })),
  notIndependent: wording("prove", (loss: string, over: string, steps: readonly CreditStep[]) => ({
    message: `${quote(loss)} is not independent of ${quote(over)}`,
    notes: creditNotes(steps),
    help: "stop(x) lets no credit pass",
  })),
  transposed: wording("prove", (path: string) => ({ message: `a product contracts an axis of ${quote(path)} that the forward value does not`, help: "credit that passes the product backwards does so; stop(x) or an own backward rule avoids it" })),
  memoryExceeded: wording("prove", (needed: number, limit: number) => ({ message: `the module needs ${needed} bytes, more than ${limit}`, help: "pullback explain memory shows what is live at the peak" })),
  entryName: wording("entry", (name: string, taken: readonly string[]) => ({ message: `an entry cannot be called ${quote(name)}`, notes: [`every module has ${list(taken)}`], help: "choose another name" })),
  overBudget: wording("memory", (needed: number, budget: number, notes: readonly Note[]) => ({ message: `the program needs ${needed} bytes at its peak, --memory allows ${budget}`, notes, help: "a smaller batch (--dim) needs less; pullback explain memory shows all that is live" })),
  noDeviceF64: wording("type", (what: string) => ({ message: "f64 does not exist on WebGPU", label: `${what} needs it`, help: "use f32, or build with --target wasm or js" })),
};
