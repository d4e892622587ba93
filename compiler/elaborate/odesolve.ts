/**
 * `odesolve`: which method, which steps, which adjoint, and which of them go together. The loops are `ode-steps.ts`, the
 * adjoints that keep no steps `ode-adjoint.ts`; the derivative of the others is that of the loop.
 */
import type { Argument, Expression, OdesolveExpression, Span, Statement } from "../../grammar/index.ts";
import { printExpression } from "../../grammar/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import type { Frame } from "./context.ts";
import { evaluate } from "./expressions.ts";
import { scan } from "./loops.ts";
import { type Problem, solveWithAdjoint } from "./ode-adjoint.ts";
import { type Adaptive, integrate, type Method, type Steps, within } from "./ode-steps.ts";
import { refusePoints } from "./points.ts";
import { fail } from "./problem.ts";
import { assign, binary, bind, call, carries, name, numeral, pattern } from "./synthetic.ts";
import { asTensor, staticNumber } from "./tensors.ts";
import { describe, ownShape, tuple, type Value } from "./values.ts";

const methods: readonly Method[] = [
  { name: "euler" }, { name: "midpoint" }, { name: "heun" }, { name: "rk4" },
  { name: "bosh3", lowerOrder: 2 }, { name: "dopri5", lowerOrder: 4 }, { name: "tsit5", lowerOrder: 4 },
  { name: "implicit_midpoint", symmetric: true },
];
const adjoints = ["discrete", "checkpointed", "continuous", "reversible"] as const;
type Adjoint = (typeof adjoints)[number];

interface Settings {
  readonly method: Method;
  readonly adjoint: Adjoint;
  readonly at?: Value;
  /** Steps between two times. */
  steps(from: Value, to: Value): Steps;
}

export function odesolve(frame: Frame, expression: OdesolveExpression): Value {
  const { span, range } = expression;
  const settings = settingsOf(frame, expression.options, span);
  if (range.kind !== "list" || range.items.length !== 2) return fail(say.odeInterval(range.span));
  const [from, to] = range.items.map((item) => evaluate(frame, item.value));
  const names = expression.carries.map((carry) => carry.name.text);
  const starts = expression.carries.map(({ value }) => evaluate(frame, value));
  refusePoints(starts, "the state of an `odesolve`", span);
  const field: Value = { kind: "lambda", scope: frame.scope.frozen(frame.context), expression: fieldOf(expression, names) };
  const problem: Problem = { field, start: starts.length === 1 ? starts[0] : tuple(starts), from, to };
  return settings.at ? throughTimes(frame, settings, problem, settings.at, span) : solve(frame, settings, problem, span);
}

function solve(frame: Frame, { method, adjoint, steps }: Settings, problem: Problem, span: Span): Value {
  const { field, start, from, to } = problem;
  if (adjoint === "continuous" || adjoint === "reversible") return solveWithAdjoint(frame, problem, method, steps(from, to), adjoint, span);
  return integrate(within(frame, { $field: field, $y0: start, $t0: from, $t1: to }, span), method, steps(from, to), span);
}

/** fn(t, $s) { let (z, logp) = $s  return ... } */
function fieldOf(expression: OdesolveExpression, names: readonly string[]): Extract<Expression, { kind: "lambda" }> {
  const { span, pattern: time, body } = expression;
  if (time.kind !== "namePattern") return fail(say.odeInterval(time.span));
  const unpack = bind(names, name("$s", span), span);
  const statements: readonly Statement[] = body.kind === "block" ? body.statements : [{ kind: "return", span: body.span, value: body }];
  return {
    kind: "lambda", span,
    parameters: [{ span, name: time.name }, { span, name: { text: "$s", span } }],
    body: { kind: "block", span, statements: [unpack, ...statements] },
  };
}

/** The states at given times: a scan over the intervals between them, each solved by itself. */
function throughTimes(frame: Frame, settings: Settings, problem: Problem, at: Value, span: Span): Value {
  const n = (text: string): Expression => name(text, span);
  const times = asTensor(frame.context, at, span, "f32");
  if (ownShape(times).length !== 1) return fail(say.typeMismatch(span, "'at'", "f32[n]", describe(times)));
  const interval: Value = { kind: "native", call: (inner, [start, from, to]) => solve(inner, settings, { ...problem, start, from, to }, span) };
  const loop = scan(within(frame, { $at: times, $interval: interval, $y0: problem.start, $t0: problem.from }, span), {
    kind: "scan", span, options: [],
    carries: carries({ $y: n("$y0"), $t: binary("+", n("$t0"), numeral("0.0", span)) }, span),
    pattern: pattern(["$to"], span),
    range: n("$at"),
    body: {
      kind: "block", span,
      statements: [
        bind(["$z"], call("$interval", [n("$y"), n("$t"), n("$to")], span), span),
        assign("$y", n("$z"), span),
        assign("$t", n("$to"), span),
        { kind: "emit", span, value: n("$z") },
      ],
    },
  });
  return loop.kind === "tuple" ? loop.items[1] : loop;
}

/** The numbers among the options, and what they must be. */
const numeric: Readonly<Record<string, (value: number) => boolean>> = {
  steps: (value) => Number.isInteger(value) && value > 0, step: (value) => value > 0,
  rtol: (value) => value > 0, atol: (value) => value > 0, max: (value) => Number.isInteger(value) && value > 0,
  first: (value) => value > 0, beta: (value) => value >= 0 && value < 0.2,
};

function settingsOf(frame: Frame, options: readonly Argument[], span: Span): Settings {
  const [first, ...named] = options;
  const word = first && !first.name && first.value.kind === "name" ? first.value.text : undefined;
  const method = methods.find((known) => known.name === word);
  if (!method) return fail(say.odeMethod(first?.span ?? span, methods.map((known) => known.name)));
  const adjointNamed = (text: string, where: Span): Adjoint => adjoints.find((known) => known === text) ?? fail(say.odeAdjoint(where, text, adjoints));
  let adjoint: Adjoint = "discrete";
  let adjointSpan = span;
  let at: Value | undefined;
  const given = new Map<string, number>();
  for (const { name: key, value, span: where } of named) {
    const text = key?.text ?? printExpression(value);
    if (text === "adjoint") {
      const wanted = value.kind === "name" ? value.text : printExpression(value);
      adjoint = adjointNamed(wanted, value.span);
      adjointSpan = value.span;
    } else if (text === "at") at = evaluate(frame, value);
    else if (key && Object.hasOwn(numeric, text)) {
      const found = staticNumber(evaluate(frame, value));
      if (found === undefined || !numeric[text](found)) return fail(say.argumentNotStatic(value.span, text, "odesolve", printExpression(value)));
      given.set(text, found);
    } else return fail(say.unknownArgument(where, text, "odesolve", [...Object.keys(numeric), "at", "adjoint"]));
  }
  if (frame.session.adjoint !== undefined) adjoint = adjointNamed(frame.session.adjoint, span);
  const isAdaptive = ["rtol", "atol"].some((key) => given.has(key));
  const excess = [...given.keys()].find((key) => (isAdaptive ? ["steps", "step"] : ["max", "first", "beta"]).includes(key));
  if (excess !== undefined) return fail(say.odeExcess(span, excess, isAdaptive));
  if (isAdaptive && method.lowerOrder === undefined) return fail(say.odeNoPair(span, method.name, methods.filter((known) => known.lowerOrder !== undefined).map((known) => known.name)));
  if (isAdaptive && adjoint === "checkpointed") return fail(say.odeCheckpoints(adjointSpan));
  if (adjoint === "reversible" && !method.symmetric) return fail(say.odeReversible(adjointSpan, method.name, methods.filter((known) => known.symmetric).map((known) => known.name)));
  const adaptive: Adaptive = {
    kind: "adaptive", rtol: given.get("rtol") ?? 1e-3, atol: given.get("atol") ?? 1e-6, most: given.get("max") ?? 256, first: given.get("first"), beta: given.get("beta") ?? 0.04,
  };
  const fixed = (count: number): Steps => ({ kind: "fixed", count, checkpointed: adjoint === "checkpointed" });
  return {
    method, adjoint, at,
    steps(from, to) {
      if (isAdaptive) return adaptive;
      const [count, size, t0, t1] = [given.get("steps"), given.get("step"), staticNumber(from), staticNumber(to)];
      if (count !== undefined) return fixed(count);
      return size === undefined || t0 === undefined || t1 === undefined ? fail(say.odeSteps(span)) : fixed(Math.max(1, Math.round(Math.abs(t1 - t0) / size)));
    },
  };
}
