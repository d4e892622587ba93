/**
 * Patterns of small expressions, so that rules of algebra are data, one a line.
 *
 * A pattern is a variable, a constant with a condition, or an op of patterns. A variable met twice must be the same
 * value. Ops that commute match in both orders.
 */
import type { Element, ValueId } from "../ir/graph.ts";
import type { AttributesOf, OpName } from "../ops/index.ts";
import { commutative, isFloat } from "./families.ts";
import type { Candidate, Rewrite, Rewriter, Rewrites } from "./rewrite.ts";

export type Variable = "x" | "y" | "z" | "c" | "d";

type Pattern =
  | { readonly kind: "variable"; readonly name: Variable }
  /** A constant filled by one number for which `test` holds. */
  | { readonly kind: "number"; readonly name?: Variable; test(number: number, element: Element): boolean }
  | OpPattern;

interface OpPattern {
  readonly kind: "op";
  readonly op: OpName;
  readonly args: readonly Pattern[];
  /** What the attributes must hold. */
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** What a rule's replacement gets: the values bound, and the numbers of the constants bound. */
export type Match = Readonly<Record<Variable, ValueId>> & {
  readonly b: Rewriter;
  readonly numbers: Readonly<Record<Variable, number>>;
};

type Domain = "float" | "integer" | "bool" | "exact";

interface Conditions {
  /** Elements of the first arg for which it holds; exact: integers and bool. Absent: all that the op takes. */
  readonly over?: Domain;
  /** Why it may not be done to floats without fast math. Integers and bool take the rule always. */
  readonly fastMathOnly?: string;
  readonly when?: (match: Match) => boolean;
}

export interface AlgebraRule extends Conditions {
  /** `x * 1 -> x`. */
  readonly text: string;
  readonly pattern: OpPattern;
  readonly replacement: (match: Match) => ValueId;
}

export const rule = (
  text: string, pattern: OpPattern, replacement: (match: Match) => ValueId, conditions: Conditions = {},
): AlgebraRule => ({ text, pattern, replacement, ...conditions });

// ---- patterns

export const [x, y, z, c, d] = (["x", "y", "z", "c", "d"] as const).map((name): Pattern => ({ kind: "variable", name }));

const literal = (expected: number): Pattern => ({ kind: "number", test: (number) => Object.is(number, expected) });
export const zero = literal(0);
export const minusZero = literal(-0);
export const one = literal(1);
export const minusOne: Pattern = { kind: "number", test: (number, element) => number === (element === "u32" ? 2 ** 32 - 1 : -1) };
/** Either zero of a float. */
export const anyZero: Pattern = { kind: "number", test: (number) => number === 0 };
export const numbered = (name: Variable, test: (number: number, element: Element) => boolean = () => true): Pattern =>
  ({ kind: "number", name, test });

const op = (name: OpName, attributes: Readonly<Record<string, unknown>> = {}) =>
  (...args: readonly Pattern[]): OpPattern => ({ kind: "op", op: name, args, attributes });

export const add = op("add");
export const sub = op("sub");
export const mul = op("mul");
export const div = op("div");
export const neg = op("neg");
export const min = op("min");
export const max = op("max");
export const abs = op("abs");
export const sqrt = op("sqrt");
export const exp = op("exp");
export const log = op("log");
export const pow = op("pow");
export const integerPow = (exponent: number) => op("integer_pow", { exponent });
export const select = op("select");
export const and = op("bit_and");
export const or = op("bit_or");
export const xor = op("bit_xor");
export const not = op("bit_not");
export const idiv = op("idiv");
export const imod = op("imod");
export const compare = { eq: op("eq"), ne: op("ne"), lt: op("lt"), le: op("le"), gt: op("gt"), ge: op("ge") };
export const rounded = { floor: op("floor"), ceil: op("ceil"), round: op("round"), trunc: op("trunc") };
export const shift = { left: op("shift_left"), right: op("shift_right") };

// ---- matching

interface Bindings {
  readonly values: Partial<Record<Variable, ValueId>>;
  readonly numbers: Partial<Record<Variable, number>>;
}

/** The rules as rewrites, by the op that a node must have. */
export function rewritesOf(rules: readonly AlgebraRule[], fastMath: boolean): Rewrites {
  const table: { [K in OpName]?: Rewrite[] } = {};
  for (const entry of rules) (table[entry.pattern.op] ??= []).push((w, node) => applyRule(w, node, entry, fastMath));
  return table;
}

function applyRule(w: Rewriter, node: Candidate, entry: AlgebraRule, fastMath: boolean): ValueId | undefined {
  if (!possible(w, entry.pattern, node.args)) return undefined;
  const element = w.typeOf(node.args[0]).element;
  if (entry.over !== undefined && !inDomain(element, entry.over)) return undefined;
  if (entry.fastMathOnly !== undefined && !fastMath && isFloat(element)) return undefined;
  let replacement: ValueId | undefined;
  matchNode(w, entry.pattern, node.args, node.attributes, { values: {}, numbers: {} }, (bindings) => {
    // A replacement names only variables of its pattern, and those are bound.
    const match = { ...bindings.values, b: w, numbers: bindings.numbers } as Match;
    if (entry.when !== undefined && !entry.when(match)) return false;
    replacement = entry.replacement(match);
    return true;
  });
  return replacement;
}

function inDomain(element: Element, domain: Domain): boolean {
  switch (domain) {
    case "float": return isFloat(element);
    case "integer": return element === "i32" || element === "u32";
    case "bool": return element === "bool";
    case "exact": return !isFloat(element);
  }
}

/** A cheap look before matching: each arg that must be an op or a number has one among the node's args. */
function possible(w: Rewriter, pattern: OpPattern, args: readonly ValueId[]): boolean {
  const fits = (expected: Pattern, arg: ValueId): boolean => {
    const op = w.definition(arg)?.op;
    return expected.kind === "op" ? op === expected.op : op === "constant";
  };
  for (let i = 0; i < pattern.args.length; i++) {
    const expected = pattern.args[i];
    if (expected.kind === "variable") continue;
    if (!fits(expected, args[i]) && !(commutative.has(pattern.op) && fits(expected, args[1 - i]))) return false;
  }
  return true;
}

/** Takes what the variables are bound to; false: look for another way to match. There are several where an op commutes. */
type Accept = (bindings: Bindings) => boolean;

function matchNode(
  w: Rewriter, pattern: OpPattern, args: readonly ValueId[], attributes: AttributesOf<OpName>, bindings: Bindings, accept: Accept,
): boolean {
  const given: Readonly<Record<string, unknown>> = attributes;
  for (const name in pattern.attributes) if (given[name] !== pattern.attributes[name]) return false;
  return matchArgs(w, pattern.args, args, 0, bindings, accept) ||
    (commutative.has(pattern.op) && args[0] !== args[1] && matchArgs(w, pattern.args, [args[1], args[0]], 0, bindings, accept));
}

function matchArgs(
  w: Rewriter, patterns: readonly Pattern[], args: readonly ValueId[], from: number, bindings: Bindings, accept: Accept,
): boolean {
  if (from === patterns.length) return accept(bindings);
  return matchValue(w, patterns[from], args[from], bindings, (next) => matchArgs(w, patterns, args, from + 1, next, accept));
}

function matchValue(w: Rewriter, pattern: Pattern, value: ValueId, bindings: Bindings, accept: Accept): boolean {
  switch (pattern.kind) {
    case "variable": {
      const bound = bindings.values[pattern.name];
      if (bound === undefined) return accept({ ...bindings, values: { ...bindings.values, [pattern.name]: value } });
      return bound === value && accept(bindings);
    }
    case "number": {
      const number = w.splat(value);
      if (number === undefined || !pattern.test(number, w.typeOf(value).element)) return false;
      if (pattern.name === undefined) return accept(bindings);
      return accept({ values: { ...bindings.values, [pattern.name]: value }, numbers: { ...bindings.numbers, [pattern.name]: number } });
    }
    case "op": {
      const node = w.as(value, pattern.op);
      return node !== undefined && matchNode(w, pattern, node.args, node.attributes, bindings, accept);
    }
  }
}
