/** A run-time length means what the same program means at that length; what lies beyond it is NaN here, and goes nowhere. */
import { describe, expect, test } from "vitest";
import { programs } from "./programs.ts";
import { argumentsOf, bound, bounded, fixed, graphOf, referenceOf } from "./support.ts";

describe.each(Object.entries(programs))("%s", (_, source) => {
  test("is the program of each length", () => {
    const one = referenceOf(bounded(source));
    for (const n of [1, 2, 5, bound]) {
      const other = referenceOf(fixed(source, n));
      one.reset(3);
      const given = argumentsOf(other.graph);
      for (let call = 0; call < 2; call++) {
        const [left, right] = [one.call("f", {}, given), other.call("f", {}, given)];
        expect(left.map(({ type }) => type)).toEqual(right.map(({ type }) => type));
        left.forEach(({ data }, i) => data.forEach((value, at) => expect(value, `n = ${n}, result ${i}[${at}]`).toBeCloseTo(right[i].data[at], 12)));
        for (const { path } of other.graph.states) {
          const [mine, theirs] = [one.state(path).data, other.state(path).data];
          mine.forEach((value, at) => expect(value, `n = ${n}, ${path}[${at}]`).toBeCloseTo(theirs[at], 12));
        }
      }
    }
  });
});
