/**
 * Elementwise algebra, by the rules of `algebra-rules.ts` and, for casts, by what a cast loses.
 *
 *     %2 = neg %1
 *     %3 = add %0 %2           ->        %2 = sub %0 %1
 *     %4 = mul %3 1                      return %2
 *     return %4
 *
 * Leaves alone what is true of real numbers only, except under fast math: each such rule says why. Never makes a node cost
 * more. Should run after fold-constants (constants must be seen) and common-subexpressions (equal values have one name).
 */
import type { Element } from "../ir/graph.ts";
import { algebraRules } from "./algebra-rules.ts";
import { isFloat } from "./families.ts";
import type { Pass } from "./pass.ts";
import { rewritesOf } from "./pattern.ts";
import { rewrite } from "./rewrite.ts";
import type { Rewrite, Rewrites } from "./rewrite.ts";

/** A cast to the element that the value has, and one after a cast that kept the number. */
const mergeCasts: Rewrite<"cast"> = (w, { args: [x], attributes: { to } }) => {
  const element = w.typeOf(x).element;
  if (element === to) return x;
  const inner = w.as(x, "cast");
  if (inner === undefined) return undefined;
  const from = w.typeOf(inner.args[0]).element;
  return keepsNumbers(from, element) && convertsAlike(from, element, to) ? w.cast(inner.args[0], to) : undefined;
};

/** Whether every number of one element is one of the other. */
const keepsNumbers = (from: Element, to: Element): boolean =>
  from === to || from === "bool" || (to === "f64" && from !== "f64");

/** Integers to integers wrap, floats to integers saturate: the way over a float is not the direct one. */
const convertsAlike = (from: Element, over: Element, to: Element): boolean =>
  from === to || from === "bool" || isFloat(from) || !isFloat(over) || isFloat(to) || to === "bool";

/** Bits of bits are the first bits. */
const mergeBitcasts: Rewrite<"bitcast"> = (w, { args: [x], attributes: { to } }) => {
  const inner = w.as(x, "bitcast");
  const from = inner ? inner.args[0] : x;
  if (w.typeOf(from).element === to) return from;
  return inner && w.op("bitcast", [from], { to });
};

const tables: Readonly<Record<"exact" | "fast", Rewrites>> = {
  exact: { ...rewritesOf(algebraRules, false), cast: [mergeCasts], bitcast: [mergeBitcasts] },
  fast: { ...rewritesOf(algebraRules, true), cast: [mergeCasts], bitcast: [mergeBitcasts] },
};

export const simplifyAlgebra: Pass = {
  name: "simplify-algebra",
  doc: "Rules of arithmetic, logic and choice that keep every bit; with fast math also those of real numbers.",
  keeps: "exact",
  run: (region, { fastMath }) => rewrite(region, fastMath ? tables.fast : tables.exact),
};
