/**
 * `odesolve` as loops over the steps of a method of `compiler/std/ode.pull`: a `scan` where their number is known, one with
 * `until` where the error decides. The frame's scope has `$field` (t, y), `$y0`, `$t0` and `$t1`.
 */
import type { Expression, ScanExpression, Span, Statement } from "../../grammar/index.ts";
import type { Frame } from "./context.ts";
import { evaluate } from "./expressions.ts";
import { scan } from "./loops.ts";
import { Scope } from "./scope.ts";
import { assign, binary, bind, call, carries, name, numeral, option, pattern } from "./synthetic.ts";
import { elementCount } from "../ir/graph.ts";
import { leaves } from "./trees.ts";
import { number, ownShape, type Value } from "./values.ts";

export type Steps =
  | { readonly kind: "fixed"; readonly count: number; readonly checkpointed: boolean }
  | Adaptive;

/** Steps whose error is `rtol` of the state or `atol`; `most` of them, the refused ones included. */
export interface Adaptive {
  readonly kind: "adaptive";
  readonly rtol: number;
  readonly atol: number;
  readonly most: number;
  /** Size of the first step; the solver's guess, if it is not given. */
  readonly first?: number;
  /** How much the error of the step before counts for the size of the next; 0: it does not. */
  readonly beta: number;
}

export interface Method {
  readonly name: string;
  /** The order of the embedded solution, for a pair. */
  readonly lowerOrder?: number;
  /** A step back undoes a step. */
  readonly symmetric?: boolean;
}

/** The state at `$t1`. `measured`: the part of the state whose error counts; the default: all. */
export function integrate(frame: Frame, method: Method, steps: Steps, span: Span, measured?: (state: Value) => Value): Value {
  return steps.kind === "fixed" ? fixed(frame, method, steps, span) : adaptive(frame, method, steps, span, measured ?? ((state) => state));
}

/** A frame with more names. */
export const within = (frame: Frame, values: Readonly<Record<string, Value>>, span: Span): Frame => {
  const scope = new Scope(frame.scope);
  for (const [text, value] of Object.entries(values)) scope.bind(text, value, span);
  return { ...frame, scope };
};

/** `$h`, the size of one of `count` steps. */
export function withStep(frame: Frame, count: number, span: Span): Frame {
  const inner = within(frame, { $n: number(count, true) }, span);
  inner.scope.bind("$h", evaluate(inner, binary("/", binary("-", name("$t1", span), name("$t0", span)), call("f32", [name("$n", span)], span))), span);
  return inner;
}

/** t0 + i h */
export const timeAt = (i: Expression, span: Span): Expression => binary("+", name("$t0", span), binary("*", call("f32", [i], span), name("$h", span)));

/** scan $y = $y0 for $i in 0..$n { $y <- ode_rk4($field, $y, $t0 + f32($i) * $h, $h) } */
function fixed(frame: Frame, method: Method, { count, checkpointed }: Extract<Steps, { kind: "fixed" }>, span: Span): Value {
  const step = call(`ode_${method.name}`, [name("$field", span), name("$y", span), timeAt(name("$i", span), span), name("$h", span)], span);
  return scan(withStep(frame, count, span), {
    kind: "scan", span, options: checkpointed ? [option("checkpoint", name("sqrt", span), span)] : [],
    carries: carries({ $y: name("$y0", span) }, span),
    pattern: pattern(["$i"], span),
    range: binary("..", numeral("0", span), name("$n", span)),
    body: { kind: "block", span, statements: [assign("$y", step, span)] },
  });
}

/**
 * scan $y = $y0, $a = $field($t0, $y0), $t = $t0, $h = .., $last = 1.0 for $i in 0..$most until $t == $t1 {
 *   let $left = $t1 - $t
 *   let $ends = abs($h) >= abs($left)                              // the last step is cut to reach t1
 *   let $step = where($ends, $left, stop($h))
 *   let ($z, $b, $e) = ode_dopri5_pair($field, $y, $a, $t, $step)
 *   let $r = stop(ode_ratio(..))
 *   let $ok = $r <= 1
 *   ...
 * }
 *
 * The sizes of the steps get no credit, but for the last, which depends on where the steps before it led: so the
 * derivative is that of the accepted steps, and the times get theirs. Where `$most` steps do not suffice, the result is NaN.
 */
function adaptive(frame: Frame, method: Method, { rtol, atol, most, first, beta }: Adaptive, span: Span, measured: (state: Value) => Value): Value {
  const n = (text: string): Expression => name(text, span);
  const of = (callee: string, ...given: Expression[]): Expression => call(callee, given, span);
  const count = leaves(measured(frame.scope.find("$y0")?.read(frame.context) ?? number(0))).reduce((sum, { value }) => sum + elementCount(ownShape(value)), 0);
  const numbers = { $rtol: rtol, $atol: atol, $beta: beta, $q: method.lowerOrder ?? 0, $count: count };
  const inner = within(frame, {
    ...Object.fromEntries(Object.entries(numbers).map(([text, value]) => [text, { ...number(value, false), element: "f32" as const }])),
    $most: number(most, true), $measured: { kind: "native", call: (_, [state]) => measured(state) },
  }, span);
  inner.scope.bind("$a0", evaluate(inner, of("$field", n("$t0"), n("$y0"))), span);
  const way = binary("-", n("$t1"), n("$t0"));
  const start = first === undefined
    ? of("ode_first", n("$field"), n("$measured"), n("$y0"), n("$a0"), n("$t0"), way, n("$count"), n("$q"), n("$rtol"), n("$atol"))
    : binary("*", of("sign", way), numeral(String(first), span));
  const ratio = of("ode_ratio", of("$measured", n("$e")), of("$measured", n("$y")), of("$measured", n("$z")), n("$count"), n("$rtol"), n("$atol"));
  const statements: Statement[] = [
    bind(["$left"], binary("-", n("$t1"), n("$t")), span),
    bind(["$ends"], binary(">=", of("abs", n("$h")), of("abs", n("$left"))), span),
    bind(["$step"], of("where", n("$ends"), n("$left"), of("stop", n("$h"))), span),
    bind(["$z", "$b", "$e"], of(`ode_${method.name}_pair`, n("$field"), n("$y"), n("$a"), n("$t"), n("$step")), span),
    bind(["$r"], of("stop", ratio), span),
    bind(["$ok"], binary("<=", n("$r"), numeral("1", span)), span),
    assign("$h", of("stop", binary("*", n("$step"), of("ode_factor", n("$r"), n("$last"), n("$ok"), n("$q"), n("$beta")))), span),
    assign("$last", of("where", n("$ok"), of("max", n("$r"), numeral("1e-4", span)), n("$last")), span),
    assign("$y", of("where", n("$ok"), n("$z"), n("$y")), span),
    assign("$a", of("where", n("$ok"), n("$b"), n("$a")), span),
    assign("$t", of("where", n("$ok"), of("where", n("$ends"), n("$t1"), binary("+", n("$t"), n("$step"))), n("$t")), span),
  ];
  const loop: ScanExpression = {
    kind: "scan", span, options: [],
    carries: carries({ $y: n("$y0"), $a: n("$a0"), $t: binary("+", n("$t0"), numeral("0.0", span)), $h: of("stop", start), $last: numeral("1.0", span) }, span),
    pattern: pattern(["$i"], span),
    range: binary("..", numeral("0", span), n("$most")),
    until: binary("==", n("$t"), n("$t1")),
    body: { kind: "block", span, statements },
  };
  const result = scan(inner, loop);
  if (result.kind !== "tuple") return result;
  const [y, , t] = result.items;
  return evaluate(within(inner, { $y: y, $t: t }, span), of("where", binary("==", n("$t"), n("$t1")), n("$y"), n("nan")));
}
