/** Elementwise functions, conversions, comparisons' kin: on numbers at build, on tensors, on trees leaf by leaf. */
import { say } from "../../diagnostics/catalogue.ts";
import type { Element } from "../../ir/graph.ts";
import type { OpName } from "../../ops/attributes.ts";
import type { Frame } from "../context.ts";
import { selectPoint } from "../points.ts";
import { fail } from "../problem.ts";
import { markOperator } from "../rules.ts";
import { asTensor, commonElement, elementwise, floatTensor, staticNumber } from "../tensors.ts";
import { child, combineTrees, isTree, mapTree, replaceLeaves } from "../trees.ts";
import { boolean, describe, isFloat, number, type TensorValue, type Value } from "../values.ts";
import type { Arguments } from "./arguments.ts";
import type { Builtin } from "./index.ts";

/** Float functions: the op, and its meaning on compile-time numbers. */
const floatFunctions: Readonly<Record<string, readonly [OpName, (x: number) => number]>> = {
  exp: ["exp", Math.exp], expm1: ["expm1", Math.expm1], log: ["log", Math.log], log1p: ["log1p", Math.log1p],
  sin: ["sin", Math.sin], cos: ["cos", Math.cos], tanh: ["tanh", Math.tanh], sqrt: ["sqrt", Math.sqrt],
  sigmoid: ["logistic", (x) => 1 / (1 + Math.exp(-x))],
  floor: ["floor", Math.floor], ceil: ["ceil", Math.ceil], trunc: ["trunc", Math.trunc],
  round: ["round", (x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x))],
};
/** No JavaScript function gives it, so numbers become tensors first. */
const erf: Builtin = {
  names: ["x"],
  run: (args) => leafwise(args, args.value("x"), (leaf) =>
    elementwise(args.frame.context, "erf", [floatTensor(args.frame.context, leaf, args.spanOf("x"), "erf")], {}, args.span)),
};
const rounding = new Set(["floor", "ceil", "trunc", "round"]);

function floatFunction(name: string, op: OpName, meaning: (x: number) => number): Builtin {
  return {
    names: ["x"],
    ruled: true,
    run: (args) => leafwise(args, args.value("x"), (leaf) => {
      if (leaf.kind === "number") return number(meaning(leaf.value), rounding.has(name));
      const x = floatTensor(args.frame.context, leaf, args.spanOf("x"), name);
      return markOperator(args.frame, name, [x], args.span, (operands) => elementwise(args.frame.context, op, operands, {} as never, args.span));
    }),
  };
}

const leafwise = (args: Arguments, value: Value, f: (leaf: Value) => Value): Value =>
  (isTree(value) ? mapTree(value, f, args.span) : f(value));

/** Functions of numbers of any kind. */
const anyNumber = (op: "abs" | "sign", meaning: (x: number) => number): Builtin => ({
  names: ["x"],
  ruled: true,
  run: (args) => leafwise(args, args.value("x"), (leaf) => {
    if (leaf.kind === "number") return number(meaning(leaf.value), leaf.integer);
    const x = asTensor(args.frame.context, leaf, args.spanOf("x"));
    if (x.type.element === "bool") fail(say.noOrder(args.span, op));
    return markOperator(args.frame, op, [x], args.span, (operands) => elementwise(args.frame.context, op, operands, {}, args.span));
  }),
});

const integerPair = (op: "idiv" | "imod", meaning: (a: number, b: number) => number): Builtin => ({
  names: ["a", "b"],
  run: (args) => combineTrees(args.value("a"), args.value("b"), (a, b) => {
    if (a.kind === "number" && b.kind === "number") return number(meaning(a.value, b.value), true);
    const [x, y] = commonElement(args.frame.context, [a, b], args.span);
    if (isFloat(x.type.element) || x.type.element === "bool") fail(say.needsInteger(args.span, args.owner, describe(x)));
    return elementwise(args.frame.context, op, [x, y], {}, args.span);
  }, args.span),
});

const bits = (op: "bit_and" | "bit_or" | "bit_xor" | "shift_left" | "shift_right" | "mul_high"): Builtin => ({
  names: ["a", "b"],
  run: (args) => combineTrees(args.value("a"), args.value("b"), (a, b) => {
    const [x, y] = commonElement(args.frame.context, [a, b], args.span);
    const wrong = isFloat(x.type.element) || (x.type.element === "bool" && !op.startsWith("bit")) || (op === "mul_high" && x.type.element !== "u32");
    if (wrong) fail(say.needsInteger(args.span, args.owner, describe(x)));
    return elementwise(args.frame.context, op, [x, y], {}, args.span);
  }, args.span),
});

const cast = (to: Element): Builtin => ({
  names: ["x"],
  run: (args) => leafwise(args, args.value("x"), (leaf) => {
    if (leaf.kind === "number") {
      if (to === "bool") return boolean(leaf.value !== 0);
      const value = isFloat(to) ? leaf.value : Math.trunc(leaf.value);
      return { ...number(value, !isFloat(to)), element: to };
    }
    if (leaf.kind === "boolean" && to === "bool") return leaf;
    const x = asTensor(args.frame.context, leaf, args.spanOf("x"), isFloat(to) ? to : undefined);
    return x.type.element === to ? x : elementwise(args.frame.context, "cast", [x], { to }, args.span);
  }),
});

/** `max(a, b)`, `min(a, b)`. */
export function extreme(frame: Frame, op: "max" | "min", a: Value, b: Value, args: Arguments): Value {
  if (a.kind === "number" && b.kind === "number") return number(op === "max" ? Math.max(a.value, b.value) : Math.min(a.value, b.value), a.integer && b.integer);
  if (isTree(a) || isTree(b)) return combineTrees(a, b, (x, y) => extreme(frame, op, x, y, args), args.span);
  const [x, y] = commonElement(frame.context, [a, b], args.span);
  if (x.type.element === "bool") fail(say.noOrder(args.span, op));
  return markOperator(frame, op, [x, y], args.span, (operands) => elementwise(frame.context, op, operands, {}, args.span));
}

const where: Builtin = {
  names: ["condition", "a", "b"],
  run(args) {
    const { frame, span } = args;
    const condition = args.value("condition");
    if (condition.kind === "boolean") return condition.value ? args.value("a") : args.value("b");
    const select = (test: TensorValue, a: Value, b: Value): Value => {
      if (isTree(a) || isTree(b)) return combineTrees(a, b, (x, y) => select(test, x, y), span);
      if (a.kind === "point" || b.kind === "point") return selectPoint(frame.context, test, a, b, span);
      const [x, y] = commonElement(frame.context, [a, b], span);
      return elementwise(frame.context, "select", [test, x, y], {}, span);
    };
    /** What stands in `tree` where the condition has a leaf; anything that is no tree meets every leaf. */
    const at = (tree: Value, path: readonly string[]): Value =>
      path.reduce((part, name) => (isTree(part) ? child(part, name) ?? fail(say.treesDiffer(span, describe(condition), describe(tree))) : part), tree);
    const [a, b] = [args.value("a", args.expected), args.value("b", args.expected)];
    for (const arm of [a, b]) if (isTree(arm)) combineTrees(condition, arm, (test) => test, span); // refuses other forms
    return mapTree(condition, (leaf, path) => {
      const test = asTensor(frame.context, leaf, args.spanOf("condition"));
      if (test.type.element !== "bool") fail(say.needsBool(args.spanOf("condition"), "where", describe(test)));
      return select(test, at(a, path), at(b, path));
    }, span);
  },
};

const stop: Builtin = {
  names: ["x"],
  run: (args) => leafwise(args, args.value("x"), (leaf) =>
    replaceLeaves(leaf, (part) => elementwise(args.frame.context, "stop", [part], {}, args.span))),
};

const atan2: Builtin = {
  names: ["y", "x"],
  run: (args) => combineTrees(args.value("y"), args.value("x"), (a, b) => {
    const [y, x] = commonElement(args.frame.context, [a, b], args.span);
    if (!isFloat(y.type.element)) fail(say.needsFloat(args.span, "atan2", describe(y)));
    return elementwise(args.frame.context, "atan2", [y, x], {}, args.span);
  }, args.span),
};

/** False for the compile-time number 0: `static if nonzero(decay)` leaves out what an option's default does not need. */
const nonzero: Builtin = { names: ["x"], run: (args) => boolean(staticNumber(args.value("x")) !== 0) };

const bitNot: Builtin = {
  names: ["x"],
  run: (args) => leafwise(args, args.value("x"), (leaf) => {
    const x = asTensor(args.frame.context, leaf, args.spanOf("x"));
    if (isFloat(x.type.element)) fail(say.needsInteger(args.span, "bit_not", describe(x)));
    return elementwise(args.frame.context, "bit_not", [x], {}, args.span);
  }),
};

export const mathBuiltins: Readonly<Record<string, Builtin>> = {
  ...Object.fromEntries(Object.entries(floatFunctions).map(([name, [op, meaning]]) => [name, floatFunction(name, op, meaning)])),
  erf,
  abs: anyNumber("abs", Math.abs),
  sign: anyNumber("sign", Math.sign),
  div: integerPair("idiv", (a, b) => (b === 0 ? 0 : Math.floor(a / b))),
  mod: integerPair("imod", (a, b) => (b === 0 ? 0 : a - b * Math.floor(a / b))),
  bit_and: bits("bit_and"), bit_or: bits("bit_or"), bit_xor: bits("bit_xor"), bit_not: bitNot,
  shift_left: bits("shift_left"), shift_right: bits("shift_right"), mul_high: bits("mul_high"),
  f32: cast("f32"), f64: cast("f64"), i32: cast("i32"), u32: cast("u32"), bool: cast("bool"),
  where, stop, atan2, nonzero,
};

