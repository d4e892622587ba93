/** Random programs at run-time lengths, by the reference, against themselves at fixed ones. */
import { expect, test } from "vitest";
import { randomProgram } from "./random-program.ts";
import { argumentsOf, bound, bounded, fixed, referenceOf } from "./support.ts";

const programs = 60;

test("random programs mean what they mean at each length", () => {
  for (let seed = 0; seed < programs; seed++) {
    const source = randomProgram(seed);
    const one = referenceOf(bounded(source));
    for (const n of [1, 2, 5, bound]) {
      const other = referenceOf(fixed(source, n));
      one.reset(3);
      const given = argumentsOf(other.graph);
      const [left, right] = [one.call("f", {}, given), other.call("f", {}, given)];
      const states = other.graph.states.map(({ path }) => [path, one.state(path), other.state(path)] as const);
      for (const [where, mine, theirs] of [...left.map((value, i) => [`result ${i}`, value, right[i]] as const), ...states]) {
        mine.data.forEach((value, at) => expect(Math.abs(value - theirs.data[at]), `seed ${seed}, n = ${n}, ${where}[${at}]\n${source}`).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(theirs.data[at]))));
      }
    }
  }
}, 60_000);
