/** The functions that the language itself provides; everything else of the library is written in the language. */
import type { Span } from "../../../grammar/index.ts";
import { say } from "../../diagnostics/catalogue.ts";
import type { GivenArgument } from "../calls.ts";
import type { Frame } from "../context.ts";
import type { Expected } from "../expressions.ts";
import { fail } from "../problem.ts";
import { gradient, jacobianRequest, pullRequest, pushRequest, tapsRequest } from "../requests.ts";
import { idOf } from "../tensors.ts";
import { creditTree, leaves } from "../trees.ts";
import { boolean, type Value } from "../values.ts";
import { Arguments } from "./arguments.ts";
import { callCore } from "./core.ts";
import { mathBuiltins } from "./math.ts";
import { randomBuiltins } from "./random.ts";
import { shapeBuiltins } from "./shape.ts";
import { windowBuiltins } from "./windows.ts";

export interface Builtin {
  readonly names: readonly string[];
  /** Any number of values first; only named arguments belong to `names`. */
  readonly variadic?: boolean;
  /** The first positional argument is a shape only if it is a list. */
  readonly shapeFirst?: boolean;
  /** A rule set may name it. */
  readonly ruled?: boolean;
  run(args: Arguments, parts: readonly Value[]): Value;
}

const requests: Readonly<Record<string, Builtin>> = {
  grad: {
    names: ["loss", "wrt", "using"],
    run: (args) => gradient(args.frame, args.value("loss"), args.expression("loss"), args.expression("wrt"), args.optional("using"), args.span),
  },
  pull: {
    names: ["y", "wrt", "dy", "using"],
    run: (args) => pullRequest(args.frame, args.value("y"), args.expression("y"), args.expression("wrt"), args.value("dy"), args.optional("using"), args.span),
  },
  push: {
    names: ["y", "wrt", "dx", "using"],
    run: (args) => pushRequest(args.frame, args.value("y"), args.expression("y"), args.expression("wrt"), args.value("dx"), args.optional("using"), args.span),
  },
  taps: { names: ["value"], run: (args) => tapsRequest(args.frame, args.expression("value"), args.span) },
  jacobian: {
    names: ["y", "x", "using"],
    run: (args) => jacobianRequest(args.frame, args.value("y"), args.expression("y"), args.value("x"), args.expression("x"), args.optional("using"), args.span),
  },
};

/** `wanted(x)`, in a rule: whether credit for an input of the call goes on to something that was asked for. */
const wanted: Builtin = {
  names: ["x"],
  run(args) {
    const { frame, span } = args;
    const { unwanted } = frame;
    if (!unwanted) return fail(say.wantedOutside(span));
    return boolean(leaves(creditTree(args.value("x"))).some(({ value }) => !unwanted.has(idOf(frame.context, value, span))));
  },
};

let table: Readonly<Record<string, Builtin>> | undefined;
/** By name. Made when first asked for: the files of this folder and those that evaluate expressions import each other. */
export const builtins = (): Readonly<Record<string, Builtin>> =>
  (table ??= { ...mathBuiltins, ...shapeBuiltins, ...windowBuiltins, ...randomBuiltins, ...requests, wanted });

export function callBuiltin(frame: Frame, name: string, given: readonly GivenArgument[], span: Span, expected: Expected): Value {
  if (name.startsWith("core.")) return callCore(frame, name.slice("core.".length), given, span);
  if (name === "core") return fail(say.coreIsNoFunction(span));
  const builtin = builtins()[name];
  frame.context.builder.site = frame.session.site(span, frame);
  if (builtin.variadic) {
    const parts = given.filter((argument) => argument.name === undefined).map((argument) => argument.value);
    frame.context.builder.site = frame.session.site(span, frame);
    return builtin.run(new Arguments(frame, name, builtin.names, given.filter((argument) => argument.name !== undefined), span, expected), parts);
  }
  let { names } = builtin;
  if (builtin.shapeFirst) {
    const first = given.find((argument) => argument.name === undefined);
    const isShape = first?.value.kind === "tuple";
    if (!isShape) names = [...names.filter((other) => other !== "shape"), "shape"];
  }
  return builtin.run(new Arguments(frame, name, names, given, span, expected), []);
}
