/**
 * Vector constants that are written twice or more: 18 bytes each time, 2 as a local. An engine makes the same of both.
 */
import { eachValue, type Action, type Value } from "../lower/index.ts";

export type Literal = Extract<Value, { kind: "literal" }>;

export const vectorKey = ({ type, value }: Literal): string => `${type}:${Object.is(value, -0) ? "-0" : value}`;

export function repeatedVectors(body: readonly Action[]): readonly Literal[] {
  const seen = new Map<string, { readonly literal: Literal; readonly times: number }>();
  eachValue(body, (value) => {
    if (value.kind !== "literal" || value.lanes !== 4) return;
    const key = vectorKey(value);
    seen.set(key, { literal: value, times: (seen.get(key)?.times ?? 0) + 1 });
  });
  return [...seen.values()].filter(({ times }) => times > 1).map(({ literal }) => literal);
}
