/**
 * Own rules and rule sets. A call whose credit a rule may redirect ends in a `leave` node; the rule is elaborated where a
 * request meets the call, in the scope that the body left, so what it mentions is what stays in memory.
 */
import type { Parameter, Rule, RuleSetItem, Span } from "../../grammar/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import type { CallSite, RuleHandle, ValueId } from "../ir/graph.ts";
import { type Frame, mix, newCounters } from "./context.ts";
import { isOperation, ofOperations } from "./operation-names.ts";
import { fail, Problem } from "./problem.ts";
import { Scope } from "./scope.ts";
import { runBody } from "./statements.ts";
import { asTensor, broadcastTo, idOf, spread, tensor } from "./tensors.ts";
import { creditTree, type Leaf, leaves, rebuild, replaceLeaves } from "./trees.ts";
import { describe, type IndexVariable, isFloat, type ModelValue, ownShape, type RulesValue, type TensorValue, tuple, type Value } from "./values.ts";

/** What a rule may see of the call that it stands for. */
export interface CallRecord {
  readonly callee: string;
  /** The body's frame, its locals as the body left them. */
  readonly frame: Frame;
  readonly inputs: readonly { readonly name: string; readonly value: Value }[];
  readonly self: ModelValue | null;
  /** The value inside of the call. */
  readonly result: Value;
  readonly leaves: readonly InputLeaf[];
  /**
   * operator: built in, too; where a rule set is silent about it, its `else` line speaks. function: declared, also a
   * model. loop: its own rule is what can be derived of it.
   */
  readonly kind: "operator" | "function" | "loop";
  /** How often a request met this call: draws in its rule differ from request to request. */
  requests: number;
}

interface InputLeaf extends Leaf {
  readonly input: string;
}

/** Leaves that credit can reach. */
const credited = (value: Value): Leaf[] => leaves(creditTree(value)).filter(({ value: leaf }) => isFloat(leaf.type.element) || leaf.type.element === "bool");

export interface Marking {
  readonly callee: string;
  readonly path: readonly string[];
  readonly frame: Frame;
  readonly inputs: CallRecord["inputs"];
  readonly self: ModelValue | null;
  readonly rules: readonly Rule[];
  readonly operator?: boolean;
}

/** Ends a call in a `leave` node and gives the value as the world outside sees it. */
export function mark(marking: Marking, result: Value, span: Span): Value {
  const { frame } = marking;
  const { context } = frame;
  const tensors = leaves(result);
  if (tensors.length === 0) return result;
  const ofInputs = [...marking.inputs, ...(marking.self ? [{ name: "self", value: marking.self }] : [])]
    .flatMap(({ name, value }) => credited(value).map((leaf): InputLeaf => ({ ...leaf, input: name })));
  const record: CallRecord = { ...marking, result, leaves: ofInputs, kind: marking.operator ? "operator" : "function", requests: 0 };
  const find = (mode: Rule["mode"]): RuleHandle | undefined => {
    const rule = marking.rules.find((candidate) => candidate.mode === mode);
    return rule && ownHandle(record, rule);
  };
  const call: CallSite = {
    points: tensors.some(({ storage }) => storage) || marking.inputs.some(({ value }) => leaves(value).some(({ storage }) => storage)),
    callee: marking.callee,
    path: marking.path,
    inputs: ofInputs.map(({ value }) => idOf(context, value, span)),
    backward: find("backward"),
    tangent: find("tangent"),
    frame: record,
  };
  const ids = context.builder.leave(tensors.map(({ value }) => idOf(context, value, span)), call);
  let at = 0;
  return replaceLeaves(result, (old) => tensor(context, ids[at++], old.axes, old.variables));
}

/**
 * In index notation a rule speaks for one value of each variable around its call: arguments that lack one are repeated along
 * it before the call, so that their credits add up behind it.
 */
export function alongVariables<T extends readonly Value[]>({ context }: Frame, given: T, span: Span): T {
  const tensors = given.flatMap((value) => (value.kind === "tensor" || value.kind === "point" ? leaves(value).map((leaf) => leaf.value) : []));
  const variables: IndexVariable[] = [];
  for (const value of tensors) for (const variable of value.variables) if (!variables.some(({ name }) => name === variable.name)) variables.push(variable);
  if (tensors.every((value) => value.variables.length === variables.length)) return given;
  const along = (value: TensorValue): TensorValue => {
    if (value.variables.length === variables.length) return value;
    const shape = [...variables.map(({ range }) => range), ...ownShape(value)];
    return tensor(context, spread(context, value, variables, shape, span), value.axes, variables);
  };
  return given.map((value) => (value.kind === "tensor" || value.kind === "point" ? replaceLeaves(value, along) : value)) as unknown as T; // of the same length, tensors for tensors
}

/** An operator is marked only where some rule set of the program concerns it. */
export function markOperator<T extends readonly TensorValue[]>(frame: Frame, name: string, given: T, span: Span, build: (operands: T) => TensorValue): TensorValue {
  if (!frame.session.markOperators && !frame.session.ruledNames.has(name)) return build(given);
  const operands = alongVariables(frame, given, span);
  const result = build(operands);
  const inputs = operands.map((value, i) => ({ name: String(i), value }));
  const marked = mark({ callee: name, path: frame.path, frame, inputs, self: null, rules: [], operator: true }, result, span);
  return marked.kind === "tensor" ? marked : result;
}

// ---- handles

function ownHandle(record: CallRecord, rule: Rule): RuleHandle {
  return {
    surrogate: rule.surrogate,
    span: rule.span,
    apply: (given) => applyRule(record, rule, record.frame.scope, given, undefined),
  };
}

/** A line of a rule set and its rule of one mode. */
export interface FoundRule {
  readonly item: RuleSetItem;
  readonly rule: Rule;
}

/** What a rule set says of a name at a place: longer places first, a place before none, later lines first. */
export function findRule(set: RulesValue, name: string, path: readonly string[], mode: Rule["mode"]): FoundRule | undefined {
  let best: (FoundRule & { length: number }) | undefined;
  for (const item of set.declaration.items) {
    if (item.target.text !== name) continue;
    const rule = item.rules.find((candidate) => candidate.mode === mode);
    if (!rule) continue;
    const place = item.place ? [item.place.root.text, ...item.place.steps.map((step) => (step.kind === "field" ? step.name.text : ""))] : [];
    if (!place.every((step, i) => path[i] === step)) continue;
    if (!best || place.length >= best.length) best = { item, rule, length: place.length };
  }
  return best;
}

/**
 * The rule of a request's rule set for a call. A set that speaks of operations sees through what it does not name: a
 * function's own derivative only says in other words what its operations say (null); a surrogate says something else.
 */
export function ruleSetHandle(set: RulesValue, call: CallSite, mode: Rule["mode"], request: Span): RuleHandle | undefined | null {
  const record = call.frame as CallRecord | undefined; // CallSite.frame is opaque to others; only `mark` makes it
  if (record === undefined) return undefined; // an operation that a set has answered for, or a conversion: no call of the program
  const operations = ofOperations(set.declaration);
  const found = operations && isOperation(call.callee) ? undefined : findRule(set, call.callee, call.path, mode);
  if (found) {
    return ruleHandle(found, (given, wanted) => applyRule(record, found.rule, ruleScope(set, record, found.item), given, found.item, wanted));
  }
  // What happens to the storage of a point says nothing of credit.
  if (operations) return record.kind === "function" && !call.points && (call.backward ?? call.tangent)?.surrogate === false ? null : undefined;
  return record.kind === "operator" && set.declaration.otherwise?.text === "error" ? silent(set, call.callee, request) : undefined;
}

export const ruleHandle = ({ rule }: FoundRule, apply: RuleHandle["apply"]): RuleHandle => ({ surrogate: true, span: rule.span, apply });

/** Where there has to be a rule: an error if credit gets there. */
export function silent({ declaration }: RulesValue, name: string, span: Span): RuleHandle {
  const ending = declaration.otherwise?.text ?? "exact";
  return { surrogate: true, span, apply: () => fail(say.ruleSetSilent(span, declaration.name.text, name, ending)) };
}

/** The scope of a rule set's line: its parameters are the inputs. */
export function ruleScope(set: RulesValue, record: Pick<CallRecord, "inputs">, { parameters, span, target }: RuleSetItem): Scope {
  const scope = new Scope(set.scope);
  if (parameters.length > record.inputs.length) fail(say.ruleSetParameters(span, target.text, record.inputs.length, parameters.length));
  parameters.forEach((parameter, i) => scope.bind(parameter.name.text, record.inputs[i].value, parameter.span));
  return scope;
}

/** Elaborates a rule's body and sorts what it returns. `wanted`: by leaf of the inputs, whether its credit goes on. */
export function applyRule(
  record: CallRecord, rule: Rule, parent: Scope, given: readonly (ValueId | null)[], item: RuleSetItem | undefined, wanted?: readonly boolean[],
): readonly (ValueId | null)[] {
  const { frame } = record;
  const scope = new Scope(parent);
  const counters = newCounters(mix(mix(frame.counters.place, 0x52554c45), record.requests++));
  const free = new Set<ValueId>([...frame.free, ...given.filter((id) => id !== null)]);
  const unwanted = new Set(record.leaves.flatMap(({ value }, i) => (wanted?.[i] === false ? [idOf(frame.context, value, rule.span)] : [])));
  const inner: Frame = { ...frame, scope, counters, free, unwanted, activeRule: item ?? null, depth: frame.depth + 1, recorder: null };
  scope.bind("result", record.result, rule.span);
  if (record.self) scope.bind("self", record.self, rule.span);
  const [parameter] = rule.parameters;
  if (rule.parameters.length !== 1) fail(say.ruleParameters(rule.span, rule.mode));
  const names = item ? item.parameters.map((p) => p.name.text) : record.inputs.map(({ name }) => name);
  if (rule.mode === "backward") {
    scope.bind(parameter.name.text, cotangentTree(inner, record.result, given, rule.span), parameter.span);
    const value = runRule(inner, rule);
    return sortCredits(inner, record, names, value, rule);
  }
  scope.bind(parameter.name.text, tangentRecord(inner, record, names, given), parameter.span);
  const value = runRule(inner, rule);
  const targets = leaves(record.result);
  const moved = targets.filter(({ storage }) => !storage);
  const results = leaves(value.kind === "number" ? asTensor(inner.context, value, rule.span, "f32") : value);
  if (results.length !== moved.length) fail(say.tangentShape(rule.span, describe(creditTree(record.result)), describe(value)));
  let at = 0;
  return targets.map(({ value: target, storage }) => (storage ? null : idOf(inner.context, fit(inner, results[at++].value, target, rule.span, "the tangent"), rule.span)));
}

function runRule(frame: Frame, rule: Rule): Value {
  const before = frame.context.builder.site;
  const value = runBody(frame, rule.body);
  frame.context.builder.site = before;
  if (value.kind === "poison") throw new Problem(null);
  return value;
}

function zerosLike(frame: Frame, value: TensorValue): TensorValue {
  return tensor(frame.context, frame.context.builder.zeros(value.type), value.axes, value.variables);
}

function cotangentTree(frame: Frame, result: Value, given: readonly (ValueId | null)[], span: Span): Value {
  const targets = leaves(result).flatMap(({ value, storage }, i) => (storage ? [] : [{ target: value, id: given[i] }]));
  let at = 0;
  const built = rebuild(creditTree(result), () => {
    const { target, id } = targets[at++];
    return id === null || id === undefined ? zerosLike(frame, target) : tensor(frame.context, id, target.axes, target.variables);
  });
  return built ?? fail(say.expectedTensor(span, describe(result)));
}

/** `d.x`, `d.self.w`: the tangents of the inputs as a record. */
function tangentRecord(frame: Frame, record: CallRecord, names: readonly string[], given: readonly (ValueId | null)[]): Value {
  const fields = new Map<string, Value>();
  const all = [...record.inputs.map((input, i) => ({ shown: names[i] ?? input.name, ...input })), ...(record.self ? [{ shown: "self", name: "self", value: record.self as Value }] : [])];
  let at = 0;
  for (const { shown, name, value } of all) {
    const mine = record.leaves.filter((leaf) => leaf.input === name);
    if (mine.length === 0) continue;
    const start = at;
    at += mine.length;
    let i = start;
    const built = rebuild(creditTree(value), () => {
      const target = record.leaves[i].value;
      const id = given[i++];
      return id === null || id === undefined ? zerosLike(frame, target) : tensor(frame.context, id, target.axes, target.variables);
    });
    if (built) fields.set(shown, built);
    if (name === "self" && built?.kind === "record") for (const [member, tangent] of built.fields) if (!fields.has(member)) fields.set(member, tangent);
  }
  return { kind: "record", fields };
}

/** Sorts a rule's record: a field names an input, `self`, or one of the model's own parameters. */
function sortCredits(frame: Frame, record: CallRecord, names: readonly string[], value: Value, rule: Rule): (ValueId | null)[] {
  if (value.kind !== "record") return fail(say.ruleResult(rule.span, rule.mode, describe(value)));
  const credits: (ValueId | null)[] = record.leaves.map(() => null);
  for (const [name, credit] of value.fields) {
    const position = names.indexOf(name);
    const input = position >= 0 ? record.inputs[position].name : name;
    let targets = record.leaves.map((leaf, i) => ({ leaf, i })).filter(({ leaf }) => leaf.input === input);
    if (targets.length === 0 && record.self?.members.has(name)) {
      targets = record.leaves.map((leaf, i) => ({ leaf, i })).filter(({ leaf }) => leaf.input === "self" && leaf.path[0] === name);
    } else if (targets.length === 0) {
      const known = [...names, ...(record.self ? ["self", ...record.self.members.keys()] : [])];
      if (!known.includes(name)) fail(say.ruleCredits(rule.span, name, record.callee, known));
      continue; // an integer input takes no credit
    }
    place(frame, credit, name, targets, credits, rule);
  }
  return credits;
}

function place(
  frame: Frame, credit: Value, name: string, targets: readonly { leaf: InputLeaf; i: number }[], credits: (ValueId | null)[], rule: Rule,
): void {
  const single = credit.kind === "number" ? asTensor(frame.context, credit, rule.span, "f32") : credit;
  const given = leaves(single);
  const { path: first } = targets[0].leaf;
  for (const { path, value } of given) {
    const target = targets.length === 1 && given.length === 1
      ? targets[0]
      : targets.find(({ leaf }) => endsWith(leaf.path, path, first.length));
    if (!target) return fail(say.ruleCreditTree(rule.span, name, path.join(".")));
    const id = idOf(frame.context, fit(frame, value, target.leaf.value, rule.span, `the credit for ${name}`), rule.span);
    const before = credits[target.i];
    credits[target.i] = before === null ? id : frame.context.builder.add(before, id);
  }
}

const endsWith = (path: readonly string[], tail: readonly string[], limit: number): boolean =>
  tail.length <= path.length && path.length - tail.length <= limit && tail.every((name, i) => name === path[path.length - tail.length + i]);

/** In index notation a credit has the variables of its target, in their order: summed over others, repeated over those that it lacks. */
export function underVariables({ context }: Frame, value: TensorValue, { variables }: TensorValue, span: Span): TensorValue {
  const same = (a: readonly IndexVariable[]): boolean => a.length === variables.length && a.every(({ name }, i) => name === variables[i].name);
  if (same(value.variables)) return value;
  const strange = value.variables.flatMap(({ name }, axis) => (variables.some((other) => other.name === name) ? [] : [axis]));
  const summed = tensor(context, context.builder.sum(idOf(context, value, span), strange), value.axes, value.variables.filter((_, axis) => !strange.includes(axis)));
  const shape = [...variables.map(({ range }) => range), ...ownShape(value)];
  return tensor(context, spread(context, summed, variables, shape, span), value.axes, variables);
}

/** A credit in its target's shape: broadcast up, or summed over the axes along which the target had been broadcast. */
function fit(frame: Frame, credit: TensorValue, target: TensorValue, span: Span, what: string): TensorValue {
  const { context } = frame;
  const value = underVariables(frame, credit, target, span);
  const [from, to] = [ownShape(value), ownShape(target)];
  if (value.type.element !== target.type.element) fail(say.creditElement(span, what, describe(target), describe(value)));
  if (from.length === to.length && from.every((size, i) => size === to[i])) return value;
  const extra = from.length - to.length;
  const reducible = extra >= 0 && to.every((size, i) => size === 1 || size === from[i + extra]);
  if (reducible) {
    const lead = value.variables.length;
    const axes = from.map((_, i) => i).filter((i) => i < extra || (to[i - extra] === 1 && from[i] !== 1));
    const summed = context.builder.sum(idOf(context, value, span), axes.map((axis) => axis + lead));
    return tensor(context, context.builder.reshape(summed, [...value.variables.map((v) => v.range), ...to]), target.axes, value.variables);
  }
  const fits = from.length <= to.length && from.every((size, i) => size === 1 || size === to[to.length - from.length + i]);
  if (!fits) fail(say.creditShape(span, what, describe(target), describe(value)));
  return broadcastTo(frame.context, value, to, target.axes, span);
}
