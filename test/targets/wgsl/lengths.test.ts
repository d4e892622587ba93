/** Run-time lengths on a device: the numbers of the wasm module built for each length, whatever earlier calls have left behind. */
import { describe, expect, test } from "vitest";
import { build } from "../../../targets/compile.ts";
import { instantiate } from "../../../targets/index.ts";
import { programs } from "../../lengths/programs.ts";
import { argumentsOf, bound, bounded, fixed, given, graphOf, numbersOf, poison } from "../../lengths/support.ts";
import { openModule } from "./modules.ts";
import { adapter } from "./watched.ts";

const moduleFor = (source: string, target: "wasm" | "wgsl") => build(source, { file: "length.pull", targets: [target], selfTest: false });
const close = (value: number, expected: number): boolean => Math.abs(value - expected) <= 1e-4 * Math.max(1, Math.abs(expected));

describe.skipIf(adapter === null)("run-time lengths on WGSL", () => {
  test.each(Object.entries(programs))("%s", async (_, source) => {
    const gpu = await openModule(await moduleFor(bounded(source), "wgsl"), { seed: 3 });
    const full = argumentsOf(graphOf(fixed(source, bound)));
    for (const n of [1, 3, bound]) {
      const wasm = await instantiate(await moduleFor(fixed(source, n), "wasm"), { seed: 3 });
      const args = given(argumentsOf(graphOf(fixed(source, n))));
      await gpu.reset(3);
      await gpu.f(...poison(full));
      await gpu.reset(3);
      for (let call = 0; call < 2; call++) {
        const [left, right] = [numbersOf(await gpu.f(...args)), numbersOf(wasm.f(...args))];
        expect(left.length).toBe(right.length);
        left.forEach((value, i) => expect(close(value, right[i]), `n = ${n}, number ${i}: ${value}, ${right[i]}`).toBe(true));
        for (const [path, parameter] of Object.entries(wasm.parameters)) {
          const mine = await gpu.parameters[path].read();
          parameter.read().forEach((value, i) => expect(close(mine[i], value), `n = ${n}, ${path}[${i}]`).toBe(true));
        }
      }
    }
  }, 60_000);
});
