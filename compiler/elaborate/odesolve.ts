/**
 * `odesolve` with fixed steps is a scan over its steps: the sugar becomes a `scan` whose body is one step of the method
 * (`compiler/std/ode.pull`). The derivative is that of the steps ("discrete"), kept whole or by checkpoints.
 */
import type { Argument, Expression, OdesolveExpression, ScanExpression, Span, Statement } from "../../grammar/index.ts";
import { printExpression } from "../../grammar/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import type { Frame } from "./context.ts";
import { evaluate } from "./expressions.ts";
import { scan } from "./loops.ts";
import { fail } from "./problem.ts";
import { Scope } from "./scope.ts";
import { assign, binary, bind, call, name, numeral, pattern } from "./synthetic.ts";
import { asTensor, staticNumber } from "./tensors.ts";
import { describe, number, ownShape, tuple, type Value } from "./values.ts";

const methods = ["euler", "midpoint", "heun", "rk4", "bosh3", "dopri5", "tsit5"];
const laterMethods = ["implicit_midpoint"];
const adjoints = ["discrete", "checkpointed"];
const laterAdjoints = ["continuous", "reversible"];

interface Settings {
  readonly method: string;
  readonly checkpointed: boolean;
  /** Steps between two output times, or over the whole interval. */
  readonly steps?: number;
  readonly step?: number;
  readonly at?: Value;
}

export function odesolve(frame: Frame, expression: OdesolveExpression): Value {
  const { span } = expression;
  const settings = settingsOf(frame, expression.options, span);
  const { range } = expression;
  if (range.kind !== "list" || range.items.length !== 2) return fail(say.odeInterval(range.span));
  const [t0, t1] = range.items.map((item) => evaluate(frame, item.value));
  const scope = new Scope(frame.scope);
  const inner: Frame = { ...frame, scope };
  const names = expression.carries.map(({ name }) => name.text);
  const starts = expression.carries.map(({ value }) => evaluate(frame, value));
  scope.bind("$y0", starts.length === 1 ? starts[0] : tuple(starts), span);
  scope.bind("$t0", t0, span);
  scope.bind("$field", { kind: "lambda", scope: frame.scope, expression: fieldOf(expression, names) }, span);
  if (settings.at) return throughTimes(inner, settings, settings.at, span);
  const steps = settings.steps ?? stepsOver(t0, t1, settings.step, range.span);
  scope.bind("$n", number(steps, true), span);
  scope.bind("$t1", t1, span);
  scope.bind("$h", evaluate(inner, binary("/", binary("-", name("$t1", span), name("$t0", span)), call("f32", [name("$n", span)], span))), span);
  return scan(inner, stepsScan(settings, name("$y0", span), name("$t0", span), span));
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

/** scan $y = start for $i in 0..$n { $y <- ode_rk4($field, $y, from + f32($i) * $h, $h) } */
function stepsScan(settings: Settings, start: Expression, from: Expression, span: Span): ScanExpression {
  const time = binary("+", from, binary("*", call("f32", [name("$i", span)], span), name("$h", span)));
  const step = call(`ode_${settings.method}`, [name("$field", span), name("$y", span), time, name("$h", span)], span);
  const options: Argument[] = settings.checkpointed ? [{ span, name: { text: "checkpoint", span }, value: name("sqrt", span) }] : [];
  return {
    kind: "scan", span, options,
    carries: [{ span, name: { text: "$y", span }, value: start }],
    pattern: pattern(["$i"], span),
    range: binary("..", numeral("0", span), name("$n", span)),
    body: { kind: "block", span, statements: [assign("$y", step, span)] },
  };
}

/** The states at given times: a scan over the intervals between them, each in steps of its own. */
function throughTimes(frame: Frame, settings: Settings, at: Value, span: Span): Value {
  const { steps } = settings;
  if (steps === undefined) return fail(say.odeSteps(span));
  const times = asTensor(frame.context, at, span, "f32");
  if (ownShape(times).length !== 1) return fail(say.typeMismatch(span, "'at'", "f32[n]", describe(times)));
  frame.scope.bind("$at", times, span);
  frame.scope.bind("$n", number(steps, true), span);
  const loop = scan(frame, {
    kind: "scan", span, options: [],
    carries: [{ span, name: { text: "$z", span }, value: name("$y0", span) }, { span, name: { text: "$t", span }, value: binary("+", name("$t0", span), numeral("0.0", span)) }],
    pattern: pattern(["$to"], span),
    range: name("$at", span),
    body: {
      kind: "block", span,
      statements: [
        bind(["$h"], binary("/", binary("-", name("$to", span), name("$t", span)), call("f32", [name("$n", span)], span)), span),
        assign("$z", stepsScan(settings, name("$z", span), name("$t", span), span), span),
        assign("$t", name("$to", span), span),
        { kind: "emit", span, value: name("$z", span) },
      ],
    },
  });
  return loop.kind === "tuple" ? loop.items[1] : loop;
}

function stepsOver(t0: Value, t1: Value, step: number | undefined, span: Span): number {
  const [from, to] = [staticNumber(t0), staticNumber(t1)];
  if (step === undefined || from === undefined || to === undefined) return fail(say.odeSteps(span));
  return Math.max(1, Math.round(Math.abs(to - from) / step));
}

function settingsOf(frame: Frame, options: readonly Argument[], span: Span): Settings {
  const [method, ...named] = options;
  const word = method && !method.name && method.value.kind === "name" ? method.value.text : undefined;
  if (word !== undefined && laterMethods.includes(word)) return fail(say.notYet(method.span, `the method ${word}`));
  if (word === undefined || !methods.includes(word)) return fail(say.odeMethod(method?.span ?? span, methods));
  const settings: { -readonly [K in keyof Settings]: Settings[K] } = { method: word, checkpointed: false };
  for (const option of named) {
    const key = option.name?.text;
    const { value } = option;
    if (key === "adjoint") {
      const adjoint = value.kind === "name" ? value.text : printExpression(value);
      if (laterAdjoints.includes(adjoint)) return fail(say.notYet(value.span, `the adjoint ${adjoint}`));
      if (!adjoints.includes(adjoint)) return fail(say.odeAdjoint(value.span, adjoint, [...adjoints, ...laterAdjoints]));
      settings.checkpointed = adjoint === "checkpointed";
    } else if (key === "steps" || key === "step") {
      const given = staticNumber(evaluate(frame, value));
      if (given === undefined || !(given > 0) || (key === "steps" && !Number.isInteger(given))) return fail(say.argumentNotStatic(value.span, key, "odesolve", printExpression(value)));
      settings[key] = given;
    } else if (key === "at") settings.at = evaluate(frame, value);
    else if (key === "rtol" || key === "atol") return fail(say.notYet(option.span, "adaptive steps"));
    else return fail(say.unknownArgument(option.span, key ?? printExpression(value), "odesolve", ["steps", "step", "at", "adjoint"]));
  }
  return settings;
}
