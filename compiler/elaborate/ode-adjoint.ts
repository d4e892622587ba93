/**
 * Adjoints of `odesolve` that keep no step: the solve is marked as a call with a rule of its own, which finds the credit by
 * a loop back from the result.
 *
 * continuous: with a(t) the credit of y(t) and g that of what the field f reads from outside,
 *
 *     dy/dt = f(t, y)    da/dt = -(df/dy)' a    dg/dt = -(df/dp)' a
 *
 * is solved from t1 back to t0 by the same method (Pontryagin et al. 1962; Chen et al. 2018, arXiv:1806.07366): exact in the
 * limit of small steps. reversible: a step back of a symmetric method gives the state before a step, from which the step's
 * own derivative is taken: that of the steps, to rounding and the tolerance of the implicit step.
 */
import type { Span } from "../../grammar/index.ts";
import { push } from "../differentiate/index.ts";
import type { ValueId } from "../ir/graph.ts";
import { callValue } from "./calls.ts";
import type { Context, Frame } from "./context.ts";
import { evaluate } from "./expressions.ts";
import { inForm, scan } from "./loops.ts";
import { integrate, type Method, type Steps, timeAt, withStep, within } from "./ode-steps.ts";
import { pulled, type Reading, readFromOutside, refuseMissing, withVersions } from "./outside.ts";
import type { CallRecord } from "./rules.ts";
import { assign, binary, call, carries, name, numeral, pattern } from "./synthetic.ts";
import { asTensor, idOf, tensor } from "./tensors.ts";
import { asTensors, leaves, replaceLeaves } from "./trees.ts";
import { number, ownShape, tuple, type TensorValue, type Value } from "./values.ts";

export interface Problem {
  /** (t, y) -> dy/dt */
  readonly field: Value;
  readonly start: Value;
  readonly from: Value;
  readonly to: Value;
}

/** The solution at `to`, its credit found by an adjoint. */
export function solveWithAdjoint(frame: Frame, problem: Problem, method: Method, steps: Steps, adjoint: "continuous" | "reversible", span: Span): Value {
  const { context } = frame;
  const { builder } = context;
  const times = [problem.from, problem.to].map((time) => asTensor(context, time, span, "f32"));
  const start = asTensors(context, problem.start, span);
  const inputs = [...leaves(start).map(({ value }) => value), ...times].map((value) => idOf(context, value, span));
  const first = builder.types.length;
  // The loop's own times, which are not those that the field may read: the same numbers under other names.
  const [from, to] = times.map((time) => tensor(context, builder.op("reshape", [idOf(context, time, span)], { shape: [] })));
  const inside = integrate(within(frame, { $field: problem.field, $y0: start, $t0: from, $t1: to }, span), method, steps, span);
  const outside = readFromOutside(context, first);
  const pinned = new Map([...context.versions].map(([cell, versions]) => [cell, versions[versions.length - 1]] as const));
  const ids = leaves(inside).map(({ value }) => idOf(context, value, span));
  const apply = (given: readonly (ValueId | null)[]): readonly ValueId[] => {
    const credit = ids.map((id, i) => given[i] ?? builder.zeros(builder.typeOf(id)));
    const solved: Solved = { context, frame: { ...frame, activeRule: null }, problem: { ...problem, start, from, to }, method, steps, outside, result: inTree(context, start, results), credit: inTree(context, start, credit), span };
    return withVersions(context, pinned, () => (adjoint === "continuous" ? continuous(solved) : reversible(solved)));
  };
  // Forward mode keeps nothing anyway: it goes along the steps.
  const along = (given: readonly (ValueId | null)[]): readonly (ValueId | null)[] => {
    const sources = [...inputs, ...outside];
    const moved = sources.flatMap((input, i) => { const tangent = given[i]; return tangent === null || tangent === undefined ? [] : [[input, tangent] as const]; });
    return push(builder, ids, moved.map(([input]) => input), moved.map(([, tangent]) => tangent), { leaves: new Set(sources), ...refuseMissing(span) });
  };
  const record: CallRecord = { callee: "odesolve", frame, inputs: [], self: null, result: inside, leaves: [], kind: "loop", requests: 0 };
  const results: readonly ValueId[] = builder.leave(ids, {
    callee: "odesolve", path: frame.path, inputs: [...inputs, ...outside], backward: { surrogate: false, span, apply }, tangent: { surrogate: false, span, apply: along }, frame: record,
  });
  return inTree(context, start, results);
}

interface Solved extends Reading {
  readonly frame: Frame;
  readonly problem: Problem;
  readonly method: Method;
  readonly steps: Steps;
  readonly result: Value;
  readonly credit: Value;
}

function inTree(context: Context, like: Value, ids: readonly ValueId[]): Value {
  let at = 0;
  return replaceLeaves(like, (leaf) => tensor(context, ids[at++], leaf.axes));
}

const zerosOf = ({ frame: { context }, outside }: Solved): Value[] => outside.map((id) => tensor(context, context.builder.zeros(context.builder.typeOf(id))));
const itemsOf = (value: Value): readonly Value[] => (value.kind === "tuple" ? value.items : []);

// ---- continuous

function continuous(solved: Solved): readonly ValueId[] {
  const { frame, problem, method, steps, result, credit, span } = solved;
  const { context } = frame;
  const augmented: Value = {
    kind: "native",
    call(inner, [t, state]) {
      const [y, a] = itemsOf(state);
      const slope = inForm(inner, callValue(inner, problem.field, [t, y].map((value) => ({ value, span })), span), y, span);
      const cts = pulled(solved, inner, slope, leaves(y).map(({ value }) => value), evaluate(within(inner, { $a: a }, span), binary("-", numeral("0", span), name("$a", span))));
      let at = 0;
      const ofState = replaceLeaves(y, () => cts[at++] as TensorValue); // `pulled` gives tensors
      return tuple([slope, ofState, ...cts.slice(at)]);
    },
  };
  const start = tuple([result, credit, ...zerosOf(solved)]);
  const back = integrate(
    within(frame, { $field: augmented, $y0: start, $t0: problem.to, $t1: problem.from }, span), method, steps, span,
    // The error of g says nothing about y and a (Kidger, Chen and Lyons 2021, arXiv:2009.09457).
    (state) => tuple(itemsOf(state).slice(0, 2)),
  );
  const [, a, ...g] = itemsOf(back);
  const ofTime = (time: Value, y: Value, ct: Value): Value =>
    evaluate(within(frame, { $c: ct, $v: callValue(frame, problem.field, [{ value: time, span }, { value: y, span }], span) }, span), call("sum", [binary("*", name("$c", span), name("$v", span))], span));
  const toCredit = ofTime(problem.to, result, credit);
  const fromCredit = evaluate(within(frame, { $g: ofTime(problem.from, problem.start, a) }, span), binary("-", numeral("0", span), name("$g", span)));
  return [...leaves(a), ...leaves(fromCredit), ...leaves(toCredit), ...g.flatMap((value) => leaves(value))].map(({ value }) => idOf(context, value, span));
}

// ---- reversible

/** scan $s = (y1, credit, 0, 0, 0...) for $i in 0..$n { $s <- $back($s, $n - 1 - $i) } */
function reversible(solved: Solved): readonly ValueId[] {
  const { frame, problem, method, steps, result, credit, span } = solved;
  const { context } = frame;
  const n = (text: string) => name(text, span);
  const count = steps.kind === "fixed" ? steps.count : 0; // the checker allows no other here
  const step = (y: string, t: string, h: string) => call(`ode_${method.name}`, [n("$field"), n(y), n(t), n(h)], span);
  const back: Value = {
    kind: "native",
    call(inner, [state, i]) {
      const [later, a, ofFrom, ofStep, ...g] = itemsOf(state);
      const b = inner.context.builder;
      const at = within(inner, { $later: later, $i: i }, span);
      const scalar = (text: string, value: Value): TensorValue => {
        const fresh = tensor(inner.context, b.op("stop", [idOf(inner.context, asTensor(inner.context, value, span, "f32"), span)], {}));
        at.scope.bind(text, fresh, span);
        return fresh;
      };
      const h = scalar("$size", evaluate(at, n("$h")));
      const t = scalar("$t", evaluate(at, timeAt(n("$i"), span)));
      at.scope.bind("$y", evaluate(at, call(`ode_${method.name}`, [n("$field"), n("$later"), binary("+", n("$t"), n("$size")), binary("-", numeral("0", span), n("$size"))], span)), span);
      const y = evaluate(at, n("$y"));
      const states = leaves(y).map(({ value }) => value);
      const cts = pulled(solved, at, evaluate(at, step("$y", "$t", "$size")), [...states, t, h], a);
      let next = 0;
      const ofState = replaceLeaves(y, () => cts[next++] as TensorValue); // `pulled` gives tensors
      const [ofTime, ofSize, ...ofOutside] = cts.slice(next);
      const sum = (left: Value, right: Value): Value => evaluate(within(at, { $l: left, $r: right }, span), binary("+", n("$l"), n("$r")));
      const moved = evaluate(within(at, { $t: ofTime }, span), binary("*", call("f32", [n("$i")], span), n("$t")));
      return tuple([y, ofState, sum(ofFrom, ofTime), sum(ofStep, sum(ofSize, moved)), ...ofOutside.map((ct, at) => sum(g[at], ct))]);
    },
  };
  const zero = tensor(context, context.builder.zeros({ element: "f32", shape: [] }));
  const inner = withStep(within(frame, { $field: problem.field, $t0: problem.from, $t1: problem.to, $back: back, $s0: tuple([result, credit, zero, zero, ...zerosOf(solved)]) }, span), count, span);
  const loop = scan(inner, {
    kind: "scan", span, options: [], carries: carries({ $s: n("$s0") }, span), pattern: pattern(["$i"], span),
    range: binary("..", numeral("0", span), n("$n")),
    body: { kind: "block", span, statements: [assign("$s", call("$back", [n("$s"), binary("-", binary("-", n("$n"), numeral("1", span)), n("$i"))], span), span)] },
  });
  const [, a, ofFrom, ofStep, ...g] = itemsOf(loop);
  // h = (t1 - t0) / n
  const ends = within(frame, { $f: ofFrom, $s: ofStep, $n: number(count, true) }, span);
  const ofTo = evaluate(ends, binary("/", n("$s"), call("f32", [n("$n")], span)));
  const fromCredit = evaluate(within(ends, { $e: ofTo }, span), binary("-", n("$f"), n("$e")));
  return [...leaves(a), ...leaves(fromCredit), ...leaves(ofTo), ...g.flatMap((value) => leaves(value))].map(({ value }) => idOf(context, value, span));
}
