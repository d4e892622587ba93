/** `grad`, `pull`, `push`, `taps`: derivatives of values in scope, taken on the graph built so far. */
import { type Expression, printExpression, type Span } from "../../grammar/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import { type Extent, pull, push, reaches, type RequestOptions, type Target } from "../differentiate/index.ts";
import { Builder, type BuildNode } from "../ir/builder.ts";
import { assertNever, type CallSite, type TensorType, type ValueId } from "../ir/graph.ts";
import type { Context, Frame, PointNode, StateNode, TapRecorder } from "./context.ts";
import { evaluate as evaluateRegion } from "../reference/index.ts";
import { evaluate } from "./expressions.ts";
import { jacobian, localize } from "./map.ts";
import { ofOperations } from "./operation-names.ts";
import { operationHandle } from "./operation-rules.ts";
import { stateOf } from "./optimizers.ts";
import { type Pick, put, take, wholeOf } from "./parts.ts";
import { noted } from "./points.ts";
import { fail, Problem } from "./problem.ts";
import { ruleSetHandle, underVariables } from "./rules.ts";
import { cellsOf, readNode } from "./states.ts";
import { asTensor, broadcastTo, idOf, stack, tensor } from "./tensors.ts";
import { creditTree, leaves, rebuild } from "./trees.ts";
import { type Axis, describe, type IndexVariable, isFloat, ownShape, record, type RulesValue, type TensorValue, tuple, type Value } from "./values.ts";

/** A leaf that a derivative is asked for: its versions, newest first, or the parts of a stacked tap. */
interface WrtLeaf {
  /** What `gradcheck` calls it; of a part it checks the whole. */
  readonly label: string;
  readonly versions: readonly ValueId[];
  readonly parts?: readonly ValueId[];
  /** It is picked from the versions, and so is its derivative: at each mention a part is made anew. */
  readonly picks: readonly Pick[];
  readonly type: TensorType;
  readonly axes: readonly Axis[];
  readonly variables: readonly IndexVariable[];
}

/** What a derivative is taken with respect to: the form of its result, and its leaves in order (null: takes no credit). */
interface Wrt {
  readonly form: Value;
  readonly leaves: readonly (WrtLeaf | null)[];
  /** An expression that is computed here, so that nothing was computed from it. */
  readonly isNew: boolean;
}

/** A request walks the nodes so far a few times: far quicker than evaluating as many expressions. */
const nodesPerStep = 16;

/** A rule works for every value of the index variables around its call: credits add up over those that a leaf lacks. */
const inRule = (frame: Frame): boolean => frame.activeRule !== undefined;

const differentiable = (type: TensorType): boolean => isFloat(type.element) || type.element === "bool";

function wrtOf(frame: Frame, expression: Expression): Wrt {
  if (expression.kind === "parenthesized") return wrtOf(frame, expression.value);
  if (expression.kind === "tuple") {
    const items = expression.items.map((item) => wrtOf(frame, item));
    return { form: tuple(items.map((item) => item.form)), leaves: items.flatMap((item) => item.leaves), isNew: items.some((item) => item.isNew) };
  }
  const { builder } = frame.context;
  const before = builder.types.length;
  const node = stateOf(frame, expression);
  const value = evaluate(frame, expression);
  if (value.kind === "poison") throw new Problem(null);
  const form = creditTree(value);
  const versions = node && versionsOf(frame, node);
  const label = printExpression(expression);
  const isWhole = node ? () => false : isNamed(frame, expression);
  const found = leaves(form).map(({ path, value: leaf }, i): WrtLeaf | null => {
    if (!differentiable(leaf.type)) return null;
    if (leaf.variables.length > 0 && !inRule(frame)) return fail(say.wrtIndexed(expression.span, label));
    const name = [label, ...path].join(".");
    const wholeName = [unindexed(expression), ...path].join(".");
    if (leaf.parts) {
      return { label: name, versions: [], parts: leaf.parts.map((part) => idOf(frame.context, part, expression.span)), picks: [], type: leaf.type, axes: leaf.axes, variables: [] };
    }
    const { whole, picks } = wholeOf(leaf, isWhole);
    return { label: picks.length > 0 ? wholeName : name, versions: versions?.[i] ?? [whole.credit ?? idOf(frame.context, whole, expression.span)], picks, type: leaf.type, axes: leaf.axes, variables: leaf.variables };
  });
  if (found.every((leaf) => leaf === null)) fail(say.wrtNotDifferentiable(expression.span, label, describe(value)));
  const isNew = found.some((leaf) => leaf?.versions.some((id) => id >= before && !builder.params.includes(id)));
  return { form, leaves: found, isNew };
}

const noCredit = (span: Span, of: Expression, over: Expression, { isNew }: Wrt): never => fail(say.noCredit(span, printExpression(of), printExpression(over), isNew));

/** A path without its indices. */
function unindexed(path: Expression): string {
  if (path.kind === "field") return `${unindexed(path.object)}.${path.name.text}`;
  return path.kind === "index" ? unindexed(path.object) : printExpression(path);
}

/** Tells the tensors that the first name of a path stands for: what the path picks from them is their part. */
function isNamed(frame: Frame, path: Expression): (value: TensorValue) => boolean {
  let root = path;
  while (root.kind === "field" || root.kind === "index" || root.kind === "parenthesized") root = root.kind === "parenthesized" ? root.value : root.object;
  if (root === path || root.kind !== "name") return () => true;
  const own = new Set(leaves(evaluate(frame, root), { states: true }).map(({ value }) => value.id));
  return ({ id }) => id !== undefined && own.has(id);
}

/** Every version of each parameter below a state, newest first, in the order of its leaves. */
function versionsOf(frame: Frame, node: StateNode): ValueId[][] {
  switch (node.kind) {
    case "cell":
      frame.context.read(node.cell);
      return [[...(frame.context.versions.get(node.cell) ?? [])].reverse()];
    case "point":
      return [versionsOfPoint(frame, node)];
    case "record":
      return [...node.fields.values()].flatMap((inner) => versionsOf(frame, inner));
    case "tuple":
      return node.items.flatMap((inner) => versionsOf(frame, inner));
    case "model":
      return [...node.members.values()].filter((member) => member.role !== "state").flatMap((member) => versionsOf(frame, member.node));
  }
}

/** Of a state of points the steps, which `noted` knows the points of. */
function versionsOfPoint(frame: Frame, { type, value, step }: PointNode): ValueId[] {
  const { context } = frame;
  const [[values], [steps]] = [versionsOf(frame, value), versionsOf(frame, step)];
  steps.forEach((id, i) => {
    const storage = values.at(i);
    if (storage !== undefined) noted(context, { kind: "point", type, value: tensor(context, storage), step: tensor(context, id) });
  });
  return steps;
}

/** Which elements of a whole a part has. */
function extentOf(picks: readonly Pick[]): Extent | undefined {
  const part = picks.at(-1);
  if (!part) return undefined;
  const b = new Builder();
  const whole = put(b, b.constant({ element: "f32", shape: part.shape }, 1), picks);
  return evaluateRegion(b.region([whole]), [])[0].data;
}

interface Choice {
  readonly ids: ValueId[];
  /** Per leaf: how many ids it has, 0 where it takes no credit. */
  readonly counts: number[];
}

/** The newest version from which credit can reach `of`; with none, the newest. */
function choose(frame: Frame, of: readonly ValueId[], wrt: Wrt, options: RequestOptions): Choice {
  const ids: ValueId[] = [];
  const counts = wrt.leaves.map((leaf) => {
    if (!leaf) return 0;
    if (leaf.parts) {
      ids.push(...leaf.parts);
      return leaf.parts.length;
    }
    const { versions } = leaf;
    ids.push(versions.length === 1 ? versions[0] : versions.find((id) => reaches(frame.context.builder, of, [{ id, extent: extentOf(leaf.picks) }], options)) ?? versions[0]);
    return 1;
  });
  return { ids, counts };
}

/** What a proof is about: of a state every version and all that it holds, of others the value. */
export function targetsOf(frame: Frame, expression: Expression): Target[] {
  const node = stateOf(frame, expression);
  const { context } = frame;
  const isWhole = node ? () => false : isNamed(frame, expression);
  const target = (value: TensorValue, versions?: readonly ValueId[]): Target[] => {
    const { whole, picks } = wholeOf(value, isWhole);
    return (versions ?? [idOf(context, whole, expression.span)]).map((id) => ({ id, extent: extentOf(picks) }));
  };
  if (!node) return leaves(evaluate(frame, expression)).flatMap(({ value }) => (value.parts ?? [value]).flatMap((part) => target(part)));
  return cellsOf(node).flatMap((inner) => {
    const value = readNode(context, inner);
    return value.kind === "tensor" ? target(value, context.versions.get(inner.cell)) : [];
  });
}

interface Request {
  readonly options: RequestOptions;
  readonly surrogates: Set<string>;
}

function requestOptions(frame: Frame, using: Value | undefined, span: Span): Request {
  const surrogates = new Set<string>();
  const set: RulesValue | undefined = using === undefined ? undefined : using.kind === "rules" ? withDefaults(frame, using) : fail(say.notRules(span, describe(using)));
  const note = <T extends { surrogate: boolean } | undefined>(handle: T, call: CallSite): T => {
    if (handle?.surrogate) surrogates.add(call.callee);
    return handle;
  };
  const options: RequestOptions = {
    leaves: frame.free,
    rules: (call, mode) => {
      const own = set && ruleSetHandle(set, call, mode, span);
      if (own === null) return null;
      const handle = own && call.lift ? call.lift(own, mode) : own;
      if (handle) return note(handle, call);
      note(mode === "backward" ? call.backward : call.tangent, call);
      return undefined;
    },
    operation: set && ofOperations(set.declaration) ? (b, node, mode) => operationHandle(frame, set, b, node, mode, span) : undefined,
    missing: (call, mode) => fail(say.missingRule(span, call.callee, mode)),
    derivativeSite: (node) => {
      const { session } = frame;
      session.deriving = nameOf(node);
      return session.derivativeSite(node.site, session.deriving);
    },
    refuse: (what) => fail(say.notYet(span, what)),
  };
  return { options, surrogates };
}

/** What the derivative of a node is that of, as people call it. */
function nameOf(node: BuildNode): string {
  switch (node.kind) {
    case "op": return node.op;
    case "leave": return node.call.callee;
    case "host": return node.name;
    case "openScan": case "scan": case "while": return "loop";
    default: return assertNever(node, "nameOf");
  }
}

/** A rule set named without arguments takes its defaults. */
function withDefaults(frame: Frame, set: RulesValue): RulesValue {
  for (const parameter of set.declaration.parameters) {
    if (set.scope.own(parameter.name.text)) continue;
    if (!parameter.default) return fail(say.missingArgument(set.declaration.span, parameter.name.text, set.declaration.name.text, []));
    set.scope.bind(parameter.name.text, evaluate({ ...frame, scope: set.scope }, parameter.default), parameter.span);
  }
  return set;
}

/** Gathers derivatives back into the tree that was asked for; leaves without credit are zero. */
function collect(frame: Frame, wrt: Wrt, counts: readonly number[], found: readonly (ValueId | null)[], span: Span): Value {
  const { context } = frame;
  let at = 0;
  let next = 0;
  const built = rebuild(wrt.form, () => {
    const i = next++;
    const leaf = wrt.leaves[i];
    if (!leaf) return null;
    const ids = found.slice(at, at + counts[i]);
    at += counts[i];
    const value = (id: ValueId | null, type: TensorType, axes: readonly Axis[]): TensorValue => tensor(context, id ?? context.builder.zeros(type), axes, leaf.variables);
    if (!leaf.parts) return value(ids[0] === null ? null : take(context.builder, ids[0], leaf.picks), leaf.type, leaf.axes);
    const part: TensorType = { ...leaf.type, shape: leaf.type.shape.slice(1) };
    return stack(context, ids.map((id) => value(id, part, leaf.axes.slice(1))), 0, span);
  });
  return built ?? fail(say.expectedTensor(span, describe(wrt.form)));
}

// ---- the requests

/** `grad(l, a, using = r)`. */
export function gradient(frame: Frame, loss: Value, lossExpression: Expression, over: Expression, using: Value | undefined, span: Span): Value {
  const l = asTensor(frame.context, loss, lossExpression.span, "f32");
  if (ownShape(l).length > 0 || (l.variables.length > 0 && !inRule(frame))) fail(say.gradNeedsScalar(lossExpression.span, describe(l)));
  if (!isFloat(l.type.element)) fail(say.needsFloat(lossExpression.span, "grad", describe(l)));
  const seed = tensor(frame.context, frame.context.builder.constant(l.type, 1), [], l.variables);
  return pullBack(frame, [{ value: l, seed }], lossExpression, over, using, span);
}

/** Rules run inside of a request, and may ask again. */
function nested<T>(frame: Frame, span: Span, run: () => T): T {
  frame.session.enter(span, 4);
  const { deriving } = frame.session;
  try {
    return run();
  } finally {
    frame.session.deriving = deriving;
    frame.session.leave(4);
  }
}

function pullBack(
  frame: Frame, targets: readonly { value: TensorValue; seed: TensorValue }[], written: Expression, over: Expression, using: Value | undefined, span: Span,
): Value {
  const { context } = frame;
  const wrt = wrtOf(frame, over);
  frame.session.spend(context.builder.nodes.length / nodesPerStep, span);
  const { options, surrogates } = requestOptions(frame, using, span);
  const of = targets.map(({ value }) => idOf(context, value, written.span));
  const seeds = targets.map(({ seed }) => idOf(context, seed, span));
  const { ids, counts } = choose(frame, of, wrt, options);
  const before = context.builder.site;
  const near = nearby(context, targets.map(({ value }) => value), of, ids);
  const found = nested(frame, span, () => pull(context.builder, near.of, near.ids, seeds, options));
  context.builder.site = before;
  if (found.every((id) => id === null)) noCredit(span, written, over, wrt);
  if (!inRule(frame)) {
    const labels = wrt.leaves.flatMap((leaf) => (leaf ? (leaf.parts ?? [0]).map((_, i) => (leaf.parts ? `${leaf.label}[${i}]` : leaf.label)) : []));
    context.requests.push({
      span, of, seeds, wrt: ids.map((id, i) => ({ label: labels[i], id })), gradients: found, surrogates: [...surrogates],
      ruleSet: using?.kind === "rules" ? using.declaration.name.text : undefined,
    });
  }
  return collect(frame, wrt, counts, found, span);
}

/** In a body a request may be about values of the region around: the way between them is brought here. */
function nearby(context: Context, values: readonly TensorValue[], of: readonly ValueId[], ids: readonly ValueId[]): { of: readonly ValueId[]; ids: readonly ValueId[] } {
  const { parent } = context;
  if (!parent || !values.every((value) => value.context === parent)) return { of, ids };
  const outside = new Map<ValueId, ValueId>([...context.captures].map(([outer, param]) => [param, outer]));
  for (const [cell, [param]] of context.versions) outside.set(param, parent.read(cell));
  const wrt = ids.flatMap((id) => outside.get(id) ?? []);
  if (wrt.length !== ids.length) return { of, ids };
  const local = localize(context, parent, values.flatMap(({ id }) => id ?? []), wrt);
  return { of: local.of, ids: local.wrt };
}

/** `jacobian(y, x, using = r)`. */
export function jacobianRequest(frame: Frame, of: Value, written: Expression, by: Value, over: Expression, using: Value | undefined, span: Span): Value {
  const { options } = requestOptions(frame, using, span);
  const [y, x] = [of, by].map((value) => (value.kind === "point" ? value.step : value));
  if (y.kind !== "tensor" || x.kind !== "tensor") return fail(say.jacobianNeeds(span, printExpression(y.kind === "tensor" ? over : written), describe(y.kind === "tensor" ? x : y)));
  const wrt = wrtOf(frame, over);
  const { ids } = choose(frame, [idOf(frame.context, y, written.span)], wrt, options);
  const [wrtId] = ids.length === 1 ? ids : [idOf(frame.context, x, over.span)];
  const picks = wrt.leaves[0]?.picks ?? [];
  const row = (inner: Frame, of: ValueId, from: ValueId, seed: ValueId): ValueId | null => {
    const [ct] = nested(inner, span, () => pull(inner.context.builder, [of], [from], [seed], { ...options, leaves: undefined }));
    return ct === null ? null : take(inner.context.builder, ct, picks);
  };
  return jacobian(frame, y, x, wrtId, span, row) ?? noCredit(span, written, over, wrt);
}

/** `pull(y, x, dy, using = r)`: the vector-Jacobian product. */
export function pullRequest(frame: Frame, y: Value, written: Expression, over: Expression, dy: Value, using: Value | undefined, span: Span): Value {
  const outputs = leaves(y.kind === "tuple" && y.list ? asTensor(frame.context, y, span) : creditTree(y)).filter(({ value }) => differentiable(value.type));
  if (outputs.length === 0) fail(say.pullNeedsTensor(written.span, describe(y)));
  const targets = outputs.map(({ path, value }) => ({ value, seed: seedFor(frame, value, path, dy, span, "the cotangent") }));
  return pullBack(frame, targets, written, over, using, span);
}

/** The part of a (co)tangent tree that belongs to one leaf, in its shape. */
function seedFor(frame: Frame, leaf: TensorValue, path: readonly string[], tree: Value, span: Span, what: string): TensorValue {
  let part: Value = tree;
  for (const name of path) {
    const inner: Value | undefined = part.kind === "record" ? part.fields.get(name) : part.kind === "model" ? part.members.get(name)?.value : part.kind === "tuple" ? part.items[Number(name)] : part;
    if (!inner) {
      if (part.kind === "record" || part.kind === "model") return tensor(frame.context, frame.context.builder.zeros(leaf.type), leaf.axes);
      return fail(say.seedTree(span, what, path.join(".")));
    }
    part = inner;
  }
  const seed = asTensor(frame.context, part, span, leaf.type.element);
  const shape = ownShape(leaf);
  const own = ownShape(seed);
  const fits = seed.type.element === leaf.type.element && own.length <= shape.length && own.every((size, i) => size === 1 || size === shape[shape.length - own.length + i]);
  if (!fits) fail(say.seedShape(span, what, describe(leaf), describe(seed)));
  return underVariables(frame, broadcastTo(frame.context, seed, shape, leaf.axes, span), leaf, span);
}

/** `push(y, x, dx, using = r)`: the Jacobian-vector product. */
export function pushRequest(frame: Frame, y: Value, written: Expression, over: Expression, dx: Value, using: Value | undefined, span: Span): Value {
  const { context } = frame;
  const wrt = wrtOf(frame, over);
  frame.session.spend(context.builder.nodes.length / nodesPerStep, span);
  const { options } = requestOptions(frame, using, span);
  const outputs = leaves(creditTree(y));
  const of = outputs.map(({ value }) => idOf(context, value, written.span));
  const { ids, counts } = choose(frame, of, wrt, options);
  const tangents: ValueId[] = [];
  let at = 0;
  const forms = leaves(wrt.form);
  wrt.leaves.forEach((leaf, i) => {
    const start = at;
    at += counts[i];
    if (!leaf) return;
    const seed = seedFor(frame, forms[i].value, forms[i].path, dx, span, "the tangent");
    const id = idOf(context, seed, span);
    if (!leaf.parts) return tangents.push(put(context.builder, id, leaf.picks));
    for (let part = start; part < at; part++) {
      const shape = leaf.type.shape;
      const row = context.builder.op("slice", [id], {
        start: shape.map((_, axis) => (axis === 0 ? part - start : 0)), limit: shape.map((size, axis) => (axis === 0 ? part - start + 1 : size)), step: shape.map(() => 1),
      });
      tangents.push(context.builder.reshape(row, shape.slice(1)));
    }
    return undefined;
  });
  const near = nearby(context, outputs.map(({ value }) => value), of, ids);
  const found = nested(frame, span, () => push(context.builder, near.of, near.ids, tangents, options));
  if (found.every((id) => id === null)) noCredit(span, written, over, wrt);
  let next = 0;
  const built = rebuild(creditTree(y), () => {
    const i = next++;
    const target = outputs[i].value;
    return tensor(context, found[i] ?? context.builder.zeros(target.type), target.axes, target.variables);
  });
  return built ?? fail(say.expectedTensor(span, describe(y)));
}

/** `taps(e)`: e, and the tree of what was tapped below it. */
export function tapsRequest(frame: Frame, expression: Expression, span: Span): Value {
  const recorder: TapRecorder = { found: new Map() };
  const value = nested(frame, span, () => evaluate({ ...frame, recorder, tapPath: [], self: null }, expression));
  if (recorder.found.size === 0) fail(say.noTaps(span, printExpression(expression)));
  type Tree = Map<string, Value | Tree>;
  const root: Tree = new Map();
  for (const { path, values, span: at } of recorder.found.values()) {
    let level = root;
    for (const name of path.slice(0, -1)) {
      const inner = level.get(name);
      const next: Tree = inner instanceof Map ? inner : new Map();
      level.set(name, next);
      level = next;
    }
    level.set(path[path.length - 1], values.length === 1 ? values[0] : stackTaps(frame, values, at));
  }
  const built = (tree: Tree): Value => {
    const parts = [...tree].map(([name, inner]): [string, Value] => [name, inner instanceof Map ? built(inner) : inner]);
    // A family whose layers differ is a tuple, and so are its taps where every layer has one.
    const byPlace = parts.map((_, i) => parts.find(([name]) => name === String(i))?.[1]);
    return byPlace.every((part) => part !== undefined) ? tuple(byPlace) : record(parts);
  };
  return tuple([value, built(root)]);
}

function stackTaps(frame: Frame, values: readonly Value[], span: Span): Value {
  const tensors = values.map((value) => (value.kind === "tensor" ? value : null));
  if (!tensors.every((value): value is TensorValue => value !== null)) return tuple(values);
  const same = tensors.every((value) => ownShape(value).join() === ownShape(tensors[0]).join());
  if (!same) return tuple(values);
  return { ...stack(frame.context, tensors, 0, span), parts: tensors };
}

