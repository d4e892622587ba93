/**
 * `fixpoint(tol = .., max = ..) z = z0 => f(z, x)`: z is iterated until it stays, and differentiated by the implicit
 * function theorem: the credit dz of the fixed point becomes w = dz + (df/dz)' w, found by iterating too, and w flows
 * through one application of f at that point to everything that f reads. No iterate is kept. What the rule computes
 * depends on the fixed point itself, and w is a fixed point with the same rule, so that it can be differentiated again. By
 * w's turns that would be wrong where w stays at once: at the minimum of a fit dz is 0, but its derivative is not.
 */
import type { Argument, Expression, FixpointExpression, LambdaExpression, ScanExpression, Span, Statement } from "../../grammar/index.ts";
import { printExpression } from "../../grammar/index.ts";
import { push } from "../differentiate/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import type { ValueId } from "../ir/graph.ts";
import { callValue } from "./calls.ts";
import type { Frame } from "./context.ts";
import { evaluate } from "./expressions.ts";
import { inForm, scan } from "./loops.ts";
import { within } from "./ode-steps.ts";
import { refusePoints } from "./points.ts";
import { pulled, readFromOutside, refuseMissing, withVersions } from "./outside.ts";
import { fail } from "./problem.ts";
import type { CallRecord } from "./rules.ts";
import { Scope } from "./scope.ts";
import { assign, binary, bind, call, lambda, name, numeral, pattern } from "./synthetic.ts";
import { idOf, staticNumber, tensor } from "./tensors.ts";
import { leaves, replaceLeaves } from "./trees.ts";
import { number, tuple, type Value } from "./values.ts";

interface Settings {
  readonly tolerance: number;
  readonly most: number;
}

export function fixpoint(frame: Frame, expression: FixpointExpression): Value {
  const { span, carries } = expression;
  const { context } = frame;
  const settings = settingsOf(frame, expression.options);
  const inner: Frame = { ...frame, activeRule: null };
  const starts = carries.map(({ value }) => evaluate(frame, value));
  refusePoints(starts, "the state of a `fixpoint`", span);
  const field: Value = { kind: "lambda", scope: frame.scope.frozen(context), expression: asFunction(expression) };
  return solve(inner, starts.length === 1 ? starts[0] : tuple(starts), field, settings, span);
}

/** z = f(z), with its rule; `field`: f. */
function solve(inner: Frame, starts: Value, field: Value, settings: Settings, span: Span): Value {
  const { context } = inner;
  const { builder } = context;
  const first = builder.types.length;
  const start = within(inner, { $z0: starts, $f: field }, span);
  const found = iterate(start, settings, name("$z0", span), (z) => call("$f", [z], span), span);
  const ids = leaves(found).map(({ value }) => idOf(context, value, span));
  const outside = readFromOutside(context, first);
  const pinned = new Map([...context.versions].map(([cell, versions]) => [cell, versions[versions.length - 1]] as const));
  /** The fixed point z as it is seen outside, and f(z). */
  const applied = (): { z: Value; y: Value } => {
    const z = inTree(results);
    return { z, y: inForm(inner, callValue(inner, field, [{ value: z, span }], span), z, span) };
  };
  const inTree = (values: readonly ValueId[]): Value => {
    let at = 0;
    return replaceLeaves(found, (leaf) => tensor(context, values[at++], leaf.axes));
  };
  const filled = (given: readonly (ValueId | null)[]): Value => inTree(ids.map((id, i) => given[i] ?? builder.zeros(builder.typeOf(id))));
  /** w = d + J w, by products with J = df/dz or its transpose. */
  const solved = (product: "pull" | "push", d: Value, z: Value, y: Value): Value => {
    const frame = within(inner, { $d: d, $y: y, $z: z }, span);
    const next = binary("+", name("$d", span), call(product, [name("$y", span), name("$z", span), name("$w", span)], span));
    return solve(frame, d, { kind: "lambda", scope: frame.scope.frozen(context), expression: lambda("$w", next, span) }, settings, span);
  };
  const backward = (given: readonly (ValueId | null)[]): readonly ValueId[] => withVersions(context, pinned, () => {
    const { z, y } = applied();
    const states = leaves(z).map(({ value }) => value);
    const cts = pulled({ context, outside, span }, inner, y, states, solved("pull", filled(given), z, y));
    return leaves(tuple(cts.slice(states.length))).map(({ value }) => idOf(context, value, span));
  });
  const tangent = (given: readonly (ValueId | null)[]): readonly ValueId[] => withVersions(context, pinned, () => {
    const { z, y } = applied();
    const moved = outside.flatMap((input, i) => { const d = given[i]; return d === null || d === undefined ? [] : [[input, d] as const]; });
    const of = leaves(y).map(({ value }) => idOf(context, value, span));
    const direct = push(builder, of, moved.map(([input]) => input), moved.map(([, d]) => d), { leaves: new Set([...results, ...outside]), ...refuseMissing(span) });
    return leaves(solved("push", filled(direct), z, y)).map(({ value }) => idOf(context, value, span));
  });
  const record: CallRecord = { callee: "fixpoint", frame: inner, inputs: [], self: null, result: found, leaves: [], kind: "loop", requests: 0 };
  const results: readonly ValueId[] = builder.leave(ids, {
    callee: "fixpoint", path: inner.path, inputs: outside, frame: record,
    backward: { surrogate: false, span, apply: backward }, tangent: { surrogate: false, span, apply: tangent },
  });
  return inTree(results);
}

/** scan $w = start, $gap = inf for $i in 0..most until $gap < tolerance { let $n = step  $gap <- f32(distance)  $w <- $n } */
function iterate(frame: Frame, { tolerance, most }: Settings, start: Expression, step: (current: Expression) => Expression, span: Span): Value {
  const scope = new Scope(frame.scope);
  scope.bind("$tolerance", { ...number(tolerance, false), element: "f32" }, span);
  scope.bind("$most", number(most, true), span);
  const loop: ScanExpression = {
    kind: "scan", span, options: [],
    carries: [{ span, name: { text: "$w", span }, value: start }, { span, name: { text: "$gap", span }, value: name("inf", span) }],
    pattern: pattern(["$i"], span),
    range: binary("..", numeral("0", span), name("$most", span)),
    until: binary("<", name("$gap", span), name("$tolerance", span)),
    body: {
      kind: "block", span,
      statements: [
        bind(["$n"], step(name("$w", span)), span),
        assign("$gap", call("f32", [call("tree_distance", [name("$n", span), name("$w", span)], span)], span), span),
        assign("$w", name("$n", span), span),
      ],
    },
  };
  const result = scan({ ...frame, scope }, loop, "a fixpoint");
  return result.kind === "tuple" ? result.items[0] : result;
}

/** fn($s) { let (a, b) = $s  return ... } */
function asFunction({ span, carries, body }: FixpointExpression): LambdaExpression {
  const rest: readonly Statement[] = body.kind === "block" ? body.statements : [{ kind: "return", span: body.span, value: body }];
  return lambda("$s", { kind: "block", span, statements: [bind(carries.map((carry) => carry.name.text), name("$s", span), span), ...rest] }, span);
}

function settingsOf(frame: Frame, options: readonly Argument[]): Settings {
  const settings = { tolerance: 1e-6, most: 50 };
  for (const { name: key, value, span } of options) {
    if (key?.text !== "tol" && key?.text !== "max") return fail(say.unknownArgument(span, key?.text ?? printExpression(value), "fixpoint", ["tol", "max"]));
    const given = staticNumber(evaluate(frame, value));
    if (given === undefined || !(given > 0)) return fail(say.argumentNotStatic(value.span, key.text, "fixpoint", printExpression(value)));
    if (key.text === "tol") settings.tolerance = given;
    else settings.most = given;
  }
  return settings;
}
