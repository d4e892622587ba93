/** Random programs as modules: js and wasm have the same bits at every length, and the numbers of the fixed program, whatever was there before. */
import { expect, test } from "vitest";
import { build } from "../../targets/compile.ts";
import { instantiate, type Instance } from "../../targets/index.ts";
import { randomProgram } from "./random-program.ts";
import { argumentsOf, bound, bounded, fixed, given, graphOf, numbersOf, poison } from "./support.ts";

const programs = 12;
/** Of a program's f32 operations in another order; ties of positions are not near by chance. */
const loose = 1e-3;

const moduleOf = async (source: string, target: "js" | "wasm"): Promise<Instance> => instantiate(await build(source, { file: "length.pull", targets: [target], selfTest: false }), { seed: 3 });

/** Two calls after one with other numbers: results, then the parameters. */
function numbersAfter(instance: Instance, before: readonly unknown[], args: readonly unknown[]): readonly number[] {
  instance.reset(3);
  instance.f(...before);
  instance.reset(3);
  const results = [...numbersOf(instance.f(...args)), ...numbersOf(instance.f(...args))];
  return [...results, ...Object.values(instance.parameters).flatMap((parameter) => [...parameter.read()])];
}

test("random programs", async () => {
  for (let seed = 1000; seed < 1000 + programs; seed++) {
    const source = randomProgram(seed);
    const full = poison(argumentsOf(graphOf(fixed(source, bound))));
    const [js, wasm] = [await moduleOf(bounded(source), "js"), await moduleOf(bounded(source), "wasm")];
    for (const n of [1, 3, 6]) {
      const args = given(argumentsOf(graphOf(fixed(source, n))));
      const found = numbersAfter(wasm, full, args);
      expect(found, `seed ${seed}, n = ${n}`).toEqual(numbersAfter(js, full, args));
      const expected = numbersAfter(await moduleOf(fixed(source, n), "wasm"), args, args);
      found.forEach((value, i) => expect(Math.abs(value - expected[i]), `seed ${seed}, n = ${n}, number ${i}\n${source}`).toBeLessThanOrEqual(loose * Math.max(1, Math.abs(expected[i]))));
    }
  }
}, 120_000);
