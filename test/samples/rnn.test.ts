import { beforeAll, describe, expect, test } from "vitest";
import { ReferenceModule, tensor } from "../../compiler/reference/index.ts";
import { agree, cosine, figure, measured, openSample, randomNumbers, type Sample } from "./support.ts";

measured("within {largest difference to finite differences, of the largest slope} of finite differences; cosine with the gradient {cosine with the gradient, 1 turns}, {cosine with the gradient, 4 turns} and {cosine with the gradient, 12 turns} through 1, 4 and 12 of 24 turns; a state's weight falls by {factor for each turn} a turn, R^2 {R^2}");

const [T, H] = [24, 16];
const shapes = { input: [2, H], recurrent: [H, H], bias: [H], out: [H] };
type Weights = Record<keyof typeof shapes, Float32Array>;

/** Uniform in (-1, 1) / sqrt(H), for every weight. */
function weights(seed: number): Weights {
  const random = randomNumbers(seed);
  const draw = (n: number) => Float32Array.from({ length: n }, () => (2 * random() - 1) / Math.sqrt(H));
  return { input: draw(2 * H), recurrent: draw(H * H), bias: draw(H), out: draw(H) };
}
const sequence = (seed: number): Float32Array => {
  const random = randomNumbers(seed);
  return Float32Array.from({ length: T * 2 }, () => 2 * random() - 1);
};
const flat = (w: Weights): number[] => [...w.input, ...w.recurrent, ...w.bias, ...w.out];

let sample: Sample;
beforeAll(async () => { sample = await openSample("rnn"); });

describe("rnn", () => {
  const given = [weights(1), sequence(2), 0.5] as const;

  test("js, wasm and the reference agree", () => {
    agree(sample, [["loss", ...given], ["exact", ...given], ["through_1", ...given], ["through_4", ...given], ["reach", given[0], given[1]]]);
  });

  test("the gradient is that of finite differences", () => {
    const reference = new ReferenceModule(sample.graph);
    const [w, xs, y] = given;
    const at = (values: Record<string, ArrayLike<number>>): number => {
      const tree = Object.entries(shapes).map(([name, shape]) => tensor({ element: "f32", shape }, Array.from(values[name])));
      return reference.call("loss", {}, [...tree, tensor({ element: "f32", shape: [T, 2] }, Array.from(xs)), tensor({ element: "f32", shape: [] }, [y])])[0].data[0];
    };
    const exact: Weights = sample.wasm.exact(w, xs, y);
    const scale = Math.max(...flat(exact).map(Math.abs));
    let worst = 0;
    for (const name of Object.keys(shapes) as (keyof typeof shapes)[]) { // keys of a literal
      for (let i = 0; i < w[name].length; i += 5) {
        const moved = (by: number) => ({ ...w, [name]: Float64Array.from(w[name], (value, k) => value + (k === i ? by : 0)) });
        worst = Math.max(worst, Math.abs((at(moved(1e-5)) - at(moved(-1e-5))) / 2e-5 - exact[name][i]) / scale);
      }
    }
    expect(figure("largest difference to finite differences, of the largest slope", worst)).toBeLessThan(1e-5);
  });

  test("truncated credit comes nearer the further it reaches, and is exact when it reaches all", () => {
    const { wasm } = sample;
    const exact = flat(wasm.exact(...given));
    const cosines = [1, 4, 12, 24].map((turns) => cosine(flat(wasm[`through_${turns}`](...given)), exact));
    cosines.forEach((value, i) => figure(`cosine with the gradient, ${[1, 4, 12, 24][i]} turns`, value));
    for (let i = 1; i < cosines.length; i++) expect(cosines[i]).toBeGreaterThan(cosines[i - 1]);
    expect(cosines[0]).toBeLessThan(0.99);
    flat(wasm.through_24(...given)).forEach((value, i) => expect(value).toBeCloseTo(exact[i], 6));
  });

  test("how much a state matters falls geometrically with its distance from the end", () => {
    const fits = [1, 2, 3, 4, 5].map((seed) => line(Array.from<number, number>(sample.wasm.reach(weights(seed), sequence(seed + 10)), Math.log)));
    for (const { slope, share } of fits) {
      figure("factor for each turn", Math.exp(-slope));
      figure("R^2", share);
      expect(slope).toBeGreaterThan(0.2);
      expect(share).toBeGreaterThanOrEqual(0.95);
    }
  });
});

/** The line through (0, y0), (1, y1) ...: its slope, and the share of the variance that it explains. */
function line(y: readonly number[]): { slope: number; share: number } {
  const n = y.length;
  const [mx, my] = [(n - 1) / 2, y.reduce((sum, value) => sum + value, 0) / n];
  let [xy, xx, yy] = [0, 0, 0];
  y.forEach((value, x) => {
    xy += (x - mx) * (value - my);
    xx += (x - mx) ** 2;
    yy += (value - my) ** 2;
  });
  return { slope: xy / xx, share: xy ** 2 / (xx * yy) };
}
