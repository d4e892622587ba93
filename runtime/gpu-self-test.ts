/** The self test on a device: the same cases and numbers as on one processor. */
import { arrays, type ElementName } from "./elements.ts";
import type { RoutineStep } from "./gpu-routine.ts";
import { deviationOf, type SelfTestResult, type TestCase, testValue } from "./self-test.ts";
import type { Gpu, Range } from "./webgpu.ts";

/**
 * @param boot sends the initial values of a seed
 * @param states where all persistent tensors lie: they are put back afterwards
 */
export async function selfTestOnDevice(gpu: Gpu, routines: Readonly<Record<string, readonly RoutineStep[]>>, boot: (seed: number) => void, states: Range, cases: readonly TestCase[]): Promise<SelfTestResult> {
  const before = await gpu.run([], [states]);
  const words = (element: ElementName) => (element === "bool" ? Uint32Array : arrays[element]);
  let worst = "";
  let deviation = 0;
  try {
    for (const [symbol, given, checks] of cases) {
      boot(0);
      given.forEach(([element, at, count, below, value], ordinal) => {
        gpu.write(at, words(element).from(Array.from({ length: count }, (_, i) => value ?? testValue(element, ordinal, i, count, below))));
      });
      const found = await gpu.run(routines[symbol], checks.map(([, , at, count]): Range => [at, 4 * count]));
      let from = 0;
      for (const check of checks) {
        const [name, element, , count] = check;
        const part = deviationOf(new (words(element))(found, from, count), check);
        from += 4 * count;
        if (!(part <= deviation)) {
          worst = `${symbol}: ${name}`;
          deviation = part;
        }
      }
    }
  } finally {
    gpu.write(states[0], before);
  }
  return { passed: deviation <= 1, worst, deviation };
}
