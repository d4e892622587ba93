/** Exported functions as closed regions, one per variant, and the init region of all states. */
import type { Expression, File, FunctionDeclaration } from "../../grammar/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import type { Entry, EntryParameter, Extern, Region, RunTimeLength, StateId, Tree, ValueId } from "../ir/graph.ts";
import { countCall } from "./builtins/random.ts";
import { checkResult } from "./calls.ts";
import { type Cell, Context, type DerivativeRequest, type Frame, type Proof, type Session } from "./context.ts";
import { evaluate } from "./expressions.ts";
import { finish } from "./finish.ts";
import { rootFrame } from "./models.ts";
import { type MovedPoint, movedPoints } from "./points.ts";
import { fail, Problem } from "./problem.ts";
import { Scope } from "./scope.ts";
import { runBody } from "./statements.ts";
import { asTensor, constantTensor, idOf, staticNumber, tensor } from "./tensors.ts";
import { leaves, parameterTree, storageTree } from "./trees.ts";
import { freshTensor, instantiateType, isSize, Matcher, openNames, parameterTypes } from "./types.ts";
import { describe, number, record, type TensorValue, tuple, type Value } from "./values.ts";

export interface BuiltEntry {
  readonly entry: Entry;
  readonly requests: readonly DerivativeRequest[];
  readonly proofs: readonly Proof[];
  readonly points: readonly MovedPoint[];
  /** The region with every node, for numerical checks of derivatives. */
  readonly full: { readonly region: Region; readonly reads: readonly StateId[]; id(old: ValueId): ValueId };
}

export function buildEntries(session: Session, scope: Scope, file: File): BuiltEntry[] {
  const built: BuiltEntry[] = [];
  for (const declaration of file.declarations) {
    if (declaration.kind !== "fn") continue;
    if (declaration.extern) guard(session, () => declareExtern(session, scope, declaration));
    if (!declaration.exported) continue;
    session.elaborated.add(declaration);
    guard(session, () => {
      const length = lengthOf(session, scope, declaration);
      for (const variant of variantsOf(session, scope, declaration)) {
        const entry = buildEntry(session, scope, declaration, variant, length);
        if (entry) built.push(entry);
      }
    });
  }
  return built;
}

function guard(session: Session, run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.diagnostic) session.report(error.diagnostic);
  }
}

/** Every choice of `N in {1, 32}`, the last generic fastest. */
function variantsOf(session: Session, scope: Scope, declaration: FunctionDeclaration): Record<string, number>[] {
  let variants: Record<string, number>[] = [{}];
  const frame = rootFrame(new Context(session, "build"), scope, declaration.name.text);
  for (const generic of declaration.generics) {
    const name = generic.name.text;
    if (generic.bound) continue;
    if (!generic.choices) return fail(say.variantsNeeded(generic.span, name));
    const sizes = generic.choices.map((choice) => {
      const size = staticNumber(evaluate(frame, choice));
      return size !== undefined && isSize(size) ? size : fail(say.badSize(choice.span, name, size ?? Number.NaN));
    });
    variants = variants.flatMap((variant) => sizes.map((size) => ({ ...variant, [name]: size })));
  }
  return variants;
}

/** The one generic that is bounded by `N <= 256`, if there is one. */
function lengthOf(session: Session, scope: Scope, declaration: FunctionDeclaration): RunTimeLength | undefined {
  const [generic, second] = declaration.generics.filter(({ bound }) => bound);
  if (second) return fail(say.secondBound(second.span, second.name.text, generic.name.text));
  if (!generic?.bound) return undefined;
  const frame = rootFrame(new Context(session, "build"), scope, declaration.name.text);
  const bound = staticNumber(evaluate(frame, generic.bound));
  if (bound === undefined || !isSize(bound) || bound < 2) return fail(say.badBound(generic.bound.span, generic.name.text));
  return { name: generic.name.text, bound };
}

function buildEntry(session: Session, parent: Scope, declaration: FunctionDeclaration, variant: Record<string, number>, length: RunTimeLength | undefined): BuiltEntry | null {
  const name = declaration.name.text;
  const context = new Context(session, "entry", name);
  const scope = new Scope(parent);
  const frame: Frame = { ...rootFrame(context, scope, name, declaration.train), mayAssign: true };
  for (const generic of declaration.generics) {
    const { text, span } = generic.name;
    const bounded = length?.name === text;
    const size = bounded ? session.sizeFor(length.bound) : variant[text];
    scope.bind(text, number(size, true, { name: text, span, ...(bounded && { bounded }) }), span);
  }
  const { parameters, ids } = bindParameters(frame, declaration);
  const { body } = declaration;
  if (!body) return null;
  const before = session.errors;
  const raw = runBody(frame, body);
  if (raw.kind === "poison") return null;
  const matcher = new Matcher(frame, openNames(scope, [], []), false);
  const value = checkResult(frame, declaration, raw, matcher, false);
  const border = value.kind === "nothing" ? null : atBorder(frame, value, declaration);
  countCall(context, declaration.span);
  if (session.errors > before) return null;
  const points = movedPoints(frame, declaration.span);
  const results = border ? leaves(storageTree(border)).map((leaf) => idOf(context, leaf.value, declaration.span)) : [];
  return close(context, declaration, { variant, ...(length && { length }), parameters, result: border && treeOf(border) }, ids, results, points);
}

function bindParameters(frame: Frame, declaration: FunctionDeclaration): { parameters: EntryParameter[]; ids: ValueId[] } {
  const open = openNames(frame.scope, [], [...parameterTypes(declaration.parameters), declaration.result]);
  const parameters: EntryParameter[] = [];
  const ids: ValueId[] = [];
  for (const parameter of declaration.parameters) {
    const { type } = parameter;
    if (!type) return fail(say.entryParameterType(parameter.span, parameter.name.text));
    const { sizes, packs } = openNames(frame.scope, [], [type]);
    for (const name of packs) fail(say.entryPack(type.span, name));
    for (const name of sizes) if (open.sizes.has(name)) fail(say.entrySize(type.span, name));
    frame.context.builder.site = frame.session.site(parameter.span, frame);
    const value = instantiateType(frame, type, (known) => freshTensor(frame, known));
    frame.scope.bind(parameter.name.text, value, parameter.name.span);
    parameters.push({ name: parameter.name.text, tree: treeOf(value), ...(parameter.default && { default: defaultOf(frame, parameter.name.text, parameter.default, value) }) });
    for (const { value: leaf } of leaves(storageTree(value))) ids.push(idOf(frame.context, leaf, parameter.span));
  }
  return { parameters, ids };
}

/** A default that generated code can write down. */
function defaultOf(frame: Frame, name: string, expression: Expression, parameter: Value): number | boolean {
  const context = new Context(frame.session, "build");
  const given = evaluate(rootFrame(context, frame.scope, name), expression);
  const element = parameter.kind === "tensor" && parameter.type.shape.length === 0 ? parameter.type.element : undefined;
  const value = given.kind === "boolean" ? given.value : staticNumber(given);
  if (value === undefined || element === undefined || (typeof value === "boolean") !== (element === "bool")) return fail(say.entryDefault(expression.span, name));
  if (typeof value === "number") constantTensor(context, element, [], [value], expression.span); // or it says that the element has no such number
  return value;
}

/** Numbers as tensors of the declared element, models as the tree of their parameters. */
function atBorder(frame: Frame, value: Value, declaration: FunctionDeclaration): Value {
  const { span } = declaration.result ?? declaration.name;
  switch (value.kind) {
    case "tensor":
      return tensor(frame.context, idOf(frame.context, value, span), value.axes, value.variables);
    case "point":
      return { ...value, value: tensor(frame.context, idOf(frame.context, value.value, span), value.value.axes, value.value.variables) };
    case "number":
    case "boolean":
    case "range":
      return asTensor(frame.context, value, span);
    case "tuple":
      if (value.list) return asTensor(frame.context, value, span);
      return tuple(value.items.map((item) => atBorder(frame, item, declaration)));
    case "record":
      return record([...value.fields].map(([name, field]) => [name, atBorder(frame, field, declaration)]));
    case "model":
      return atBorder(frame, parameterTree(value), declaration);
    default:
      return fail(say.entryResult(span, describe(value)));
  }
}

const leafTree = ({ type, axes }: TensorValue): Extract<Tree, { kind: "tensor" }> => ({ kind: "tensor", type, axes: axes.map((axis) => axis.name ?? null) });

export function treeOf(value: Value): Tree {
  switch (value.kind) {
    case "tensor":
      return leafTree(value);
    case "tuple":
      return { kind: "tuple", items: value.items.map(treeOf) };
    case "point":
      return { ...leafTree(value.value), of: value.type.name };
    case "record":
      return { kind: "record", fields: [...value.fields].map(([name, field]) => ({ name, tree: treeOf(field) })) };
    default:
      throw new Error(`internal: ${value.kind} at an entry's border`);
  }
}

function close(
  context: Context, declaration: FunctionDeclaration, border: Pick<Entry, "variant" | "length" | "parameters" | "result">,
  argumentIds: readonly ValueId[], results: readonly ValueId[], points: readonly MovedPoint[],
): BuiltEntry {
  const first = (cell: Cell): ValueId => context.versions.get(cell)?.[0] ?? (0 as ValueId);
  const last = (cell: Cell): ValueId => context.versions.get(cell)?.at(-1) ?? (0 as ValueId);
  const cells = [...context.versions.keys()].filter(({ isStep }) => !isStep).sort((a, b) => a.id - b.id);
  const written = cells.filter((cell) => last(cell) !== first(cell));
  const outputs = [...written.map(last), ...results];
  const probe = finish(context.builder, [...cells.map(first), ...argumentIds], outputs, "reachable").region;
  const used = new Set([...probe.nodes.flatMap((node) => node.args), ...probe.results]);
  const read = cells.filter((_, i) => used.has(probe.params[i]));
  const { region } = finish(context.builder, [...read.map(first), ...argumentIds], outputs, "reachable");
  const whole = finish(context.builder, [...cells.map(first), ...argumentIds], outputs, "all");
  const entry: Entry = {
    name: declaration.name.text, doc: declaration.doc, train: declaration.train, ...border,
    reads: read.map((cell) => cell.id), writes: written.map((cell) => cell.id), region, span: declaration.name.span,
  };
  return {
    entry, requests: context.requests, proofs: context.proofs, points,
    full: {
      region: whole.region, reads: cells.map((cell) => cell.id),
      id(old) {
        const id = whole.ids.get(old);
        if (id === undefined) throw new Error(`internal: %${old} was not kept`);
        return id;
      },
    },
  };
}

function declareExtern(session: Session, parent: Scope, declaration: FunctionDeclaration): void {
  const context = new Context(session, "trial");
  const frame = rootFrame(context, new Scope(parent), declaration.name.text);
  const tree = (type: NonNullable<FunctionDeclaration["result"]>): Tree => treeOf(instantiateType(frame, type, (known): TensorValue => ({
    kind: "tensor", type: { element: known.element, shape: known.shape }, axes: known.axes, variables: [],
  })));
  const parameters = declaration.parameters.map((parameter): EntryParameter => {
    if (!parameter.type) return fail(say.entryParameterType(parameter.span, parameter.name.text));
    return { name: parameter.name.text, tree: tree(parameter.type) };
  });
  const extern: Extern = { name: declaration.name.text, doc: declaration.doc, parameters, result: declaration.result ? tree(declaration.result) : null };
  session.externs.push(extern);
}

/** Every state's initial value from the seed. */
export function buildInit(session: Session): Region | null {
  const { init } = session;
  const results: ValueId[] = [];
  let failed = false;
  // Reading a cell may add others (large constants): the list grows while it is walked.
  for (let i = 0; i < session.cells.length; i++) {
    const cell = session.cells[i];
    session.place = session.rootSpans.get(cell.path.split(".")[0]) ?? session.place;
    try {
      results.push(init.read(cell));
    } catch (error) {
      failed = true;
      if (!(error instanceof Problem)) throw error;
      if (error.diagnostic) session.report(error.diagnostic);
    }
  }
  if (failed) return null;
  const { seed } = init;
  if (seed === undefined) throw new Error("internal: the init region has no seed");
  return finish(init.builder, [seed], results, "reachable").region;
}
