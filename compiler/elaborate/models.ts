/** Models: instances and their members, nested layers, families, and the inlined body of a call. */
import type { MemberStatement, ModelDeclaration, Span } from "../../grammar/index.ts";
import { printExpression } from "../../grammar/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import { isLibrary } from "../diagnostics/diagnostic.ts";
import { atCallSite, bindArguments, checkResult, enter, type GivenArgument, maximumDepth, setFree } from "./calls.ts";
import { Context, type Frame, type ModelNode, newCounters, hashText, type Session, type StateNode } from "./context.ts";
import { evaluate } from "./expressions.ts";
import { bindDefaults, bindGenerics } from "./generics.ts";
import { fail, Problem } from "./problem.ts";
import { mark } from "./rules.ts";
import { Scope } from "./scope.ts";
import { takeMember } from "./indexing.ts";
import { createStates, readNode } from "./states.ts";
import { runBlock } from "./statements.ts";
import { evaluateSize, freshTensor, instantiateType, Matcher, openNames, parameterTypes } from "./types.ts";
import { type ConstructorValue, describe, type Member, type ModelValue, number, tuple, type Value } from "./values.ts";

/** Sizes that a signature leaves open take this value when an instance is made without a call. */
const trialSize = 4;

/** Layers in layers beyond this are a runaway recursion. */
const maximumLevels = 64;

// ---- instances

/** Makes the node of an instance; its members come to be when its body runs, at a call or in `complete`. */
export function instantiate(
  session: Session, constructor: ConstructorValue, path: string, frozen: boolean, families: readonly number[] = [], family?: number,
): ModelNode {
  const { declaration } = constructor;
  // The first real call tells what this is.
  if (constructor.generics.some(({ value }) => value?.kind === "number" && value.madeUp)) throw new Problem(null);
  if (path.split(".").length > maximumLevels) session.refuse(say.recursion(constructor.span, declaration.name.text));
  const scope = new Scope(constructor.scope);
  bindGenerics(scope, constructor.declaration.name.text, constructor.declaration.generics, constructor.generics);
  const node: ModelNode = {
    kind: "model", declaration: constructor.declaration, scope, path, frozen, families: family === undefined ? families : [...families, family], family, members: new Map(), pending: true,
    inferred: constructor.generics.some((generic) => generic.value === null),
  };
  session.modelNodes.set(path, node);
  return node;
}

/** Runs the body once on made-up arguments, so that every parameter exists though nobody has called the instance yet. */
export function complete(session: Session, node: ModelNode, span: Span): void {
  if (!node.pending) return;
  session.enter(span, 4);
  const context = new Context(session, "trial");
  context.family = { path: node.path, count: node.families.length }; // the body sees one model, not the stack
  const scope = new Scope(node.scope);
  const frame = rootFrame(context, scope, `model ${node.declaration.name.text}`);
  session.trial++;
  const outer = session.trialOf;
  session.trialOf = node.declaration;
  try {
    const given = trialArguments(frame, node.declaration);
    callModel(frame, { ...readModel(context, node), family: undefined }, given, span);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.diagnostic) session.report(error.diagnostic);
    node.broken = true;
  } finally {
    session.leave(4);
    session.trial--;
    session.trialOf = outer;
    node.pending = false;
  }
}

/** Nothing is said about what a body lacks that has not run well. */
export function refuseBroken(session: Session, node: ModelNode): void {
  if (node.broken && !session.elaborated.has(node.declaration)) throw new Problem(null);
}

export function rootFrame(context: Context, scope: Scope, owner: string, training = false): Frame {
  return {
    context, session: context.session, scope, self: null, path: [], tapPath: [], recorder: null, training, owner,
    counters: newCounters(hashText(owner)), free: new Set(), depth: 0, conditional: false, mayAssign: false,
  };
}

/** Arguments of the declared types, open sizes at `trialSize`, packs empty. */
export function trialArguments(frame: Frame, declaration: ModelDeclaration): GivenArgument[] {
  const { scope } = frame;
  const open = openNames(scope, [], parameterTypes(declaration.parameters));
  for (const generic of declaration.generics) {
    const name = generic.name.text;
    if (scope.find(name) || generic.default) continue;
    if (generic.pack) open.packs.add(name);
    else open.sizes.add(name);
  }
  for (const name of open.sizes) if (!scope.find(name)) scope.bind(name, { ...number(trialSize, true, { name }), madeUp: true });
  for (const name of open.packs) if (!scope.findPack(name)) scope.bind(name, tuple([], true));
  bindDefaults(frame, declaration.generics, new Set(declaration.generics.map((g) => g.name.text).filter((name) => !scope.find(name))));
  return declaration.parameters.flatMap((parameter): GivenArgument[] => {
    if (parameter.default) return [];
    if (!parameter.type) return fail(say.modelParameterType(parameter.span, parameter.name.text));
    const value = instantiateType(frame, parameter.type, (known) => freshTensor(frame, known));
    return [{ name: parameter.name.text, value, span: parameter.span }];
  });
}

/** The model as its state stands now in the context. */
export function readModel(context: Context, node: ModelNode): ModelValue {
  const members = new Map<string, Member>();
  for (const [name, { role, node: inner }] of node.members) members.set(name, { role, value: readNode(context, inner) });
  return { kind: "model", declaration: node.declaration, scope: node.scope, members, path: node.path, frozen: node.frozen, family: node.family, place: node.place };
}

/** A member by name; an instance that nobody has called yet is completed first. */
export function resolveMember(frame: Frame, model: ModelValue, name: string, span: Span): Value | undefined {
  const known = model.members.get(name);
  if (known) return known.value;
  const node = nodeOfModel(frame.session, model);
  if (!node) return undefined;
  complete(frame.session, node, span);
  const member = node.members.get(name);
  if (!member) refuseBroken(frame.session, node);
  return member && readPlaced(frame, member.node, model, span);
}

/** A family that nobody has called yet gets its members first. */
export function completed(frame: Frame, value: Value, span: Span): Value {
  const node = value.kind === "model" && value.path !== undefined ? frame.session.modelNodes.get(value.path) : undefined;
  if (!node?.pending) return value;
  complete(frame.session, node, span);
  return readModel(frame.context, node);
}

/** The state behind an instance: of one model of a family that of the whole stack. */
function nodeOfModel(session: Session, { path, place, readOnly }: ModelValue): ModelNode | undefined {
  if (readOnly) return undefined;
  const at = place?.path ?? path;
  return at === undefined ? undefined : session.modelNodes.get(at);
}

/** What a member's node holds for this model: of one model of a family its part of the stack. */
function readPlaced(frame: Frame, node: StateNode, model: ModelValue, span: Span): Value {
  const { place, path } = model;
  const rename = place && path !== undefined ? { from: place.path, to: path } : undefined;
  return (place?.at ?? []).reduce<Value>((value, at) => takeMember(frame, value, at, span, rename), readNode(frame.context, node));
}

/** `Linear[_, 128]` called in a model's body: a layer of that model, named after its kind and order. */
export function nest(frame: Frame, constructor: ConstructorValue, span: Span): ModelValue {
  const { self } = frame;
  if (!self) return fail(say.layerOutsideModel(span, constructor.declaration.name.text));
  const kind = snakeCase(constructor.declaration.name.text);
  const ordinal = frame.counters.layers.get(kind) ?? 0;
  frame.counters.layers.set(kind, ordinal + 1);
  return layerMember(frame, self, `${kind}${ordinal}`, constructor);
}

const snakeCase = (name: string): string => name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();

/** The layer of that name in the model being called; made when the instance's body runs for the first time. */
function layerMember(frame: Frame, self: ModelValue, name: string, constructor: ConstructorValue): ModelValue {
  const known = self.members.get(name)?.value;
  if (known?.kind === "model") return known;
  const owner = nodeOfModel(frame.session, self);
  if (!owner) return fail(say.layerMissing(constructor.span, name, describe(self)));
  let node = owner.members.get(name)?.node;
  if (!node) {
    node = instantiate(frame.session, constructor, `${owner.path}.${name}`, owner.frozen, owner.families);
    owner.members.set(name, { role: "layer", node });
  }
  const value = readPlaced(frame, node, self, constructor.span);
  return value.kind === "model" ? value : fail(say.layerMissing(constructor.span, name, describe(value)));
}

// ---- members

/** `param`, `state` and `layer` statements: look the member up, or make it where the instance is new. */
export function runMember(frame: Frame, statement: MemberStatement): void {
  const { self } = frame;
  const name = statement.name.text;
  if (frame.slot && statement.role === "state") return frame.slot(statement);
  if (!self) return fail(say.memberOutsideModel(statement.span, statement.role));
  const owner = nodeOfModel(frame.session, self);
  if (!self.members.has(name) && owner && !owner.members.has(name)) {
    const node = memberNode(frame, statement, owner);
    owner.members.set(name, { role: statement.role === "layer" ? "layer" : statement.role === "state" ? "state" : "param", node });
  }
  bindMember(frame, self, owner, name, statement);
}

function bindMember(frame: Frame, self: ModelValue, owner: ModelNode | undefined, name: string, statement: MemberStatement): void {
  const { scope } = frame;
  const snapshot = self.members.get(name)?.value;
  const node = owner?.members.get(name)?.node;
  if (node && (statement.role !== "param" || snapshot === undefined)) {
    const path = node.kind === "model" ? node.path : `${owner?.path}.${name}`;
    const { span } = statement.name;
    // State reads as it is now; a layer's own state changes while the body runs.
    const read = (context: Context): Value =>
      (statement.role === "layer" && snapshot && !hasState(node) ? snapshot : readPlaced({ ...frame, context }, node, self, span));
    scope.define(name, { read, span, target: { path, self } });
    return;
  }
  if (snapshot === undefined) return fail(say.layerMissing(statement.span, name, describe(self)));
  if (statement.role !== "state") return scope.bind(name, snapshot, statement.name.span);
  // A computed tree's state lives as long as the call.
  let current = snapshot;
  const assign = (value: Value): void => {
    if (self.readOnly) fail(say.notYet(statement.span, `assigning the state of a model ${self.readOnly}`));
    current = value;
  };
  scope.define(name, { read: () => current, span: statement.name.span, assign });
}

function hasState(node: StateNode): boolean {
  if (node.kind === "cell") return node.cell.role === "state";
  if (node.kind === "point") return hasState(node.value);
  const inner = node.kind === "model" ? [...node.members.values()].map((member) => member.node) : node.kind === "record" ? [...node.fields.values()] : node.items;
  return (node.kind === "model" && node.pending) || inner.some(hasState);
}

function memberNode(frame: Frame, statement: MemberStatement, owner: ModelNode): StateNode {
  const { session } = frame;
  const path = `${owner.path}.${statement.name.text}`;
  if (statement.role === "layer") return layerNode(frame, statement, path, owner.frozen, owner.families);
  if (statement.bracket) fail(say.memberBracket(statement.bracket.span, statement.role));
  const role = statement.role === "state" ? "state" : owner.frozen ? "frozen" : "trained";
  return createStates(session, frame, statement, path, role, owner.families);
}

/** `layer a = Linear[..]`, a family `layer b[L] = ..`, a tuple `layer c[l in 0..3] = ..`. */
export function layerNode(frame: Frame, statement: Pick<MemberStatement, "name" | "bracket" | "value">, path: string, frozen: boolean, families: readonly number[]): StateNode {
  const { session } = frame;
  const make = (inner: Frame, at: string, family?: number): StateNode => {
    const value = evaluate(inner, statement.value);
    if (value.kind !== "constructor") return fail(say.notAModel(statement.value.span, printExpression(statement.value), describe(value)));
    return instantiate(session, value, at, frozen, families, family);
  };
  const item = statement.bracket?.items[0];
  if (!item) return make(frame, path);
  if (item.kind === "named" && item.relation === "in") {
    const range = evaluate(frame, item.value);
    if (range.kind !== "range") return fail(say.indexRangeForm(item.value.span, item.name.text));
    const items: StateNode[] = [];
    for (let i = range.from; i < range.to; i++) {
      const scope = new Scope(frame.scope);
      scope.bind(item.name.text, number(i), item.span);
      items.push(make({ ...frame, scope }, `${path}.${i - range.from}`));
    }
    return { kind: "tuple", items, list: false };
  }
  if (item.kind !== "value") return fail(say.badAxis(item.span));
  const { size, axis } = evaluateSize(frame, item.value);
  if (axis.madeUp) throw new Problem(null);
  if (size === 0) fail(say.emptyFamily(item.span));
  return make(frame, path, size);
}

// ---- calls

export function callModel(frame: Frame, model: ModelValue, given: readonly GivenArgument[], span: Span): Value {
  const { declaration } = model;
  const name = declaration.name.text;
  if (model.family !== undefined) fail(say.familyCall(span, name, model.family, model.path));
  const { session } = frame;
  // Instances have one structure: one that calls itself would do so without end.
  const { path } = model;
  if (path !== undefined && session.running.has(path)) fail(say.recursion(span, path));
  session.enter(span);
  if (path !== undefined) session.running.add(path);
  try {
    return runCall(frame, model, given, span);
  } finally {
    if (path !== undefined) session.running.delete(path);
    session.leave();
  }
}

function runCall(frame: Frame, model: ModelValue, given: readonly GivenArgument[], span: Span): Value {
  const { declaration } = model;
  const name = declaration.name.text;
  if (frame.depth > maximumDepth && !isLibrary(declaration.span.file)) fail(say.recursion(span, name));
  const library = isLibrary(declaration.span.file);
  const node = nodeOfModel(frame.session, model);
  const scope = new Scope(model.scope);
  const instance = model.path?.split(".") ?? [];
  const callee = enter(frame, scope, span, {
    self: model,
    path: model.path === undefined ? [...frame.path, `<${name}>`] : instance,
    tapPath: frame.recorder ? tapPathOf(frame, model) : [],
    training: frame.training && !model.frozen,
  });
  const run = (): Value => {
    const open = openNames(model.scope, declaration.generics.filter((generic) => !model.scope.own(generic.name.text)), [...parameterTypes(declaration.parameters), declaration.result]);
    for (const generic of declaration.generics) if (model.scope.own(generic.name.text)) open.sizes.delete(generic.name.text);
    const left = new Set(declaration.generics.map((generic) => generic.name.text).filter((generic) => !model.scope.own(generic)));
    const matcher = new Matcher(callee, open, library);
    const inputs = bindArguments(callee, name, declaration.parameters, given, matcher, declaration.body, span, library);
    setFree(callee, model);
    for (const bound of [...left]) if (scope.own(bound)) left.delete(bound);
    bindDefaults(callee, declaration.generics, left);
    const missing = declaration.generics.find((generic) => left.has(generic.name.text));
    if (missing) fail(say.genericNotInferred(span, missing.name.text, name));
    keepGenerics(frame.context, node, declaration, scope);
    if (frame.session.trial === 0) frame.session.elaborated.add(declaration);
    const value = runBlock(callee, declaration.body);
    if (node) finishInstance(frame.session, node, span);
    const result = checkResult(callee, declaration, value, matcher, library);
    const now = node ? membersNow(frame, node, model, span) : model;
    const self: ModelValue = node && model.members.size === 0 ? now : { ...model, members: mergeMembers(now, model) };
    if (declaration.rules.length === 0 && !frame.session.ruledNames.has(name)) return result;
    return mark({ callee: name, path: instance, frame: { ...callee, self }, inputs, self, rules: declaration.rules }, result, span);
  };
  return library && !isLibrary(span.file) ? atCallSite(frame.session, run, name, span) : run();
}

function membersNow(frame: Frame, node: ModelNode, model: ModelValue, span: Span): ModelValue {
  const members = new Map<string, Member>();
  for (const [name, { role, node: inner }] of node.members) members.set(name, { role, value: readPlaced(frame, inner, model, span) });
  return { ...model, members };
}

/** Members made by this very call join those that the caller saw. */
function mergeMembers(now: ModelValue, seen: ModelValue): Map<string, Member> {
  return new Map([...now.members, ...seen.members]);
}

/** The first call settles generics that were to be inferred; later ones must agree. */
function keepGenerics(context: Context, node: ModelNode | undefined, declaration: ModelDeclaration, scope: Scope): void {
  if (!node) return;
  for (const generic of declaration.generics) {
    const bound = scope.own(generic.name.text);
    if (!bound || node.scope.own(generic.name.text)) continue;
    const value = bound.read(context);
    if (value.kind !== "number" || !value.madeUp) node.scope.bind(generic.name.text, value, bound.span);
  }
}

/** After the body has run once, every member is there; layers that it did not call are completed. */
function finishInstance(session: Session, node: ModelNode, span: Span): void {
  if (!node.pending) return;
  node.pending = false;
  const visit = (inner: StateNode): void => {
    if (inner.kind === "model") complete(session, inner, span);
    if (inner.kind === "tuple") inner.items.forEach(visit);
  };
  for (const { node: inner } of node.members.values()) visit(inner);
}

/** The member names from the outermost model below `taps(...)` down to this call. */
function tapPathOf(frame: Frame, model: ModelValue): readonly string[] {
  if (!frame.self) return [];
  const mine = frame.self.path;
  if (model.path !== undefined && mine !== undefined && model.path.startsWith(`${mine}.`)) {
    // The models of a family share the path of their taps: they are stacked.
    return [...frame.tapPath, ...model.path.slice(mine.length + 1).replace(/\[\d+\]/g, "").split(".")];
  }
  const found = [...frame.self.members].find(([, member]) => member.value === model);
  return found ? [...frame.tapPath, found[0]] : frame.tapPath;
}
