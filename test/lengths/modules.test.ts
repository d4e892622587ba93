/** Modules with a run-time length: the results of the module built for each length, whatever earlier calls have left behind. */
import { describe, expect, test } from "vitest";
import { build, type TargetName } from "../../targets/compile.ts";
import { instantiate } from "../../targets/index.ts";
import { programs } from "./programs.ts";
import { argumentsOf, band, bound, bounded, fixed, given, graphOf, numbersOf, poison } from "./support.ts";

const moduleOf = async (source: string, target: TargetName) => instantiate(await build(source, { file: "length.pull", targets: [target], selfTest: false }), { seed: 3 });

describe.each(["js", "wasm"] as const)("on %s", (target) => {
  test.each(Object.entries(programs))("%s", async (_, source) => {
    const one = await moduleOf(bounded(source), target);
    const full = argumentsOf(graphOf(fixed(source, bound)));
    for (const n of [1, 3, bound]) {
      const other = await moduleOf(fixed(source, n), target);
      const args = argumentsOf(graphOf(fixed(source, n)));
      one.reset(3);
      one.f(...poison(full));
      one.reset(3);
      for (let call = 0; call < 2; call++) {
        const [left, right] = [numbersOf(one.f(...given(args))), numbersOf(other.f(...given(args)))];
        expect(left.length).toBe(right.length);
        left.forEach((value, i) => expect(Math.abs(value - right[i]), `n = ${n}, number ${i}`).toBeLessThanOrEqual(band * Math.max(1, Math.abs(right[i]))));
        for (const [path, parameter] of Object.entries(other.parameters)) {
          const mine = one.parameters[path].read();
          parameter.read().forEach((value, i) => expect(Math.abs(mine[i] - value), `n = ${n}, ${path}[${i}]`).toBeLessThanOrEqual(band * Math.max(1, Math.abs(value))));
        }
      }
    }
  });
});
