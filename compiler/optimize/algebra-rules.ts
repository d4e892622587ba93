/**
 * The algebra of elementwise ops: one rule a line. An unconditional rule keeps every bit over every element that its op
 * takes; see Note [Signed zeros].
 *
 * Note [Signed zeros]
 * x + 0 is x except for x = -0, where it is +0; x - 0 and x + (-0) are x always. So the first needs to know that x is
 * never -0, and 0 - x is not -x. A product keeps its sign: x * -1 is -x for zeros, infinities and NaN alike.
 */
import type { ValueId } from "../ir/graph.ts";
import type { Match } from "./pattern.ts";
import {
  abs, add, and, anyZero, c, compare, d, div, exp, idiv, imod, integerPow, log, max, min, minusOne, minusZero, mul, neg, not, numbered,
  one, or, pow, rounded, rule, select, shift, sqrt, sub, x, xor, y, z, zero,
} from "./pattern.ts";
import { isFloat } from "./families.ts";
import type { AlgebraRule } from "./pattern.ts";
import type { Rewriter } from "./rewrite.ts";

const { eq, ne, lt, le, gt, ge } = compare;

const zerosLike = ({ b, x: like }: Match): ValueId => b.like(like, 0);
const truth = (value: 0 | 1) => ({ b, x: like }: Match): ValueId => b.constant({ element: "bool", shape: b.shapeOf(like) }, value);
const allOnes = ({ b, x: like }: Match): ValueId => b.like(like, b.typeOf(like).element === "u32" ? 2 ** 32 - 1 : -1);

const constant = numbered("c");
const another = numbered("d");
/** c = 2^k with 1 / c in the element: x / c and x * (1 / c) round the same real number. */
const powerOfTwo = numbered("c", (number, element) => {
  const inverse = 1 / number;
  return isPowerOfTwo(number) && Number.isFinite(inverse) && (element !== "f32" || (Math.fround(inverse) === inverse));
});

const isFloatValue = (b: Rewriter, value: ValueId): boolean => isFloat(b.typeOf(value).element);
const yes = numbered("x", (number, element) => element === "bool" && number === 1);
const no = numbered("y", (number, element) => element === "bool" && number === 0);
const exactOperands = ({ b, x: operand }: Match): boolean => !isFloatValue(b, operand);

/** x * -c, with c negated at once: a negation left standing would be moved out of the product again. */
const negatedFactor = ({ b, x: factor, c: number, numbers }: Match): ValueId => {
  const negated = b.typeOf(number).element === "u32" ? -numbers.c >>> 0 : b.typeOf(number).element === "i32" ? -numbers.c | 0 : -numbers.c;
  return b.mul(factor, b.like(number, negated));
};

/** Else the numbers of a rule that gathers them could change places for ever. */
const notNumber = ({ b, x: operand }: Match): boolean => b.splat(operand) === undefined;

const NAN_EQUALS = "NaN is not equal to itself";
const REORDERS = "rounds in another order";

export const algebraRules: readonly AlgebraRule[] = [
  // ---- sums
  rule("x + -0 -> x", add(x, minusZero), ({ x }) => x),
  rule("x + 0 -> x", add(x, zero), ({ x }) => x, { over: "exact" }),
  rule("x + 0 -> x, x never -0", add(x, zero), ({ x }) => x, { over: "float", when: ({ b, x }) => neverMinusZero(b, x) }),
  rule("x + 0 -> x, fast", add(x, zero), ({ x }) => x, { fastMathOnly: "-0 + 0 is 0" }),
  rule("x - 0 -> x", sub(x, zero), ({ x }) => x),
  rule("x - -0 -> x, fast", sub(x, minusZero), ({ x }) => x, { fastMathOnly: "-0 - -0 is 0" }),
  rule("-0 - x -> -x", sub(minusZero, x), ({ b, x }) => b.neg(x)),
  rule("0 - x -> -x", sub(zero, x), ({ b, x }) => b.neg(x), { fastMathOnly: "0 - 0 is 0, not -0" }),
  rule("x - x -> 0", sub(x, x), zerosLike, { fastMathOnly: "inf - inf is NaN" }),
  rule("x + x -> 0", add(x, x), zerosLike, { over: "bool" }),
  rule("x + -y -> x - y", add(x, neg(y)), ({ b, x, y }) => b.sub(x, y)),
  rule("x - -y -> x + y", sub(x, neg(y)), ({ b, x, y }) => b.add(x, y)),
  rule("(x + c) + d -> x + (c + d)", add(add(x, constant), another), ({ b, x, c, d }) => b.add(x, b.add(c, d)),
    { fastMathOnly: REORDERS, when: notNumber }),

  // ---- signs
  rule("-(-x) -> x", neg(neg(x)), ({ x }) => x),
  rule("-x -> x", neg(x), ({ x }) => x, { over: "bool" }),
  rule("-(x - y) -> y - x", neg(sub(x, y)), ({ b, x, y }) => b.sub(y, x), { fastMathOnly: "-(x - x) is -0" }),
  rule("-(x * c) -> x * -c", neg(mul(x, constant)), negatedFactor),
  rule("-x * c -> x * -c", mul(neg(x), constant), negatedFactor),
  rule("-x * -y -> x * y", mul(neg(x), neg(y)), ({ b, x, y }) => b.mul(x, y)),
  rule("-x * y -> -(x * y)", mul(neg(x), y), ({ b, x, y }) => b.neg(b.mul(x, y))),
  rule("-x / -y -> x / y", div(neg(x), neg(y)), ({ b, x, y }) => b.div(x, y)),
  rule("-x / y -> -(x / y)", div(neg(x), y), ({ b, x, y }) => b.neg(b.div(x, y))),
  rule("x / -y -> -(x / y)", div(x, neg(y)), ({ b, x, y }) => b.neg(b.div(x, y))),
  rule("|-x| -> |x|", abs(neg(x)), ({ b, x }) => b.op("abs", [x], {})),
  rule("||x|| -> |x|", abs(abs(x)), ({ b, x }) => b.op("abs", [x], {})),
  rule("|x| * |x| -> x * x", mul(abs(x), abs(x)), ({ b, x }) => b.mul(x, x)),

  // ---- products
  rule("x * 1 -> x", mul(x, one), ({ x }) => x),
  rule("x * -1 -> -x", mul(x, minusOne), ({ b, x }) => b.neg(x)),
  rule("x * 0 -> 0", mul(x, anyZero), zerosLike, { fastMathOnly: "0 * NaN is NaN, and zeros have signs" }),
  rule("x * x -> x", mul(x, x), ({ x }) => x, { over: "bool" }),
  rule("(x * c) * d -> x * (c * d)", mul(mul(x, constant), another), ({ b, x, c, d }) => b.mul(x, b.mul(c, d)),
    { fastMathOnly: REORDERS, when: notNumber }),
  rule("x / 1 -> x", div(x, one), ({ x }) => x),
  rule("x / -1 -> -x", div(x, minusOne), ({ b, x }) => b.neg(x)),
  rule("x / 2^k -> x * 2^-k", div(x, powerOfTwo), ({ b, x, numbers }) => b.mul(x, b.like(x, 1 / numbers.c))),
  rule("x / c -> x * (1 / c)", div(x, constant), ({ b, x, numbers }) => b.mul(x, b.like(x, 1 / numbers.c)),
    { fastMathOnly: "rounds twice", when: ({ numbers }) => numbers.c !== 0 }),
  rule("x * (1 / y) -> x / y", mul(x, div(one, y)), ({ b, x, y }) => b.div(x, y), { fastMathOnly: "rounds once, not twice" }),
  rule("x / x -> 1", div(x, x), ({ b, x }) => b.like(x, 1), { fastMathOnly: "0 / 0 is NaN" }),

  // ---- powers: pow is an approximation on every target, a product or quotient is right in every bit
  rule("x^0 -> 1", integerPow(0)(x), ({ b, x }) => b.like(x, 1)),
  rule("x^1 -> x", integerPow(1)(x), ({ x }) => x),
  rule("x^2 -> x * x", integerPow(2)(x), ({ b, x }) => b.mul(x, x)),
  rule("x^-1 -> 1 / x", integerPow(-1)(x), ({ b, x }) => b.div(b.like(x, 1), x)),
  rule("pow(x, 1) -> x", pow(x, one), ({ x }) => x),
  rule("pow(x, 2) -> x * x", pow(x, numbered("c", (n) => n === 2)), ({ b, x }) => b.mul(x, x)),
  rule("pow(x, -1) -> 1 / x", pow(x, minusOne), ({ b, x }) => b.div(b.like(x, 1), x)),
  rule("pow(x, 1/2) -> sqrt x", pow(x, numbered("c", (n) => n === 0.5)), ({ b, x }) => b.op("sqrt", [x], {}),
    { fastMathOnly: "differs at -0 and -inf" }),
  rule("sqrt x * sqrt x -> x", mul(sqrt(x), sqrt(x)), ({ x }) => x, { fastMathOnly: "rounds, and is NaN below 0" }),
  rule("exp log x -> x", exp(log(x)), ({ x }) => x, { fastMathOnly: "rounds, and is NaN below 0" }),
  rule("log exp x -> x", log(exp(x)), ({ x }) => x, { fastMathOnly: "rounds, and exp overflows" }),

  // ---- extremes and rounding
  rule("min(x, x) -> x", min(x, x), ({ x }) => x),
  rule("max(x, x) -> x", max(x, x), ({ x }) => x),
  rule("min(x, inf) -> x", min(x, numbered("c", (n) => n === Infinity)), ({ x }) => x),
  rule("max(x, -inf) -> x", max(x, numbered("c", (n) => n === -Infinity)), ({ x }) => x),
  rule("min(min(x, c), d) -> min(x, min(c, d))", min(min(x, constant), another), ({ b, x, c, d }) => b.op("min", [x, b.op("min", [c, d], {})], {}),
    { when: notNumber }),
  rule("max(max(x, c), d) -> max(x, max(c, d))", max(max(x, constant), another), ({ b, x, c, d }) => b.op("max", [x, b.op("max", [c, d], {})], {}),
    { when: notNumber }),
  rule("floor floor x -> floor x", rounded.floor(rounded.floor(x)), ({ b, x }) => b.op("floor", [x], {})),
  rule("ceil ceil x -> ceil x", rounded.ceil(rounded.ceil(x)), ({ b, x }) => b.op("ceil", [x], {})),
  rule("round round x -> round x", rounded.round(rounded.round(x)), ({ b, x }) => b.op("round", [x], {})),
  rule("trunc trunc x -> trunc x", rounded.trunc(rounded.trunc(x)), ({ b, x }) => b.op("trunc", [x], {})),

  // ---- integers
  rule("x idiv 1 -> x", idiv(x, one), ({ x }) => x),
  rule("x imod 1 -> 0", imod(x, one), zerosLike),
  rule("x << 0 -> x", shift.left(x, zero), ({ x }) => x),
  rule("x >> 0 -> x", shift.right(x, zero), ({ x }) => x),

  // ---- bits and truth values
  rule("x & x -> x", and(x, x), ({ x }) => x),
  rule("x | x -> x", or(x, x), ({ x }) => x),
  rule("x xor x -> 0", xor(x, x), zerosLike),
  rule("x & 0 -> 0", and(x, zero), zerosLike),
  rule("x | 0 -> x", or(x, zero), ({ x }) => x),
  rule("x xor 0 -> x", xor(x, zero), ({ x }) => x),
  rule("x & true -> x", and(x, one), ({ x }) => x, { over: "bool" }),
  rule("x | true -> true", or(x, one), ({ b, x }) => b.like(x, 1), { over: "bool" }),
  rule("x xor true -> !x", xor(x, one), ({ b, x }) => b.op("bit_not", [x], {}), { over: "bool" }),
  rule("x & -1 -> x", and(x, minusOne), ({ x }) => x, { over: "integer" }),
  rule("x | -1 -> -1", or(x, minusOne), allOnes, { over: "integer" }),
  rule("!!x -> x", not(not(x)), ({ x }) => x),
  rule("!(x == y) -> x != y", not(eq(x, y)), ({ b, x, y }) => b.op("ne", [x, y], {})),
  rule("!(x != y) -> x == y", not(ne(x, y)), ({ b, x, y }) => b.op("eq", [x, y], {})),
  // NaN is unordered, so not-less is greater-or-equal only for elements without it.
  rule("!(x < y) -> x >= y", not(lt(x, y)), ({ b, x, y }) => b.op("ge", [x, y], {}), { when: exactOperands }),
  rule("!(x <= y) -> x > y", not(le(x, y)), ({ b, x, y }) => b.op("gt", [x, y], {}), { when: exactOperands }),
  rule("!(x > y) -> x <= y", not(gt(x, y)), ({ b, x, y }) => b.op("le", [x, y], {}), { when: exactOperands }),
  rule("!(x >= y) -> x < y", not(ge(x, y)), ({ b, x, y }) => b.op("lt", [x, y], {}), { when: exactOperands }),

  // ---- comparisons
  rule("x == x -> true", eq(x, x), truth(1), { fastMathOnly: NAN_EQUALS }),
  rule("x <= x -> true", le(x, x), truth(1), { fastMathOnly: NAN_EQUALS }),
  rule("x >= x -> true", ge(x, x), truth(1), { fastMathOnly: NAN_EQUALS }),
  rule("x != x -> false", ne(x, x), truth(0), { fastMathOnly: NAN_EQUALS }),
  rule("x < x -> false", lt(x, x), truth(0)),
  rule("x > x -> false", gt(x, x), truth(0)),
  rule("x == true -> x", eq(x, one), ({ x }) => x, { over: "bool" }),
  rule("x != false -> x", ne(x, zero), ({ x }) => x, { over: "bool" }),
  rule("x == false -> !x", eq(x, zero), ({ b, x }) => b.op("bit_not", [x], {}), { over: "bool" }),
  rule("x != true -> !x", ne(x, one), ({ b, x }) => b.op("bit_not", [x], {}), { over: "bool" }),

  // ---- choices
  rule("select(true, x, y) -> x", select(one, x, y), ({ x }) => x),
  rule("select(false, x, y) -> y", select(zero, x, y), ({ y }) => y),
  rule("select(c, x, x) -> x", select(c, x, x), ({ x }) => x),
  rule("select(c, true, false) -> c", select(c, yes, no), ({ c }) => c),
  rule("select(c, false, true) -> !c", select(c, no, yes), ({ b, c }) => b.op("bit_not", [c], {})),
  rule("select(c, true, z) -> c | z", select(c, yes, z), ({ b, c, z }) => b.op("bit_or", [c, z], {})),
  rule("select(c, z, false) -> c & z", select(c, z, no), ({ b, c, z }) => b.op("bit_and", [c, z], {})),
  rule("select(!c, x, y) -> select(c, y, x)", select(not(c), x, y), ({ b, c, x, y }) => b.select(c, y, x)),
  rule("select(c, select(c, x, y), z) -> select(c, x, z)", select(c, select(c, x, y), z), ({ b, c, x, z }) => b.select(c, x, z)),
  rule("select(c, x, select(c, y, z)) -> select(c, x, z)", select(c, x, select(c, y, z)), ({ b, c, x, z }) => b.select(c, x, z)),
];

/** Whether no element can be -0; false when in doubt. See Note [Signed zeros]: a sum is -0 only if both terms are. */
function neverMinusZero(b: Rewriter, value: ValueId, depth = 4): boolean {
  const node = b.definition(value);
  if (node === undefined || depth === 0) return false;
  const never = (arg: number): boolean => neverMinusZero(b, node.args[arg], depth - 1);
  switch (node.op) {
    case "exp": case "logistic": case "abs": case "iota": return true;
    case "constant": return !node.attributes.data.some((number) => Object.is(Math.fround(number), -0));
    case "cast": return !isFloatValue(b, node.args[0]) || never(0);
    case "mul": return node.args[0] === node.args[1];
    case "add": return never(0) || never(1);
    case "sub": case "sqrt": case "reshape": case "broadcast": case "transpose": case "slice": case "reverse": case "window": return never(0);
    case "max": return never(0) || never(1); // max(-0, 0) is 0
    case "min": return never(0) && never(1);
    case "select": return never(1) && never(2);
    default: return false;
  }
}

const isPowerOfTwo = (x: number): boolean => x !== 0 && 2 ** Math.round(Math.log2(Math.abs(x))) === Math.abs(x);
