/**
 * `fixpoint(tol = .., max = ..) z = z0 => f(z, x)`: z is iterated until it stays, and differentiated by the implicit
 * function theorem: with y = f(z) at the fixed point, the credit dy of y becomes w = dy + (df/dz)' w, found by iterating
 * too, and w flows through that one application of f to everything that f reads. No iterate is kept.
 */
import type { Argument, Expression, FixpointExpression, LambdaExpression, ScanExpression, Span, Statement } from "../../grammar/index.ts";
import { printExpression } from "../../grammar/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import type { ValueId } from "../ir/graph.ts";
import { callValue } from "./calls.ts";
import type { Frame } from "./context.ts";
import { evaluate } from "./expressions.ts";
import { scan } from "./loops.ts";
import { fail } from "./problem.ts";
import type { CallRecord } from "./rules.ts";
import { Scope } from "./scope.ts";
import { assign, binary, bind, call, name, numeral, pattern } from "./synthetic.ts";
import { elementwise, idOf, staticNumber, tensor } from "./tensors.ts";
import { leaves, mapTree, replaceLeaves } from "./trees.ts";
import { number, tuple, type Value } from "./values.ts";

interface Settings {
  readonly tolerance: number;
  readonly most: number;
}

export function fixpoint(frame: Frame, expression: FixpointExpression): Value {
  const { span, carries } = expression;
  const settings = settingsOf(frame, expression.options);
  const scope = new Scope(frame.scope);
  const inner: Frame = { ...frame, scope, activeRule: null };
  const starts = carries.map(({ value }) => evaluate(frame, value));
  scope.bind("$z0", starts.length === 1 ? starts[0] : tuple(starts), span);
  const field: Value = { kind: "lambda", scope: frame.scope, expression: asFunction(expression) };
  scope.bind("$f", field, span);
  const found = iterate(inner, settings, name("$z0", span), (z) => call("$f", [z], span), span);
  // The iterates get no credit; one application of f at the fixed point stands for them.
  const z = mapTree(found, (leaf) => (leaf.kind === "tensor" ? elementwise(frame.context, "stop", [leaf], {}, span) : leaf), span);
  const y = callValue(inner, field, [{ value: z, span }], span);
  return leave(inner, settings, y, z, span);
}

/** scan $w = start, $gap = inf for $i in 0..most until $gap < tolerance { let $n = step  $gap <- distance  $w <- $n } */
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
        assign("$gap", call("tree_distance", [name("$n", span), name("$w", span)], span), span),
        assign("$w", name("$n", span), span),
      ],
    },
  };
  const result = scan({ ...frame, scope }, loop);
  return result.kind === "tuple" ? result.items[0] : result;
}

/** Marks y, so that its credit passes the inverse of 1 - (df/dz)' first. */
function leave(frame: Frame, settings: Settings, y: Value, z: Value, span: Span): Value {
  const { context } = frame;
  const inside = leaves(y);
  const ids = inside.map(({ value }) => idOf(context, value, span));
  // Both solve w = dy + J w, by products with the transpose of J = df/dz or with J.
  const solveBy = (product: "pull" | "push") => (given: readonly (ValueId | null)[]): readonly ValueId[] => {
    let at = 0;
    const dy = replaceLeaves(y, (leaf) => tensor(context, given[at++] ?? context.builder.zeros(leaf.type), leaf.axes));
    const scope = new Scope(frame.scope);
    scope.bind("$dy", dy, span);
    scope.bind("$y", y, span);
    scope.bind("$z", z, span);
    const w = iterate({ ...frame, scope }, settings, name("$dy", span), (current) => binary("+", name("$dy", span), call(product, [name("$y", span), name("$z", span), current], span)), span);
    return leaves(w).map(({ value }) => idOf(context, value, span));
  };
  const record: CallRecord = { callee: "fixpoint", frame, inputs: [], self: null, result: y, leaves: [], kind: "loop", requests: 0 };
  const results = context.builder.leave(ids, {
    callee: "fixpoint", path: frame.path, inputs: ids, backward: { surrogate: false, span, apply: solveBy("pull") }, tangent: { surrogate: false, span, apply: solveBy("push") }, frame: record,
  });
  let at = 0;
  return replaceLeaves(y, (leaf) => tensor(context, results[at++], leaf.axes));
}

/** fn($s) { let (a, b) = $s  return ... } */
function asFunction({ span, carries, body }: FixpointExpression): LambdaExpression {
  const rest: readonly Statement[] = body.kind === "block" ? body.statements : [{ kind: "return", span: body.span, value: body }];
  return {
    kind: "lambda", span, parameters: [{ span, name: { text: "$s", span } }],
    body: { kind: "block", span, statements: [bind(carries.map((carry) => carry.name.text), name("$s", span), span), ...rest] },
  };
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
